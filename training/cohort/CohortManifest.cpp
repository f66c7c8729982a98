#include "training/cohort/CohortManifest.h"

#include "training/cohort/SectionFolder.h"
#include "training/cohort/SpaceRangerCohort.h"
#include "training/cohort/TableReader.h"
#include "training/cohort/TenxMatrix.h"

#include <algorithm>
#include <map>

namespace spotglass {
namespace {
namespace fs = std::filesystem;

constexpr const char* formHint = "A manifest begins with the line "
                                 "\"section,patient,image,spots,counts,mpp\"; the line of a section is then "
                                 "e.g. \"A1,P1,images/A1.tif,A1_selection.tsv,A1.tsv.gz,0.69\"";
constexpr double smallestMicrons = 0.01, largestMicrons = 50;

bool isThere(const fs::path& path) {
    std::error_code problem;
    return fs::exists(path, problem);
}

/// One line, by column; missing columns are empty.
using Line = std::map<std::string, std::string>;

bool isTableName(const fs::path& path) {
    std::string name = path.filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    return name.ends_with(".tsv") || name.ends_with(".csv") || name.ends_with(".txt");
}

Error missing(const std::string& section, const char* what, const fs::path& path, const std::string& line) {
    return badInput("the " + std::string(what) + " of section " + section + " does not exist", path.string(),
                    "Check " + line + " of the manifest; paths are relative to it")
        .value();
}

/// Space Ranger files that are named one by one.
void nameSpaceRangerFiles(SectionFiles& files, const std::string& line) {
    files.form = SectionForm::SpaceRanger;
    files.array = visiumArray;
    if (!files.spots.empty()) return;
    for (const char* positions : {"tissue_positions.csv", "tissue_positions_list.csv"})
        if (const fs::path file = files.counts.parent_path() / "spatial" / positions;
            files.spots.empty() && isThere(file))
            files.spots = file;
    if (files.spots.empty() && !files.problem)
        files.problem = badInput("section " + files.name + " has no tissue positions", files.counts.string(),
                                 "Name them in the column spots in " + line + " of the manifest")
                            .value();
}

/// Decides the form of a section by what its counts are.
void settleForm(SectionFiles& files, const std::string& line, const ArrayDescription& legacyArray) {
    if (isSpaceRangerFolder(files.counts)) {
        const SectionFiles found = spaceRangerFiles(files.counts, files.name);
        files.form = SectionForm::SpaceRanger;
        files.array = visiumArray;
        files.counts = found.counts;
        if (files.spots.empty()) files.spots = found.spots;
        const bool wholeFolder = !found.counts.empty() && !found.spots.empty(); // else something is missing
        const bool complete = !files.counts.empty() && !files.spots.empty();
        if (files.image.empty()) files.image = found.image;
        if ((!complete || (wholeFolder && files.image.empty())) && !files.problem)
            files.problem = found.problem;
    } else if (looksLikeTenxMatrix(files.counts)) {
        nameSpaceRangerFiles(files, line);
    } else if (files.counts.extension() == ".h5ad") {
        files.form = SectionForm::AnnData;
        files.array = visiumArray;
    } else if (isTableName(files.counts)) {
        files.array = legacyArray;
        for (const auto& [what, path] :
             {std::pair("spot file", files.spots), std::pair("image", files.image)})
            if (path.empty() && !files.problem)
                files.problem = badInput("section " + files.name + " has a count table and no " + what,
                                         files.counts.string(), "Name it in " + line + " of the manifest")
                                    .value();
    } else if (!files.problem) {
        files.problem =
            badInput("what counts names for section " + files.name + " is of no known form",
                     files.counts.string(),
                     "It must be a count table (.tsv), a feature-barcode matrix (.h5 or its folder), a Space "
                     "Ranger output folder or an .h5ad file (" +
                         line + " of the manifest)")
                .value();
    }
}

Result<SectionFiles> sectionOf(const Line& cells, const TableReader& table, const fs::path& folder,
                               const ArrayDescription& legacyArray) {
    const std::string line = "line " + std::to_string(table.line());
    const auto cell = [&](const char* name) {
        const auto at = cells.find(name);
        return at == cells.end() ? std::string() : at->second;
    };
    const auto path = [&](const char* name) {
        const std::string text = cell(name);
        return text.empty() ? fs::path() : (folder / text).lexically_normal();
    };
    SectionFiles files;
    files.name = cell("section");
    if (files.name.empty()) return table.failure(line + " has no section name", formHint);
    files.patient = cell("patient").empty() ? patientOf(files.name) : cell("patient");
    files.image = path("image");
    files.spots = path("spots");
    files.counts = path("counts");
    if (files.counts.empty()) std::swap(files.counts, files.spots);
    if (files.counts.empty())
        return table.failure(line + " names no counts for section " + files.name, formHint);
    if (const std::string text = cell("mpp"); !text.empty()) {
        const auto microns = parseNumber(text);
        if (!microns || *microns < smallestMicrons || *microns > largestMicrons)
            return table.failure(line + " has \"" + text + "\" in the column mpp, which is no scale",
                                 "Give micrometres per pixel of the image, e.g. 0.25, or leave it empty");
        files.manifestMicrons = microns;
    }
    for (const auto& [what, named] : {std::pair("image", files.image), std::pair("spot file", files.spots),
                                      std::pair("count file", files.counts)})
        if (!named.empty() && !isThere(named) && !files.problem)
            files.problem = missing(files.name, what, named, line);
    settleForm(files, line, legacyArray);
    return files;
}

Result<std::vector<std::string>> readHeader(TableReader& table) {
    const auto more = table.next();
    if (!more) return Failure(more.error());
    if (!*more) return table.failure("this manifest is empty", formHint);
    std::vector<std::string> header(table.cells().begin(), table.cells().end());
    for (const char* name : {"section", "counts"})
        if (std::find(header.begin(), header.end(), name) == header.end())
            return table.failure(std::string("this manifest has no column \"") + name + "\"", formHint);
    return header;
}

} // namespace

Result<std::vector<SectionFiles>> readManifest(const fs::path& path, const ArrayDescription& legacyArray) {
    auto table = TableReader::open(path);
    if (!table) return Failure(table.error());
    const auto header = readHeader(*table);
    if (!header) return Failure(header.error());
    std::vector<SectionFiles> sections;
    std::map<std::string, std::size_t> lineOf;
    for (;;) {
        const auto more = table->next();
        if (!more) return Failure(more.error());
        if (!*more) break;
        if (table->cells().size() != header->size())
            return table->failure("line " + std::to_string(table->line()) + " has " +
                                      std::to_string(table->cells().size()) + " cells, the header has " +
                                      std::to_string(header->size()),
                                  "Leave a cell empty, with its comma, where nothing is to be said");
        Line cells;
        for (std::size_t i = 0; i < header->size(); ++i)
            cells[(*header)[i]] = std::string(table->cells()[i]);
        auto files = sectionOf(cells, *table, path.parent_path(), legacyArray);
        if (!files) return Failure(files.error());
        if (const auto [at, isNew] = lineOf.emplace(files->name, table->line()); !isNew)
            return table->failure("section " + files->name + " is there twice (lines " +
                                      std::to_string(at->second) + " and " + std::to_string(table->line()) +
                                      ")",
                                  "Give every section a name of its own");
        sections.push_back(std::move(*files));
    }
    if (sections.empty()) return table->failure("this manifest names no section", formHint);
    return sections;
}

} // namespace spotglass
