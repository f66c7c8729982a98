#include "training/cohort/LegacyCohort.h"

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
constexpr double largestCount = 1e9; // far below what a float cannot hold

bool nameBefore(const std::string& a, const std::string& b) {
    std::size_t i = 0, j = 0;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    while (i < a.size() && j < b.size()) {
        if (!digit(a[i]) || !digit(b[j])) {
            if (a[i] != b[j]) return a[i] < b[j];
            ++i, ++j;
            continue;
        }
        std::size_t p = i, q = j;
        while (p < a.size() && digit(a[p]))
            ++p;
        while (q < b.size() && digit(b[q]))
            ++q;
        if (p - i != q - j) return p - i < q - j;
        if (const int order = a.compare(i, p - i, b, j, q - j); order != 0) return order < 0;
        i = p, j = q;
    }
    return a.size() - i < b.size() - j;
}

/// Name -> path of the files of a folder that end in one of the suffixes (the first suffix wins).
std::map<std::string, fs::path> filesBySuffix(const fs::path& folder,
                                              const std::vector<std::string>& suffixes) {
    std::map<std::string, fs::path> found;
    std::error_code problem;
    for (const std::string& suffix : suffixes)
        for (const auto& entry : fs::directory_iterator(folder, problem)) {
            const std::string file = entry.path().filename().string();
            if (file.starts_with('.') || file.size() <= suffix.size() || !file.ends_with(suffix)) continue;
            found.emplace(file.substr(0, file.size() - suffix.size()), entry.path());
        }
    return found;
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
        if (header[i].empty())
            return table.failure("column " + std::to_string(i + 2) + " of the header has no gene name");
        const auto [at, isNew] = index.emplace(header[i], columns.genes.size());
        if (isNew) columns.genes.push_back(header[i]);
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
        if (!value || *value < 0 || *value > largestCount)
            return table.failure("line " + std::to_string(table.line()) + " has the count \"" +
                                 std::string(cell) + "\" for " + columns.genes[columns.target[i]] +
                                 ", which is " +
                                 (!value       ? "not a number"
                                  : *value < 0 ? "negative"
                                               : "too large"));
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

/// The scale of the section: cohort.json, otherwise the array pitch.
void setScale(Section& section, const ArrayDescription& array) {
    section.latticeToLevel0 = fitLattice(section.spots);
    std::optional<double> derived;
    if (section.latticeToLevel0) derived = array.pitchMicrons / latticePitch(*section.latticeToLevel0);
    char text[160];
    if (array.micronsPerPixel) {
        section.micronsPerPixel = *array.micronsPerPixel;
        section.scaleSource = ScaleSource::CohortFile;
        const double stated = array.micronsPerPixel->mean();
        if (derived && std::abs(*derived / stated - 1) > 0.1) {
            std::snprintf(
                text, sizeof text,
                ": cohort.json says %.3g um per pixel, but the array pitch gives %.3g um per pixel.", stated,
                *derived);
            section.warnings.push_back(section.name + text);
        }
    } else if (derived) {
        section.micronsPerPixel = {*derived, *derived};
        section.scaleSource = ScaleSource::ArrayPitch;
        std::snprintf(text, sizeof text,
                      ": scale of %.4g um per pixel derived from the array pitch of %g um.", *derived,
                      array.pitchMicrons);
        section.warnings.push_back(section.name + text);
    } else {
        section.warnings.push_back(
            section.name + ": no scale is known (cohort.json has none, and the spots lie on one line).");
    }
}

} // namespace

