#pragma once

#include "inference/model/DkanConfig.h"
#include "viewer/base/Result.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace spotglass {

/// What a model file says about itself (design section 6), stored as JSON in the file's metadata under
/// "spotglass".
struct ModelCard {
    static constexpr int currentFormat = 1;
    static constexpr int kMostMembers = 64;

    std::string name;
    DkanConfig config;
    std::vector<std::string> genes;      ///< symbols, in the order of every prediction
    std::vector<std::string> ensemblIds; ///< same order; empty where not known
    std::string unit = "log10(1 + counts per 10,000 of the panel), 3 x 3 smoothed";
    int patchPixels = 224;
    double micronsPerPixel = 0; ///< of the patches
    /// Finest and coarsest scale of the images trained on, which patches were resampled from; 0: not known.
    double finestImageMicrons = 0, coarsestImageMicrons = 0;
    double spotPitchMicrons = 200;
    std::string arrayGeometry = "square";  ///< or "hexagonal"
    double contextMicrons = 6500;          ///< width of a context window: about one training section
    int members = 1;                       ///< networks in the file, whose mean is the prediction
    std::string imageEncoder;              ///< name of the frozen encoder
    std::string featureScale = "training"; ///< or "slide": by what its features are standardised
    std::string textEncoder;               ///< name of the encoder of the gene texts
    std::string textHash;                  ///< sha256 of the gene texts
    nlohmann::json training;               ///< cohort, sections, split, settings
    nlohmann::json heldOut; ///< metrics on sections that chose nothing: overall, and "pcc" per gene
    std::string licence, source, date, programVersion;
};

[[nodiscard]] nlohmann::json toJson(const ModelCard& card);

/// BadInput with a sentence for a card of another format version, without genes, with a gene named twice, or
/// whose gene list and configuration disagree. `where` names the file.
[[nodiscard]] Result<ModelCard> parseModelCard(const std::string& text, const std::string& where);

} // namespace spotglass
