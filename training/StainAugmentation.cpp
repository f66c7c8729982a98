#include "training/StainAugmentation.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace spotglass {
namespace {

using torch::Tensor;

class RestainedEncoder final : public FrozenEncoder {
  public:
    RestainedEncoder(const FrozenEncoder& encoder, const StainFactors& factors)
        : encoder_(encoder),
          factors_(torch::tensor(at::ArrayRef<double>(factors)).to(torch::kFloat32).view({1, 3, 1, 1})) {}
    [[nodiscard]] std::string name() const override { return encoder_.name(); }
    [[nodiscard]] int width() const override { return encoder_.width(); }
    void moveTo(const torch::Device&, Precision) override {
        throw std::logic_error("it stays where the encoder is");
    }
    /// A transmission to the power of a factor is its optical density times that.
    [[nodiscard]] Tensor encode(const Tensor& rgb) const override {
        return encoder_.encode(rgb.pow(factors_.to(rgb.device())));
    }

  private:
    const FrozenEncoder& encoder_;
    Tensor factors_;
};

} // namespace

StainFactors drawnStain(double strength, PortableRandom& random) {
    const auto drawn = [&](double most) { return std::exp(most * (2 * random.uniform() - 1)); };
    const double depth = drawn(strength);
    StainFactors factors{};
    for (double& factor : factors)
        factor = depth * drawn(strength / 2);
    return factors;
}

StainFactors stainOfView(int view, double strength) {
    PortableRandom random(static_cast<std::uint64_t>(view));
    return drawnStain(strength, random);
}

Tensor stained(const Tensor& patch, const StainFactors& factors) {
    auto out = patch.contiguous().clone();
    const auto pixels = out.size(1) * out.size(2);
    for (int64_t channel = 0; channel < 3; ++channel) {
        const double factor = factors[static_cast<std::size_t>(channel)];
        std::array<std::uint8_t, 256> table{};
        for (std::size_t v = 0; v < table.size(); ++v)
            table[v] = static_cast<std::uint8_t>(255 * std::pow(static_cast<double>(v) / 255, factor) + 0.5);
        auto* bytes = out.data_ptr<std::uint8_t>() + channel * pixels;
        std::transform(bytes, bytes + pixels, bytes, [&](std::uint8_t v) { return table[v]; });
    }
    return out;
}

OpenedEncoder withStain(const OpenedEncoder& encoder, const StainFactors& factors) {
    std::array<char, 64> words{};
    std::snprintf(words.data(), words.size(), "-stain-%.5f-%.5f-%.5f", factors[0], factors[1], factors[2]);
    OpenedEncoder other;
    other.encoder = std::make_unique<RestainedEncoder>(*encoder.encoder, factors);
    other.id = encoder.id + words.data();
    other.micronsPerPixel = encoder.micronsPerPixel;
    return other;
}

} // namespace spotglass
