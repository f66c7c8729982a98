#include "app/engine_module/Commands.h"

namespace spotglass {

Result<void> runEvaluate(const EvaluateOptions&) { return fail(ErrorKind::Defect, "evaluate is not there yet"); }
Result<void> runMetrics(const MetricsOptions&) { return fail(ErrorKind::Defect, "metrics is not there yet"); }
Result<void> runSynth(const SynthOptions&) { return fail(ErrorKind::Defect, "synth is not there yet"); }

} // namespace spotglass
