#pragma once

#include "training/cohort/Cohort.h"

#include <string>
#include <vector>

namespace spotglass {

struct GenePanelOptions {
    std::size_t size = 250;
    double minimumTotal = 1000; ///< counts of a gene summed over all spots of the sections
    std::vector<std::string> mustHave = {"FN1", "HSPB1", "ERBB2"};
};

/// The genes that a model predicts, in order.
struct GenePanel {
    std::vector<std::string> genes;
    std::vector<std::string> warnings; ///< sentences for the user
};

/// Chooses the panel on `sections` (give the training sections only, so that nothing of the reported section
/// enters): first the must-have genes that all sections measured, then the genes with at least `minimumTotal`
/// counts by falling variance of log10(1 + counts scaled to the section's median depth), equal ones by name.
/// Only genes that all the sections and all of `alsoMeasuredIn` have (those count for nothing else). A
/// must-have gene that is missing is warned about. Sections are not owned. Does not block on disk. BadInput
/// when there is no section, or no gene is left.
[[nodiscard]] Result<GenePanel> chooseGenePanel(const std::vector<const Section*>& sections,
                                                const GenePanelOptions& options = {},
                                                const std::vector<const Section*>& alsoMeasuredIn = {});

} // namespace spotglass
