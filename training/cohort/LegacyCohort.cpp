#include "training/cohort/LegacyCohort.h"

#include "training/cohort/FeatureMatrix.h"
#include "training/cohort/HexagonalArray.h"
#include "training/cohort/SectionFolder.h"
#include "training/cohort/SectionScale.h"
#include "training/cohort/TableReader.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

namespace spotglass {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view spotSuffix = "_selection.tsv";

/// What a file's name has before and after the section's name.
struct Affixes {
    std::string_view before, after;
};
const std::vector<Affixes> countNames = {
    {"", "_stdata.tsv.gz"}, {"", "_stdata.tsv"}, {"", ".tsv.gz"}, {"", ".tsv"}};
const std::vector<Affixes> spotNames = {
    {"", "_selection.tsv"}, {"", "_selection.tsv.gz"},        {"spots_", ".csv"},
    {"spots_", ".csv.gz"},  {"spot_data-selection-", ".tsv"}, {"spot_data-selection-", ".tsv.gz"},
};
const std::vector<Affixes> imageNames = {{"HE_", ".jpg"}, {"HE_", ".tif"}, {"", ".jpg"},  {"", ".jpeg"},
                                         {"", ".png"},    {"", ".tif"},    {"", ".tiff"}, {"", ".JPG"}};

/// A file name without the accession that GEO puts before it ("GSM4284316_").
std::string_view withoutAccession(std::string_view file) {
    if (!file.starts_with("GSM")) return file;
    const std::size_t end = file.find_first_not_of("0123456789", 3);
    return end != std::string_view::npos && end > 3 && file[end] == '_' ? file.substr(end + 1) : file;
}

/// Section -> path of the files of a folder that are named so. A file goes by the first names that fit it; of
/// two files of a section the one of the earlier names is taken.
std::map<std::string, fs::path> filesNamed(const fs::path& folder, const std::vector<Affixes>& names) {
    std::map<std::string, std::pair<std::size_t, fs::path>> best;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(folder, problem)) {
        const std::string whole = entry.path().filename().string();
        const std::string_view file = withoutAccession(whole);
        if (file.starts_with('.')) continue;
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto& [before, after] = names[i];
            if (file.size() <= before.size() + after.size() || !file.starts_with(before) ||
                !file.ends_with(after))
                continue;
            const std::string section(file.substr(before.size(), file.size() - before.size() - after.size()));
            const auto [at, isNew] = best.emplace(section, std::pair(i, entry.path()));
            if (!isNew && i < at->second.first) at->second = {i, entry.path()};
            break;
        }
    }
    std::map<std::string, fs::path> found;
    for (auto& [section, file] : best)
        found.emplace(section, std::move(file.second));
    return found;
}

/// The one image in a section's own folder, as her2st was published: ST-imgs/A/A1/anything.jpg.
fs::path nestedImage(const fs::path& images, const std::string& section) {
    for (const fs::path& folder : {images / patientOf(section) / section, images / section})
        if (const auto inside = imagesIn(folder); inside.size() == 1) return inside.front();
    return {};
}

/// Gene columns of a count table, with repeated symbols brought together.
struct GeneColumns {
    std::vector<std::string> genes;
    std::vector<std::size_t> target; ///< table column (after the first) -> gene
};

Result<GeneColumns> geneColumns(const std::vector<std::string>& header, const TableReader& table) {
    GeneColumns columns;
    std::unordered_map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < header.size(); ++i) {
        const std::string gene = withoutVersion(header[i]);
        if (gene.empty())
            return table.failure("column " + std::to_string(i + 2) + " of the header has no gene name");
        const auto [at, isNew] = index.emplace(gene, columns.genes.size());
        if (isNew) columns.genes.push_back(gene);
        columns.target.push_back(at->second);
    }
    if (columns.genes.empty())
        return table.failure("the header has no gene columns",
                             "A count file has the spots in rows and one tab-separated column a gene");
    return columns;
}

struct CountTable {
    std::vector<std::string> ids, genes;
    CountMatrix counts;
    std::size_t repeatedGenes = 0, leftOut = 0;
    std::string firstId;
};

Result<void> readCountRow(const TableReader& table, const GeneColumns& columns, std::vector<float>& row) {
    const auto& cells = table.cells();
    if (cells.size() != columns.target.size() + 1)
        return table.failure("line " + std::to_string(table.line()) + " has " + std::to_string(cells.size()) +
                                 " cells, the header has " + std::to_string(columns.target.size() + 1),
                             "The file may be cut off; copy it again from where it came from");
    std::fill(row.begin(), row.end(), 0.0f);
    for (std::size_t i = 0; i < columns.target.size(); ++i) {
        const std::string_view cell = cells[i + 1];
        if (cell.size() == 1 && cell[0] == '0') continue;
        const auto value = parseNumber(cell);
        if (const char* problem = value ? countProblem(*value) : cell.empty() ? "missing" : "not a number")
            return table.failure("line " + std::to_string(table.line()) + " has the count \"" +
                                     std::string(cell) + "\" for spot " + std::string(cells[0]) +
                                     " and gene " + columns.genes[columns.target[i]] + ", which is " +
                                     problem,
                                 rawCountsHint);
        row[columns.target[i]] += static_cast<float>(*value);
    }
    return {};
}

