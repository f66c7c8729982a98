#include "viewer/canvas/SvgDevice.h"

#include <cmath>

#include <QBuffer>
#include <QFontInfo>
#include <QImage>
#include <QLinearGradient>
#include <QPaintEngine>
#include <QPainter>
#include <QPainterPath>
#include <QPixmap>
#include <QTextItem>

namespace spotglass {
namespace {

QByteArray number(double value) {
    return QByteArray::number(std::round(value * 1000) / 1000, 'g', 10);
}

QByteArray escaped(const QString& text) {
    return text.toHtmlEscaped().toUtf8();
}

QByteArray colour(const char* name, const QColor& colour) {
    QByteArray text = QByteArray(" ") + name + "=\"" + colour.name().toLatin1() + '"';
    if (colour.alpha() < 255) text += QByteArray(" ") + name + "-opacity=\"" + number(colour.alphaF()) + '"';
    return text;
}

QByteArray matrix(const QTransform& transform) {
    if (transform.isIdentity()) return {};
    QByteArray text = " transform=\"matrix(";
    for (const double value : {transform.m11(), transform.m12(), transform.m21(), transform.m22()})
        text += QByteArray::number(value, 'g', 12) + ' ';
    return text + QByteArray::number(transform.dx(), 'g', 12) + ' ' +
           QByteArray::number(transform.dy(), 'g', 12) + ")\"";
}

QByteArray pathData(const QPainterPath& path) {
    QByteArray data;
    for (int i = 0; i < path.elementCount(); ++i) {
        const QPainterPath::Element point = path.elementAt(i);
        if (point.isMoveTo()) data += 'M';
        if (point.isLineTo()) data += 'L';
        if (point.isCurveTo()) data += 'C'; // its two other points follow without a letter
        data += number(point.x) + ' ' + number(point.y) + ' ';
    }
    return data.trimmed();
}

} // namespace

class SvgDevice::Engine final : public QPaintEngine {
  public:
    Engine()
        : QPaintEngine(PrimitiveTransform | PixmapTransform | LinearGradientFill | AlphaBlend | PainterPaths |
                       Antialiasing | BrushStroke | ConstantOpacity | MaskedBrush | PaintOutsidePaintEvent) {}

    QByteArray body;

    bool begin(QPaintDevice*) override { return true; }
    bool end() override { return true; }
    [[nodiscard]] Type type() const override { return User; }

    void updateState(const QPaintEngineState& now) override {
        const DirtyFlags changed = now.state();
        if (changed & DirtyBrush) setBrush(now.brush());
        if (changed & DirtyPen) pen_ = now.pen();
        if (changed & DirtyTransform) transform_ = now.transform();
        if (changed & DirtyOpacity) opacity_ = now.opacity();
        if (changed & (DirtyClipEnabled | DirtyClipPath | DirtyClipRegion | DirtyTransform)) setClip();
    }

    void drawPath(const QPainterPath& path) override {
        put("<path d=\"" + pathData(path) + '"' + fill_ +
            (path.fillRule() == Qt::OddEvenFill ? QByteArray(" fill-rule=\"evenodd\"") : QByteArray()) +
            stroke() + look() + "/>");
    }
    void drawPolygon(const QPointF* points, int count, PolygonDrawMode mode) override {
        QByteArray list;
        for (int i = 0; i < count; ++i)
            list += number(points[i].x()) + ',' + number(points[i].y()) + ' ';
        const bool open = mode == PolylineMode;
        put(QByteArray(open ? "<polyline" : "<polygon") + " points=\"" + list.trimmed() + '"' +
            (open ? QByteArray(" fill=\"none\"") : fill_) +
            (mode == OddEvenMode ? " fill-rule=\"evenodd\"" : "") + stroke() + look() + "/>");
    }
    void drawPixmap(const QRectF& rect, const QPixmap& pixmap, const QRectF& source) override {
        drawImage(rect, pixmap.toImage(), source, Qt::AutoColor);
    }
    void drawImage(const QRectF& rect, const QImage& image, const QRectF& source,
                   Qt::ImageConversionFlags) override {
        QByteArray png;
        QBuffer buffer(&png);
        const QImage part = source == QRectF(image.rect()) ? image : image.copy(source.toAlignedRect());
        part.save(&buffer, "PNG");
        put("<image x=\"" + number(rect.x()) + "\" y=\"" + number(rect.y()) + "\" width=\"" +
            number(rect.width()) + "\" height=\"" + number(rect.height()) +
            "\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\"" + look() +
            " xlink:href=\"data:image/png;base64," + png.toBase64() + "\"/>");
    }
    void drawTextItem(const QPointF& at, const QTextItem& item) override {
        const QFont font = item.font();
        const double size = font.pixelSize() > 0 ? font.pixelSize() : QFontInfo(font).pixelSize();
        // The width that was planned for holds where another font stands in.
        put("<text x=\"" + number(at.x()) + "\" y=\"" + number(at.y()) + "\" font-family=\"" +
            escaped(QFontInfo(font).family()) + ", sans-serif\" font-size=\"" + number(size) +
            "\" font-weight=\"" + QByteArray::number(font.weight()) + '"' +
            (font.italic() ? " font-style=\"italic\"" : "") + " textLength=\"" + number(item.width()) +
            "\" lengthAdjust=\"spacingAndGlyphs\"" + " xml:space=\"preserve\"" +
            colour("fill", pen_.color()) + look() + '>' + escaped(item.text()) + "</text>");
    }

