#pragma once

#include "inference/model/encoders/EncoderSpec.h"
#include "inference/model/Precision.h"
#include "inference/model/TorchCompat.h"

namespace spotglass {

/// In which types an encoder keeps its matrices and multiplies them on a device.
struct Arithmetic {
    torch::ScalarType stored = torch::kFloat32;
    torch::ScalarType products = torch::kFloat32;
};

/// fp32: both 32 bits. On a GPU bf16 and fp16 are what they say. On the CPU they halve the memory, and
/// weights are widened again just before each product (2 % of the time of eight patches, 10 % of one),
/// because that is fastest: measured on an AVX512_BF16 processor, LibTorch 1.13 multiplies bf16 (oneDNN) at
/// 0.6 of the speed of OpenBLAS's sgemm, and it has no fp16 product at all. Only bf16 from LibTorch 2 on, on
/// a processor with AMX, is multiplied as bf16.
[[nodiscard]] Arithmetic arithmeticOf(const torch::Device& device, Precision precision);

/// Whether weights rounded to `now` still hold what `wanted` needs.
[[nodiscard]] bool holdsPrecision(Precision now, Precision wanted);

/// A linear layer for inference: out x in weights in the stored type, a bias in the type of the products.
struct EncoderLinear {
    torch::Tensor weight, bias; ///< no bias: undefined
    /// x: M x in, in the type of the products. Returns M x out in it. Any thread.
    [[nodiscard]] torch::Tensor forward(const torch::Tensor& x) const;
    /// The rows [begin, begin + count) of the layer alone.
    [[nodiscard]] EncoderLinear rows(int64_t begin, int64_t count) const;
};

/// Brings patches to side x side (antialiased, as Pillow does) and normalises them with the spec's mean and
/// std. rgb: B x 3 x H x W float in [0, 1]; the same device. Throws c10::Error for another shape or type.
[[nodiscard]] torch::Tensor encoderInput(const torch::Tensor& rgb, const EncoderSpec& spec);

/// The same without the normalisation.
[[nodiscard]] torch::Tensor resampled(const torch::Tensor& rgb, int side, Interpolation how);

} // namespace spotglass
