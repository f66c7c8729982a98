#pragma once

#include "inference/model/Dkan.h"
#include "inference/model/DkanLoss.h"

/// DKAN's training step as its description reads, without a thought for cost: the gene texts are encoded once
/// for every spot and path, every attention has its queries, keys and scores, InfoNCE has its whole matrix,
/// and all that a backward pass may want is kept. What the step of the program is held against; the weights
/// are those of a Dkan, by their names in an official checkpoint.
namespace spotglass {

/// One section's tokens and which spots of the batch are its.
struct PlainSection {
    torch::Tensor features, positions; ///< N x D, N x 2
    torch::Tensor rows;                ///< of the batch
    torch::Tensor spots;               ///< of the section, as many
};

class PlainDkan {
  public:
    explicit PlainDkan(Dkan network);

    /// The loss of a batch (spec/dkan.md section 3), with the graph for its gradients. patches: B x 3 x H x
    /// W, normalised; neighbours: B x 25 x D; mask: B x 25; expression: B x G; text: G x T.
    [[nodiscard]] torch::Tensor loss(const torch::Tensor& patches, const torch::Tensor& neighbours,
                                     const torch::Tensor& mask, const std::vector<PlainSection>& sections,
                                     const torch::Tensor& text, const torch::Tensor& expression,
                                     const DkanLossConfig& config);

  private:
    torch::Tensor linear(const std::string& name, const torch::Tensor& x) const;
    torch::Tensor norm(const std::string& name, const torch::Tensor& x) const;
    torch::Tensor drop(const torch::Tensor& x, double p) const;
    torch::Tensor attend(const std::string& name, torch::Tensor q, torch::Tensor k, torch::Tensor v,
                         const TransformerConfig& c, const torch::Tensor& bias,
                         const torch::Tensor& mask) const;
    torch::Tensor feedForward(const std::string& name, const torch::Tensor& x, double p) const;
    torch::Tensor selfLayers(const std::string& name, torch::Tensor x, const TransformerConfig& c, int depth,
                             const torch::Tensor& mask = {}) const;
    torch::Tensor crossLayers(const std::string& name, torch::Tensor x, const torch::Tensor& keys,
                              const TransformerConfig& c, const torch::Tensor& mask = {}) const;
    torch::Tensor slide(const PlainSection& section) const;
    torch::Tensor genes(const torch::Tensor& text, int64_t spots) const;

    Dkan network_;
    std::map<std::string, torch::Tensor> weights_;
};

} // namespace spotglass
