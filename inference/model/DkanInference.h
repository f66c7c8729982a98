#pragma once

#include "inference/model/FeatureScale.h"
#include "inference/model/Precision.h"
#include "inference/model/ResNet.h"

#include <optional>
#include <vector>

namespace spotglass {

/// A loaded DKAN arranged for prediction on one device: what does not depend on the spot is computed once,
/// and work that cannot change the result is left out (spec/dkan.md section 5):
/// - gene tokens once a model, batch normalisation folded into the patch encoder;
/// - one-token attention of the image path as one vector a spot and layer;
/// - the image path's first Linear as a per-gene and a per-spot product (section 5.5), its last Linear joined
///   with the final head into one vector, so both cost next to nothing;
/// - only the genes that are asked for (section 5.4).
/// The last three need DkanConfig::predictsByGene(); without it DkanImpl computes what follows f_img. Results
/// equal DkanImpl::forward() to rounding. Functions may throw what LibTorch throws; one thread at a time.
class DkanInference {
  public:
    /// Takes the model over and changes its weights for the device and precision. All genes are predicted.
    DkanInference(LoadedModel model, const torch::Device& device, Precision precision);

    /// Which genes predict() gives from now on: indices into the panel, empty for all. Fast.
    void chooseGenes(const std::vector<int64_t>& genes);

    /// The slide that comes next, for a model that standardises features by slide (FeatureScale.h): raw
    /// features of its spots, n x D; undefined: as in training. Fast.
    void useSlide(const torch::Tensor& sample);

    /// All spots of a slide or window: raw frozen features N x D (any float type, any device) and positions
    /// N x 2 (row, column) -> slide tokens N x D on the device; N x 0 for a model without a slide level.
    [[nodiscard]] torch::Tensor slideTokens(const torch::Tensor& features, const torch::Tensor& positions);

    /// Spots in the forms of DkanSpots, neighbour features raw; anywhere; patches normalised. What belongs to
    /// a level that the model does not have may be undefined. Returns B x genes, 32-bit, on the device.
    [[nodiscard]] torch::Tensor predict(const DkanSpots& spots);

    [[nodiscard]] const torch::Device& device() const { return device_; }
    /// Multiply-accumulates of predict() for one spot with a patch of `pixels` x `pixels`, and of
    /// slideTokens() over N tokens: what a benchmark divides by.
    [[nodiscard]] double multiplicationsPerSpot(int pixels) const;
    [[nodiscard]] double multiplicationsOfContext(double tokens) const;

  private:
    [[nodiscard]] torch::Tensor usual(const torch::Tensor& features) const;
    [[nodiscard]] bool asksByGene() const { return model_.card.config.predictsByGene(); }
    void prepareImagePath();
    void firstLayer(const torch::Tensor& answer, torch::Tensor& tokens, torch::Tensor& hidden) const;
    [[nodiscard]] torch::Tensor imagePath(const torch::Tensor& imageToken) const;

    LoadedModel model_;
    torch::Device device_;
    Precision precision_;
    std::optional<FoldedResNet> patchEncoder_; ///< none without a patch level
    FeatureScale featureScale_;
    // The image path of the chosen genes (G) in its two cheap ends; H is the MLP's hidden width.
    torch::Tensor panel_;        ///< gene tokens of the whole panel; undefined in a design without
    torch::Tensor chosen_;       ///< indices into it; undefined: all
    torch::Tensor text_;         ///< G x D gene tokens
    torch::Tensor textCentred_;  ///< G x D, each less its own mean
    torch::Tensor textVariance_; ///< G
    torch::Tensor textHidden_;   ///< G x H: textCentred_ through the first Linear
    torch::Tensor firstWeight_;  ///< H x D: the first Linear with LayerNorm's factor
    torch::Tensor firstBias_;    ///< H
    torch::Tensor head_;         ///< D, the final head
    torch::Tensor lastWeight_;   ///< H: the last Linear seen through the head
    double lastBias_ = 0;
};

/// (x - mean) / std of ImageNet; x: ... x 3 x H x W in [0, 1].
[[nodiscard]] torch::Tensor imageNetNormalised(const torch::Tensor& rgb);

/// Gives the weights of every Linear and convolution below `module` the type that `precision` computes in;
/// the rest stays 32-bit. LibTorch before 2 has no 16-bit (fp16) products on the CPU: there the weights are
/// rounded to 16 bits and kept in 32. Returns the type of the weights.
torch::ScalarType setPrecision(torch::nn::Module& module, const torch::Device& device, Precision precision);

} // namespace spotglass
