#include "inference/model/encoders/EncoderMath.h"

#include <array>

namespace spotglass {
namespace {

bool multipliesBFloat16Fast() {
#if TORCH_VERSION_MAJOR >= 2 && defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("amx-bf16");
#else
    return false;
#endif
}

} // namespace

Arithmetic arithmeticOf(const torch::Device& device, Precision precision) {
    const auto type = precision == Precision::BFloat16  ? torch::kBFloat16
                      : precision == Precision::Float16 ? torch::kFloat16
                                                        : torch::kFloat32;
    if (!device.is_cpu()) return {type, type};
    const bool native = precision == Precision::BFloat16 && multipliesBFloat16Fast();
    return {type, native ? type : torch::kFloat32};
}

bool holdsPrecision(Precision now, Precision wanted) {
    return now == Precision::Float32 || now == wanted;
}

torch::Tensor EncoderLinear::forward(const torch::Tensor& x) const {
    const auto w = weight.to(x.scalar_type()).t(); // widened anew: small beside the product
    return bias.defined() ? at::addmm(bias, x, w) : at::mm(x, w);
}

EncoderLinear EncoderLinear::rows(int64_t begin, int64_t count) const {
    return {weight.narrow(0, begin, count), bias.defined() ? bias.narrow(0, begin, count) : bias};
}

torch::Tensor resampled(const torch::Tensor& rgb, int side, Interpolation how) {
    TORCH_CHECK(rgb.dim() == 4 && rgb.size(1) == 3 && rgb.scalar_type() == torch::kFloat32,
                "an encoder takes B x 3 x H x W 32-bit floats");
    if (rgb.size(2) == side && rgb.size(3) == side) return rgb;
    const std::array<int64_t, 2> size{side, side};
    if (how == Interpolation::Bilinear) return at::_upsample_bilinear2d_aa(rgb, size, false);
    return at::_upsample_bicubic2d_aa(rgb, size, false).clamp_(0, 1); // bicubic overshoots at edges
}

torch::Tensor encoderInput(const torch::Tensor& rgb, const EncoderSpec& spec) {
    const auto pixels = resampled(rgb, spec.inputSide, spec.interpolation);
    std::array<float, 3> mean{}, factor{};
    for (std::size_t i = 0; i < 3; ++i) {
        mean[i] = static_cast<float>(spec.mean[i]);
        factor[i] = static_cast<float>(spec.std[i]);
    }
    const auto channel = [&](const std::array<float, 3>& values) {
        return torch::tensor(at::ArrayRef<float>(values), rgb.options()).view({1, 3, 1, 1});
    };
    return (pixels - channel(mean)).div_(channel(factor));
}

} // namespace spotglass
