#pragma once

#include "ui/Services.h"

#include <QString>

namespace spotglass {

/// "about 3 min left"; empty where it is not known. `seconds` at the present speed.
[[nodiscard]] QString timeLeftText(std::optional<double> seconds);

/// "310 a second", "40 a minute"; empty for 0.
[[nodiscard]] QString rateText(double spotsPerSecond);

/// How far a prediction is, in a line: "1,240 of 60,000 spots, 310 a second, about 3 min left". `canPredict`:
/// a slide and a model are there.
[[nodiscard]] QString progressText(const PredictionState& state, bool canPredict);

/// "Computed on graphics processor 0, bf16."; empty where that is not known.
[[nodiscard]] QString deviceText(const PredictionState& state);

} // namespace spotglass
