#pragma once

#include "training/TrainingConfig.h"

#include <filesystem>
#include <string>
#include <vector>

namespace spotglass {

/// One row of an experiment's table: a configuration that is trained on every fold.
struct ExperimentRow {
    std::string name;
    std::string folder;     ///< `name` as a folder's name, different for every row
    nlohmann::json changes; ///< to the base configuration
    TrainingConfig config;
};

/// Reads a grid file: {"base": FILE or a configuration, "rows": {NAME: changes, ...}, "grid": {POINTER:
/// [value, ...], ...}}. Changes are a JSON merge patch (RFC 7386) of the base; a grid's pointer is a JSON
/// pointer (RFC 6901) such as "/model/fusion". Every row is combined with every combination of the grid's
/// values; without rows there is the base alone. Paths are relative to the file that names them. Blocking.
/// BadInput naming what is wrong in which row, before anything is computed.
[[nodiscard]] Result<std::vector<ExperimentRow>> readExperimentGrid(const std::filesystem::path& file);

} // namespace spotglass
