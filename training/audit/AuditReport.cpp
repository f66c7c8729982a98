#include "training/audit/AuditReport.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace spotglass {
namespace {
using nlohmann::json;

const char* nameOf(FindingSeverity severity) {
    switch (severity) {
    case FindingSeverity::Error:
        return "error";
    case FindingSeverity::Warning:
        return "warning";
    case FindingSeverity::Note:
        break;
    }
    return "note";
}

const char* nameOf(ScaleSource source) {
    switch (source) {
    case ScaleSource::CohortFile:
        return "cohort.json";
    case ScaleSource::Manifest:
        return "manifest";
    case ScaleSource::ArrayPitch:
        return "array pitch";
    case ScaleSource::Unknown:
        break;
    }
    return "unknown";
}

std::string number(const char* format, double value) {
    char text[40];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

json sectionJson(const SectionAudit& s) {
    const json none;
    json out{{"section", s.name}, {"patient", s.patient}, {"image", s.image.string()}, {"read", s.wasRead}};
    if (!s.wasRead) return out;
    out["spots"] = s.spots;
    out["spots_on_tissue"] = s.imageOpened ? json(s.onTissue) : none;
    out["share_on_glass"] = s.imageOpened ? json(s.onGlass()) : none;
    out["suspicious_registration"] = s.imageOpened ? json(s.suspiciousRegistration) : none;
    out["spots_outside_image"] = s.imageOpened ? json(s.outsideImage) : none;
    out["spots_without_counts"] = s.withoutCounts;
    out["repeated_places"] = s.repeatedPlaces;
    out["median_depth"] = s.medianDepth;
    out["genes"] = s.genes;
    out["genes_in_common"] = s.genesInCommon;
    out["repeated_genes"] = s.repeatedGenes;
    out["image_width"] = s.imageOpened ? json(s.imageWidth) : none;
    out["image_height"] = s.imageOpened ? json(s.imageHeight) : none;
    out["microns_per_pixel"] =
        s.micronsPerPixel ? json::array({s.micronsPerPixel->x, s.micronsPerPixel->y}) : none;
    out["scale_source"] = nameOf(s.scaleSource);
    out["array"] = s.array.geometry == ArrayGeometry::Hexagonal ? "hexagonal" : "square";
    out["spot_pitch_um"] = s.array.pitchMicrons;
    return out;
}

using Row = std::array<std::string, 10>;

Row rowOf(const SectionAudit& s) {
    if (!s.wasRead) return {s.name, s.patient, "cannot be read", "", "", "", "", "", "", ""};
    const auto ofImage = [&](const std::string& text) { return s.imageOpened ? text : std::string("?"); };
    return {s.name,
            s.patient,
            std::to_string(s.spots),
            ofImage(std::to_string(s.onTissue)),
            ofImage(std::to_string(s.outsideImage)),
            number("%.0f", s.medianDepth),
            std::to_string(s.genes),
            std::to_string(s.repeatedGenes),
            s.micronsPerPixel ? number("%.4g", s.micronsPerPixel->mean()) : "?",
            nameOf(s.scaleSource)};
}

std::string tableOf(const CohortAudit& audit) {
    std::vector<Row> rows = {{"section", "patient", "spots", "on tissue", "outside", "depth", "genes",
                              "summed", "um/px", "scale from"}};
    for (const SectionAudit& section : audit.sections)
        rows.push_back(rowOf(section));
    std::array<std::size_t, 10> width{};
    for (const Row& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            width[i] = row[2] == "cannot be read" && i >= 2 ? width[i] : std::max(width[i], row[i].size());
    std::string text;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string gap(width[i] - std::min(width[i], row[i].size()), ' ');
            const bool words = i < 2 || i == 9 || row[2] == "cannot be read";
            line += (i > 0 ? "  " : "") + (words ? row[i] + gap : gap + row[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

} // namespace

json toJson(const CohortAudit& audit, bool withSpots) {
    json sections = json::array(), findings = json::array();
    for (const SectionAudit& section : audit.sections) {
        sections.push_back(sectionJson(section));
        if (!withSpots) continue;
        auto& spots = sections.back()["spots_at"] = json::array();
        for (std::size_t i = 0; i < section.places.size(); ++i)
            spots.push_back({section.places[i].x, section.places[i].y, static_cast<bool>(section.tissue[i])});
    }
    for (const AuditFinding& f : audit.findings)
        findings.push_back({{"severity", nameOf(f.severity)},
                            {"section", f.section.empty() ? json() : json(f.section)},
                            {"what", f.what},
                            {"hint", f.hint}});
    return {{"cohort", audit.cohort.string()},
            {"patients", audit.patients},
            {"genes_in_common", audit.genesInCommon},
            {"errors", audit.count(FindingSeverity::Error)},
            {"warnings", audit.count(FindingSeverity::Warning)},
            {"sections", sections},
            {"findings", findings}};
}

std::string toText(const CohortAudit& audit) {
    const auto read = std::count_if(audit.sections.begin(), audit.sections.end(),
                                    [](const SectionAudit& s) { return s.wasRead; });
    std::string text = audit.cohort.string() + "\n\n" + tableOf(audit) + "\n" + std::to_string(read) +
                       " of " + std::to_string(audit.sections.size()) + " sections can be read, of " +
                       std::to_string(audit.patients.size()) +
                       (audit.patients.size() == 1 ? " patient; " : " patients; ") +
                       std::to_string(audit.genesInCommon) + " genes in common.\n";
    for (const auto severity : {FindingSeverity::Error, FindingSeverity::Warning, FindingSeverity::Note})
        for (const AuditFinding& f : audit.findings)
            if (f.severity == severity)
                text += std::string("\n") + nameOf(severity) + "  " +
                        (f.section.empty() ? "" : f.section + ": ") + f.what + "." +
                        (f.hint.empty() ? "" : " " + f.hint + ".");
    return audit.findings.empty() ? text : text + "\n";
}

} // namespace spotglass