  private:
    void put(const QByteArray& element) {
        if (opacity_ <= 0) return;
        body += clip_.isEmpty() ? element : "<g clip-path=\"url(#" + clip_ + ")\">" + element + "</g>";
        body += '\n';
    }
    void setBrush(const QBrush& brush) {
        fill_ = " fill=\"none\"";
        if (brush.style() == Qt::NoBrush) return;
        const QGradient* gradient = brush.gradient();
        if (!gradient || gradient->type() != QGradient::LinearGradient) {
            fill_ = colour("fill", brush.color());
            return;
        }
        const auto& line = static_cast<const QLinearGradient&>(*gradient);
        const QByteArray name = "g" + QByteArray::number(++names_);
        body += "<linearGradient id=\"" + name + "\" gradientUnits=\"userSpaceOnUse\" x1=\"" +
                number(line.start().x()) + "\" y1=\"" + number(line.start().y()) + "\" x2=\"" +
                number(line.finalStop().x()) + "\" y2=\"" + number(line.finalStop().y()) + "\">";
        for (const auto& [position, its] : line.stops())
            body += "<stop offset=\"" + number(position) + '"' +
                    colour("stop-color", its).replace("color-opacity", "opacity") + "/>";
        body += "</linearGradient>\n";
        fill_ = " fill=\"url(#" + name + ")\"";
    }
    void setClip() {
        clip_.clear();
        if (!painter()->hasClipping()) return;
        const QByteArray data = pathData(painter()->transform().map(painter()->clipPath()));
        if (data != clipData_) {
            clipData_ = data;
            clipName_ = "c" + QByteArray::number(++names_);
            body += "<clipPath id=\"" + clipName_ + "\"><path d=\"" + data + "\"/></clipPath>\n";
        }
        clip_ = clipName_;
    }
    [[nodiscard]] QByteArray stroke() const {
        if (pen_.style() == Qt::NoPen) return {};
        const double width = pen_.widthF() > 0 ? pen_.widthF() : 1;
        QByteArray text = colour("stroke", pen_.color()) + " stroke-width=\"" + number(width) + '"';
        if (pen_.isCosmetic()) text += " vector-effect=\"non-scaling-stroke\"";
        if (pen_.joinStyle() == Qt::RoundJoin) text += " stroke-linejoin=\"round\"";
        if (pen_.capStyle() == Qt::RoundCap) text += " stroke-linecap=\"round\"";
        if (pen_.capStyle() == Qt::SquareCap) text += " stroke-linecap=\"square\"";
        if (pen_.style() != Qt::SolidLine) {
            text += " stroke-dasharray=\"";
            for (const double dash : pen_.dashPattern())
                text += number(dash * width) + ' ';
            text += '"';
        }
        return text;
    }
    [[nodiscard]] QByteArray look() const {
        return (opacity_ < 1 ? " opacity=\"" + number(opacity_) + '"' : QByteArray()) + matrix(transform_);
    }

    QTransform transform_;
    QPen pen_;
    QByteArray fill_ = " fill=\"none\"", clip_, clipData_, clipName_;
    double opacity_ = 1;
    int names_ = 0;
};

SvgDevice::SvgDevice(QSize pixels, double dotsPerInch, const std::vector<std::pair<QString, QString>>& texts)
    : pixels_(pixels), engine_(std::make_unique<Engine>()) {
    const auto millimetres = [dotsPerInch](int side) { return number(side / dotsPerInch * 25.4) + "mm"; };
    const QByteArray width = QByteArray::number(pixels.width()), height = QByteArray::number(pixels.height());
    head_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
            "xmlns:xlink=\"http://www.w3.org/1999/xlink\" version=\"1.1\" width=\"" +
            millimetres(pixels.width()) + "\" height=\"" + millimetres(pixels.height()) +
            "\" viewBox=\"0 0 " + width + ' ' + height + "\">\n";
    QByteArray lines, entries;
    for (const auto& [keyword, text] : texts) {
        if (keyword == QLatin1String("Title")) head_ += "<title>" + escaped(text) + "</title>\n";
        lines += escaped(keyword) + ": " + escaped(text) + '\n';
        entries +=
            "<spotglass:entry name=\"" + escaped(keyword) + "\">" + escaped(text) + "</spotglass:entry>\n";
    }
    if (!texts.empty())
        head_ += "<desc>" + lines.trimmed() +
                 "</desc>\n<metadata xmlns:spotglass=\"urn:spotglass:picture\">\n" + entries +
                 "</metadata>\n";
}

SvgDevice::~SvgDevice() = default;

QPaintEngine* SvgDevice::paintEngine() const {
    return engine_.get();
}

QByteArray SvgDevice::document() const {
    return head_ + engine_->body + "</svg>\n";
}

int SvgDevice::metric(PaintDeviceMetric metric) const {
    constexpr int perInch = 96;
    switch (metric) {
    case PdmWidth:
        return pixels_.width();
    case PdmHeight:
        return pixels_.height();
    case PdmWidthMM:
        return static_cast<int>(pixels_.width() * 25.4 / perInch);
    case PdmHeightMM:
        return static_cast<int>(pixels_.height() * 25.4 / perInch);
    case PdmDpiX:
    case PdmDpiY:
    case PdmPhysicalDpiX:
    case PdmPhysicalDpiY:
        return perInch;
    case PdmDepth:
        return 32;
    case PdmNumColors:
        return -1; // more than an int can count
    case PdmDevicePixelRatio:
        return 1;
    case PdmDevicePixelRatioScaled:
        return static_cast<int>(devicePixelRatioFScale());
    default:
        return QPaintDevice::metric(metric);
    }
}

} // namespace spotglass
