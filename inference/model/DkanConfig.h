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

/// Which levels a DKAN has; at least one.
struct Levels {
    bool slide = true, region = true, patch = true;
    bool operator==(const Levels&) const = default;
    [[nodiscard]] int count() const { return int(slide) + int(region) + int(patch); }
};

/// How the levels' tokens become f_img; LevelFusion.h says what each computes.
enum class Fusion : std::uint8_t { CrossAttention, SumTransformer, ConcatTransformer, Sum, Concat };

/// What gene tokens are to f_img. Query: each gene asks, e_ti is B x G x D, one Linear(D, 1) predicts all
/// genes. KeyValue: f_img asks the gene tokens, e_ti is B x D, a Linear(D, G) predicts; the contrastive loss
/// then compares B rows.
enum class TextRole : std::uint8_t { Query, KeyValue };

/// DKAN, or a simpler network made of its parts to hold it against.
/// - ImageOnly (as TRIPLEX): levels and fusion, then a Linear(D, G) from f_img, `fc_final_img`. Without gene
///   tokens, paths and contrastive loss, and without `fc`, which would be that Linear again.
/// - StNet (as ST-Net, He et al. 2020): the mean of the patch encoder's last map (C channels) and a
///   Linear(C, G), `fc_final_img`; the loss is its squared error.
enum class Design : std::uint8_t { Dkan, ImageOnly, StNet };

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
        false;                    ///< separate_fusion_weights: one cross-attention for patch, one for region
    Design design = Design::Dkan; ///< design: "dkan", "image_only", "stnet"
    // The paper's ablations (section 4); the defaults are the reference. What is off has no parameters.
    Levels levels;                              ///< levels: "slide", "region", "patch"
    Fusion fusionForm = Fusion::CrossAttention; ///< fusion
    bool geneText = true; ///< gene_text; false: gene tokens (G x D) are learned, not computed from text
    TextRole textRole = TextRole::Query; ///< text_role
    bool contrastive = true;             ///< contrastive; false: no expression path, the loss is supervised

    bool operator==(const DkanConfig&) const = default;
    /// Whether each gene's token becomes its prediction through one Linear(D, 1); else one token a spot
    /// becomes all genes'.
    [[nodiscard]] bool predictsByGene() const {
        return design == Design::Dkan && textRole == TextRole::Query;
    }
    [[nodiscard]] int regionCells() const { return regionRows * regionColumns; }
};

/// Reads what is there, keeps defaults for what is not. BadInput for a wrong type or an impossible shape (a
/// width that the heads do not divide, say); `where` names the file in the sentence. Keys that DKAN does not
/// know are passed over.
[[nodiscard]] Result<DkanConfig> parseDkanConfig(const nlohmann::json& json, const std::string& where);
[[nodiscard]] nlohmann::json toJson(const DkanConfig& config);

} // namespace spotglass
