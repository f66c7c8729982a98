#pragma once

#include "inference/model/TorchCompat.h"

#include <memory>
#include <string>

namespace spotglass {

/// A frozen image encoder: patches in, one feature vector each out. Deterministic, and each patch on its own,
/// whatever the batch. One thread at a time.
class FrozenEncoder {
  public:
    virtual ~FrozenEncoder() = default;
    [[nodiscard]] virtual std::string name() const = 0; ///< what the model card stores
    [[nodiscard]] virtual int width() const = 0;        ///< D
    /// rgb: B x 3 x H x W, float, RGB in [0, 1], not normalised. Returns B x D.
    [[nodiscard]] virtual torch::Tensor encode(const torch::Tensor& rgb) const = 0;
};

/// The encoder of that name; nullptr when this program has none.
[[nodiscard]] std::unique_ptr<FrozenEncoder> makeFrozenEncoder(const std::string& name);

} // namespace spotglass
