#include "viewer/canvas/NiceNumbers.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <QLocale>

namespace spotglass {

double niceLengthBelow(double limit) {
    if (!std::isfinite(limit) || limit <= 0) return 0;
    const double power = std::pow(10.0, std::floor(std::log10(limit)));
    for (const double digit : {10.0, 5.0, 2.0})
        if (digit * power <= limit * (1 + 1e-9)) return digit * power;
    return power;
}

std::vector<double> niceTicks(double minimum, double maximum, int most) {
    if (!std::isfinite(minimum) || !std::isfinite(maximum) || minimum >= maximum || most < 2) return {};
    const double rough = (maximum - minimum) / most;
    double power = std::pow(10.0, std::floor(std::log10(rough)));
    while (true) {
        for (const double digit : {1.0, 2.0, 2.5, 5.0}) {
            const double step = digit * power, slack = step * 1e-6;
            const double first = std::ceil((minimum - slack) / step),
                         last = std::floor((maximum + slack) / step);
            if (last - first + 1 > most) continue;
            std::vector<double> ticks;
            for (double i = first; i <= last; ++i)
                ticks.push_back(i * step == 0 ? 0 : i * step);
            return ticks;
        }
        power *= 10;
    }
}

QString niceText(double value, double step) {
    if (!std::isfinite(value)) return QStringLiteral("-");
    const double size = std::max(std::abs(value), std::abs(step));
    if (size >= 1e6 || (size < 1e-4 && size > 0)) return QLocale().toString(value, 'g', 3);
    int digits = 0;
    for (double unit = std::abs(step); digits < 6 && std::abs(unit - std::round(unit)) > 1e-6; unit *= 10)
        ++digits;
    return QLocale().toString(value, 'f', digits);
}

} // namespace spotglass
