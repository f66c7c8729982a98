#pragma once

#include <vector>

#include <QString>

/// Round numbers for scales and axes. All functions are pure.
namespace spotglass {

/// The largest of 1, 2, 5 times a power of ten that is at most `limit`; 0 unless `limit` is positive and
/// finite.
[[nodiscard]] double niceLengthBelow(double limit);

/// Round values from `minimum` to `maximum` (both included where they are round), at most `most` of them,
/// equally spaced by 1, 2, 2.5 or 5 times a power of ten. Empty unless minimum < maximum and most >= 2.
[[nodiscard]] std::vector<double> niceTicks(double minimum, double maximum, int most);

/// `value` with as many digits as ticks `step` apart need, by the user's locale.
[[nodiscard]] QString niceText(double value, double step);

} // namespace spotglass
