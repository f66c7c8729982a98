#pragma once

#include <cmath>
#include <limits>

namespace spotglass {

/// Mean of the defined values seen so far; NaN counts as undefined, and is the mean of none.
struct DefinedMean {
    double sum = 0, count = 0;
    void add(double value) {
        if (std::isnan(value)) return;
        sum += value;
        ++count;
    }
    [[nodiscard]] double value() const {
        return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
    }
};

} // namespace spotglass
