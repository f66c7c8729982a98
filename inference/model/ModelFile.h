#pragma once

#include "inference/model/Dkan.h"
#include "inference/model/ModelCard.h"

#include <filesystem>

namespace spotglass {

/// A model in memory: the network, what it needs beside its weights, and its card.
struct LoadedModel {
    ModelCard card;
    Dkan network{nullptr};
    torch::Tensor geneEmbeddings; ///< G x T, the gene semantic embeddings; not kept where gene_text is off
    torch::Tensor featureMean;    ///< D: frozen features are used as (x - mean) / scale
    torch::Tensor featureScale;   ///< D
    /// Further members of an ensemble (DkanEnsemble.h), card.members - 1 of them; their cards and members are
    /// not looked at.
    std::vector<LoadedModel> others = {};
};

/// Reads and verifies a model file (one .safetensors, design section 6). Blocking. BadInput with a sentence
/// for a file that is truncated, of another version, or whose genes, configuration and weights disagree.
[[nodiscard]] Result<LoadedModel> loadModel(const std::filesystem::path& file);

/// Writes a model file aside, reads it back, compares every tensor, then renames it. Blocking.
[[nodiscard]] Result<void> saveModel(const LoadedModel& model, const std::filesystem::path& file);

} // namespace spotglass
