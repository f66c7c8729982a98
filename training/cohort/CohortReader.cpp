// The functions of Cohort.h that know all forms. Apart from Cohort.cpp, so that a program which uses sections
// alone does not load HDF5.
#include "training/cohort/AnnDataSection.h"
#include "training/cohort/Cohort.h"
#include "training/cohort/CohortManifest.h"
#include "training/cohort/GeneNames.h"
#include "training/cohort/LegacyCohort.h"
#include "training/cohort/SectionFolder.h"
#include "training/cohort/SpaceRangerCohort.h"

#include <algorithm>

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

Result<std::vector<const SectionFiles*>> chooseSections(const CohortListing& listing,
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
    const auto wanted = chooseSections(*listing, names);
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

} // namespace spotglass
