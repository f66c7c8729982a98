#pragma once

#include "training/cohort/TissueMap.h"

#include <cstdint>
#include <vector>

namespace spotglass {

enum class NucleusKind : std::uint8_t { Tumour, Lymphocyte, Fibroblast, Adipocyte, Debris };
inline constexpr int nucleusKinds = 5;

/// One cell nucleus of a synthetic section: an ellipse, level-0 pixels.
struct Nucleus {
    float x = 0, y = 0;
    float a = 0, b = 0;         ///< half axes
    float cosine = 1, sine = 0; ///< direction of the half axis a
    float darkness = 1;         ///< optical density of haematoxylin
    float vesicular = 0;        ///< 0 evenly dark, 1 pale inside a dark rim
    NucleusKind kind = NucleusKind::Tumour;
};

/// Eight-bit RGB, row-major without padding.
struct RgbImage {
    int width = 0, height = 0;
    std::vector<std::uint8_t> pixels;
};

/// Places nuclei by dart throwing, with the density, size and direction of their compartment. Deterministic.
[[nodiscard]] std::vector<Nucleus> placeNuclei(const TissueMap& map, std::uint64_t seed);

/// Distance in level-0 pixels from a level-0 position to the nearest wall between fat cells (the cells of a
/// jittered lattice with rounded corners); zero or less inside a wall.
[[nodiscard]] float fatWallDistance(std::uint64_t seed, float x, float y);

/// Paints the section as stained with haematoxylin and eosin, by Beer and Lambert from the optical densities
/// of both stains, with the section's own variation of stain and lamp. Deterministic for a seed. About 2 s
/// and 8 bytes a pixel for 4096 x 4096.
[[nodiscard]] RgbImage paintTissue(const TissueMap& map, const std::vector<Nucleus>& nuclei,
                                   std::uint64_t seed);

} // namespace spotglass
