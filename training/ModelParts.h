#pragma once

#include "inference/model/ModelFile.h"

#include <map>
#include <string>
#include <vector>

namespace spotglass {

/// The parts of DKAN that can be held still or moved slowly: patch_encoder, patch_projection (the Linear
/// behind it), region, slide, fusion, text (learned gene tokens as well), image_path, expression_path, heads.
[[nodiscard]] const std::vector<std::string>& modelPartNames();

/// The part that a parameter of that name (as in an official checkpoint) belongs to.
[[nodiscard]] std::string modelPartOf(const std::string& parameter);

/// A new model of `card`'s genes with the weights of `parent`. What belongs to single genes (the auxiliary
/// heads, the expression projection, learned gene tokens) is carried over for the genes that both have, by
/// symbol; others begin anew. The frozen features' statistics stay the parent's. BadInput when the
/// configurations differ in more than the number of genes and in leaving the contrastive loss out, or in what
/// the patches are.
[[nodiscard]] Result<LoadedModel> modelFromParent(const LoadedModel& parent, ModelCard card,
                                                  const torch::Tensor& geneEmbeddings);

} // namespace spotglass
