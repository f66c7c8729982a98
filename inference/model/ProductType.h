#pragma once

#include "inference/model/TorchCompat.h"

namespace spotglass {

/// While it lives, networks of this thread multiply in this type where they are trained: Linear layers,
/// convolutions and attention. Weights, gradients, normalisations, softmax and what is added up from layer to
/// layer stay as they are (mixed precision, Micikevicius et al., ICLR 2018; 16-bit brain floats need no loss
/// scaling). Guards nest; one thread.
class ProductTypeGuard {
  public:
    explicit ProductTypeGuard(torch::ScalarType type);
    ~ProductTypeGuard();
    ProductTypeGuard(const ProductTypeGuard&) = delete;
    ProductTypeGuard& operator=(const ProductTypeGuard&) = delete;

  private:
    torch::ScalarType before_;
};

/// The type in which a product with `weight` is computed: a guard's, else the weight's own.
[[nodiscard]] torch::ScalarType productType(const torch::Tensor& weight);

/// Linear layer's product x W^T + b in productType().
[[nodiscard]] torch::Tensor linearProduct(const torch::Tensor& x, const torch::Tensor& weight,
                                          const torch::Tensor& bias = {});

} // namespace spotglass
