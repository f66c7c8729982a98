#pragma once

#include "app/engine_module/EngineModule.h"
#include "viewer/base/CancelToken.h"

#include <nlohmann/json.hpp>
#include <string>

/// The Torch side of the command line, one function a subcommand (design section 7). All block. Sentences for
/// people go to standard error, documents to standard output.
namespace spotglass {

Result<void> runPredict(const PredictOptions& options);
Result<void> runAudit(const AuditOptions& options);
Result<void> runPanel(const PanelOptions& options);
Result<void> runTrain(const TrainOptions& options);
Result<void> runCrossvalidate(const CrossvalidateOptions& options);
Result<void> runExperiment(const ExperimentOptions& options);
Result<void> runEvaluate(const EvaluateOptions& options);
Result<void> runMetrics(const MetricsOptions& options);
Result<void> runSynth(const SynthOptions& options);
Result<void> runReplay(const ReplayOptions& options);
Result<void> runImport(const ImportOptions& options);
Result<void> runJoin(const JoinOptions& options);
Result<void> runModelInfo(const std::filesystem::path& model, bool json);

Result<void> runEncoderAdd(const EncoderAddOptions& options);
Result<void> runEncoderList(const EncoderListOptions& options);
Result<void> runEncoderRemove(const EncoderRemoveOptions& options);
Result<void> runEncoderEmbed(const EncoderEmbedOptions& options);
Result<void> runDevices(const DevicesOptions& options);
Result<void> runInferenceBench(const InferenceBenchOptions& options);

/// Cancelled by Ctrl-C from now on; a second Ctrl-C ends the program at once.
[[nodiscard]] CancelToken cancelOnInterrupt();
/// One line on standard error.
void say(const std::string& sentence);
/// From now on say() says nothing: in a process of several, of which another speaks.
void sayNothing();
/// The JSON document of `--json`, the only thing on standard output.
void printJson(const nlohmann::json& document);
/// "2026-11-22", UTC.
[[nodiscard]] std::string today();
/// Three decimals, or "-" for a value that is not finite.
[[nodiscard]] std::string threeDecimals(double value);

} // namespace spotglass
