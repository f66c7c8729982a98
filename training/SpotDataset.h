#pragma once

#include "inference/engine/EncoderRegistry.h"
#include "inference/model/ModelFile.h"
#include "training/cohort/Cohort.h"
#include "viewer/base/CancelToken.h"

#include <filesystem>
#include <string>
#include <vector>

namespace spotglass {

/// Frozen features of a section; n spots.
struct SectionFeatures {
    torch::Tensor own;       ///< n x D, raw, of the spots' own patches
    torch::Tensor neighbors; ///< n x 25 x D, raw
};

/// One section as DKAN takes it; n spots in the order of `ids`. Internal to the Torch side.
struct SectionTensors {
    std::string name, patient;
    std::vector<std::string> ids;
    torch::Tensor patches;                    ///< n x 3 x H x W bytes, RGB
    torch::Tensor features;                   ///< n x D, raw frozen features of the spots' own patches
    torch::Tensor neighborFeatures;           ///< n x 25 x D, raw
    torch::Tensor neighborMask;               ///< n x 25
    torch::Tensor positions;                  ///< n x 2 (row, column)
    torch::Tensor expression;                 ///< n x G
    std::vector<SectionFeatures> otherStains; ///< of the same tissue in other stains, to train with; or none
    std::vector<Level0Point> places; ///< centres, level-0 pixels of the section's image; n, or not known
};

/// How patches are cut and encoded.
struct PatchSettings {
    int pixels = 224;
    double micronsPerPixel = 0;
    int regionRows = 5, regionColumns = 5;
    std::filesystem::path featureCache; ///< may be empty
};

/// Reads a section's patches and frozen features and its expression of `panel`. Blocking (seconds to a
/// minute). BadInput for an image or panel that does not fit, Cancelled when asked. Spots outside the image
/// are left out, with a warning in `section`.
[[nodiscard]] Result<SectionTensors> loadSection(Section& section, const std::vector<std::string>& panel,
                                                 const PatchSettings& settings, const OpenedEncoder& opened,
                                                 const CancelToken& cancel);

/// Hands every spot the tissue of another: patch, region and slide features change places by one seeded
/// shuffle, positions and expression stay. What a model still predicts then, it reads from the position.
void shuffleImages(SectionTensors& section, std::uint64_t seed);

/// The section with its frozen features standardised as `model` does.
[[nodiscard]] SectionTensors asTheModelSees(const LoadedModel& model, SectionTensors section);

/// Predicts every spot of a section on the network's device, with all of them as context: n x G, on the CPU.
/// The model is left in evaluation mode.
[[nodiscard]] torch::Tensor predictSection(LoadedModel& model, const SectionTensors& section);

/// Patches for the network: bytes to ImageNet-normalised floats.
[[nodiscard]] torch::Tensor networkPatches(const torch::Tensor& bytes);

} // namespace spotglass
