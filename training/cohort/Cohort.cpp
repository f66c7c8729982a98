#include "training/cohort/Cohort.h"

#include <algorithm>
#include <limits>
#include <set>

namespace spotglass {
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
