#include "ui/SlideSheet.h"

#include "viewer/slide/SlideSource.h"

#include <QCoreApplication>
#include <QLocale>
#include <system_error>

namespace spotglass {
namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(SlideSheet)
};

QString whole(std::int64_t number) {
    return QLocale().toString(static_cast<qlonglong>(number));
}

QString brief(double number) {
    return QLocale().toString(number, 'g', 4);
}

QString sizeText(const SlideLevel& level, const std::optional<MicronsPerPixel>& scale) {
    const QString pixels = Words::tr("%1 \u00d7 %2 pixels").arg(whole(level.width), whole(level.height));
    if (!scale) return pixels;
    return Words::tr("%1 (%2 \u00d7 %3 mm)")
        .arg(pixels, brief(static_cast<double>(level.width) * scale->x / 1000),
             brief(static_cast<double>(level.height) * scale->y / 1000));
}

QString levelText(const SlideLevel& level) {
    const QString text =
        Words::tr("%1 \u00d7 %2 pixels, tiles of %3 \u00d7 %4")
            .arg(whole(level.width), whole(level.height), whole(level.tileWidth), whole(level.tileHeight));
    if (level.downsample <= 1) return text;
    return Words::tr("%1, reduced %2 times").arg(text, brief(level.downsample));
}

QString scaleText(const OpenedSlide& slide, const SlideInfo& info) {
    if (!slide.scale) return Words::tr("not known: the file does not say, and nobody has set it");
    const MicronsPerPixel& scale = *slide.scale;
    const QString number =
        scale.x == scale.y ? brief(scale.x) : Words::tr("%1 \u00d7 %2").arg(brief(scale.x), brief(scale.y));
    if (info.micronsPerPixel == slide.scale)
        return Words::tr("%1 \u00b5m a pixel, from the file").arg(number);
    if (!info.micronsPerPixel) return Words::tr("%1 \u00b5m a pixel, set by hand").arg(number);
    return Words::tr("%1 \u00b5m a pixel, set by hand (the file says %2)")
        .arg(number, brief(info.micronsPerPixel->mean()));
}

QString fileSizeText(const std::filesystem::path& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) return Words::tr("the file cannot be found any more");
    return QLocale().formattedDataSize(static_cast<qint64>(size));
}

} // namespace

QList<SheetRow> slideSheet(const OpenedSlide& slide) {
    QList<SheetRow> rows;
    const auto add = [&rows](const QString& name, const QString& value) {
        rows.append({SheetRow::Part::Summary, name, value});
    };
    const auto info = slide.source->info();
    add(Words::tr("File"), QString::fromStdString(slide.path.filename().string()));
    add(Words::tr("Folder"), QString::fromStdString(slide.path.parent_path().string()));
    add(Words::tr("Size of the file"), fileSizeText(slide.path));
    add(Words::tr("Format"), QString::fromStdString(info->vendor));
    if (!info->levels.empty()) add(Words::tr("Size"), sizeText(info->levels.front(), slide.scale));
    add(Words::tr("Scale"), scaleText(slide, *info));
    add(Words::tr("Objective"), info->objectivePower ? Words::tr("%1\u00d7").arg(brief(*info->objectivePower))
                                                     : Words::tr("not known"));
    add(Words::tr("Colour profile"),
        slide.iccProfile
            ? Words::tr("yes (%1)")
                  .arg(QLocale().formattedDataSize(static_cast<qint64>(slide.iccProfile->size())))
            : Words::tr("none"));
    for (std::size_t i = 0; i < info->levels.size(); ++i)
        add(Words::tr("Level %1").arg(i), levelText(info->levels[i]));
    for (const std::string& warning : info->warnings)
        add(Words::tr("Note"), QString::fromStdString(warning));
    for (const auto& [name, value] : slide.source->properties())
        rows.append({SheetRow::Part::File, QString::fromStdString(name), QString::fromStdString(value)});
    return rows;
}

} // namespace spotglass
