#pragma once

#include "inference/model/FrozenEncoder.h"

namespace spotglass {

/// A descriptor of H&E morphology that needs no weights: colour and haematoxylin/eosin densities (Ruifrok and
/// Johnston 2001), their distributions, band-pass energies over five scales, orientation coherence (fibres),
/// blob responses (nuclei) and unevenness, over the whole patch and its centre. 119 numbers, padded with
/// zeros to a width of 128. Patches are first brought to 112 x 112.
class BuiltInImageEncoder final : public FrozenEncoder {
  public:
    static constexpr const char* encoderName = "spotglass-morphology-1";
    static constexpr int featureWidth = 128;
    [[nodiscard]] std::string name() const override { return encoderName; }
    [[nodiscard]] int width() const override { return featureWidth; }
    /// Has no weights, and always computes in 32 bits: it costs next to nothing.
    void moveTo(const torch::Device&, Precision) override {}
    [[nodiscard]] torch::Tensor encode(const torch::Tensor& rgb) const override;
};

} // namespace spotglass
