#include "training/cohort/SpotFile.h"

#include "training/cohort/TableReader.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <unordered_map>

namespace spotglass {
namespace {

constexpr double largestArrayCoordinate = 1e6;
constexpr double largestPixel = 1e7;

struct Columns {
    std::size_t x = 0, y = 0, pixelX = 0, pixelY = 0, count = 0;
    std::optional<std::size_t> selected;
    std::optional<std::size_t> id; ///< instead of x and y
};

Result<Columns> findColumns(const TableReader& table) {
    Columns columns;
    columns.count = table.cells().size();
    const auto find = [&](std::string_view name) -> std::optional<std::size_t> {
        for (std::size_t i = 0; i < table.cells().size(); ++i)
            if (table.cells()[i] == name) return i;
        return std::nullopt;
    };
    // STNet's tables have the spot's id, then its pixels.
    if (columns.count == 3 && find("X") == 1 && find("Y") == 2) {
        columns.id = 0;
        columns.pixelX = 1;
        columns.pixelY = 2;
        return columns;
    }
    const std::array<std::pair<std::string_view, std::size_t*>, 4> needed = {
        {{"x", &columns.x}, {"y", &columns.y}, {"pixel_x", &columns.pixelX}, {"pixel_y", &columns.pixelY}}};
    for (const auto& [name, place] : needed) {
        const auto at = find(name);
        if (!at)
            return table.failure("the header has no column \"" + std::string(name) + "\"",
                                 "A spot file needs the columns x, y, pixel_x and pixel_y");
        *place = *at;
    }
    columns.selected = find("selected");
    return columns;
}

Result<double> numberAt(const TableReader& table, std::size_t column, const char* name, double limit) {
    const auto value = parseNumber(table.cells()[column]);
    if (value && std::abs(*value) <= limit) return *value;
    return table.failure("line " + std::to_string(table.line()) + " has \"" +
                         std::string(table.cells()[column]) + "\" in the column " + name + ", which is not " +
                         (value ? "a possible position" : "a number"));
}

Result<std::pair<int, int>> readPlace(const TableReader& table, const Columns& columns) {
    if (columns.id) {
        if (const auto place = parseSpotId(table.cells()[*columns.id])) return *place;
        return table.failure("line " + std::to_string(table.line()) + " has the spot \"" +
                             std::string(table.cells()[*columns.id]) + "\", which is not of the form 10x12");
    }
    const auto x = numberAt(table, columns.x, "x", largestArrayCoordinate);
    if (!x) return Failure(x.error());
    const auto y = numberAt(table, columns.y, "y", largestArrayCoordinate);
    if (!y) return Failure(y.error());
    return std::pair(static_cast<int>(std::nearbyint(*x)), static_cast<int>(std::nearbyint(*y)));
}

Result<CohortSpot> readSpot(const TableReader& table, const Columns& columns) {
    const auto place = readPlace(table, columns);
    if (!place) return Failure(place.error());
    const auto pixelX = numberAt(table, columns.pixelX, "pixel_x", largestPixel);
    if (!pixelX) return Failure(pixelX.error());
    const auto pixelY = numberAt(table, columns.pixelY, "pixel_y", largestPixel);
    if (!pixelY) return Failure(pixelY.error());
    CohortSpot spot;
    spot.column = place->first;
    spot.row = place->second;
    spot.id = spotId(spot.column, spot.row);
    spot.center = {*pixelX, *pixelY};
    return spot;
}

} // namespace

std::string spotId(int column, int row) {
    return std::to_string(column) + "x" + std::to_string(row);
}

std::optional<std::pair<int, int>> parseSpotId(std::string_view id) {
    const std::size_t cross = id.find('x');
    if (cross == std::string_view::npos) return std::nullopt;
    const auto x = parseNumber(id.substr(0, cross));
    const auto y = parseNumber(id.substr(cross + 1));
    if (!x || !y || std::abs(*x) > largestArrayCoordinate || std::abs(*y) > largestArrayCoordinate)
        return std::nullopt;
    return std::pair(static_cast<int>(std::nearbyint(*x)), static_cast<int>(std::nearbyint(*y)));
}

Result<std::vector<CohortSpot>> readSpotFile(const std::filesystem::path& path) {
    auto table = TableReader::open(path);
    if (!table) return Failure(table.error());
    auto more = table->next();
    if (!more) return Failure(more.error());
    if (!*more) return table->failure("this file has no header");
    const auto columns = findColumns(*table);
    if (!columns) return Failure(columns.error());

    std::vector<CohortSpot> spots;
    std::unordered_map<std::string, std::size_t> lineOf;
    for (more = table->next(); more && *more; more = table->next()) {
        if (table->cells().size() != columns->count)
            return table->failure("line " + std::to_string(table->line()) + " has " +
                                  std::to_string(table->cells().size()) + " cells, the header has " +
                                  std::to_string(columns->count));
        auto spot = readSpot(*table, *columns);
        if (!spot) return Failure(spot.error());
        if (columns->selected) {
            const auto selected = numberAt(*table, *columns->selected, "selected", 1);
            if (!selected) return Failure(selected.error());
            if (*selected == 0) continue;
        }
        const auto [earlier, isNew] = lineOf.emplace(spot->id, table->line());
        if (!isNew)
            return table->failure("spot " + spot->id + " is there twice (lines " +
                                  std::to_string(earlier->second) + " and " + std::to_string(table->line()) +
                                  ")");
        spots.push_back(std::move(*spot));
    }
    if (!more) return Failure(more.error());
    if (spots.empty()) return table->failure("this file has a header but no spot under tissue");
    return spots;
}

std::string leftOutSentence(const std::string& section, std::size_t withoutPosition,
                            std::size_t withoutCounts) {
    const std::string first =
        std::to_string(withoutPosition) + " spots have counts but no position under tissue";
    std::string what;
    if (withoutPosition > 0 && withoutCounts > 0)
        what = first + " and " + std::to_string(withoutCounts) + " a position but no counts";
    else if (withoutPosition > 0)
        what = first;
    else if (withoutCounts > 0)
        what = std::to_string(withoutCounts) + " spots have a position under tissue but no counts";
    return what.empty() ? what : section + ": " + what + "; they are left out.";
}

std::optional<LatticeAffine> fitLattice(const std::vector<CohortSpot>& spots) {
    // Normal equations about the means, so that only a 2 x 2 system is left.
    const double n = static_cast<double>(spots.size());
    double c = 0, r = 0, x = 0, y = 0;
    for (const CohortSpot& s : spots) {
        c += s.column / n;
        r += s.row / n;
        x += s.center.x / n;
        y += s.center.y / n;
    }
    double cc = 0, cr = 0, rr = 0, cx = 0, rx = 0, cy = 0, ry = 0;
    for (const CohortSpot& s : spots) {
        const double dc = s.column - c, dr = s.row - r;
        cc += dc * dc;
        cr += dc * dr;
        rr += dr * dr;
        cx += dc * (s.center.x - x);
        rx += dr * (s.center.x - x);
        cy += dc * (s.center.y - y);
        ry += dr * (s.center.y - y);
    }
    const double det = cc * rr - cr * cr;
    if (spots.size() < 3 || det <= 1e-9 * cc * rr) return std::nullopt;
    LatticeAffine fit;
    fit.xx = (cx * rr - rx * cr) / det;
    fit.xy = (rx * cc - cx * cr) / det;
    fit.yx = (cy * rr - ry * cr) / det;
    fit.yy = (ry * cc - cy * cr) / det;
    fit.dx = x - fit.xx * c - fit.xy * r;
    fit.dy = y - fit.yx * c - fit.yy * r;
    if (latticePitch(fit) <= 0) return std::nullopt;
    return fit;
}

double latticePitch(const LatticeAffine& a) {
    return std::sqrt(std::abs(a.xx * a.yy - a.xy * a.yx));
}

} // namespace spotglass
