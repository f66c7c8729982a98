#include "training/cohort/SpaceRangerCohort.h"

#include "training/cohort/HexagonalArray.h"
#include "training/cohort/SectionFolder.h"
#include "training/cohort/SectionScale.h"
#include "training/cohort/TableReader.h"
#include "training/cohort/TenxMatrix.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

namespace spotglass {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

constexpr double largestArrayCoordinate = 1e6, largestPixel = 1e7;
constexpr const char* manifestHint = "Write a manifest (a CSV file) that names the files of each section";

bool isThere(const fs::path& path) {
    std::error_code problem;
    return fs::exists(path, problem);
}

/// The folder that holds spatial/, or an empty path.
fs::path outputsOf(const fs::path& folder) {
    for (const fs::path& place : {folder, folder / "outs"})
        for (const char* sign :
             {"spatial/tissue_positions.csv", "spatial/tissue_positions_list.csv",
              "spatial/tissue_positions.csv.gz", "spatial/tissue_positions_list.csv.gz",
              "spatial/tissue_positions.parquet", "spatial/scalefactors_json.json", "binned_outputs"})
            if (isThere(place / sign)) return place;
    return {};
}

/// The count matrix of an output folder; published ones often have a prefix.
fs::path findMatrix(const fs::path& outputs) {
    for (const char* kind : {"filtered_feature_bc_matrix", "raw_feature_bc_matrix"}) {
        if (const fs::path file = outputs / (std::string(kind) + ".h5"); isThere(file)) return file;
        if (const fs::path folder = outputs / kind; looksLikeTenxMatrix(folder)) return folder;
        std::vector<fs::path> prefixed;
        std::error_code problem;
        for (const auto& entry : fs::directory_iterator(outputs, problem))
            if (entry.path().filename().string().ends_with(std::string("_") + kind + ".h5"))
                prefixed.push_back(entry.path());
        if (prefixed.size() == 1) return prefixed.front();
    }
    return {};
}

/// The only image in the output folder or in the section's folder around it, or the one beside that. Several:
/// a failure. An empty path when there is none.
Result<fs::path> findImage(const fs::path& outputs, const std::string& name) {
    std::error_code problem;
    fs::path folder = fs::absolute(outputs, problem).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    if (folder.filename() == "outs") folder = folder.parent_path();
    for (const fs::path& place : {outputs, folder}) {
        const auto images = imagesIn(place);
        if (images.size() > 1)
            return badInput("several images lie in the folder of section " + name + " (" +
                                images[0].filename().string() + ", " + images[1].filename().string() + ")",
                            place.string(), "Leave the full-resolution one there, or name it in a manifest");
        if (images.size() == 1) return images.front();
    }
    for (const fs::path& image : imagesIn(folder.parent_path()))
        if (image.stem() == name) return image;
    return fs::path();
}

Result<TissuePosition> readPosition(const TableReader& table) {
    const auto& cells = table.cells();
    const auto wrong = [&](const std::string& what) {
        return table.failure("line " + std::to_string(table.line()) + " " + what,
                             "A line has barcode, in_tissue, array_row, array_col, pxl_row_in_fullres and "
                             "pxl_col_in_fullres");
    };
    if (cells.size() != 6) return wrong("has " + std::to_string(cells.size()) + " cells, not six");
    std::array<double, 5> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto value = parseNumber(cells[i + 1]);
        const double limit = i < 3 ? largestArrayCoordinate : largestPixel;
        if (!value || std::abs(*value) > limit || (i < 3 && *value != std::floor(*value)))
            return wrong("has \"" + std::string(cells[i + 1]) + "\" where " +
                         (i < 3 ? "a whole number" : "a pixel position") + " belongs");
        numbers[i] = *value;
    }
    TissuePosition position{std::string(cells[0]),
                            numbers[0] != 0,
                            static_cast<int>(numbers[1]),
                            static_cast<int>(numbers[2]),
                            {numbers[4], numbers[3]}};
    if ((position.arrayRow + position.arrayColumn) % 2 != 0)
        return wrong("has the array place (" + std::to_string(position.arrayRow) + ", " +
                     std::to_string(position.arrayColumn) +
                     "), which no hexagonal array has: row and column are both even or both odd");
    return position;
}

