#pragma once

#include "inference/model/encoders/EncoderMath.h"
#include "inference/model/encoders/WeightFile.h"
#include "inference/model/FrozenEncoder.h"

#include <vector>

namespace spotglass {

/// One of an architecture that timm names ("vit_large_patch16_224"), with random weights: for benchmarks.
[[nodiscard]] Result<std::unique_ptr<FrozenEncoder>> randomVit(const std::string& architecture);

/// A vision transformer with timm's names and arithmetic (github.com/huggingface/pytorch-image-models,
/// timm/models/vision_transformer.py; Dosovitskiy et al. 2021), for inference alone: UNI, UNI2-h and their
/// like. Gives the pooled features before any head. Sums, LayerNorms, softmax and the residual stream are
/// 32-bit floats in every precision; see arithmeticOf() for what bf16 and fp16 mean on a processor. There it
/// reaches about four fifths of the speed of the matrix product alone, but half of that without
/// chooseFastMatrixLibrary(): OpenMP's threads would spin where OpenBLAS's have work.
class VitEncoder final : public FrozenEncoder {
  public:
    /// spec.vit must be complete (completeVit). Takes its tensors out of `weights`, which stands at the right
    /// prefix. Blocking. BadInput naming the first tensor that is missing, of another shape, or not used.
    [[nodiscard]] static Result<std::unique_ptr<VitEncoder>> make(const EncoderSpec& spec,
                                                                  WeightFile& weights);

    [[nodiscard]] std::string name() const override { return spec_.name; }
    [[nodiscard]] int width() const override { return spec_.vit->width; }
    /// Rounded weights stay rounded: throws c10::Error when asked for more than they still hold; open the
    /// file again then.
    void moveTo(const torch::Device& device, Precision precision) override;
    /// On the CPU in parts of eight patches, so that memory does not grow with B.
    [[nodiscard]] torch::Tensor encode(const torch::Tensor& rgb) const override;
    [[nodiscard]] const EncoderSpec& spec() const { return spec_; }

    /// Products and sums of one patch, counted as two operations each, as computed here (the last block only
    /// works out the token that is kept).
    [[nodiscard]] double operationsPerPatch() const;

  private:
    friend Result<std::unique_ptr<FrozenEncoder>> randomVit(const std::string& architecture);
    struct Norm {
        torch::Tensor weight, bias;
    };
    struct Block {
        Norm norm1, norm2, queryNorm, keyNorm;
        EncoderLinear qkv, proj, fc1, fc2;
        torch::Tensor scale1, scale2; ///< LayerScale; undefined without
    };
    explicit VitEncoder(EncoderSpec spec) : spec_(std::move(spec)) {}
    /// Calls change(tensor, isMatrix, isMatrixBias) for each tensor it has.
    template <typename Change> void forEachTensor(const Change& change);
    Result<void> load(WeightFile& weights);
    Result<void> loadTokens(WeightFile& weights);
    Result<void> loadBlock(WeightFile& weights, int index);

    [[nodiscard]] torch::Tensor normalised(const torch::Tensor& x, const Norm& norm) const;
    [[nodiscard]] torch::Tensor toProducts(const torch::Tensor& x) const;
    [[nodiscard]] torch::Tensor embed(const torch::Tensor& rgb) const;
    [[nodiscard]] torch::Tensor attend(const Block& block, const torch::Tensor& x, int64_t queries) const;
    [[nodiscard]] torch::Tensor mlp(const Block& block, const torch::Tensor& x) const;
    [[nodiscard]] torch::Tensor encodePart(const torch::Tensor& rgb) const;

    EncoderSpec spec_;
    Precision precision_ = Precision::Float32;
    Arithmetic arithmetic_;
    EncoderLinear patches_;   ///< D x (3 * patch * patch)
    torch::Tensor prefix_;    ///< 1 x P x D: class and register tokens with their positions
    torch::Tensor positions_; ///< 1 x grid * grid x D, for the spec's input side
    Norm preNorm_, norm_;     ///< norm_: before or after pooling
    std::vector<Block> blocks_;
};

} // namespace spotglass
