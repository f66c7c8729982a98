#include "ui/PredictionText.h"

#include <cmath>
#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

namespace spotglass {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("PredictionText", text);
}

QString number(std::size_t count) {
    return QLocale().toString(static_cast<qulonglong>(count));
}

QString runningText(const PredictionState& state) {
    QStringList parts{tr("%1 of %2 spots").arg(number(state.done), number(state.total)),
                      rateText(state.spotsPerSecond), timeLeftText(state.secondsLeft)};
    parts.removeAll(QString());
    return parts.join(QStringLiteral(", "));
}

} // namespace

QString timeLeftText(std::optional<double> seconds) {
    if (!seconds || !std::isfinite(*seconds) || *seconds < 0) return {};
    const double minutes = std::ceil(*seconds / 60);
    if (*seconds < 60) return tr("less than a minute left");
    if (minutes < 90) return tr("about %1 min left").arg(minutes);
    const double hours = *seconds / 3600;
    if (hours < 48) return tr("about %1 h left").arg(QLocale().toString(hours, 'f', hours < 10 ? 1 : 0));
    return tr("about %1 days left").arg(std::round(hours / 24));
}

QString rateText(double spotsPerSecond) {
    if (!(spotsPerSecond > 0)) return {};
    const QLocale locale;
    if (spotsPerSecond < 1) return tr("%1 a minute").arg(locale.toString(spotsPerSecond * 60, 'f', 0));
    return tr("%1 a second").arg(locale.toString(spotsPerSecond, 'f', spotsPerSecond < 10 ? 1 : 0));
}

QString progressText(const PredictionState& state, bool canPredict) {
    switch (state.phase) {
    case PredictionState::Phase::NoModel:
        break;
    case PredictionState::Phase::OpeningModel:
        return tr("Opening the model...");
    case PredictionState::Phase::Ready:
        return canPredict ? tr("Ready.") : tr("Open a slide first.");
    case PredictionState::Phase::Planning:
        return tr("Looking for tissue...");
    case PredictionState::Phase::Running:
        return runningText(state);
    case PredictionState::Phase::Paused:
        return tr("Paused after %1 of %2 spots").arg(number(state.done), number(state.total));
    case PredictionState::Phase::Done:
        return state.total == 0 ? tr("No tissue was found on this slide.")
                                : tr("All %1 spots predicted.").arg(number(state.total));
    case PredictionState::Phase::Cancelled:
        return tr("Stopped after %1 of %2 spots").arg(number(state.done), number(state.total));
    }
    return tr("Choose a model first.");
}

QString deviceText(const PredictionState& state) {
    if (state.phase == PredictionState::Phase::NoModel || state.device.isEmpty()) return {};
    if (state.precision.isEmpty()) return tr("Computed on %1.").arg(state.device);
    return tr("Computed on %1, %2.").arg(state.device, state.precision);
}

} // namespace spotglass
