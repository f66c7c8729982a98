#pragma once

#include <algorithm>
#include <cmath>

#include <QDir>
#include <QImage>
#include <QString>

/// Comparing what is drawn with a picture of it that somebody has looked at, in tests/canvas/pictures.
namespace spotglass::test {

/// How far a picture may be from its reference. Another Qt smooths edges a little differently, and another
/// processor rounds differently; a line that is missing, or a pixel beside its place, is far more than that.
struct PictureTolerance {
    int levels = 24;      ///< of 255: a pixel with a channel farther off than this counts as wrong
    double share = 0.001; ///< of the pixels that may be wrong
    double mean = 0.4;    ///< levels, over all channels and pixels
};

struct PictureDifference {
    bool sameSize = false;
    double share = 1;  ///< of the pixels, wrong ones
    double mean = 255; ///< levels
    QImage shown =
        {}; ///< grey where the pictures agree, the difference four times enlarged where they do not
    [[nodiscard]] bool isWithin(const PictureTolerance& tolerance) const {
        return sameSize && share <= tolerance.share && mean <= tolerance.mean;
    }
};

inline PictureDifference differenceOf(const QImage& got, const QImage& wanted,
                                      const PictureTolerance& tolerance = {}) {
    PictureDifference found;
    found.sameSize = got.size() == wanted.size() && !got.isNull();
    if (!found.sameSize) return found;
    found.shown = QImage(got.size(), QImage::Format_RGB32);
    double sum = 0;
    int wrong = 0;
    for (int y = 0; y < got.height(); ++y)
        for (int x = 0; x < got.width(); ++x) {
            const QRgb p = got.pixel(x, y), q = wanted.pixel(x, y);
            const int red = std::abs(qRed(p) - qRed(q)), green = std::abs(qGreen(p) - qGreen(q)),
                      blue = std::abs(qBlue(p) - qBlue(q));
            sum += red + green + blue;
            wrong += std::max({red, green, blue}) > tolerance.levels;
            const int grey = qGray(q) / 4;
            const auto shown = [grey](int difference) { return std::min(255, grey + 4 * difference); };
            found.shown.setPixel(x, y, qRgb(shown(red), shown(green), shown(blue)));
        }
    const double pixels = static_cast<double>(got.width()) * got.height();
    found.share = wrong / pixels;
    found.mean = sum / pixels / 3;
    return found;
}

inline QString referencePicture(const QString& name) {
    return QStringLiteral(SPOTGLASS_REFERENCE_PICTURES "/") + name + QStringLiteral(".png");
}

/// Compares with the reference picture of that name. Empty when they agree; otherwise what is wrong, and
/// where to look at it: what was drawn and the difference are then in a folder beside other temporary files.
/// Where SPOTGLASS_UPDATE_PICTURES is 1, what was drawn becomes the reference instead.
inline QString differenceFromReference(const QImage& got, const QString& name,
                                       const PictureTolerance& tolerance = {}) {
    const QString file = referencePicture(name);
    if (qEnvironmentVariable("SPOTGLASS_UPDATE_PICTURES") == QLatin1String("1"))
        return got.save(file) ? QString() : QStringLiteral("%1 cannot be written").arg(file);
    const QImage wanted = QImage(file).convertToFormat(QImage::Format_RGB32);
    const PictureDifference found = differenceOf(got, wanted, tolerance);
    if (found.isWithin(tolerance)) return {};
    const QDir folder(QDir::temp().filePath(QStringLiteral("spotglass-pictures")));
    const QString drawn = folder.filePath(name + QStringLiteral(".png")),
                  difference = folder.filePath(name + QStringLiteral("-difference.png"));
    const bool kept =
        QDir().mkpath(folder.path()) && got.save(drawn) && (!found.sameSize || found.shown.save(difference));
    const QString where = kept ? drawn + (found.sameSize ? QStringLiteral(" and ") + difference : QString())
                               : QStringLiteral("(cannot be kept)");
    if (wanted.isNull()) return QStringLiteral("There is no picture %1; drawn: %2").arg(file, where);
    if (!found.sameSize)
        return QStringLiteral("%1 x %2 pixels, should be %3 x %4; see %5")
            .arg(got.width())
            .arg(got.height())
            .arg(wanted.width())
            .arg(wanted.height())
            .arg(where);
    return QStringLiteral(
               "%1 % of the pixels are wrong (may be %2), the mean difference is %3 (may be %4); see %5")
        .arg(100 * found.share, 0, 'f', 2)
        .arg(100 * tolerance.share, 0, 'f', 2)
        .arg(found.mean, 0, 'f', 2)
        .arg(tolerance.mean, 0, 'f', 2)
        .arg(where);
}

} // namespace spotglass::test
