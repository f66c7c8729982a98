#pragma once

#include "training/cohort/Metrics.h"

namespace spotglass {

/// A row of the table in which methods are published (spec/dkan.md section 4).
struct ExperimentTableRow {
    std::string name;
    MetricsReport metrics;
};

/// Lines of equal width for a terminal, the heading first: MAE, MSE, PCC over all genes, HPG, HEG and HVG,
/// each mean and deviation. A figure that no group has is "-".
[[nodiscard]] std::vector<std::string> tableLines(const std::vector<ExperimentTableRow>& rows);

/// The same as CSV (RFC 4180), a column each for mean and deviation; empty where undefined.
[[nodiscard]] std::string tableCsv(const std::vector<ExperimentTableRow>& rows);

} // namespace spotglass
