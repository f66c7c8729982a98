#pragma once

#include "training/experiment/FoldReport.h"

namespace spotglass {

/// How a finished model does on sections that took no part in its training, beside the model it was
/// fine-tuned from and its floors.
struct HeldOutReport {
    /// RUN/report.json: sections, genes (by symbol: model, parent, ridge, position, shuffled; null where
    /// undefined), the means of each method (pcc_all, pcc_hpg, pcc_heg, pcc_hvg, mse, mae),
    /// better_than_parent, compared_with_parent, not_better_than_ridge, compared_with_ridge (genes; those
    /// whose correlation nobody's prediction has are not counted), and verdict (sentence, worse_than_ridge).
    nlohmann::json document;
    /// By section: n x G of the model, and of the parent with NaN for genes that it does not know; undefined
    /// without a parent.
    std::vector<torch::Tensor> predicted, parent;
};

/// `parent` may be null; it sees the same patches, so it must take patches as the model does. `reported` must
/// not be empty. Seconds to a minute; one thread. BadInput for predictions that are no numbers.
[[nodiscard]] Result<HeldOutReport> reportHeldOut(LoadedModel& model, LoadedModel* parent,
                                                  const std::vector<SectionTensors>& training,
                                                  const std::vector<SectionTensors>& reported);

/// What a model's card says of it (held_out): pcc_all, mse, pcc by gene, sections, floors, verdict.
[[nodiscard]] nlohmann::json heldOutForCard(const nlohmann::json& report);

/// The verdict of a report in one sentence, from its counts and means alone.
[[nodiscard]] std::string verdictOf(const nlohmann::json& report);

} // namespace spotglass
