#pragma once

#include "training/cohort/Cohort.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace spotglass {

/// What sections know of symbols and Ensembl ids; the first to name an id is believed. A value type.
class GeneNames {
  public:
    /// Remembers the pairs of a section.
    void learn(const Section& section);

    /// Whether the section has a gene that goes by an Ensembl id whose symbol is not known.
    [[nodiscard]] bool isPuzzledBy(const Section& section) const;

    /// Gives the section's genes the names that are known: an Ensembl id its symbol, and a symbol that others
    /// write differently for the same id theirs, unless the section has that one of another gene. Fills
    /// Ensembl ids of symbols that have exactly one. Genes that thereby get one name are added up. Says so in
    /// the section's warnings.
    void apply(Section& section) const;

  private:
    std::unordered_map<std::string, std::string> symbolOf_; ///< Ensembl id -> symbol
    std::unordered_map<std::string, std::string> idOf_;     ///< symbol -> Ensembl id; empty where several
};

} // namespace spotglass
