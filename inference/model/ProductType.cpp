#include "inference/model/ProductType.h"

namespace spotglass {
namespace {

/// Undefined: each weight's own.
thread_local torch::ScalarType current = torch::ScalarType::Undefined;

} // namespace

ProductTypeGuard::ProductTypeGuard(torch::ScalarType type) : before_(current) {
    current = type;
}

ProductTypeGuard::~ProductTypeGuard() {
    current = before_;
}

torch::ScalarType productType(const torch::Tensor& weight) {
    return current == torch::ScalarType::Undefined ? weight.scalar_type() : current;
}

torch::Tensor linearProduct(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias) {
    const auto type = productType(weight);
    return torch::linear(x.to(type), weight.to(type), bias.defined() ? bias.to(type) : bias);
}

} // namespace spotglass
