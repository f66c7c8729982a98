// The report on genes as JSON and CSV.
#include "training/cohort/GeneMetrics.h"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace spotglass {
namespace {

/// The numbers of a gene with the names they have in both forms.
std::array<std::pair<const char*, double>, 7> figures(const GeneMetrics& gene) {
    return {{{"pcc", gene.pcc},
             {"pcc_low", gene.pccInterval.low},
             {"pcc_high", gene.pccInterval.high},
             {"mse", gene.mse},
             {"mae", gene.mae},
             {"moran_measured", gene.moranMeasured},
             {"moran_predicted", gene.moranPredicted}}};
}

nlohmann::json number(double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

std::string cell(double value) {
    if (!std::isfinite(value)) return {};
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

/// Quoted where the name would break the table (RFC 4180).
std::string cell(const std::string& name) {
    if (name.find_first_of(",\"\r\n") == std::string::npos) return name;
    std::string quoted = "\"";
    for (const char c : name)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

} // namespace

nlohmann::json toJson(const GeneMetricsReport& report) {
    nlohmann::json genes = nlohmann::json::object();
    for (const auto& gene : report.genes)
        for (const auto& [name, value] : figures(gene))
            genes[gene.gene][name] = number(value);
    nlohmann::json intervals{{"method", "block bootstrap over spots, expanded percentiles"},
                             {"block_side", report.bootstrap.blockSide},
                             {"resamples", report.bootstrap.resamples},
                             {"confidence", report.bootstrap.confidence}};
    const std::array<std::pair<const char*, const Interval*>, 6> overall{{{"mae", &report.mae},
                                                                          {"mse", &report.mse},
                                                                          {"pcc_all", &report.pccAll},
                                                                          {"pcc_hpg", &report.pccHpg},
                                                                          {"pcc_heg", &report.pccHeg},
                                                                          {"pcc_hvg", &report.pccHvg}}};
    for (const auto& [name, interval] : overall)
        intervals[name] = {{"low", number(interval->low)}, {"high", number(interval->high)}};
    return {{"genes", std::move(genes)}, {"intervals", std::move(intervals)}};
}

std::string toCsv(const GeneMetricsReport& report) {
    std::string table = "gene";
    for (const auto& [name, value] : figures({}))
        table += std::string(",") + name;
    table += '\n';
    for (const auto& gene : report.genes) {
        table += cell(gene.gene);
        for (const auto& [name, value] : figures(gene))
            table += ',' + cell(value);
        table += '\n';
    }
    return table;
}

} // namespace spotglass
