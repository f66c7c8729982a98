#include "training/experiment/ExperimentTable.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace spotglass {
namespace {

struct Column {
    const char* title;
    const char* key; ///< in the CSV file
    MeanAndDeviation MetricsReport::*value;
};
constexpr std::array kColumns{Column{"MAE", "mae", &MetricsReport::mae},
                              Column{"MSE", "mse", &MetricsReport::mse},
                              Column{"PCC ALL", "pcc_all", &MetricsReport::pccAll},
                              Column{"PCC HPG", "pcc_hpg", &MetricsReport::pccHpg},
                              Column{"PCC HEG", "pcc_heg", &MetricsReport::pccHeg},
                              Column{"PCC HVG", "pcc_hvg", &MetricsReport::pccHvg}};
constexpr int kCellWidth = 15;

std::string threeDecimals(double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(3) << value;
    return text.str();
}

/// `text`, which is `shown` characters wide, from the left in a cell.
std::string padded(const std::string& text, std::size_t shown, std::size_t width) {
    return text + std::string(shown < width ? width - shown : 1, ' ');
}

std::string cell(const MeanAndDeviation& value) {
    if (!std::isfinite(value.mean)) return padded("-", 1, kCellWidth);
    const auto text = threeDecimals(value.mean) + " ± " + threeDecimals(value.deviation);
    return padded(text, text.size() - 1, kCellWidth); // the sign has two bytes
}

std::string trimmed(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

std::string quoted(const std::string& field) {
    if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
    std::string out = "\"";
    for (const char c : field)
        out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

} // namespace

std::vector<std::string> tableLines(const std::vector<ExperimentTableRow>& rows) {
    std::size_t width = 0;
    for (const auto& row : rows)
        width = std::max(width, row.name.size());
    width += 2;
    auto heading = std::string(width, ' ');
    for (const auto& column : kColumns)
        heading += padded(column.title, std::string(column.title).size(), kCellWidth);
    std::vector<std::string> lines{trimmed(heading)};
    for (const auto& row : rows) {
        auto line = padded(row.name, row.name.size(), width);
        for (const auto& column : kColumns)
            line += cell(row.metrics.*column.value);
        lines.push_back(trimmed(line));
    }
    return lines;
}

std::string tableCsv(const std::vector<ExperimentTableRow>& rows) {
    std::ostringstream csv;
    csv << "method";
    for (const auto& column : kColumns)
        csv << ',' << column.key << "_mean," << column.key << "_deviation";
    csv << "\r\n" << std::setprecision(9);
    for (const auto& row : rows) {
        csv << quoted(row.name);
        for (const auto& column : kColumns) {
            const auto& value = row.metrics.*column.value;
            for (const double figure : {value.mean, value.deviation})
                if (std::isfinite(figure))
                    csv << ',' << figure;
                else
                    csv << ',';
        }
        csv << "\r\n";
    }
    return csv.str();
}

} // namespace spotglass
