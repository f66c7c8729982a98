#include "training/cohort/Cohort.h"

#include "training/cohort/AnnDataSection.h"
#include "training/cohort/CohortManifest.h"
#include "training/cohort/GeneNames.h"
#include "training/cohort/LegacyCohort.h"
#include "training/cohort/SectionFolder.h"
#include "training/cohort/SpaceRangerCohort.h"

#include <algorithm>
#include <limits>
#include <set>

namespace spotglass {
namespace {
namespace fs = std::filesystem;

constexpr const char* formsHint =
    "A cohort is a folder with ST-imgs, ST-cnts and ST-spotfiles in it, an output folder of Space Ranger or "
    "a "
    "folder of them, an .h5ad file or a folder of them, or a manifest (.csv: section, patient, image, spots, "
    "counts, mpp)";

bool isFolder(const fs::path& path) {
    std::error_code problem;
    return fs::is_directory(path, problem);
}

/// The sections of the form that the path is of; empty when it is of none.
Result<std::vector<SectionFiles>> findSections(const fs::path& path) {
    std::error_code problem;
    const bool folder = isFolder(path);
    const fs::path manifest = folder ? path / "manifest.csv" : path;
    const fs::path home = folder ? path : path.parent_path();
    if (!folder && path.extension() != ".csv" && path.extension() != ".tsv" && path.extension() != ".h5ad")
        return badInput("this is not a folder", path.string(), formsHint);
    if (fs::exists(manifest, problem) && manifest.extension() != ".h5ad") {
        const auto array = readArrayDescription(home);
        if (!array) return Failure(array.error());
        return readManifest(manifest, *array);
    }
    for (const char* part : {"ST-imgs", "ST-cnts", "ST-spotfiles"})
        if (isFolder(path / part)) return listLegacySections(path);
    const auto array = readArrayDescription(home, visiumArray);
    if (!array) return Failure(array.error());
    auto sections = listSpaceRangerSections(path, *array);
    if (sections.empty()) sections = listAnnDataSections(path, *array);
    return sections;
}

/// Sections of the listing in the order asked for.
Result<std::vector<const SectionFiles*>> choose(const CohortListing& listing,
                                                const std::vector<std::string>& names) {
    std::vector<const SectionFiles*> wanted;
    for (const SectionFiles& files : listing.sections)
        if (names.empty()) wanted.push_back(&files);
    for (const std::string& name : names) {
        const auto at = std::find_if(listing.sections.begin(), listing.sections.end(),
                                     [&](const auto& f) { return f.name == name; });
        if (at == listing.sections.end())
            return badInput("this cohort has no section " + name, listing.folder.string(),
                            "Check the names of the sections");
        if (std::find(wanted.begin(), wanted.end(), &*at) != wanted.end())
            return badInput("section " + name + " is asked for twice", listing.folder.string());
        wanted.push_back(&*at);
    }
    return wanted;
}

/// Makes the gene names of the sections agree. Sections that were not asked for are looked into only where
/// ids remain that none of the others knows.
void agreeOnGeneNames(Cohort& cohort, const CohortListing& listing, const CancelToken& cancel) {
    GeneNames names;
    for (const Section& section : cohort.sections)
        names.learn(section);
    const auto puzzled = [&] {
        return std::any_of(cohort.sections.begin(), cohort.sections.end(),
                           [&](const Section& s) { return names.isPuzzledBy(s); });
    };
    for (const SectionFiles& files : listing.sections) {
        if (files.form == SectionForm::Legacy || cohort.find(files.name) || !puzzled()) continue;
        if (cancel.isCancelled()) return;
        if (const auto section = readSection(files)) names.learn(*section);
    }
    for (Section& section : cohort.sections)
        names.apply(section);
}

} // namespace

void CountMatrix::appendRow(const std::vector<float>& row) {
    if (offsets.empty()) offsets.push_back(0);
    for (std::size_t g = 0; g < row.size(); ++g) {
        if (row[g] == 0) continue;
        geneIndex.push_back(static_cast<std::uint32_t>(g));
        values.push_back(row[g]);
    }
    offsets.push_back(values.size());
    ++spots;
}

std::vector<float> CountMatrix::dense(const std::vector<std::size_t>& columns) const {
    constexpr auto none = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> target(genes, none);
    for (std::size_t i = 0; i < columns.size(); ++i)
        target[columns[i]] = i;
    std::vector<float> out(spots * columns.size(), 0.0f);
    for (std::size_t s = 0; s < spots; ++s)
        for (std::size_t k = offsets[s]; k < offsets[s + 1]; ++k)
            if (const std::size_t to = target[geneIndex[k]]; to != none)
                out[s * columns.size() + to] = values[k];
    return out;
}

std::vector<double> CountMatrix::geneTotals() const {
    std::vector<double> totals(genes, 0.0);
    for (std::size_t k = 0; k < values.size(); ++k)
        totals[geneIndex[k]] += static_cast<double>(values[k]);
    return totals;
}

std::optional<std::size_t> Section::geneColumn(std::string_view gene) const {
    const auto at = std::find(genes.begin(), genes.end(), gene);
    if (at == genes.end()) return std::nullopt;
    return static_cast<std::size_t>(at - genes.begin());
}

const Section* Cohort::find(std::string_view name) const {
    const auto at =
        std::find_if(sections.begin(), sections.end(), [&](const Section& s) { return s.name == name; });
    return at == sections.end() ? nullptr : &*at;
}

std::vector<std::string> Cohort::patients() const {
    std::set<std::string> sorted;
    for (const Section& s : sections)
        sorted.insert(s.patient);
    return {sorted.begin(), sorted.end()};
}

Result<CohortListing> listCohort(const fs::path& path) {
    std::error_code problem;
    if (!fs::exists(path, problem)) return badInput("this folder does not exist", path.string(), formsHint);
    auto sections = findSections(path);
    if (!sections) return Failure(sections.error());
    if (sections->empty()) return badInput("this folder has no sections", path.string(), formsHint);
    std::stable_sort(sections->begin(), sections->end(),
                     [](const auto& a, const auto& b) { return sectionNameBefore(a.name, b.name); });
    for (std::size_t i = 1; i < sections->size(); ++i)
        if ((*sections)[i].name == (*sections)[i - 1].name)
            return badInput("two sections are called " + (*sections)[i].name, path.string(),
                            "Give every section a name of its own");
    return CohortListing{path, std::move(*sections)};
}

Result<Section> readSection(const SectionFiles& files) {
    if (files.problem) return tl::unexpected(*files.problem);
    switch (files.form) {
    case SectionForm::SpaceRanger:
        return readSpaceRangerSection(files);
    case SectionForm::AnnData:
        return readAnnDataSection(files);
    case SectionForm::Legacy:
        break;
    }
    return readLegacySection(files, files.array);
}

Result<Cohort> readCohort(const fs::path& path, const std::vector<std::string>& names,
                          const CancelToken& cancel) {
    const auto listing = listCohort(path);
    if (!listing) return Failure(listing.error());
    const auto wanted = choose(*listing, names);
    if (!wanted) return Failure(wanted.error());
    for (const SectionFiles* files : *wanted) // before the first long reading
        if (files->problem) return tl::unexpected(*files->problem);
    Cohort cohort{path, {}, {}, {}};
    for (const SectionFiles* files : *wanted) {
        if (cancel.isCancelled()) return cancelled();
        auto section = readSection(*files);
        if (!section) return Failure(section.error());
        cohort.sections.push_back(std::move(*section));
    }
    agreeOnGeneNames(cohort, *listing, cancel);
    if (cancel.isCancelled()) return cancelled();
    cohort.array = cohort.sections.front().array;
    for (const Section& section : cohort.sections)
        cohort.warnings.insert(cohort.warnings.end(), section.warnings.begin(), section.warnings.end());
    return cohort;
}

Result<std::size_t> leaveOutSpotsOutside(Section& section, std::int64_t imageWidth,
                                         std::int64_t imageHeight) {
    const Level0Rect image{0, 0, static_cast<double>(imageWidth), static_cast<double>(imageHeight)};
    const auto inside = [&](const CohortSpot& s) { return image.contains(s.center); };
    const auto kept =
        static_cast<std::size_t>(std::count_if(section.spots.begin(), section.spots.end(), inside));
    const std::size_t outside = section.spots.size() - kept;
    if (outside == 0) return outside;
    const std::string count = std::to_string(outside) + " of the " + std::to_string(section.spots.size()) +
                              " spots of section " + section.name;
    if (2 * outside > section.spots.size())
        return badInput(count + " lie outside this image (" + std::to_string(imageWidth) + " x " +
                            std::to_string(imageHeight) + " pixels)",
                        section.image.string(),
                        "Check that the image is the one the spot file was made for, in full resolution");
    CountMatrix counts;
    counts.genes = section.counts.genes;
    counts.offsets.push_back(0);
    std::vector<CohortSpot> spots;
    for (std::size_t s = 0; s < section.spots.size(); ++s) {
        if (!inside(section.spots[s])) continue;
        spots.push_back(section.spots[s]);
        const auto from = static_cast<std::ptrdiff_t>(section.counts.offsets[s]);
        const auto to = static_cast<std::ptrdiff_t>(section.counts.offsets[s + 1]);
        counts.geneIndex.insert(counts.geneIndex.end(), section.counts.geneIndex.begin() + from,
                                section.counts.geneIndex.begin() + to);
        counts.values.insert(counts.values.end(), section.counts.values.begin() + from,
                             section.counts.values.begin() + to);
        counts.offsets.push_back(counts.values.size());
    }
    counts.spots = spots.size();
    section.spots = std::move(spots);
    section.counts = std::move(counts);
    section.warnings.push_back(count + " lie outside the image and are left out.");
    return outside;
}

std::vector<std::string> commonGenes(const std::vector<const Section*>& sections) {
    if (sections.empty()) return {};
    std::vector<std::string> common = sections.front()->genes;
    std::sort(common.begin(), common.end());
    for (const Section* section : sections) {
        std::vector<std::string> genes = section->genes, both;
        std::sort(genes.begin(), genes.end());
        std::set_intersection(common.begin(), common.end(), genes.begin(), genes.end(),
                              std::back_inserter(both));
        common = std::move(both);
    }
    return common;
}

} // namespace spotglass
