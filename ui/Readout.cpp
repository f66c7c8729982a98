#include "ui/Readout.h"

#include <cmath>
#include <QCoreApplication>
#include <QLocale>

namespace spotglass {
namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(Readout)
};

QString whole(double value) {
    return QLocale().toString(static_cast<qlonglong>(std::floor(value)));
}

/// Two digits that count, without an exponent: 0.31, 5, 12, 40.
QString brief(double value) {
    return QLocale().toString(value, 'f', value < 1 ? 2 : value < 10 ? 1 : 0);
}

} // namespace

QString positionText(Level0Point point, std::optional<MicronsPerPixel> scale) {
    const QString pixels = Words::tr("x %1  y %2 px").arg(whole(point.x), whole(point.y));
    if (!scale || !scale->isValid()) return pixels;
    return Words::tr("%1  (%2, %3 \u00b5m)")
        .arg(pixels, whole(point.x * scale->x), whole(point.y * scale->y));
}

std::optional<double> nativeMagnification(std::optional<double> objectivePower,
                                          std::optional<MicronsPerPixel> scale) {
    if (objectivePower && *objectivePower > 0) return objectivePower;
    if (scale && scale->isValid()) return 10 / scale->mean();
    return std::nullopt;
}

QString zoomText(double screenScale, std::optional<double> objectivePower,
                 std::optional<MicronsPerPixel> scale) {
    const QString percent = Words::tr("%1 %").arg(brief(screenScale * 100));
    const auto native = nativeMagnification(objectivePower, scale);
    if (!native) return percent;
    return Words::tr("%1\u00d7  (%2)").arg(brief(*native * screenScale), percent);
}

} // namespace spotglass
