#pragma once

#include "training/SpotDataset.h"

#include <filesystem>
#include <string>
#include <vector>

namespace spotglass {

/// A line of a table of expression: a spot and its values.
struct SpotRow {
    std::string spot;
    Level0Point center;
    std::vector<float> values; ///< one a gene of the table; NaN is an empty cell
};

/// Writes spot,x_px,y_px and a column a gene (CSV; positions in level-0 pixels), aside and renamed. Blocking.
/// Device where the drive refuses.
[[nodiscard]] Result<void> writeSpotTable(const std::filesystem::path& file,
                                          const std::vector<std::string>& genes,
                                          const std::vector<SpotRow>& rows);

/// The rows of a section; `values`: n x G, on the CPU.
[[nodiscard]] std::vector<SpotRow> spotRows(const SectionTensors& section, const torch::Tensor& values);

} // namespace spotglass
