#include "viewer/canvas/AnnotationPicture.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace spotglass {
namespace {

constexpr double smoothWork = 250'000; // more than that is drawn in thin lines: some 6 ms
constexpr double largeOutline = 48;    // device pixels: drawn in the order of their areas
constexpr float smallestShape = 9;     // device pixels: among very many, less is a ring, filled as a square
constexpr float smallestFill = 16;     // and less is filled as if it were round
constexpr std::size_t manyPoints = 20'000; // are drawn as squares
constexpr double pointRadius = 3.5;        // device-independent pixels

QRgb opaque(Rgb color) {
    return qRgb(color.red, color.green, color.blue);
}

/// Whether `value` is a whole number, up to what the eye may see.
bool isWhole(double value) {
    return std::abs(value - std::round(value)) < 0.01;
}

} // namespace

void AnnotationPicture::setAnnotations(std::shared_ptr<const AnnotationSet> annotations) {
    set_ = std::move(annotations);
    if (!set_) picture_ = {};
    selected_.clear();
    fresh_ = false;
}

void AnnotationPicture::setSelected(const std::vector<std::uint32_t>& numbers) {
    selected_.clear();
    if (set_ && !numbers.empty()) {
        selected_.resize(set_->size());
        for (const std::uint32_t number : numbers)
            selected_[number] = true;
    }
    fresh_ = false;
}

void AnnotationPicture::setStyle(const AnnotationStyle& style) {
    style_ = style;
    style_.fillOpacity = std::clamp(style.fillOpacity, 0.0, 1.0);
    fresh_ = false;
}

const QImage& AnnotationPicture::update(const Viewport& viewport) {
    const double ratio = viewport.devicePixelRatio();
    const QSize size(static_cast<int>(std::ceil(viewport.size().width() * ratio)),
                     static_cast<int>(std::ceil(viewport.size().height() * ratio)));
    const QTransform now = viewport.level0ToScreen() * QTransform::fromScale(ratio, ratio);
    const bool sameLook = fresh_ && picture_.size() == size && ratio == ratio_ &&
                          now.m11() == transform_.m11() && now.m12() == transform_.m12() &&
                          now.m21() == transform_.m21() && now.m22() == transform_.m22();
    const double x = now.dx() - transform_.dx(), y = now.dy() - transform_.dy();
    const bool near = std::abs(x) < size.width() / 2.0 && std::abs(y) < size.height() / 2.0;
    if (sameLook && near && isWhole(x) && isWhole(y)) {
        scroll(static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)));
        return picture_;
    }
    if (picture_.size() != size) picture_ = QImage(size, QImage::Format_ARGB32_Premultiplied);
    transform_ = now;
    ratio_ = ratio;
    scale_ = viewport.deviceScale();
    fresh_ = true;
    ++drawings_;
    draw(picture_.rect(), true);
    return picture_;
}

/// Moves what is there and draws the two strips that come in.
void AnnotationPicture::scroll(int x, int y) {
    if (x == 0 && y == 0) return;
    // By whole pixels from where it was drawn: what is left of the shift does not add up.
    transform_ *= QTransform::fromTranslate(x, y);
    const int width = picture_.width(), height = picture_.height();
    const auto bytes = static_cast<std::size_t>(width - std::abs(x)) * 4;
    uchar* bits = picture_.bits();
    const qsizetype stride = picture_.bytesPerLine();
    for (int i = 0; i < height - std::abs(y); ++i) {
        const int to = y > 0 ? height - 1 - i : i; // from the side that is moved to
        std::memmove(bits + to * stride + std::max(x, 0) * 4, bits + (to - y) * stride + std::max(-x, 0) * 4,
                     bytes);
    }
    const QRect rows(0, y > 0 ? 0 : height + y, width, std::abs(y));
    const QRect columns(x > 0 ? 0 : width + x, std::max(y, 0), std::abs(x), height - std::abs(y));
    if (!rows.isEmpty()) draw(rows, false);
    if (!columns.isEmpty()) draw(columns, false);
}

void AnnotationPicture::draw(const QRect& area, bool chooseSmooth) {
    for (int y = area.top(); y <= area.bottom(); ++y)
        std::memset(picture_.scanLine(y) + area.left() * 4, 0, static_cast<std::size_t>(area.width()) * 4);
    if (chooseSmooth) smooth_ = true;
    if (!set_ || set_->size() == 0 || !transform_.isInvertible()) return;
    const double margin = std::max(style_.lineWidth, pointRadius) * 2 * ratio_ + 2;
    const QRectF reach =
        transform_.inverted().mapRect(QRectF(area).adjusted(-margin, -margin, margin, margin));
    const Level0Box visible{reach.left(), reach.top(), reach.right(), reach.bottom()};
    OutlineRaster raster(picture_, area);
    collect(visible, area, raster);
    chooseLevel();
    if (chooseSmooth) smooth_ = areFew(visible);
    chooseLevel();
    paintOutlines(visible, raster);
    paintPoints(raster);
}

