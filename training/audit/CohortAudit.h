#pragma once

#include "training/cohort/Cohort.h"
#include "viewer/base/CancelToken.h"
#include "viewer/base/Result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spotglass {

enum class FindingSeverity : std::uint8_t {
    Note,    ///< good to know
    Warning, ///< training works, but look at it first
    Error    ///< training would refuse this
};

/// One thing that the audit noticed.
struct AuditFinding {
    FindingSeverity severity = FindingSeverity::Note;
    std::string section; ///< empty: the cohort as a whole
    std::string what;    ///< a sentence without full stop at the end
    std::string hint;    ///< what to do; may be empty
};

/// The figures of one section. Those of the image are 0 where it could not be opened, all where the section
/// could not be read.
struct SectionAudit {
    std::string name, patient;
    std::filesystem::path image;
    bool wasRead = false, imageOpened = false;
    std::size_t spots = 0;        ///< that would be used: inside the image
    std::size_t onTissue = 0;     ///< of them, with tissue on at least a quarter of the spot
    std::size_t outsideImage = 0; ///< centres outside the image
    std::size_t withoutCounts = 0, repeatedGenes = 0;
    std::size_t repeatedPlaces = 0; ///< spots whose centre is that of an earlier one, to half a pixel
    double medianDepth = 0;         ///< counts of a spot
    std::size_t genes = 0;          ///< with another name
    std::size_t genesInCommon = 0;  ///< with all other sections that could be read
    std::int64_t imageWidth = 0, imageHeight = 0; ///< level-0 pixels
    std::optional<MicronsPerPixel> micronsPerPixel;
    ScaleSource scaleSource = ScaleSource::Unknown;
    ArrayDescription array;
    bool suspiciousRegistration = false; ///< more than a quarter of the spots lie on glass
    std::vector<Level0Point> places;     ///< of the used spots
    std::vector<bool> tissue;            ///< as `places`: whether it lies on tissue

    /// Share of the used spots that lie on glass, 0 to 1.
    [[nodiscard]] double onGlass() const;
};

/// What is in a cohort, and what is wrong with it. A value type.
struct CohortAudit {
    std::filesystem::path cohort;
    std::vector<SectionAudit> sections;
    std::vector<AuditFinding> findings; ///< by section, those of the cohort last
    std::vector<std::string> patients;  ///< of the sections that could be read, sorted
    std::size_t genesInCommon = 0;

    [[nodiscard]] std::size_t count(FindingSeverity severity) const;
};

/// Looks at a cohort before anything is trained: reads one section after the other, opens its image and looks
/// for the tissue under its spots. A section that cannot be read is an error among the findings, and the
/// others are looked at all the same. With `names`, only those sections. `progress` is told the section that
/// is begun, on this thread. Blocking: one to some seconds a section, memory of one section at a time. Errors
/// as listCohort(), a name that does not exist, Cancelled when asked.
[[nodiscard]] Result<CohortAudit> auditCohort(const std::filesystem::path& cohort,
                                              const std::vector<std::string>& names = {},
                                              const CancelToken& cancel = {},
                                              const std::function<void(const std::string&)>& progress = {});

} // namespace spotglass
