#include "ui/SlideTools.h"

#include "viewer/base/GeoJsonAnnotations.h"
#include "viewer/canvas/AnnotationLayer.h"
#include "viewer/canvas/RulerLayer.h"
#include "viewer/canvas/SlideView.h"

#include <cmath>
#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>

namespace spotglass {
namespace {

constexpr double reach = 8; ///< screen pixels that a hand may miss by

struct Loaded {
    std::shared_ptr<const AnnotationSet> set;
    std::size_t withoutGeometry = 0;
};

Result<Loaded> load(const std::filesystem::path& file) {
    auto read = readGeoJsonAnnotations(file);
    if (!read) return tl::unexpected(read.error());
    return Loaded{AnnotationSet::of(std::move(read->annotations)), read->withoutGeometry};
}

} // namespace

SlideTools::SlideTools(SlideView& view, QObject* parent)
    : QObject(parent), view_(view), annotations_(new AnnotationLayer), rulers_(new RulerLayer),
      ruler_(std::make_unique<RulerTool>(*rulers_)) {
    annotations_->setName(tr("Annotations"));
    view_.addLayer(annotations_);
    rulers_->setName(tr("Rulers"));
    view_.addLayer(rulers_);
    connect(&view_, &SlideView::clicked, this, [this](Level0Point point, Qt::MouseButton button) {
        if (button == Qt::LeftButton) select(point);
    });
}

SlideTools::~SlideTools() = default;

double SlideTools::tolerance() const {
    return reach / view_.viewport().scale();
}

void SlideTools::setSlide(bool another, std::optional<MicronsPerPixel> scale) {
    rulers_->setMicronsPerPixel(scale);
    if (!another) return;
    clearRulers();
    clearAnnotations();
}

void SlideTools::setMeasuring(bool on) {
    measuring_ = on;
    view_.setTool(on ? ruler_.get() : nullptr);
}

void SlideTools::clearRulers() {
    ruler_->cancel();
    rulers_->clear();
}

std::optional<double> SlideTools::measuredPixels() const {
    if (rulers_->rulers().empty()) return std::nullopt;
    const Ruler& newest = rulers_->rulers().back();
    return std::hypot(newest.to.x - newest.from.x, newest.to.y - newest.from.y);
}

void SlideTools::openAnnotations(const std::filesystem::path& file) {
    QThreadPool::globalInstance()->start([file, ticket = ++opening_, self = QPointer(this)] {
        auto loaded = load(file);
        QMetaObject::invokeMethod(
            QCoreApplication::instance(),
            [self, ticket, loaded = std::move(loaded)] {
                if (!self || ticket != self->opening_) return;
                if (!loaded) {
                    Q_EMIT self->failed(loaded.error());
                    return;
                }
                self->annotations_->setAnnotations(loaded->set);
                Q_EMIT self->annotationsShown(loaded->set->size(), loaded->withoutGeometry);
            },
            Qt::QueuedConnection);
    });
}

void SlideTools::clearAnnotations() {
    ++opening_; // one that is being read comes too late
    annotations_->setAnnotations(nullptr);
    annotations_->setSelected({});
    annotations_->setHovered({});
}

void SlideTools::setAnnotationsVisible(bool visible) {
    annotations_->setVisible(visible);
}

QString SlideTools::hover(std::optional<Level0Point> point) {
    const Annotation* found =
        point && annotations_->isVisible() ? annotations_->annotationAt(*point, tolerance()) : nullptr;
    annotations_->setHovered(found ? found->id : std::string());
    if (!found) return {};
    const QString name = QString::fromStdString(found->name), its = QString::fromStdString(found->className);
    if (name.isEmpty() && its.isEmpty()) return tr("Annotation");
    return name.isEmpty() || its.isEmpty() ? name + its : tr("%1 (%2)").arg(name, its);
}

void SlideTools::select(Level0Point point) {
    const Annotation* found =
        annotations_->isVisible() ? annotations_->annotationAt(point, tolerance()) : nullptr;
    annotations_->setSelected(found ? std::vector{found->id} : std::vector<std::string>());
}

} // namespace spotglass
