#include "viewer/canvas/LegendWidget.h"

#include "viewer/canvas/NiceNumbers.h"

#include <algorithm>
#include <cmath>

#include <QEvent>
#include <QFontMetricsF>
#include <QLinearGradient>
#include <QPainter>
#include <QPainterPath>

namespace spotglass {
namespace {

constexpr double margin = 14, barWidth = 18, barHeight = 168, gap = 8, legendWidth = 236;
const QColor ink(240, 240, 242), quiet(176, 178, 184), plate(24, 25, 28, 222), amber(255, 196, 92);

QFont sized(const QFont& base, int pixels, QFont::Weight weight = QFont::Normal) {
    QFont font = base;
    font.setPixelSize(pixels);
    font.setWeight(weight);
    return font;
}

} // namespace

/// Where everything stands, in the widget's pixels.
struct LegendWidget::Layout {
    QFont title, text, small, foot;
    QRectF titleRect, unitRect, bar, noteRect, footRect;
    double height = 0;
};

LegendWidget::LegendWidget(QWidget* parent) : QWidget(parent) {
    setAttribute(Qt::WA_TransparentForMouseEvents); // the slide below stays reachable
    setAttribute(Qt::WA_NoSystemBackground);
}

LegendWidget::Layout LegendWidget::arrange() const {
    Layout layout;
    layout.title = sized(font(), 18, QFont::Bold);
    layout.text = sized(font(), 13);
    layout.small = sized(font(), 12);
    layout.foot = sized(font(), 12, QFont::DemiBold);
    const double inner = legendWidth - 2 * margin;
    double y = margin;
    const auto place = [&](const QString& text, const QFont& font, double space) {
        if (text.isEmpty()) return QRectF();
        const QRectF wrapped =
            QFontMetricsF(font).boundingRect(QRectF(0, 0, inner, 1000), Qt::TextWordWrap, text);
        const QRectF rect(margin, y, inner, std::ceil(wrapped.height()));
        y += rect.height() + space;
        return rect;
    };
    layout.titleRect = place(gene_, layout.title, 3);
    layout.unitRect = place(unit_, layout.small, 0);
    y += gap + 4; // half a tick label reaches above the bar
    layout.bar = QRectF(margin, y, barWidth, barHeight);
    y += barHeight + gap + 6;
    layout.noteRect = place(note_, layout.small, 4);
    layout.footRect = place(originText(), layout.foot, 0);
    layout.height = std::ceil(y + margin - 2);
    return layout;
}

QSize LegendWidget::sizeHint() const {
    return {static_cast<int>(legendWidth), static_cast<int>(arrange().height)};
}

QSize LegendWidget::minimumSizeHint() const {
    return sizeHint();
}

QString LegendWidget::originText() const {
    switch (origin_) {
    case Origin::Measured:
        return tr("Measured");
    case Origin::Difference:
        return tr("Predicted minus measured - research use only");
    case Origin::Predicted:
        break;
    }
    return tr("Predicted - research use only");
}

void LegendWidget::refresh() {
    updateGeometry();
    update();
}

void LegendWidget::setGene(const QString& gene) {
    gene_ = gene;
    refresh();
}

void LegendWidget::setUnit(const QString& unit) {
    unit_ = unit;
    refresh();
}

void LegendWidget::setColorMap(const ColorMap& map) {
    map_ = map;
    update();
}

void LegendWidget::setRange(float minimum, float maximum) {
    minimum_ = minimum;
    maximum_ = maximum;
    update();
}

void LegendWidget::setThreshold(std::optional<float> threshold) {
    threshold_ = threshold;
    update();
}

void LegendWidget::setGamma(float gamma) {
    if (!(gamma > 0)) return;
    gamma_ = gamma;
    update();
}

void LegendWidget::setContourLevels(std::vector<float> levels) {
    levels_ = std::move(levels);
    update();
}

void LegendWidget::setOrigin(Origin origin) {
    origin_ = origin;
    refresh();
}

void LegendWidget::setNote(const QString& note) {
    note_ = note;
    refresh();
}

void LegendWidget::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::LanguageChange) refresh();
}

