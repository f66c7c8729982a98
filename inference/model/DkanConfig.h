#pragma once

#include "viewer/base/Result.h"

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace spotglass {

/// Depth, heads, MLP ratio and dropout of one transformer of DKAN.
struct TransformerConfig {
    int depth = 4;
    int heads = 4;
    int mlpRatio = 4;
    double dropout = 0.3;
    bool operator==(const TransformerConfig&) const = default;
};

/// The shape of a DKAN (spec/dkan.md section 2). Defaults are the published HER2+ configuration; a key that
/// is missing from a JSON configuration keeps them. JSON keys are those of an official checkpoint's
/// hyper-parameters.
struct DkanConfig {
    std::string patchEncoder = "resnet18"; ///< target_encoder_name: resnet18 or resnet50
    int patchWidth =
        512; ///< emb_dim_target: channels of the patch encoder's last map; resnet18 scales all its widths
    int genes = 250;                            ///< num_genes, G
    int width = 1024;                           ///< emb_dim, D
    int textWidth = 1024;                       ///< emb_dim_text, T
    TransformerConfig fusion{1, 4, 4, 0.4};     ///< depth1, num_heads1, mlp_ratio1, dropout1
    TransformerConfig slide{5, 8, 4, 0.3};      ///< ...2
    TransformerConfig region{4, 4, 4, 0.3};     ///< ...3
    TransformerConfig image{4, 4, 4, 0.3};      ///< ..._img
    TransformerConfig expression{3, 4, 4, 0.3}; ///< ..._exp
    TransformerConfig text{3, 4, 4, 0.3};       ///< ..._text
    double expressionDropout = 0.3;             ///< dropout_linear_exp: inside the expression encoder
    double temperature = 0.1;
    int kernelSize = 3;                    ///< of the slide level's positional convolution
    int regionRows = 5, regionColumns = 5; ///< res_neighbor
    // Where the paper's text differs from the reference (section 3b); false is the reference.
    bool projectTextFirst = false; ///< project_text_first
    bool separateFusionWeights =
        false; ///< separate_fusion_weights: one cross-attention for patch, one for region

    bool operator==(const DkanConfig&) const = default;
    [[nodiscard]] int regionCells() const { return regionRows * regionColumns; }
};

/// Reads what is there, keeps defaults for what is not. BadInput for a wrong type or an impossible shape (a
/// width that the heads do not divide, say); `where` names the file in the sentence.
[[nodiscard]] Result<DkanConfig> parseDkanConfig(const nlohmann::json& json, const std::string& where);
[[nodiscard]] nlohmann::json toJson(const DkanConfig& config);

} // namespace spotglass