std::string patientOf(const std::string& name) {
    const auto end =
        std::find_if_not(name.begin(), name.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
    return end == name.begin() ? name : std::string(name.begin(), end);
}

Result<std::vector<SectionFiles>> listLegacySections(const fs::path& folder) {
    std::error_code problem;
    if (!fs::is_directory(folder, problem))
        return badInput(fs::exists(folder, problem) ? "this is not a folder" : "this folder does not exist",
                        folder.string(), "A cohort is a folder with ST-imgs, ST-cnts and ST-spotfiles in it");
    const auto images = filesBySuffix(folder / "ST-imgs", {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".JPG"});
    const auto counts = filesBySuffix(folder / "ST-cnts", {".tsv.gz", ".tsv"});
    const auto spots = filesBySuffix(folder / "ST-spotfiles", {"_selection.tsv", "_selection.tsv.gz"});
    std::set<std::string> names;
    for (const auto* files : {&counts, &spots})
        for (const auto& [name, path] : *files)
            names.insert(name);
    if (names.empty())
        return badInput("this folder has no sections", folder.string(),
                        "A cohort is a folder with ST-imgs, ST-cnts and ST-spotfiles in it");
    std::vector<SectionFiles> sections;
    for (const std::string& name : names) {
        SectionFiles files{name, patientOf(name), {}, {}, {}};
        struct Part {
            const std::map<std::string, fs::path>& found;
            fs::path& path;
            const char *what, *expected;
        };
        for (const Part& part : {Part{counts, files.counts, "count file", "ST-cnts/%.tsv.gz"},
                                 Part{spots, files.spots, "spot file", "ST-spotfiles/%_selection.tsv"},
                                 Part{images, files.image, "image", "ST-imgs/%.jpg"}}) {
            const auto at = part.found.find(name);
            if (at == part.found.end()) {
                std::string expected = part.expected;
                expected.replace(expected.find('%'), 1, name);
                return badInput("section " + name + " has no " + part.what, (folder / expected).string(),
                                "Add this file, or take the section's other files away");
            }
            part.path = at->second;
        }
        sections.push_back(std::move(files));
    }
    std::sort(sections.begin(), sections.end(),
              [](const SectionFiles& a, const SectionFiles& b) { return nameBefore(a.name, b.name); });
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

Result<ArrayDescription> readArrayDescription(const fs::path& folder) {
    const fs::path file = folder / "cohort.json";
    ArrayDescription array;
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
        else if (document["array"] != "square")
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
    section.genes = std::move(table->genes);
    section.counts = std::move(table->counts);
    section.spots.reserve(table->ids.size());
    for (const std::string& id : table->ids)
        section.spots.push_back(*index.at(id));
    const std::size_t withoutCounts = spots->size() - section.spots.size();
    if (table->leftOut + withoutCounts > 0)
        section.warnings.push_back(section.name + ": " + std::to_string(table->leftOut) +
                                   " spots have counts but no position under tissue and " +
                                   std::to_string(withoutCounts) +
                                   " a position but no counts; they are left out.");
    if (table->repeatedGenes > 0)
        section.warnings.push_back(section.name + ": " + std::to_string(table->repeatedGenes) +
                                   " gene columns repeat a symbol; their counts are added up.");
    setScale(section, array);
    return section;
}

Result<Cohort> readLegacyCohort(const fs::path& folder, const std::vector<std::string>& names,
                                const CancelToken& cancel) {
    const auto listed = listLegacySections(folder);
    if (!listed) return Failure(listed.error());
    const auto array = readArrayDescription(folder);
    if (!array) return Failure(array.error());
    std::vector<const SectionFiles*> wanted;
    for (const SectionFiles& files : *listed)
        if (names.empty()) wanted.push_back(&files);
    for (const std::string& name : names) {
        const auto at =
            std::find_if(listed->begin(), listed->end(), [&](const auto& f) { return f.name == name; });
        if (at == listed->end())
            return badInput("this cohort has no section " + name, folder.string(),
                            "Check the names of the sections");
        wanted.push_back(&*at);
    }
    Cohort cohort{folder, *array, {}, {}};
    for (const SectionFiles* files : wanted) {
        if (cancel.isCancelled()) return cancelled();
        auto section = readLegacySection(*files, *array);
        if (!section) return Failure(section.error());
        cohort.warnings.insert(cohort.warnings.end(), section->warnings.begin(), section->warnings.end());
        cohort.sections.push_back(std::move(*section));
    }
    return cohort;
}

} // namespace spotglass
