#include "training/cohort/GeneNames.h"

#include "training/cohort/FeatureMatrix.h"

namespace spotglass {
namespace {

bool goesById(const Section& section, std::size_t gene) {
    return !section.ensemblIds[gene].empty() && section.genes[gene] == section.ensemblIds[gene];
}

/// Gives the section new names, which may repeat.
void rename(Section& section, std::vector<std::string> names) {
    std::vector<std::uint32_t> target;
    std::vector<std::string> genes, ids;
    std::unordered_map<std::string, std::uint32_t> index;
    for (std::size_t g = 0; g < names.size(); ++g) {
        const auto [at, isNew] = index.emplace(names[g], static_cast<std::uint32_t>(genes.size()));
        target.push_back(at->second);
        if (isNew) {
            genes.push_back(std::move(names[g]));
            ids.push_back(std::move(section.ensemblIds[g]));
        } else if (ids[at->second].empty()) {
            ids[at->second] = std::move(section.ensemblIds[g]);
        }
    }
    const CountMatrix& old = section.counts;
    if (old.spots > 0 && genes.size() < section.genes.size()) {
        std::vector<std::uint32_t> spotOf, geneOf;
        for (std::size_t s = 0; s < old.spots; ++s)
            for (std::size_t k = old.offsets[s]; k < old.offsets[s + 1]; ++k) {
                spotOf.push_back(static_cast<std::uint32_t>(s));
                geneOf.push_back(target[old.geneIndex[k]]);
            }
        section.counts = fromEntries(old.spots, genes.size(), spotOf, geneOf, old.values);
    }
    section.counts.genes = genes.size();
    section.repeatedGenes += section.genes.size() - genes.size();
    section.genes = std::move(genes);
    section.ensemblIds = std::move(ids);
}

} // namespace

void GeneNames::learn(const Section& section) {
    for (std::size_t g = 0; g < section.genes.size(); ++g) {
        const std::string &symbol = section.genes[g], &id = section.ensemblIds[g];
        if (id.empty() || symbol == id) continue;
        symbolOf_.emplace(id, symbol);
        const auto [at, isNew] = idOf_.emplace(symbol, id);
        if (!isNew && at->second != id) at->second.clear();
    }
}

bool GeneNames::isPuzzledBy(const Section& section) const {
    for (std::size_t g = 0; g < section.genes.size(); ++g)
        if (goesById(section, g) && !symbolOf_.contains(section.ensemblIds[g])) return true;
    return false;
}

void GeneNames::apply(Section& section) const {
    std::unordered_map<std::string, std::size_t> own;
    for (std::size_t g = 0; g < section.genes.size(); ++g)
        own.emplace(section.genes[g], g);
    std::vector<std::string> names = section.genes;
    std::size_t fromId = 0, fromSymbol = 0;
    for (std::size_t g = 0; g < names.size(); ++g) {
        std::string& id = section.ensemblIds[g];
        if (id.empty()) {
            if (const auto at = idOf_.find(names[g]); at != idOf_.end()) id = at->second;
            continue;
        }
        const auto at = symbolOf_.find(id);
        if (at == symbolOf_.end() || at->second == names[g]) continue;
        const bool byId = goesById(section, g);
        if (!byId && own.contains(at->second)) continue;
        ++(byId ? fromId : fromSymbol);
        names[g] = at->second;
    }
    if (fromId + fromSymbol == 0) return;
    rename(section, std::move(names));
    if (fromId > 0)
        section.warnings.push_back(section.name + ": " + std::to_string(fromId) +
                                   " genes go by Ensembl ids and take the symbols of other sections.");
    if (fromSymbol > 0)
        section.warnings.push_back(section.name + ": " + std::to_string(fromSymbol) +
                                   " genes have another symbol than in other sections and take that.");
}

} // namespace spotglass
