#pragma once

#include "training/cohort/SpotFile.h"
#include "viewer/base/CancelToken.h"
#include "viewer/base/Result.h"
#include "viewer/base/Units.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotglass {

/// Counts of a section, spots x genes, compressed by row (most counts are zero). A value type.
struct CountMatrix {
    std::size_t spots = 0, genes = 0;
    std::vector<std::size_t> offsets;     ///< spots + 1; row s is [offsets[s], offsets[s + 1])
    std::vector<std::uint32_t> geneIndex; ///< ascending in every row
    std::vector<float> values;            ///< never zero, negative or NaN

    /// Adds a row given densely (`row.size()` == genes).
    void appendRow(const std::vector<float>& row);

    /// Dense copy of the given gene columns: spots x columns.size(), row-major, in the order of `columns`.
    [[nodiscard]] std::vector<float> dense(const std::vector<std::size_t>& columns) const;

    /// Sum over the spots, one value a gene.
    [[nodiscard]] std::vector<double> geneTotals() const;
};

enum class ArrayGeometry : std::uint8_t { Square, Hexagonal };

/// Where the scale of a section comes from.
enum class ScaleSource : std::uint8_t {
    Unknown,    ///< neither said nor derivable; ask the user
    CohortFile, ///< cohort.json says it
    Manifest,   ///< the manifest's column mpp says it
    ArrayPitch  ///< derived: array pitch in micrometres over the fitted pitch in pixels
};

/// The array that a section was measured with, and its scale where cohort.json says it. The spots of a
/// hexagonal array have axial coordinates: a step of the column and a step of the row each lead to a
/// neighbour, and so do (+1, -1) and (-1, +1); (+1, +1) and (-1, -1) are no neighbours. Axial coordinates are
/// linear in pixels, so that a cell of a 3 x 3 window is the same physical offset everywhere.
struct ArrayDescription {
    ArrayGeometry geometry = ArrayGeometry::Square;
    double pitchMicrons = 200;    ///< centre to centre
    double diameterMicrons = 100; ///< of a spot
    std::optional<MicronsPerPixel> micronsPerPixel;
};

/// The array of 10x Genomics' Visium slides.
inline constexpr ArrayDescription visiumArray{ArrayGeometry::Hexagonal, 100, 55, std::nullopt};

/// One tissue section: an image and the measured counts of its spots.
struct Section {
    std::string name;    ///< e.g. "C2"
    std::string patient; ///< e.g. "C"
    std::filesystem::path image;
    std::vector<std::string> genes;      ///< columns of `counts`, without repetition: symbols
    std::vector<std::string> ensemblIds; ///< as `genes`, without version; empty where unknown
    std::vector<CohortSpot> spots;       ///< rows of `counts`, in the order of the count file
    CountMatrix counts;                  ///< spots x genes, raw
    std::size_t repeatedGenes = 0;       ///< columns that were added to another of their name
    ArrayDescription array;
    std::optional<LatticeAffine> latticeToLevel0; ///< fitted; nothing with spots on one line
    MicronsPerPixel micronsPerPixel;              ///< of the image; not valid when scaleSource is Unknown
    ScaleSource scaleSource = ScaleSource::Unknown;
    std::vector<std::string> warnings; ///< sentences for the user

    /// Column of a gene; nothing when it was not measured.
    [[nodiscard]] std::optional<std::size_t> geneColumn(std::string_view gene) const;
};

/// The form of a section's files.
enum class SectionForm : std::uint8_t {
    Legacy,      ///< two tables: spots and counts
    SpaceRanger, ///< feature-barcode matrix and tissue positions
    AnnData      ///< one .h5ad file
};

/// The files of one section, before anything is read.
struct SectionFiles {
    std::string name, patient;
    std::filesystem::path image, counts, spots; ///< image may be empty: looked for by the reader of the form
    SectionForm form = SectionForm::Legacy;
    ArrayDescription array;                ///< as the cohort describes it
    std::optional<double> manifestMicrons; ///< the manifest's micrometres per pixel of the image
    std::optional<Error> problem;          ///< why it cannot be read; readSection() gives it back
};

/// What a cohort consists of.
struct CohortListing {
    std::filesystem::path folder;
    std::vector<SectionFiles> sections; ///< by name, digits by value; no name twice
};

/// Sections that are trained and evaluated together.
struct Cohort {
    std::filesystem::path folder;  ///< or the file that was given
    ArrayDescription array;        ///< that of the first section
    std::vector<Section> sections; ///< in the order asked for, otherwise by name
    std::vector<std::string> warnings;

    /// The section of that name, owned by the cohort; null when there is none.
    [[nodiscard]] const Section* find(std::string_view name) const;

    /// The patients, sorted, each once.
    [[nodiscard]] std::vector<std::string> patients() const;
};

/// Finds the sections of a cohort without reading their tables. The path decides the form: a manifest (.csv,
/// or a folder with manifest.csv), a folder in the legacy layout, a Space Ranger output folder or a folder of
/// them, an .h5ad file or a folder of them. Blocking. BadInput: none of these, a bad manifest or cohort.json,
/// two sections of one name. A section that lacks a file is listed with its problem.
[[nodiscard]] Result<CohortListing> listCohort(const std::filesystem::path& path);

/// The sections called `names`, in that order; all of them when there are no names. Point into `listing`.
/// BadInput when a name does not exist or is given twice.
[[nodiscard]] Result<std::vector<const SectionFiles*>> chooseSections(const CohortListing& listing,
                                                                      const std::vector<std::string>& names);

/// Reads one listed section. Blocking: a tenth of a second to some seconds. BadInput: its problem, or what
/// the reader of its form says (readLegacySection, readSpaceRangerSection, readAnnDataSection).
[[nodiscard]] Result<Section> readSection(const SectionFiles& files);

/// Reads the sections of a cohort, or only those in `names` in that order, and makes their gene names agree
/// (GeneNames.h). Blocking. Errors as listCohort() and readSection(), also when a name does not exist;
/// Cancelled when asked.
[[nodiscard]] Result<Cohort> readCohort(const std::filesystem::path& path,
                                        const std::vector<std::string>& names = {},
                                        const CancelToken& cancel = {});

/// Leaves out the spots whose centre lies outside an image of that size (level-0 pixels), with a warning.
/// Says how many were left out. BadInput, and the section unchanged, when it is more than half of them.
[[nodiscard]] Result<std::size_t> leaveOutSpotsOutside(Section& section, std::int64_t imageWidth,
                                                       std::int64_t imageHeight);

/// Genes that all the sections have, sorted by their bytes.
[[nodiscard]] std::vector<std::string> commonGenes(const std::vector<const Section*>& sections);

} // namespace spotglass
