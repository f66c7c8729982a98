#include "ui/PictureProvenance.h"

#include <cmath>

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

namespace spotglass {
namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(PictureProvenance)
};

constexpr int shortForm = 12; // hexadecimal digits: chance makes no two alike

QString plain(double value) {
    return QString::number(value, 'g', 8);
}

QString shortened(const QString& fingerprint) {
    return fingerprint.left(shortForm);
}

/// The tissue shown, in level-0 pixels along the picture's own sides.
QSizeF shownSize(const Viewport& view) {
    return view.size() / view.scale();
}

} // namespace

PictureTexts PictureProvenance::texts() const {
    PictureTexts texts;
    const auto add = [&texts](const char* keyword, const QString& text) {
        if (!text.isEmpty()) texts.emplace_back(QLatin1String(keyword), text);
    };
    const QSizeF size = shownSize(view);
    const Level0Point middle = view.center();
    const QString gene = prediction ? prediction->gene : QString();
    add("Title", gene.isEmpty() ? slide : slide + QStringLiteral(", ") + gene);
    add("Software", QStringLiteral("Spotglass ") + version);
    add("Creation Time", when.toString(Qt::ISODate));
    add("Slide", slide);
    add("Slide fingerprint", fingerprint);
    add("Region in pixels", QStringLiteral("x %1, y %2, %3 x %4")
                                .arg(plain(middle.x - size.width() / 2), plain(middle.y - size.height() / 2),
                                     plain(size.width()), plain(size.height())));
    if (scale)
        add("Region in um",
            QStringLiteral("%1 x %2").arg(plain(size.width() * scale->x), plain(size.height() * scale->y)));
    if (!view.isUpright())
        add("Turned", QStringLiteral("%1 degrees clockwise%2, about the middle")
                          .arg(plain(view.rotation()),
                               view.isMirrored() ? QStringLiteral(" after mirroring") : QString()));
    if (magnification) add("Magnification", plain(*magnification));
    if (scale) add("Pixel size in um", plain(scale->mean() / view.deviceScale()));
    if (prediction) {
        add("Gene", prediction->gene);
        add("Unit", prediction->unit);
        add("Model", prediction->model);
        add("Model fingerprint", prediction->fingerprint);
        add("Notice", prediction->notice);
    }
    return texts;
}

QString PictureProvenance::footer() const {
    const QLocale locale;
    const auto number = [&locale](double value) { // four digits and more
        return locale.toString(value, 'f', value >= 1000 || value == std::round(value) ? 0 : 1);
    };
    const QSizeF size = shownSize(view);
    QStringList parts;
    parts << (fingerprint.isEmpty() ? slide : QStringLiteral("%1 (%2)").arg(slide, shortened(fingerprint)));
    parts << Words::tr("x %1, y %2, %3 \u00d7 %4 px")
                 .arg(locale.toString(std::round(view.center().x - size.width() / 2), 'f', 0),
                      locale.toString(std::round(view.center().y - size.height() / 2), 'f', 0),
                      locale.toString(std::round(size.width()), 'f', 0),
                      locale.toString(std::round(size.height()), 'f', 0));
    if (scale)
        parts << Words::tr("%1 \u00d7 %2 \u00b5m")
                     .arg(number(size.width() * scale->x), number(size.height() * scale->y));
    if (!view.isUpright())
        parts << Words::tr("turned by %1\u00b0%2")
                     .arg(number(view.rotation()),
                          view.isMirrored() ? Words::tr(" and mirrored") : QString());
    if (magnification) parts << Words::tr("%1\u00d7").arg(locale.toString(*magnification, 'g', 3));
    if (scale)
        parts << Words::tr("%1 \u00b5m/px").arg(locale.toString(scale->mean() / view.deviceScale(), 'g', 4));
    if (prediction) {
        parts << QStringLiteral("%1, %2").arg(prediction->gene, prediction->unit);
        parts << (prediction->fingerprint.isEmpty()
                      ? prediction->model
                      : QStringLiteral("%1 (%2)").arg(prediction->model, shortened(prediction->fingerprint)));
        parts << prediction->notice;
    }
    parts << Words::tr("Spotglass %1, %2")
                 .arg(version, locale.toString(when.date(), QStringLiteral("d MMM yyyy")));
    parts.removeAll(QString());
    return parts.join(QStringLiteral(" \u00b7 "));
}

} // namespace spotglass
