#pragma once

#include "inference/model/Precision.h"
#include "inference/model/TorchCompat.h"

#include <memory>
#include <string>

namespace spotglass {

/// A frozen image encoder: patches in, one feature vector each out. Deterministic, and each patch on its own,
/// whatever the batch. encode() may run on
/// several threads at once, moveTo() alone.
class FrozenEncoder {
  public:
    virtual ~FrozenEncoder() = default;
    [[nodiscard]] virtual std::string name() const = 0; ///< what the model card stores
    [[nodiscard]] virtual int width() const = 0;        ///< D
    /// Moves weights and computation to `device`, and computes in `precision` from now on. May throw what
    /// LibTorch throws (out of memory). A new encoder is on the CPU and computes in 32 bits.
    virtual void moveTo(const torch::Device& device, Precision precision) = 0;
    /// rgb: B x 3 x H x W, 32-bit float, RGB in [0, 1], not normalised, on the encoder's device; any H and W
    /// (an encoder with a fixed input size resamples). Returns B x D, 32-bit float, on the same device.
    [[nodiscard]] virtual torch::Tensor encode(const torch::Tensor& rgb) const = 0;
};

/// The encoder of that name; nullptr when this program has none.
[[nodiscard]] std::unique_ptr<FrozenEncoder> makeFrozenEncoder(const std::string& name);

} // namespace spotglass
