#pragma once

#include "training/cohort/Cohort.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace spotglass {

/// By what the genes of a panel are ranked.
enum class GenePanelMethod : std::uint8_t {
    /// Moran's I on the array (see moransI()), the mean over the sections; a section in which the gene does
    /// not vary is left out of its mean.
    SpatiallyVariable,
    /// Variance of log10(1 + counts scaled to the section's median depth) over all spots.
    MostVariable,
    /// Mean counts a spot, over all spots (as ST-Net: He et al., Nature Biomedical Engineering 4, 2020).
    MostExpressed
};

struct GenePanelOptions {
    std::size_t size = 250;
    double minimumTotal = 1000; ///< counts of a gene summed over all spots of the sections
    std::vector<std::string> mustHave = {"FN1", "HSPB1", "ERBB2"};
    GenePanelMethod method = GenePanelMethod::MostVariable;
    unsigned threads = 0; ///< for SpatiallyVariable; 0: one a processor
};

/// The genes that a model predicts, in order.
struct GenePanel {
    std::vector<std::string> genes;
    std::vector<double> scores;        ///< of each gene, in the unit of the method; NaN where it is undefined
    std::vector<std::string> warnings; ///< sentences for the user
};

/// Chooses the panel on `sections` (give the training sections only, so that nothing of the reported section
/// enters): first the must-have genes that all sections measured, then the genes with at least `minimumTotal`
/// counts by falling score of the method, equal ones by name; those whose score is undefined are left out.
/// Only genes that all the sections and all of `alsoMeasuredIn` have (those count for nothing else). A
/// must-have gene that is missing is warned about. Sections are not owned. Does not block on disk. BadInput
/// when there is no section, a panel of no genes is asked for, no gene is left, or (SpatiallyVariable) two
/// spots of a section lie at one place.
[[nodiscard]] Result<GenePanel> chooseGenePanel(const std::vector<const Section*>& sections,
                                                const GenePanelOptions& options = {},
                                                const std::vector<const Section*>& alsoMeasuredIn = {});

/// Checks a panel that is given as a list: every gene of it must be in. BadInput when the list is empty or
/// names a gene twice, or when one of the sections, or all of them, did not measure some of its genes; the
/// first few of them are named. Sections are not owned.
[[nodiscard]] Result<void> checkListedPanel(const std::vector<std::string>& genes,
                                            const std::vector<const Section*>& sections);

/// The `panel` object of a training configuration: size, minimum_total, must_have, and method
/// ("spatially_variable", "most_variable" or "most_expressed"); what is not there keeps its default.
/// BadInput, naming `where`, for an unknown key or method and for a value of the wrong kind.
[[nodiscard]] Result<GenePanelOptions> parseGenePanelOptions(const nlohmann::json& panel,
                                                             const std::string& where);

/// The method's name as a configuration gives it.
[[nodiscard]] const char* genePanelMethodName(GenePanelMethod method);

} // namespace spotglass