using SpotIndex = std::unordered_map<std::string, const CohortSpot*>;

/// The header without its first cell. Tables written by R leave that cell out altogether; the first row
/// tells.
Result<std::vector<std::string>> geneHeader(TableReader& table, bool& hasRow) {
    auto more = table.next();
    if (!more) return Failure(more.error());
    if (!*more) return table.failure("this file has no header");
    std::vector<std::string> header(table.cells().begin(), table.cells().end());
    more = table.next();
    if (!more) return Failure(more.error());
    hasRow = *more;
    if (!hasRow || table.cells().size() != header.size() + 1) header.erase(header.begin());
    return header;
}

Result<CountTable> readCounts(const fs::path& path, const SpotIndex& wanted) {
    auto table = TableReader::open(path);
    if (!table) return Failure(table.error());
    bool hasRow = false;
    const auto header = geneHeader(*table, hasRow);
    if (!header) return Failure(header.error());
    const auto columns = geneColumns(*header, *table);
    if (!columns) return Failure(columns.error());
    if (!hasRow) return table->failure("this file has a header but no spots");

    CountTable out;
    out.genes = columns->genes;
    out.repeatedGenes = columns->target.size() - columns->genes.size();
    out.counts.genes = out.genes.size();
    out.counts.offsets.push_back(0);
    std::vector<float> row(out.genes.size());
    std::unordered_map<std::string, std::size_t> lineOf;
    Result<bool> more = true; // the first row was read with the header
    for (; more && *more; more = table->next()) {
        const std::string cell(table->cells().front());
        const auto place = parseSpotId(cell);
        const std::string id = place ? spotId(place->first, place->second) : cell;
        if (out.firstId.empty()) out.firstId = id;
        const auto [earlier, isNew] = lineOf.emplace(id, table->line());
        if (!isNew)
            return table->failure("spot " + id + " is there twice (lines " + std::to_string(earlier->second) +
                                  " and " + std::to_string(table->line()) + ")");
        if (auto ok = readCountRow(*table, *columns, row); !ok) return Failure(ok.error());
        if (!wanted.contains(id)) {
            ++out.leftOut;
            continue;
        }
        out.ids.push_back(id);
        out.counts.appendRow(row);
    }
    if (!more) return Failure(more.error());
    return out;
}

Result<double> positive(const json& value, const char* key, const fs::path& file) {
    if (value.is_number())
        if (const double number = value.get<double>(); std::isfinite(number) && number > 0) return number;
    return badInput(std::string("\"").append(key) + "\" is " + value.dump() +
                        ", which is not a number above zero",
                    file.string());
}

/// Hexagonal arrays in tables count columns in half steps, as Visium does, unless they are axial already.
void toAxial(std::vector<CohortSpot>& spots) {
    if (!std::all_of(spots.begin(), spots.end(), [](const auto& s) { return (s.row + s.column) % 2 == 0; }))
        return;
    for (CohortSpot& spot : spots)
        spot.column = axialPlace(spot.row, spot.column).column;
}

} // namespace

Result<std::vector<SectionFiles>> listLegacySections(const fs::path& folder) {
    std::error_code problem;
    if (!fs::is_directory(folder, problem))
        return badInput(fs::exists(folder, problem) ? "this is not a folder" : "this folder does not exist",
                        folder.string(), "A cohort is a folder with ST-imgs, ST-cnts and ST-spotfiles in it");
    auto images = filesNamed(folder / "ST-imgs", imageNames);
    const auto counts = filesNamed(folder / "ST-cnts", countNames);
    const auto spots = filesNamed(folder / "ST-spotfiles", spotNames);
    const auto array = readArrayDescription(folder);
    if (!array) return Failure(array.error());
    std::set<std::string> names;
    for (const auto* files : {&counts, &spots})
        for (const auto& [name, path] : *files)
            names.insert(name);
    if (names.empty())
        return badInput("this folder has no sections", folder.string(),
                        "A cohort is a folder with ST-imgs, ST-cnts and ST-spotfiles in it");
    std::vector<SectionFiles> sections;
    for (const std::string& name : names) {
        if (const fs::path nested = nestedImage(folder / "ST-imgs", name);
            !images.contains(name) && !nested.empty())
            images.emplace(name, nested);
        SectionFiles files{name, patientOf(name), {}, {}, {}, SectionForm::Legacy, *array, {}, {}};
        struct Part {
            const std::map<std::string, fs::path>& found;
            fs::path& path;
            const char *what, *expected;
        };
        for (const Part& part : {Part{counts, files.counts, "count file", "ST-cnts/%.tsv.gz"},
                                 Part{spots, files.spots, "spot file", "ST-spotfiles/%_selection.tsv"},
                                 Part{images, files.image, "image", "ST-imgs/%.jpg"}}) {
            if (const auto at = part.found.find(name); at != part.found.end()) {
                part.path = at->second;
                continue;
            }
            std::string expected = part.expected;
            expected.replace(expected.find('%'), 1, name);
            if (!files.problem)
                files.problem =
                    badInput("section " + name + " has no " + part.what, (folder / expected).string(),
                             "Add this file, or take the section's other files away")
                        .value();
        }
        sections.push_back(std::move(files));
    }
    std::sort(sections.begin(), sections.end(),
              [](const SectionFiles& a, const SectionFiles& b) { return sectionNameBefore(a.name, b.name); });
    return sections;
}