QRgb AnnotationPicture::colorOf(std::uint32_t number) const {
    return opaque(isSelected(number) ? style_.selectedColor : set_->look(number).color);
}

PicturePoint AnnotationPicture::middleOf(const Level0Box& box) const {
    const double x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    return {static_cast<float>(transform_.m11() * x + transform_.m21() * y + transform_.dx()),
            static_cast<float>(transform_.m12() * x + transform_.m22() * y + transform_.dy())};
}

/// What is too small for an outline: many of them make a picture of their density.
void AnnotationPicture::paintDot(std::uint32_t number, const Level0Box& box, OutlineRaster& raster) const {
    const double width = (box.right - box.left) * scale_, height = (box.bottom - box.top) * scale_;
    const double faintest = 0.4; // a single one must still be seen
    const bool selected = isSelected(number);
    raster.setColor(colorOf(number));
    const int side = static_cast<int>(std::lround(std::max({width, height, selected ? 2.0 : 1.0})));
    raster.dot(middleOf(box), side,
               selected ? 255 : static_cast<int>(std::clamp(width * height, faintest, 1.0) * 255));
}

/// Draws the dots and gathers what has an outline.
void AnnotationPicture::collect(const Level0Box& visible, const QRect& area, OutlineRaster& raster) {
    small_.clear();
    large_.clear();
    selectedDots_.clear();
    withPoints_.clear();
    const double room = 4 + 2 * style_.lineWidth * ratio_; // for the width of lines
    const QRectF inner = QRectF(area).adjusted(room, room, -room, -room),
                 outer = QRectF(area).adjusted(-room, -room, room, room);
    const bool isTurned = transform_.m12() != 0 || transform_.m21() != 0;
    set_->index().query(visible, [&](std::uint32_t number, const Level0Box& box) {
        const double side = std::max(box.right - box.left, box.bottom - box.top) * scale_;
        const bool hasPoints = set_->look(number).hasPoints;
        if (hasPoints) withPoints_.push_back(number);
        if (side < OutlineLevels::smallestOutline) {
            if (isSelected(number))
                selectedDots_.push_back(number);
            else if (!hasPoints)
                paintDot(number, box, raster);
            return;
        }
        const PicturePoint middle = middleOf(box);
        const double reach = side * 0.75; // half the diagonal, whatever the turn
        // What is searched is the rectangle around the turned picture, which may be much larger.
        if (middle.x + reach < outer.left() || middle.x - reach > outer.right() ||
            middle.y + reach < outer.top() || middle.y - reach > outer.bottom())
            return;
        const bool inside = middle.x - reach > inner.left() && middle.x + reach < inner.right() &&
                            middle.y - reach > inner.top() && middle.y + reach < inner.bottom();
        const bool large = side >= largeOutline;
        const double mean = (box.right - box.left + box.bottom - box.top) / 2; // a small thing is about round
        (large ? large_ : small_)
            .push_back({number,
                        inside,
                        static_cast<float>(side),
                        static_cast<float>((isTurned ? mean : box.right - box.left) * scale_),
                        static_cast<float>((isTurned ? mean : box.bottom - box.top) * scale_),
                        middle,
                        large ? set_->area(number) : 0,
                        {box.left, box.top}});
    });
    // Areas in areas must not hide them; the small ones rarely lie in each other.
    std::sort(large_.begin(), large_.end(), [](const Item& a, const Item& b) {
        return a.area != b.area ? a.area > b.area : a.number < b.number;
    });
}

/// The level of the outlines to draw.
void AnnotationPicture::chooseLevel() {
    level_ = OutlineLevels::levelFor(scale_);
    // Without smoothing twice the deviation is not seen either: still less than half a pixel.
    if (!smooth_ && level_ != OutlineLevels::exact) level_ = std::min(level_ + 1, OutlineLevels::count - 1);
}

bool AnnotationPicture::areFew(const Level0Box& visible) const {
    constexpr float eachLine = 3, longest = 3000; // what of a line can be in view
    double work = 0;
    const auto add = [&](const Item& item) {
        set_->outlines().visit(item.number, level_, [&](const auto& path) {
            if (work > smoothWork) return;
            forLines(path, item.origin, visible, [&](PicturePoint a, PicturePoint b) {
                work += eachLine + std::min(longest, std::abs(b.x - a.x) + std::abs(b.y - a.y));
            });
        });
        return work <= smoothWork;
    };
    return std::all_of(large_.begin(), large_.end(), add) && std::all_of(small_.begin(), small_.end(), add);
}

