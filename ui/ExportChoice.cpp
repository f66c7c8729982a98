#include "ui/ExportChoice.h"

#include <algorithm>

#include <QSettings>

namespace spotglass {
namespace {

constexpr double mostSide = 1e6; // picture pixels; beyond, sizes could not be counted

QString key(const char* name) {
    return QStringLiteral("export/") + QLatin1String(name);
}

/// Settings may have been written by another version.
template <typename Choice>
Choice chosen(const QSettings& settings, const char* name, Choice otherwise, Choice last) {
    bool isNumber = false;
    const int value = settings.value(key(name)).toInt(&isNumber);
    return isNumber && value >= 0 && value <= static_cast<int>(last) ? static_cast<Choice>(value) : otherwise;
}

/// Level-0 pixels along the picture's width.
double widthOf(const ExportChoice& choice, const Viewport& seen) {
    switch (choice.what) {
    case ExportChoice::What::Slide:
        return seen.slideRect().width;
    case ExportChoice::What::Region:
        return choice.region.width;
    case ExportChoice::What::View:
        break;
    }
    return seen.size().width() / seen.scale();
}

/// Picture pixels to a level-0 pixel.
std::optional<double> scaleFor(const ExportChoice& choice, const ExportSubject& subject) {
    using Measure = ExportChoice::Measure;
    if (choice.measure == Measure::AsShown) return subject.seen.deviceScale();
    if (!(choice.amount > 0)) return std::nullopt;
    switch (choice.measure) {
    case Measure::Times:
        if (!subject.magnification) return std::nullopt;
        return choice.amount / *subject.magnification;
    case Measure::Microns:
        if (!subject.scale) return std::nullopt;
        return subject.scale->mean() / choice.amount;
    case Measure::Width:
        return choice.amount / widthOf(choice, subject.seen);
    default:
        return choice.amount / 100;
    }
}

} // namespace

ExportChoice ExportChoice::remembered(const QSettings& settings) {
    ExportChoice choice;
    choice.what = chosen(settings, "what", choice.what, What::Region);
    choice.measure = chosen(settings, "measure", choice.measure, Measure::Percent);
    choice.format = chosen(settings, "format", choice.format, PictureFormat::Pdf);
    choice.legend = chosen(settings, "legend", choice.legend, LegendPlace::Beside);
    choice.amount = settings.value(key("amount"), choice.amount).toDouble();
    choice.dotsPerInch = std::clamp(settings.value(key("dots"), choice.dotsPerInch).toInt(), 36, 2400);
    choice.layers = settings.value(key("layers"), choice.layers).toBool();
    choice.scaleBar = settings.value(key("scaleBar"), choice.scaleBar).toBool();
    choice.footer = settings.value(key("footer"), choice.footer).toBool();
    return choice;
}

void ExportChoice::remember(QSettings& settings) const {
    settings.setValue(key("what"), static_cast<int>(what));
    settings.setValue(key("measure"), static_cast<int>(measure));
    settings.setValue(key("format"), static_cast<int>(format));
    settings.setValue(key("legend"), static_cast<int>(legend));
    settings.setValue(key("amount"), amount);
    settings.setValue(key("dots"), dotsPerInch);
    settings.setValue(key("layers"), layers);
    settings.setValue(key("scaleBar"), scaleBar);
    settings.setValue(key("footer"), footer);
}

std::optional<Viewport> viewFor(const ExportChoice& choice, const ExportSubject& subject) {
    const Viewport& seen = subject.seen;
    const Level0Rect area = choice.what == ExportChoice::What::Slide ? seen.slideRect() : choice.region;
    const bool isView = choice.what == ExportChoice::What::View;
    if (!isView && area.isEmpty()) return std::nullopt;
    const auto scale = scaleFor(choice, subject);
    const double longest = isView ? std::max(seen.size().width(), seen.size().height()) / seen.scale()
                                  : std::max(area.width, area.height);
    if (!scale || !(*scale > 0) || !(longest * *scale < mostSide)) return std::nullopt;
    return isView ? pictureView(seen, *scale, choice.dotsPerInch)
                  : pictureView(area, *scale, choice.dotsPerInch);
}

} // namespace spotglass
