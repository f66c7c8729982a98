#include "app/engine_module/SpotTable.h"

#include "viewer/base/Files.h"

#include <cmath>
#include <cstdio>
#include <fstream>

namespace spotglass {

// Row by row: the text of a large slide's table is longer than its numbers.
Result<void> writeSpotTable(const std::filesystem::path& file, const std::vector<std::string>& genes,
                            const std::vector<SpotRow>& rows) {
    return writeAside(file, [&](const std::filesystem::path& aside) -> Result<void> {
        std::ofstream out(aside, std::ios::binary);
        std::string line = "spot,x_px,y_px";
        for (const auto& gene : genes)
            line += ',' + gene;
        out << line << '\n';
        char number[48];
        for (const auto& row : rows) {
            std::snprintf(number, sizeof number, ",%.2f,%.2f", row.center.x, row.center.y);
            line = row.spot + number;
            for (const float value : row.values) {
                std::snprintf(number, sizeof number, ",%.7g", static_cast<double>(value));
                line += std::isnan(value) ? "," : number;
            }
            out << line << '\n';
        }
        out.close();
        if (!out)
            return fail(ErrorKind::Device, "this file cannot be written", file.string(),
                        "Check the free space and the permissions of the folder");
        return {};
    });
}

std::vector<SpotRow> spotRows(const SectionTensors& section, const torch::Tensor& values) {
    const auto table = values.to(torch::kFloat32).contiguous();
    const auto genes = static_cast<std::size_t>(table.size(1));
    const float* row = table.data_ptr<float>();
    std::vector<SpotRow> rows;
    for (std::size_t i = 0; i < section.ids.size(); ++i, row += genes)
        rows.push_back({section.ids[i], section.places[i], {row, row + genes}});
    return rows;
}

} // namespace spotglass