Result<double> scaleFactor(const fs::path& file, const char* key) {
    const auto text = readFile(file, 1u << 20);
    if (!text) return Failure(text.error());
    const json document = json::parse(*text, nullptr, false);
    if (!document.is_object()) return badInput("this file is not a JSON object", file.string());
    const auto at = document.find(key);
    if (at != document.end() && at->is_number())
        if (const double value = at->get<double>(); std::isfinite(value) && value > 0 && value <= 100)
            return value;
    return badInput(std::string("this file has no usable \"") + key + "\"", file.string());
}

/// Takes the small image that Space Ranger made, and scales the spots to it. Gives the scale factor.
Result<double> useHiresImage(const fs::path& spatial, Section& section) {
    section.image = spatial / "tissue_hires_image.png";
    if (!isThere(section.image))
        return badInput("section " + section.name + " has no image", section.image.string(),
                        "Put the full-resolution image into the section's folder, or name it in a manifest");
    const auto factor = scaleFactor(spatial / "scalefactors_json.json", "tissue_hires_scalef");
    if (!factor) return factor;
    for (CohortSpot& spot : section.spots)
        spot.center = {spot.center.x * *factor, spot.center.y * *factor};
    return factor;
}

struct JoinedSpots {
    std::vector<std::size_t> rows; ///< of the matrix
    std::vector<CohortSpot> spots;
    std::size_t offTissue = 0, withoutPosition = 0, withoutCounts = 0;
};

JoinedSpots join(const std::vector<TissuePosition>& positions, const FeatureMatrix& matrix) {
    std::unordered_map<std::string_view, const TissuePosition*> at;
    std::size_t inTissue = 0;
    for (const TissuePosition& position : positions) {
        at.emplace(position.barcode, &position);
        inTissue += position.inTissue ? 1 : 0;
    }
    JoinedSpots joined;
    for (std::size_t row = 0; row < matrix.barcodes.size(); ++row) {
        const auto found = at.find(matrix.barcodes[row]);
        if (found == at.end()) {
            ++joined.withoutPosition;
            continue;
        }
        if (!found->second->inTissue) {
            ++joined.offTissue;
            continue;
        }
        const TissuePosition& position = *found->second;
        const AxialPlace place = axialPlace(position.arrayRow, position.arrayColumn);
        joined.rows.push_back(row);
        joined.spots.push_back({position.barcode, place.column, place.row, position.center});
    }
    joined.withoutCounts = inTissue - joined.spots.size();
    return joined;
}

void sayWhatWasLeftOut(const JoinedSpots& joined, Section& section) {
    if (joined.offTissue > 0)
        section.warnings.push_back(section.name + ": " + std::to_string(joined.offTissue) +
                                   " spots of the matrix lie outside the tissue; they are left out.");
    if (const auto left = leftOutSentence(section.name, joined.withoutPosition, joined.withoutCounts);
        !left.empty())
        section.warnings.push_back(left);
}

} // namespace

Result<std::vector<TissuePosition>> readTissuePositions(const fs::path& path) {
    if (path.extension() == ".parquet")
        return badInput("tissue positions in Parquet form (Visium HD) cannot be read", path.string(),
                        "Write them as tissue_positions.csv");
    auto table = TableReader::open(path);
    if (!table) return Failure(table.error());
    std::vector<TissuePosition> positions;
    std::unordered_map<std::string, std::size_t> lineOf;
    std::map<std::pair<int, int>, std::size_t> lineOfPlace;
    for (;;) {
        const auto more = table->next();
        if (!more) return Failure(more.error());
        if (!*more) break;
        // Files of either name come with and without a header.
        if (positions.empty() && lineOf.empty() && table->cells()[0] == "barcode") continue;
        auto position = readPosition(*table);
        if (!position) return Failure(position.error());
        const auto twice = [&](const std::string& what, std::size_t earlier) {
            return table->failure(what + " is there twice (lines " + std::to_string(earlier) + " and " +
                                  std::to_string(table->line()) + ")");
        };
        if (const auto [at, isNew] = lineOf.emplace(position->barcode, table->line()); !isNew)
            return twice("barcode " + position->barcode, at->second);
        const std::pair place(position->arrayRow, position->arrayColumn);
        if (const auto [at, isNew] = lineOfPlace.emplace(place, table->line()); !isNew)
            return twice("array place (" + std::to_string(place.first) + ", " + std::to_string(place.second) +
                             ")",
                         at->second);
        positions.push_back(std::move(*position));
    }
    if (positions.empty()) return table->failure("this file has no spots");
    return positions;
}

