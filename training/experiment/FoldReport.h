#pragma once

#include "training/cohort/Metrics.h"
#include "training/RidgeBaseline.h"

#include <map>

namespace spotglass {

/// Which sections choose the epoch of a fold: one group of the training sections, or, as the reference does
/// (spec/dkan.md section 3), those that are reported.
enum class EpochChoice { Inner, Reported };

/// What a trained model is held against, fitted on the sections that it was trained on.
struct FoldFloors {
    RidgeBaseline context, position;
    torch::Tensor trainingMean; ///< 1 x G
};

/// Ridge sees the frozen features on the scale on which the model takes them. Seconds.
[[nodiscard]] FoldFloors fitFloors(const LoadedModel& model, const std::vector<SectionTensors>& training);

/// One way to predict, as it did on all held-out sections.
struct JudgedMethod {
    struct Section {
        std::string group;
        std::vector<std::string> genes;
        SectionPrediction prediction;
        double pcc = 0, mse = 0, mae = 0;
    };
    std::vector<Section> sections;
};

/// What is reported of the folds of one configuration: the model, the same with the images shuffled among a
/// section's spots, and its floors. One thread.
class FoldReport {
  public:
    /// Names in the report, in the order in which they are shown.
    static const std::vector<std::string>& methods();

    /// Judges all methods on a held-out section. `group`: what was held out, a patient, some, or a section.
    void add(const std::string& group, const SectionTensors& section, LoadedModel& model,
             const FoldFloors& floors);
    /// Whatever else is told of a fold.
    void addFold(const std::string& group, nlohmann::json about) { folds_[group] = std::move(about); }

    /// The published figures of a method, mean and deviation over the groups, on the genes that the panels of
    /// all folds have in common. BadInput where there are none.
    [[nodiscard]] Result<MetricsReport> metrics(const std::string& method) const;

    /// One document: held_out, epoch_chosen_by, folds, genes, note, and for each method its sections, means
    /// over the sections, and metrics(). `by`: "patient" or "section".
    [[nodiscard]] Result<nlohmann::json> summary(const std::string& by, EpochChoice choice) const;

    /// PATIENT.SECTION.measured and PATIENT.SECTION.predicted of the model, spots x genes. Blocking.
    [[nodiscard]] Result<void> writePredictions(const std::filesystem::path& file) const;

    [[nodiscard]] const JudgedMethod& judged(const std::string& method) const { return judged_.at(method); }

  private:
    std::map<std::string, JudgedMethod> judged_;
    nlohmann::json folds_ = nlohmann::json::object();
};

} // namespace spotglass
