#pragma once

#include "inference/model/encoders/EncoderMath.h"
#include "inference/model/encoders/WeightFile.h"
#include "inference/model/FrozenEncoder.h"

#include <vector>

namespace spotglass {

/// A ResNet-18 or ResNet-50 with torchvision's names (He et al. 2016; torchvision/models/resnet.py), for
/// inference alone: the features after global average pooling, 512 or 2048 numbers, or 1024 where a ResNet-50
/// stops after its third stage. The classifier is passed over. Each batch normalisation is worked into the
/// convolution before it. See arithmeticOf() for what bf16 and fp16 mean on a processor.
class ResNetEncoder final : public FrozenEncoder {
  public:
    /// Takes its tensors out of `weights`, which stands at the right prefix. Blocking. BadInput naming the
    /// first tensor that is missing or of another shape.
    [[nodiscard]] static Result<std::unique_ptr<ResNetEncoder>> make(const EncoderSpec& spec,
                                                                     WeightFile& weights);

    [[nodiscard]] std::string name() const override { return spec_.name; }
    [[nodiscard]] int width() const override { return width_; }
    /// Rounded weights stay rounded: throws c10::Error when asked for more than they still hold; open the
    /// file again then.
    void moveTo(const torch::Device& device, Precision precision) override;
    [[nodiscard]] torch::Tensor encode(const torch::Tensor& rgb) const override;

  private:
    struct Convolution {
        torch::Tensor weight, bias; ///< channels last: up to 1.8 times as fast with oneDNN
        int64_t stride = 1;
    };
    struct Block {
        std::vector<Convolution> steps;    ///< two 3 x 3, or 1 x 1, 3 x 3, 1 x 1
        std::vector<Convolution> shortcut; ///< one, or none
    };
    explicit ResNetEncoder(EncoderSpec spec) : spec_(std::move(spec)) {}
    Result<void> load(WeightFile& weights);
    Result<Convolution> loadConvolution(WeightFile& weights, const std::string& convolution,
                                        const std::string& norm, const TensorShape& shape, int64_t stride);
    Result<Block> loadBlock(WeightFile& weights, const std::string& prefix, int64_t in, int64_t width,
                            int64_t stride);
    [[nodiscard]] torch::Tensor convolve(const Convolution& convolution, const torch::Tensor& x) const;
    [[nodiscard]] torch::Tensor encodePart(const torch::Tensor& rgb) const;

    EncoderSpec spec_;
    int width_ = 0;
    Precision precision_ = Precision::Float32;
    Arithmetic arithmetic_;
    Convolution stem_;
    std::vector<Block> blocks_;
};

/// The tensors by which openEncoder() knows these networks.
[[nodiscard]] std::vector<std::string> resNetLandmarks();

} // namespace spotglass
