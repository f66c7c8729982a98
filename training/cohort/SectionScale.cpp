#include "training/cohort/SectionScale.h"

#include "training/cohort/HexagonalArray.h"

#include <cmath>
#include <cstdio>

namespace spotglass {

std::string derivedScaleSentence(const Section& section) {
    char text[160];
    std::snprintf(text, sizeof text, ": scale of %.4g um per pixel derived from the array pitch of %g um.",
                  section.micronsPerPixel.mean(), section.array.pitchMicrons);
    return section.name + text;
}

void setScale(Section& section, const std::optional<double>& manifestMicrons) {
    const ArrayDescription& array = section.array;
    section.latticeToLevel0 = fitLattice(section.spots);
    std::optional<double> derived;
    if (section.latticeToLevel0)
        derived = array.pitchMicrons / arrayPitch(*section.latticeToLevel0, array.geometry);
    char text[200];
    if (manifestMicrons || array.micronsPerPixel) {
        section.micronsPerPixel =
            manifestMicrons ? MicronsPerPixel{*manifestMicrons, *manifestMicrons} : *array.micronsPerPixel;
        section.scaleSource = manifestMicrons ? ScaleSource::Manifest : ScaleSource::CohortFile;
        const double stated = section.micronsPerPixel.mean();
        if (derived && std::abs(*derived / stated - 1) > 0.1) {
            std::snprintf(
                text, sizeof text,
                ": %s says %.3g um per pixel, but the array pitch of %g um gives %.3g um per pixel.",
                manifestMicrons ? "the manifest" : "cohort.json", stated, array.pitchMicrons, *derived);
            section.warnings.push_back(section.name + text);
        }
    } else if (derived) {
        section.micronsPerPixel = {*derived, *derived};
        section.scaleSource = ScaleSource::ArrayPitch;
        section.warnings.push_back(derivedScaleSentence(section));
    } else {
        section.warnings.push_back(
            section.name + ": no scale is known (cohort.json has none, and the spots lie on one line).");
    }
}

} // namespace spotglass
