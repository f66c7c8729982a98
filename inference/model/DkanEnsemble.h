#pragma once

#include "inference/model/DkanInference.h"

#include <deque>

namespace spotglass {

/// The models of a file, each on its own: one, or the members of an ensemble. They share weights with
/// `model`.
[[nodiscard]] std::vector<LoadedModel> membersOf(const LoadedModel& model);

/// One model of several, whose prediction is the mean of theirs. The first gives the card. BadInput where
/// they differ in anything but weights and training, or are ensembles themselves.
[[nodiscard]] Result<LoadedModel> joinedModel(std::vector<LoadedModel> members);

/// DkanInference for all members of a model. One thread at a time; may throw what LibTorch throws.
class DkanEnsemble {
  public:
    /// Takes the model over, as DkanInference does.
    DkanEnsemble(LoadedModel model, const torch::Device& device, Precision precision);

    void chooseGenes(const std::vector<int64_t>& genes);
    void useSlide(const torch::Tensor& sample);
    /// N x (members x D): each member's tokens, side by side.
    [[nodiscard]] torch::Tensor slideTokens(const torch::Tensor& features, const torch::Tensor& positions);
    /// Spots with such tokens. The mean over the members, B x genes.
    [[nodiscard]] torch::Tensor predict(const DkanSpots& spots);
    [[nodiscard]] double multiplicationsOfContext(double tokens) const;

  private:
    std::deque<DkanInference> members_;
};

} // namespace spotglass