template <typename Point, typename Line>
void AnnotationPicture::forLines(const OutlinePath<Point>& path, Level0Point origin, const Level0Box& visible,
                                 Line&& line) const {
    // Exact points are on the slide and need the precision of double; those of levels are near their origin.
    constexpr bool absolute = std::is_same_v<Point, Level0Point>;
    using Number = std::conditional_t<absolute, double, float>;
    if (absolute) origin = {};
    const auto xx = static_cast<Number>(transform_.m11()), xy = static_cast<Number>(transform_.m21()),
               yx = static_cast<Number>(transform_.m12()), yy = static_cast<Number>(transform_.m22());
    const auto dx =
        static_cast<Number>(transform_.m11() * origin.x + transform_.m21() * origin.y + transform_.dx());
    const auto dy =
        static_cast<Number>(transform_.m12() * origin.x + transform_.m22() * origin.y + transform_.dy());
    const auto onPicture = [&](std::uint32_t i) {
        const Point p = path.points[i];
        return PicturePoint{static_cast<float>(xx * p.x + xy * p.y + dx),
                            static_cast<float>(yx * p.x + yy * p.y + dy)};
    };
    const PicturePoint start = onPicture(0);
    PicturePoint last = start;
    const auto lineTo = [&](PicturePoint next) {
        line(last, next);
        last = next;
    };
    if (path.boxes) {
        // Of a chunk that is out of sight only its chord is taken: it is out of sight as well, and leaves the
        // inside of the area where it was.
        for (std::uint32_t from = 0; from < path.count; from += path.chunk) {
            const std::uint32_t end = std::min(from + path.chunk, path.count - 1);
            const bool seen = path.boxes[from / path.chunk].touches(visible);
            for (std::uint32_t i = seen ? from + 1 : end; i <= end && i > from; ++i)
                lineTo(onPicture(i));
        }
    } else {
        for (std::uint32_t i = 1; i < path.count; ++i)
            lineTo(onPicture(i));
    }
    if (path.closed || path.count == 1) lineTo(start);
}

void AnnotationPicture::paintOutlines(const Level0Box& visible, OutlineRaster& raster) {
    bool anySelected = false;
    const auto paint = [&](const std::vector<Item>& items, bool selected) {
        for (const Item& item : items) {
            const bool isOne = isSelected(item.number);
            anySelected = anySelected || isOne;
            if (isOne == selected) paintOutline(item, visible, raster);
        }
    };
    paint(large_, false);
    paint(small_, false);
    if (anySelected) {
        paint(large_, true);
        paint(small_, true);
    }
    for (const std::uint32_t number : selectedDots_)
        paintDot(number, set_->box(number), raster);
}

void AnnotationPicture::paintOutline(const Item& item, const Level0Box& visible,
                                     OutlineRaster& raster) const {
    const double width = style_.lineWidth * (isSelected(item.number) ? 1.6 : 1) * ratio_;
    const auto smoothWidth = static_cast<float>(std::max(1.0, width));
    raster.setColor(colorOf(item.number));
    if (style_.fillOpacity > 0 && set_->look(item.number).hasArea) paintFill(item, visible, raster);
    if (!smooth_ && item.side < smallestShape && set_->look(item.number).hasArea) {
        raster.ring(item.middle, item.width, item.height);
        return;
    }
    set_->outlines().visit(item.number, level_, [&](const auto& path) {
        const auto lines = [&](auto&& line) { forLines(path, item.origin, visible, line); };
        if (smooth_)
            lines([&](PicturePoint a, PicturePoint b) { raster.smoothLine(a, b, smoothWidth); });
        else if (item.inside)
            lines([&](PicturePoint a, PicturePoint b) { raster.thinLineInside(a, b); });
        else
            lines([&](PicturePoint a, PicturePoint b) { raster.thinLine(a, b); });
    });
}

void AnnotationPicture::paintFill(const Item& item, const Level0Box& visible, OutlineRaster& raster) const {
    const int alpha = static_cast<int>(style_.fillOpacity * 255);
    if (!smooth_ && item.side < smallestShape)
        return raster.dot(item.middle, static_cast<int>(item.side * 0.7F), alpha);
    if (!smooth_ && item.side < smallestFill) return raster.blob(item.middle, item.width, item.height, alpha);
    set_->outlines().visit(item.number, level_, [&](const auto& path) {
        if (!path.filled) return;
        forLines(path, item.origin, visible,
                 [&raster](PicturePoint a, PicturePoint b) { raster.addEdge(a, b); });
    });
    raster.fill(alpha);
}

void AnnotationPicture::paintPoints(OutlineRaster& raster) {
    std::size_t count = 0;
    for (const std::uint32_t number : withPoints_)
        count += set_->annotations()[number].points.size();
    const double radius = pointRadius * ratio_;
    for (const std::uint32_t number : withPoints_) {
        raster.setColor(colorOf(number));
        for (const Level0Point p : set_->annotations()[number].points) {
            const QPointF at = transform_.map(QPointF(p.x, p.y));
            const PicturePoint middle{static_cast<float>(at.x()), static_cast<float>(at.y())};
            if (count > manyPoints)
                raster.dot(middle, static_cast<int>(std::lround(radius)), 255);
            else
                raster.disc(middle, static_cast<float>(radius));
        }
    }
}

} // namespace spotglass
