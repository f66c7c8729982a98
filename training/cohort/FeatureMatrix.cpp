#include "training/cohort/FeatureMatrix.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace spotglass {
namespace {

constexpr double largestCount = 1e9; // far below what a float cannot hold
constexpr auto none = std::numeric_limits<std::uint32_t>::max();

/// Brings a row into order, adds up what is there twice and appends it.
void appendSorted(std::vector<std::pair<std::uint32_t, float>>& row, CountMatrix& out) {
    if (!std::is_sorted(row.begin(), row.end(),
                        [](const auto& a, const auto& b) { return a.first < b.first; }))
        std::stable_sort(row.begin(), row.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
    const std::size_t begin = out.geneIndex.size();
    for (const auto& [gene, value] : row) {
        if (value == 0) continue;
        if (out.geneIndex.size() > begin && out.geneIndex.back() == gene) {
            out.values.back() += value;
            continue;
        }
        out.geneIndex.push_back(gene);
        out.values.push_back(value);
    }
    out.offsets.push_back(out.values.size());
    ++out.spots;
}

/// The genes of a matrix and where its columns go.
struct Targets {
    std::vector<std::string> genes, ensemblIds;
    std::vector<std::uint32_t> of; ///< feature -> gene, or none
    std::size_t repeated = 0, otherKinds = 0, nameless = 0, withoutSymbol = 0;
    std::string otherKind;
};

Targets chooseTargets(const std::vector<Feature>& features) {
    Targets targets;
    std::unordered_map<std::string, std::uint32_t> index;
    for (const Feature& feature : features) {
        targets.of.push_back(none);
        if (!feature.type.empty() && feature.type != "Gene Expression") {
            if (targets.otherKinds++ == 0) targets.otherKind = feature.type;
            continue;
        }
        const std::string id = isEnsemblId(feature.id)       ? withoutVersion(feature.id)
                               : isEnsemblId(feature.symbol) ? withoutVersion(feature.symbol)
                                                             : std::string();
        const bool symbol = !feature.symbol.empty() && !isEnsemblId(feature.symbol);
        const std::string name = symbol ? feature.symbol : id.empty() ? feature.id : id;
        if (name.empty()) {
            ++targets.nameless;
            continue;
        }
        if (!symbol) ++targets.withoutSymbol;
        const auto [at, isNew] = index.emplace(name, static_cast<std::uint32_t>(targets.genes.size()));
        targets.of.back() = at->second;
        if (!isNew) {
            ++targets.repeated;
            continue;
        }
        targets.genes.push_back(name);
        targets.ensemblIds.push_back(id);
    }
    return targets;
}

void sayWhatWasDone(const Targets& targets, Section& section) {
    const auto say = [&](std::size_t count, const std::string& rest) {
        if (count > 0) section.warnings.push_back(section.name + ": " + std::to_string(count) + rest);
    };
    say(targets.repeated, " gene columns repeat a symbol; their counts are added up.");
    say(targets.otherKinds,
        " measured features are no genes (" + targets.otherKind + "); they are left out.");
    say(targets.nameless, " gene columns have no name; they are left out.");
    if (targets.withoutSymbol < targets.genes.size())
        say(targets.withoutSymbol, " genes have no symbol and go by their id.");
}

} // namespace

const char* countProblem(double value) {
    if (!std::isfinite(value)) return "not a number";
    if (value < 0) return "negative";
    if (value != std::floor(value)) return "not a whole number";
    return value > largestCount ? "too large" : nullptr;
}

bool isEnsemblId(std::string_view name) {
    // ENS, the species (none for human), G, eleven digits, perhaps a version.
    if (!name.starts_with("ENS")) return false;
    const std::size_t digits = name.find_first_of("0123456789");
    if (digits == std::string_view::npos || digits < 4 || name[digits - 1] != 'G') return false;
    const std::size_t dot = std::min(name.find('.'), name.size());
    const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
    return dot - digits == 11 && std::all_of(name.begin() + static_cast<std::ptrdiff_t>(digits),
                                             name.begin() + static_cast<std::ptrdiff_t>(dot), isDigit);
}

std::string withoutVersion(const std::string& ensemblId) {
    return isEnsemblId(ensemblId) ? ensemblId.substr(0, ensemblId.find('.')) : ensemblId;
}

CountMatrix fromEntries(std::size_t spots, std::size_t genes, const std::vector<std::uint32_t>& spotOf,
                        const std::vector<std::uint32_t>& geneOf, const std::vector<float>& values) {
    std::vector<std::size_t> next(spots + 1, 0);
    for (const std::uint32_t spot : spotOf)
        ++next[spot + 1];
    for (std::size_t s = 0; s < spots; ++s)
        next[s + 1] += next[s];
    const std::vector<std::size_t> begin = next;
    std::vector<std::uint32_t> order(values.size());
    for (std::size_t k = 0; k < values.size(); ++k)
        order[next[spotOf[k]]++] = static_cast<std::uint32_t>(k);
    CountMatrix out;
    out.genes = genes;
    out.offsets.push_back(0);
    out.geneIndex.reserve(values.size());
    out.values.reserve(values.size());
    std::vector<std::pair<std::uint32_t, float>> row;
    for (std::size_t s = 0; s < spots; ++s) {
        row.clear();
        for (std::size_t k = begin[s]; k < begin[s + 1]; ++k)
            row.emplace_back(geneOf[order[k]], values[order[k]]);
        appendSorted(row, out);
    }
    return out;
}

Result<void> takeGenes(const FeatureMatrix& matrix, const std::vector<std::size_t>& rows,
                       const std::string& where, Section& section) {
    Targets targets = chooseTargets(matrix.features);
    if (targets.genes.empty())
        return badInput("this matrix has no genes", where,
                        "The features must be named and, where they have a type, be \"Gene Expression\"");
    CountMatrix counts;
    counts.genes = targets.genes.size();
    counts.offsets.push_back(0);
    std::vector<std::pair<std::uint32_t, float>> row;
    for (const std::size_t from : rows) {
        row.clear();
        for (std::size_t k = matrix.counts.offsets[from]; k < matrix.counts.offsets[from + 1]; ++k)
            if (const std::uint32_t gene = targets.of[matrix.counts.geneIndex[k]]; gene != none)
                row.emplace_back(gene, matrix.counts.values[k]);
        appendSorted(row, counts);
    }
    section.counts = std::move(counts);
    section.repeatedGenes = targets.repeated;
    sayWhatWasDone(targets, section);
    section.genes = std::move(targets.genes);
    section.ensemblIds = std::move(targets.ensemblIds);
    return {};
}

} // namespace spotglass
