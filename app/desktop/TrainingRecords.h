#pragma once

#include "app/jobs/Job.h"
#include "ui/training/TrainingServices.h"

namespace spotglass {

/// What a run leaves in its folder, as the window shows it. Blocking; any thread. What is missing or broken
/// leaves its part empty.
[[nodiscard]] TrainingHistory readHistory(const std::filesystem::path& run);
/// The maps of a gene: of the reported section where the run has one already, else of the one it is
/// validated on.
[[nodiscard]] SectionMap readMap(const std::filesystem::path& run, const QString& gene);
/// Nothing where there is none.
[[nodiscard]] std::optional<TrainingReport> readReport(const std::filesystem::path& run);

/// One column of a table of expression (spot,x_px,y_px and the genes); empty where it has none of that name.
/// `places`: takes the centres of the spots, may be null. An empty cell is NaN.
[[nodiscard]] std::vector<float> readColumn(const std::filesystem::path& table, const QString& gene,
                                            std::vector<QPointF>* places);
/// The least distance of two of them, the median over the points; 0 for fewer than two.
[[nodiscard]] double pitchOf(const std::vector<QPointF>& places);

[[nodiscard]] TrainingJob toTrainingJob(const Job& job);
[[nodiscard]] TrainingPlace toTrainingPlace(const SlurmPlace& place);
[[nodiscard]] std::optional<SlurmPlace> toSlurmPlace(const TrainingPlace& place);
[[nodiscard]] QJsonObject toQt(const nlohmann::json& document);
[[nodiscard]] nlohmann::json fromQt(const QJsonObject& document);

} // namespace spotglass