Result<fs::path> spotFileFor(const fs::path& slide, const fs::path& given) {
    std::error_code problem;
    if (!fs::is_directory(given, problem)) return given;
    const std::string name = slide.stem().string() + std::string(spotSuffix);
    for (const auto& folder : {given, given / "ST-spotfiles"})
        for (const char* packed : {"", ".gz"})
            if (fs::path file = folder / (name + packed); fs::exists(file, problem)) return file;
    return badInput("this folder holds no " + name, given.string(), "Name the spot file itself");
}

std::optional<fs::path> countFileFor(const fs::path& spotFile) {
    std::string name = spotFile.filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    if (!name.ends_with(spotSuffix)) return std::nullopt;
    name.resize(name.size() - spotSuffix.size());
    const fs::path folder = spotFile.parent_path();
    std::error_code problem;
    for (const auto& place : {folder / ".." / "ST-cnts", folder})
        for (const char* ending : {".tsv", ".tsv.gz"})
            if (fs::path file = place / (name + ending); fs::exists(file, problem))
                return file.lexically_normal();
    return std::nullopt;
}

Result<ArrayDescription> readArrayDescription(const fs::path& folder, const ArrayDescription& otherwise) {
    const fs::path file = folder / "cohort.json";
    ArrayDescription array = otherwise;
    std::error_code problem;
    if (!fs::exists(file, problem)) return array;
    const auto text = readFile(file, 1u << 20);
    if (!text) return Failure(text.error());
    const json document = json::parse(*text, nullptr, false);
    if (!document.is_object()) return badInput("this file is not a JSON object", file.string());
    for (const auto& [key, value] : {std::pair<const char*, double*>{"spot_pitch_um", &array.pitchMicrons},
                                     {"spot_diameter_um", &array.diameterMicrons}}) {
        if (!document.contains(key)) continue;
        const auto number = positive(document[key], key, file);
        if (!number) return Failure(number.error());
        *value = *number;
    }
    if (document.contains("microns_per_pixel")) {
        const json& scale = document["microns_per_pixel"];
        const bool pair = scale.is_array() && scale.size() == 2;
        const auto x = positive(pair ? scale[0] : scale, "microns_per_pixel", file);
        if (!x) return Failure(x.error());
        const auto y = positive(pair ? scale[1] : scale, "microns_per_pixel", file);
        if (!y) return Failure(y.error());
        array.micronsPerPixel = MicronsPerPixel{*x, *y};
    }
    if (document.contains("array")) {
        if (document["array"] == "hexagonal")
            array.geometry = ArrayGeometry::Hexagonal;
        else if (document["array"] == "square")
            array.geometry = ArrayGeometry::Square;
        else
            return badInput("\"array\" is " + document["array"].dump() + ", not \"square\" or \"hexagonal\"",
                            file.string());
    }
    return array;
}

Result<Section> readLegacySection(const SectionFiles& files, const ArrayDescription& array) {
    const auto spots = readSpotFile(files.spots);
    if (!spots) return Failure(spots.error());
    SpotIndex index;
    for (const CohortSpot& spot : *spots)
        index.emplace(spot.id, &spot);
    auto table = readCounts(files.counts, index);
    if (!table) return Failure(table.error());
    if (table->ids.empty())
        return badInput("no spot of this file is in " + files.spots.filename().string() + " (the first is " +
                            table->firstId + " here and " + spots->front().id + " there)",
                        files.counts.string(), "Check that both files belong to the same section");

    Section section;
    section.name = files.name;
    section.patient = files.patient;
    section.image = files.image;
    section.array = array;
    section.genes = std::move(table->genes);
    section.repeatedGenes = table->repeatedGenes;
    for (const std::string& gene : section.genes)
        section.ensemblIds.push_back(isEnsemblId(gene) ? gene : std::string());
    section.counts = std::move(table->counts);
    section.spots.reserve(table->ids.size());
    for (const std::string& id : table->ids)
        section.spots.push_back(*index.at(id));
    const std::size_t withoutCounts = spots->size() - section.spots.size();
    if (const auto left = leftOutSentence(section.name, table->leftOut, withoutCounts); !left.empty())
        section.warnings.push_back(left);
    if (table->repeatedGenes > 0)
        section.warnings.push_back(section.name + ": " + std::to_string(table->repeatedGenes) +
                                   " gene columns repeat a symbol; their counts are added up.");
    if (array.geometry == ArrayGeometry::Hexagonal) toAxial(section.spots);
    setScale(section, files.manifestMicrons);
    return section;
}

} // namespace spotglass
