#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace spotglass {

/// What the cells of a synthetic section can be doing; each is read from the tissue drawn under a spot.
enum class Programme : std::uint8_t {
    Tumour,        ///< tumour nuclei and their cytoplasm
    Proliferation, ///< large irregular tumour nuclei
    Luminal,       ///< glands: lumens among tumour cells
    DenseStroma,   ///< collagen bundles
    LooseStroma,   ///< pale stroma with more fibroblasts
    Immune,        ///< lymphocytes
    Fat,           ///< fat cells
    Necrosis       ///< dead tissue, and the stress around it
};
inline constexpr std::size_t programmes = 8;

/// How strongly each programme runs in a spot; about 0 to 1.
using ProgrammeActivity = std::array<double, programmes>;

/// A gene of the synthetic cohort: its rate in a spot is proportional to base + sum of weight x activity.
struct SyntheticGene {
    std::string symbol;
    double base = 1;
    ProgrammeActivity weight{};
    double spread = 0.2; ///< standard deviation of the logarithm of its extra noise
};

/// The genes, always the same: some 75 with programmes known from breast cancer, and about 100 more with
/// mixed ones.
[[nodiscard]] const std::vector<SyntheticGene>& syntheticGenes();

} // namespace spotglass