double LegendWidget::yOf(double value, const QRectF& bar) const {
    const double share =
        std::clamp((value - minimum_) / (static_cast<double>(maximum_) - minimum_), 0.0, 1.0);
    return bar.bottom() - std::pow(share, static_cast<double>(gamma_)) * bar.height();
}

void LegendWidget::paintTicks(QPainter& painter, const QRectF& bar) const {
    const double span = static_cast<double>(maximum_) - minimum_;
    // Gamma crowds the ticks at one end; those at the other are written first, the rest where there is room.
    std::vector<double> ticks = niceTicks(minimum_, maximum_, 6);
    const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : span;
    if (gamma_ > 1) std::reverse(ticks.begin(), ticks.end());
    double former = INFINITY;
    for (const double tick : ticks) {
        const double y = yOf(tick, bar);
        painter.setPen(QPen(ink, 1));
        painter.drawLine(QPointF(bar.right() + 2, y), QPointF(bar.right() + 7, y));
        if (std::abs(y - former) < 15) continue;
        former = y;
        painter.drawText(QRectF(bar.right() + 12, y - 9, legendWidth - bar.right() - 12 - margin, 18),
                         Qt::AlignVCenter | Qt::AlignLeft, niceText(tick, step));
    }
}

void LegendWidget::paintMarks(QPainter& painter, const QRectF& bar) const {
    for (const float level : levels_) {
        const double y = yOf(level, bar);
        const double share = (bar.bottom() - y) / bar.height();
        const bool light = qGray(map_.at(static_cast<float>(share))) > 118;
        painter.setPen(QPen(light ? QColor(16, 16, 20) : QColor(250, 250, 252), 1.3));
        painter.drawLine(QPointF(bar.left() + 1, y), QPointF(bar.right() - 1, y));
    }
    if (!threshold_ || !(*threshold_ > minimum_)) return;
    // What lies below the threshold is not painted, so the bar is dim there.
    const double y = yOf(*threshold_, bar);
    painter.fillRect(QRectF(bar.left(), y, bar.width(), bar.bottom() - y), QColor(24, 25, 28, 190));
    painter.setPen(QPen(ink, 2));
    painter.drawLine(QPointF(bar.left() - 3, y), QPointF(bar.right() + 3, y));
}

void LegendWidget::paintEvent(QPaintEvent* /*event*/) {
    const Layout layout = arrange();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QPainterPath rounded;
    rounded.addRoundedRect(QRectF(0, 0, width(), height()), 8, 8);
    painter.fillPath(rounded, plate);

    const auto write = [&painter](const QRectF& rect, const QFont& font, const QColor& colour,
                                  const QString& text) {
        if (text.isEmpty()) return;
        painter.setFont(font);
        painter.setPen(colour);
        painter.drawText(rect, Qt::TextWordWrap, text);
    };
    write(layout.titleRect, layout.title, ink, gene_);
    write(layout.unitRect, layout.small, quiet, unit_);

    QLinearGradient gradient(layout.bar.bottomLeft(), layout.bar.topLeft());
    for (std::size_t i = 0; i < 256; i += 5)
        gradient.setColorAt(static_cast<double>(i) / 255, QColor(map_.table()[i]));
    painter.fillRect(layout.bar, gradient);
    painter.setFont(layout.text);
    if (maximum_ > minimum_) {
        paintTicks(painter, layout.bar);
        paintMarks(painter, layout.bar);
    }
    painter.setPen(QPen(QColor(255, 255, 255, 90), 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(layout.bar.adjusted(-0.5, -0.5, 0.5, 0.5));

    write(layout.noteRect, layout.small, quiet, note_);
    write(layout.footRect, layout.foot, origin_ == Origin::Measured ? ink : amber, originText());
}

} // namespace spotglass
