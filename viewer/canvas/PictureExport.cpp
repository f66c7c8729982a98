#include "viewer/canvas/PictureExport.h"

#include "viewer/base/Files.h"
#include "viewer/canvas/PictureRenderer.h"
#include "viewer/canvas/SvgDevice.h"
#include "viewer/slide/PictureWriter.h"

#include <algorithm>
#include <cmath>

#include <QMarginsF>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>

namespace spotglass {
namespace {

constexpr double mostPixels = 1e11;    // of a file that is written row by row
constexpr int longestSide = 300'000;   // a band of it is 300 MB
constexpr double mostEmbedded = 100e6; // pixels of SVG and PDF, which are held at once
constexpr double pointsPerInch = 72, millimetresPerInch = 25.4;

bool isByRows(PictureFormat format) {
    return format != PictureFormat::Svg && format != PictureFormat::Pdf;
}

PictureMeta metaOf(const PictureScene& scene, const PictureTexts& texts) {
    PictureMeta meta{scene.dotsPerInch, scene.micronsPerPixel, {}};
    for (const auto& [keyword, text] : texts)
        meta.texts.emplace_back(keyword.toStdString(), text.toStdString());
    return meta;
}

/// What writing needs to know, however the file is made.
struct Job {
    PictureRenderer& renderer;
    const PictureScene& scene;
    PictureFormat format;
    const PictureTexts& texts;
    const CancelToken& cancel;
    std::function<void(double)> progress;
};

Result<void> writeRows(const Job& job, const std::filesystem::path& path) {
    const QSize size = job.scene.size;
    const PictureMeta meta = metaOf(job.scene, job.texts);
    auto writer =
        job.format == PictureFormat::Png
            ? makePngWriter(path, size.width(), size.height(), meta)
            : makeTiffWriter(path, size.width(), size.height(), meta,
                             job.format == PictureFormat::Tiff ? TiffPacking::Deflate : TiffPacking::Jpeg);
    if (!writer) return Failure(writer.error());
    for (int top = 0; top < size.height(); top += PictureRenderer::partHeight) {
        const int rows = std::min(PictureRenderer::partHeight, size.height() - top);
        QImage band(size.width(), rows, QImage::Format_RGB32);
        if (band.isNull()) return fail(ErrorKind::Device, "there is not enough memory for this picture");
        if (auto ok = job.renderer.drawRows(band, top, job.cancel); !ok) return ok;
        if (auto ok = (*writer)->append(reinterpret_cast<const std::uint32_t*>(band.constBits()), rows); !ok)
            return ok;
        job.progress(static_cast<double>(top + rows) / size.height());
    }
    return (*writer)->finish();
}

/// The tissue with its layers as one picture.
Result<QImage> tissueOf(const Job& job) {
    const QSize size = job.scene.tissueSize();
    QImage all(size, QImage::Format_RGB32);
    if (all.isNull())
        return fail(ErrorKind::Device, "there is not enough memory for this picture", {},
                    "Choose a smaller magnification or region, or TIFF");
    for (int top = 0; top < size.height(); top += PictureRenderer::partHeight) {
        for (int left = 0; left < size.width(); left += PictureRenderer::partWidth) {
            QImage part(std::min(PictureRenderer::partWidth, size.width() - left),
                        std::min(PictureRenderer::partHeight, size.height() - top), QImage::Format_RGB32);
            if (auto ok = job.renderer.drawTissue(part, {left, top}, job.cancel); !ok)
                return Failure(ok.error());
            for (int y = 0; y < part.height(); ++y)
                std::copy_n(part.constScanLine(y), qsizetype{4} * part.width(),
                            all.scanLine(top + y) + qsizetype{4} * left);
        }
        job.progress(0.9 * std::min(top + PictureRenderer::partHeight, size.height()) / size.height());
    }
    return all;
}

Result<void> writeSvg(const Job& job, const std::filesystem::path& path) {
    const auto tissue = tissueOf(job);
    if (!tissue) return Failure(tissue.error());
    SvgDevice device(job.scene.size, job.scene.dotsPerInch, job.texts);
    QPainter painter(&device);
    painter.fillRect(QRect({0, 0}, job.scene.size), Qt::white);
    painter.drawImage(QPoint(0, 0), *tissue);
    job.renderer.drawMarks(painter, QRect({0, 0}, job.scene.size));
    painter.end();
    return writeFileAtomically(path, device.document().toStdString());
}

/// The texts as XMP (ISO 16684-1), for programs to find.
QByteArray xmp(const PictureTexts& texts) {
    QString lines, title;
    for (const auto& [keyword, text] : texts) {
        if (keyword == QLatin1String("Title")) title = text;
        lines += keyword + QStringLiteral(": ") + text + QLatin1Char('\n');
    }
    return QStringLiteral("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
                          "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
                          "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description "
                          "rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title><rdf:Alt>"
                          "<rdf:li xml:lang=\"x-default\">%1</rdf:li></rdf:Alt></dc:title><dc:description>"
                          "<rdf:Alt><rdf:li xml:lang=\"x-default\">%2</rdf:li></rdf:Alt></dc:description>"
                          "</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>")
        .arg(title.toHtmlEscaped(), lines.trimmed().toHtmlEscaped())
        .toUtf8();
}

Result<void> writePdf(const Job& job, const std::filesystem::path& path) {
    const auto tissue = tissueOf(job);
    if (!tissue) return Failure(tissue.error());
    const QSize size = job.scene.size;
    const double points = pointsPerInch / job.scene.dotsPerInch;
    QPdfWriter device(QString::fromStdString(path.string()));
    device.setResolution(qRound(job.scene.dotsPerInch));
    device.setPageMargins(QMarginsF());
    // Qt counts pages in whole points.
    device.setPageSize(QPageSize(QSizeF(std::ceil(size.width() * points), std::ceil(size.height() * points)),
                                 QPageSize::Point, QStringLiteral("picture"), QPageSize::ExactMatch));
    for (const auto& [keyword, text] : job.texts) {
        if (keyword == QLatin1String("Title")) device.setTitle(text);
        if (keyword == QLatin1String("Software")) device.setCreator(text);
    }
    device.setDocumentXmpMetadata(xmp(job.texts));
    const auto refused = [&path] {
        return fail(ErrorKind::Device, "this file cannot be written", path.string(),
                    "Check the free space and the permissions of the folder");
    };
    QPainter painter;
    if (!painter.begin(&device)) return refused();
    const double unit = device.resolution() / job.scene.dotsPerInch;
    painter.scale(unit, unit);
    painter.setRenderHint(QPainter::LosslessImageRendering);
    painter.drawImage(QRectF({0, 0}, QSizeF(tissue->size())), *tissue);
    job.renderer.drawMarks(painter, QRect({0, 0}, size));
    if (!painter.end()) return refused();
    return {};
}

Result<void> checkSpace(const std::filesystem::path& path, double bytes) {
    std::error_code unknown;
    const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const auto space = std::filesystem::space(folder, unknown);
    constexpr double certainly = 0.3; // the estimate is not that wrong
    if (unknown || static_cast<double>(space.available) > bytes * certainly) return {};
    return fail(ErrorKind::Device, "there is not enough space on this disk for the picture", path.string(),
                "Free some space, or choose another folder or a smaller picture");
}

} // namespace

QString pictureSuffix(PictureFormat format) {
    switch (format) {
    case PictureFormat::Tiff:
    case PictureFormat::TiffJpeg:
        return QStringLiteral("tif");
    case PictureFormat::Svg:
        return QStringLiteral("svg");
    case PictureFormat::Pdf:
        return QStringLiteral("pdf");
    case PictureFormat::Png:
        break;
    }
    return QStringLiteral("png");
}

PictureEstimate estimatePicture(PictureFormat format, QSize pixels, double dotsPerInch) {
    const double count = 1.0 * pixels.width() * pixels.height();
    constexpr double lossless = 1.8, asJpeg = 0.35, inText = 4.0 / 3; // bytes a pixel of H&E; base64
    PictureEstimate estimate;
    estimate.fileBytes = count * (format == PictureFormat::TiffJpeg ? asJpeg
                                  : format == PictureFormat::Svg    ? lossless * inText
                                                                    : lossless);
    const double rows =
        isByRows(format) ? std::min(pixels.height(), 2 * PictureRenderer::partHeight) : pixels.height();
    estimate.memoryBytes = rows * pixels.width() * 4.0 * (isByRows(format) ? 1 : 2) +
                           static_cast<double>(PictureRenderer::cacheBytes);
    estimate.millimetres = QSizeF(pixels) / dotsPerInch * millimetresPerInch;
    return estimate;
}

Result<void> checkPicture(PictureFormat format, QSize pixels) {
    if (pixels.isEmpty()) return fail(ErrorKind::Usage, "The region is empty", {}, "Choose a larger one");
    const double count = 1.0 * pixels.width() * pixels.height();
    if (!isByRows(format) && count > mostEmbedded)
        return fail(ErrorKind::Usage, "SVG and PDF hold at most 100 million pixels", {},
                    "Choose TIFF, a smaller magnification or a smaller region");
    if (count > mostPixels || std::max(pixels.width(), pixels.height()) > longestSide)
        return fail(ErrorKind::Usage, "The picture would be larger than programs can open", {},
                    "Choose a smaller magnification or a smaller region");
    return {};
}

Result<PictureOutcome> writePicture(const PictureScene& scene, PictureFormat format,
                                    const std::filesystem::path& path, const PictureTexts& texts,
                                    const CancelToken& cancel, const std::function<void(double)>& progress) {
    if (auto ok = checkPicture(format, scene.size); !ok) return Failure(ok.error());
    if (auto ok = checkSpace(path, estimatePicture(format, scene.size, scene.dotsPerInch).fileBytes); !ok)
        return Failure(ok.error());
    PictureRenderer renderer(scene);
    const Job job{renderer, scene, format, texts, cancel, [&progress](double share) {
                      if (progress) progress(share);
                  }};
    auto done = writeAside(path, [&job](const std::filesystem::path& aside) -> Result<void> {
        Result<void> written;
        if (isByRows(job.format))
            written = writeRows(job, aside);
        else
            written = job.format == PictureFormat::Svg ? writeSvg(job, aside) : writePdf(job, aside);
        if (written && job.cancel.isCancelled()) return cancelled(); // between the last row and the name
        return written;
    });
    if (!done) {
        if (done.error().kind == ErrorKind::Device) done.error().where = path.string(); // not the name aside
        return Failure(done.error());
    }
    return PictureOutcome{renderer.damagedTiles(), renderer.damage()};
}

} // namespace spotglass