bool isSpaceRangerFolder(const fs::path& folder) {
    return !outputsOf(folder).empty();
}

SectionFiles spaceRangerFiles(const fs::path& folder, const std::string& name,
                              const ArrayDescription& array) {
    SectionFiles files{name, patientOf(name), {}, {}, {}, SectionForm::SpaceRanger, array, {}, {}};
    files.array.geometry = ArrayGeometry::Hexagonal;
    const fs::path outputs = outputsOf(folder);
    const auto lacks = [&](const std::string& what, const fs::path& where, const char* hint) {
        if (!files.problem)
            files.problem = badInput("section " + name + " " + what, where.string(), hint).value();
    };
    if (isThere(outputs / "binned_outputs"))
        lacks("is of Visium HD, which cannot be read", outputs,
              "Its bins are squares without gaps; spots of Visium or of legacy arrays can be read");
    for (const char* positions :
         {"tissue_positions.csv", "tissue_positions_list.csv", "tissue_positions.csv.gz",
          "tissue_positions_list.csv.gz", "tissue_positions.parquet"})
        if (const fs::path file = outputs / "spatial" / positions; files.spots.empty() && isThere(file))
            files.spots = file;
    if (files.spots.empty())
        lacks("has no tissue positions", outputs / "spatial/tissue_positions.csv", manifestHint);
    files.counts = findMatrix(outputs);
    if (files.counts.empty())
        lacks("has no count matrix", outputs / "filtered_feature_bc_matrix.h5", manifestHint);
    const auto image = findImage(outputs, name);
    if (image)
        files.image = *image;
    else if (!files.problem)
        files.problem = image.error();
    return files;
}

std::vector<SectionFiles> listSpaceRangerSections(const fs::path& folder, const ArrayDescription& array) {
    const auto nameOf = [](const fs::path& place) {
        const std::string name = lastName(place);
        return name == "outs" ? lastName(place / "..") : name;
    };
    if (isSpaceRangerFolder(folder)) return {spaceRangerFiles(folder, nameOf(folder), array)};
    std::vector<SectionFiles> sections;
    for (const fs::path& inner : foldersIn(folder))
        if (isSpaceRangerFolder(inner)) sections.push_back(spaceRangerFiles(inner, nameOf(inner), array));
    return sections;
}

Result<Section> readSpaceRangerSection(const SectionFiles& files) {
    if (files.problem) return tl::unexpected(*files.problem);
    const auto positions = readTissuePositions(files.spots);
    if (!positions) return Failure(positions.error());
    const auto matrix = readTenxMatrix(files.counts);
    if (!matrix) return Failure(matrix.error());
    JoinedSpots joined = join(*positions, *matrix);
    if (joined.spots.empty())
        return badInput(joined.offTissue > 0
                            ? "no spot of this matrix lies under tissue in " + files.spots.filename().string()
                            : "no barcode of this matrix is in " + files.spots.filename().string() +
                                  " (the first is " + matrix->barcodes.front() + " here and " +
                                  positions->front().barcode + " there)",
                        files.counts.string(), "Check that both files belong to the same section");
    Section section;
    section.name = files.name;
    section.patient = files.patient;
    section.image = files.image;
    section.array = files.array;
    sayWhatWasLeftOut(joined, section);
    if (auto ok = takeGenes(*matrix, joined.rows, files.counts.string(), section); !ok)
        return Failure(ok.error());
    section.spots = std::move(joined.spots);
    std::optional<double> given = files.manifestMicrons;
    double factor = 1;
    if (section.image.empty()) {
        const auto used = useHiresImage(files.spots.parent_path(), section);
        if (!used) return Failure(used.error());
        factor = *used;
        if (given) *given /= factor; // both speak of the full-resolution image
        if (section.array.micronsPerPixel)
            section.array.micronsPerPixel = MicronsPerPixel{section.array.micronsPerPixel->x / factor,
                                                            section.array.micronsPerPixel->y / factor};
    }
    setScale(section, given);
    if (files.image.empty()) {
        char text[240];
        std::snprintf(
            text, sizeof text,
            ": there is no full-resolution image; the small tissue_hires_image.png serves instead, "
            "%.3g times coarser, with %.3g um in a pixel. Name the full-resolution one in a manifest.",
            1 / factor, section.micronsPerPixel.mean());
        section.warnings.push_back(section.name + text);
    }
    return section;
}

} // namespace spotglass
