#pragma once

#include "inference/model/encoders/EncoderSpec.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What an encoder's weights are called and how large they are; and the other way, what encoder weights of
/// these names and sizes are. No Torch. Any thread.
namespace spotglass {

using TensorShape = std::vector<std::int64_t>;
using TensorShapes = std::map<std::string, TensorShape>; ///< by name, without a wrapper's prefix

/// "1024 x 768" for sentences.
[[nodiscard]] std::string shapeText(const TensorShape& shape);

/// Every tensor that a vision transformer of timm's holds, and its shape. pos_embed's second side is the
/// number of tokens of a `grid` x `grid` input.
[[nodiscard]] TensorShapes vitShapes(const VitArchitecture& vit, int grid);

/// The side of the grid that pos_embed was made for; 0 when its tokens are no square and the prefix.
[[nodiscard]] int storedGrid(const VitArchitecture& vit, const TensorShapes& shapes);

/// BadInput naming the first tensor that is missing or has another shape, with both shapes, and a tensor of
/// the encoder's own (not of a head) that the architecture does not use: left out, it would change the
/// features silently.
[[nodiscard]] Result<void> checkVitShapes(const VitArchitecture& vit, const TensorShapes& shapes,
                                          const std::string& where);

/// Fills in what `spec` leaves to the weights: all of the architecture, or the MLP's form alone. `notes` gets
/// a sentence for each assumption that shapes cannot confirm. BadInput when they do not show it.
[[nodiscard]] Result<void> completeVit(EncoderSpec& spec, const TensorShapes& shapes,
                                       const std::string& where, std::vector<std::string>& notes);

} // namespace spotglass
