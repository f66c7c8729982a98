#include "training/audit/CohortAudit.h"

#include "training/cohort/GeneNames.h"
#include "training/cohort/SectionScale.h"
#include "viewer/slide/SlideSource.h"
#include "viewer/slide/TissueMask.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

namespace spotglass {
namespace {

constexpr double tissueOfASpot = 0.25; // less of it is glass
constexpr double glassShareAllowed = 0.25;
constexpr std::size_t fewSpots = 25, fewGenes = 100;
constexpr double lowDepth = 100;
constexpr double coarseMicrons = 2; // nuclei are three to five pixels wide there
constexpr double scaleTolerance = 0.1;

std::string formatted(const char* format, double a, double b = 0, double c = 0) {
    char text[240];
    std::snprintf(text, sizeof text, format, a, b, c);
    return text;
}

std::string counted(std::size_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

double medianDepth(const CountMatrix& counts, std::size_t& without) {
    std::vector<double> depth;
    for (std::size_t s = 0; s < counts.spots; ++s) {
        double sum = 0;
        for (std::size_t k = counts.offsets[s]; k < counts.offsets[s + 1]; ++k)
            sum += static_cast<double>(counts.values[k]);
        depth.push_back(sum);
        if (sum == 0) ++without;
    }
    if (depth.empty()) return 0;
    const auto middle = depth.begin() + static_cast<std::ptrdiff_t>(depth.size() / 2);
    std::nth_element(depth.begin(), middle, depth.end());
    if (depth.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(depth.begin(), middle)) / 2;
}

std::size_t repeatedPlaces(const std::vector<CohortSpot>& spots) {
    std::set<std::pair<double, double>> seen;
    std::size_t repeated = 0;
    for (const CohortSpot& spot : spots)
        if (!seen.emplace(std::round(2 * spot.center.x), std::round(2 * spot.center.y)).second) ++repeated;
    return repeated;
}

class Auditor {
  public:
    explicit Auditor(CohortAudit& audit) : audit_(audit) {}

    /// Reads and looks at one section; what is found goes into the audit.
    Result<void> look(const SectionFiles& files, const CancelToken& cancel) {
        current_ = files.name;
        SectionAudit figures;
        figures.name = files.name;
        figures.patient = files.patient;
        figures.image = files.image;
        auto section = readSection(files);
        if (!section) {
            add(section.error());
            audit_.sections.push_back(std::move(figures));
            return {};
        }
        figures.wasRead = true;
        figures.image = section->image;
        figures.array = section->array;
        if (section->scaleSource != ScaleSource::Unknown) figures.micronsPerPixel = section->micronsPerPixel;
        figures.scaleSource = section->scaleSource;
        figures.spots = section->spots.size();
        if (auto ok = lookAtImage(*section, figures, cancel); !ok) return ok;
        figures.medianDepth = medianDepth(section->counts, figures.withoutCounts);
        figures.repeatedPlaces = repeatedPlaces(section->spots);
        judge(*section, figures);
        keepGenes(std::move(*section));
        audit_.sections.push_back(std::move(figures));
        return {};
    }

    /// What can be said of the sections together.
    void conclude() {
        GeneNames names;
        for (const Section& section : genes_)
            names.learn(section);
        std::vector<const Section*> sections;
        for (Section& section : genes_) {
            names.apply(section);
            for (const std::string& sentence : section.warnings)
                add(FindingSeverity::Note, section.name, withoutName(sentence, section.name));
            sections.push_back(&section);
        }
        audit_.genesInCommon = commonGenes(sections).size();
        std::set<std::string> patients;
        for (SectionAudit& figures : audit_.sections) {
            const auto section = std::find_if(genes_.begin(), genes_.end(),
                                              [&](const Section& s) { return s.name == figures.name; });
            if (section == genes_.end()) continue;
            patients.insert(figures.patient);
            figures.genes = section->genes.size();
            figures.repeatedGenes = section->repeatedGenes;
            figures.genesInCommon = audit_.genesInCommon;
        }
        audit_.patients.assign(patients.begin(), patients.end());
        std::stable_sort(audit_.findings.begin(), audit_.findings.end(),
                         [this](const auto& a, const auto& b) { return orderOf(a) < orderOf(b); });
        judgeGenes(sections);
        judgeArrays();
        judgeImages();
        if (patients.size() == 1)
            add(FindingSeverity::Warning, {},
                "all sections are of one patient (" + *patients.begin() +
                    "), so none can be held out as another patient's",
                "Name the sections to train on and to validate with; or give each section its patient, in "
                "the "
                "column patient of a manifest");
    }

  private:
    void add(FindingSeverity severity, const std::string& section, std::string what, std::string hint = {}) {
        while (what.ends_with('.'))
            what.pop_back();
        audit_.findings.push_back({severity, section, std::move(what), std::move(hint)});
    }
    void add(const Error& error) {
        add(FindingSeverity::Error, current_, (error.where.empty() ? "" : error.where + ": ") + error.what,
            error.hint);
    }
    std::size_t orderOf(const AuditFinding& finding) const {
        const auto at = std::find_if(audit_.sections.begin(), audit_.sections.end(),
                                     [&](const auto& s) { return s.name == finding.section; });
        return static_cast<std::size_t>(at - audit_.sections.begin());
    }
    static std::string withoutName(const std::string& sentence, const std::string& name) {
        return sentence.starts_with(name + ": ") ? sentence.substr(name.size() + 2) : sentence;
    }

    /// Only a cancellation is a failure.
    Result<void> lookAtImage(Section& section, SectionAudit& figures, const CancelToken& cancel) {
        auto slide = openSlide(section.image);
        if (!slide) {
            add(slide.error());
            return {};
        }
        const auto info = (*slide)->info();
        figures.imageOpened = true;
        figures.imageWidth = info->levels.front().width;
        figures.imageHeight = info->levels.front().height;
        const std::size_t said = section.warnings.size();
        const auto outside = leaveOutSpotsOutside(section, figures.imageWidth, figures.imageHeight);
        const Level0Rect image{0, 0, static_cast<double>(figures.imageWidth),
                               static_cast<double>(figures.imageHeight)};
        if (!outside) {
            figures.outsideImage = static_cast<std::size_t>(
                std::count_if(section.spots.begin(), section.spots.end(),
                              [&](const CohortSpot& s) { return !image.contains(s.center); }));
            add(outside.error());
            return {};
        }
        figures.outsideImage = *outside;
        figures.spots = section.spots.size();
        if (section.warnings.size() > said) {
            add(FindingSeverity::Warning, section.name, section.warnings.back(),
                "Check that the image is the one the positions were made for, in full resolution");
            section.warnings.pop_back();
        }
        if (info->micronsPerPixel && figures.micronsPerPixel) {
            const double own = info->micronsPerPixel->mean(), used = figures.micronsPerPixel->mean();
            if (std::abs(own / used - 1) > scaleTolerance)
                add(FindingSeverity::Warning, section.name,
                    formatted("the image says %.4g um per pixel, the section's scale is %.4g", own, used),
                    "Check that the positions are pixels of this image; the section's scale is used");
        }
        const auto mask = TissueMask::compute(**slide, cancel);
        if (!mask) {
            if (mask.error().kind == ErrorKind::Cancelled) return Failure(mask.error());
            add(mask.error());
            return {};
        }
        const double scale = figures.micronsPerPixel ? figures.micronsPerPixel->mean() : 1;
        const double side = std::max(1.0, section.array.diameterMicrons / scale);
        for (const CohortSpot& spot : section.spots) {
            const bool onTissue = mask->coverage({spot.center.x - side / 2, spot.center.y - side / 2, side,
                                                  side}) >= tissueOfASpot;
            figures.onTissue += onTissue ? 1 : 0;
            figures.places.push_back(spot.center);
            figures.tissue.push_back(onTissue);
        }
        if (figures.onGlass() > glassShareAllowed) {
            figures.suspiciousRegistration = true;
            add(FindingSeverity::Warning, section.name,
                formatted("suspicious registration: %.0f %% of the spots lie on glass, not on tissue",
                          100 * figures.onGlass()),
                "Look at the spots over the image in the window; the positions may belong to another image, "
                "or "
                "to one of another size");
        }
        return {};
    }

    void judge(const Section& section, const SectionAudit& figures) {
        for (const std::string& sentence : section.warnings)
            if (sentence != derivedScaleSentence(section)) // the figures say it
                add(FindingSeverity::Warning, section.name, withoutName(sentence, section.name));
        if (!figures.micronsPerPixel)
            add(FindingSeverity::Error, section.name, "no scale is known",
                "Give it in the column mpp of a manifest, or as microns_per_pixel in cohort.json");
        else if (figures.micronsPerPixel->mean() > coarseMicrons &&
                 section.image.filename() != "tissue_hires_image.png") // the importer says so of that
            add(FindingSeverity::Warning, section.name,
                formatted("the image is coarse (%.3g um per pixel); cells cannot be seen in it",
                          figures.micronsPerPixel->mean()),
                "Name the full-resolution image in the column image of a manifest");
        if (figures.spots < fewSpots)
            add(FindingSeverity::Warning, section.name,
                "the section has only " + counted(figures.spots, "spot", "spots"),
                "Correlations over so few mean little; leave it out, or check that its tables are complete");
        if (figures.withoutCounts > 0)
            add(FindingSeverity::Note, section.name,
                counted(figures.withoutCounts, "spot has", "spots have") + " no counts at all");
        if (figures.medianDepth < lowDepth)
            add(FindingSeverity::Warning, section.name,
                formatted("half of the spots have fewer than %.0f counts",
                          std::ceil(figures.medianDepth) + 1),
                "Check that the table holds all genes and raw counts");
        if (figures.repeatedPlaces > 0)
            add(FindingSeverity::Warning, section.name,
                counted(figures.repeatedPlaces, "spot lies", "spots lie") + " where another one lies",
                "Check the pixel positions");
    }

    /// Names are compared at the end; counts and spots are let go.
    void keepGenes(Section section) {
        Section kept;
        kept.name = section.name;
        kept.genes = std::move(section.genes);
        kept.ensemblIds = std::move(section.ensemblIds);
        kept.repeatedGenes = section.repeatedGenes;
        genes_.push_back(std::move(kept));
    }

    void judgeGenes(const std::vector<const Section*>& sections) {
        if (sections.size() < 2) return;
        if (audit_.genesInCommon >= fewGenes) return;
        // The section that costs the most names the likely culprit.
        std::string culprit;
        std::size_t best = audit_.genesInCommon;
        for (const Section* left : sections) {
            std::vector<const Section*> others;
            std::copy_if(sections.begin(), sections.end(), std::back_inserter(others),
                         [&](const Section* s) { return s != left; });
            if (const std::size_t common = commonGenes(others).size(); others.size() > 1 && common > best) {
                best = common;
                culprit = left->name;
            }
        }
        const char* hint =
            "Check that all are of one species and that genes are named by symbols, or by Ensembl "
            "ids where another section knows both";
        const std::string without =
            culprit.empty() ? "" : "; without " + culprit + " it would be " + std::to_string(best);
        if (audit_.genesInCommon == 0)
            add(FindingSeverity::Error, {}, "no gene is in all sections" + without, hint);
        else
            add(FindingSeverity::Warning, {},
                "only " + counted(audit_.genesInCommon, "gene is", "genes are") + " in all sections" +
                    without,
                hint);
    }

    void judgeArrays() {
        const SectionAudit* first = nullptr;
        for (const SectionAudit& section : audit_.sections) {
            if (!section.wasRead) continue;
            if (!first) first = &section;
            const ArrayDescription &a = first->array, &b = section.array;
            const bool samePitch = std::abs(a.pitchMicrons / b.pitchMicrons - 1) <= scaleTolerance;
            if (a.geometry == b.geometry && samePitch) continue;
            const auto described = [](const ArrayDescription& array) {
                return (array.geometry == ArrayGeometry::Hexagonal ? "hexagonal, " : "square, ") +
                       formatted("%g um apart", array.pitchMicrons);
            };
            add(FindingSeverity::Warning, {},
                "the arrays differ: spots of " + first->name + " are " + described(a) + ", those of " +
                    section.name + " " + described(b),
                "A model is described by the array of its first section; train one for each kind of array");
            return;
        }
    }

    void judgeImages() {
        std::map<std::filesystem::path, std::string> seen;
        for (const SectionAudit& section : audit_.sections) {
            if (!section.imageOpened) continue;
            const auto [at, isNew] = seen.emplace(section.image, section.name);
            if (!isNew)
                add(FindingSeverity::Warning, section.name,
                    "it has the same image as section " + at->second + " (" + section.image.string() + ")",
                    "Check that no section is there under two names, in training and in validation");
        }
    }

    CohortAudit& audit_;
    std::string current_; ///< the section that is looked at
    std::vector<Section> genes_;
};

} // namespace

double SectionAudit::onGlass() const {
    return spots == 0 ? 0 : 1 - static_cast<double>(onTissue) / static_cast<double>(spots);
}

std::size_t CohortAudit::count(FindingSeverity severity) const {
    return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(),
                                                  [&](const auto& f) { return f.severity == severity; }));
}

Result<CohortAudit> auditCohort(const std::filesystem::path& cohort, const std::vector<std::string>& names,
                                const CancelToken& cancel,
                                const std::function<void(const std::string&)>& progress) {
    const auto listing = listCohort(cohort);
    if (!listing) return Failure(listing.error());
    const auto wanted = chooseSections(*listing, names);
    if (!wanted) return Failure(wanted.error());
    CohortAudit audit;
    audit.cohort = cohort;
    Auditor auditor(audit);
    for (const SectionFiles* files : *wanted) {
        if (cancel.isCancelled()) return cancelled();
        if (progress) progress(files->name);
        if (auto ok = auditor.look(*files, cancel); !ok) return Failure(ok.error());
    }
    auditor.conclude();
    return audit;
}

} // namespace spotglass
