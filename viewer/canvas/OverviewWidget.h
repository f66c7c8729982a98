#pragma once

#include "viewer/canvas/Viewport.h"
#include "viewer/canvas/VisitedMap.h"
#include "viewer/tiles/BackgroundReader.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <QImage>
#include <QPixmap>
#include <QWidget>

namespace spotglass {

class SlideSource;
class SlideView;

/// The whole slide in the lower right corner of a SlideView, with the outline of what is in view and a wash
/// over what has been looked at. A click or a drag moves the view, the wheel zooms it. Out of the way while
/// the whole slide is in view.
///
/// It lies as the slide in the view does, to the nearest quarter turn and mirrored if that is: what is on the
/// left in the view is on the left here, so that a drag goes the way the hand goes. Turns between are shown
/// by the outline.
///
/// What counts as looked at: it was sharp on the screen at visitedFrom or more. Kept for every slide (by
/// fingerprint) as long as the widget lives.
///
/// GUI thread only. The small picture is read on a thread of its own, once the view is sharp; only the
/// destructor waits, for a read in hand.
class OverviewWidget : public QWidget {
    Q_OBJECT

  public:
    static constexpr int thumbnailSide = 256; ///< at most, pixels of the longer side
    static constexpr double visitedFrom = 5;  ///< magnification as on a microscope

    /// Becomes an overlay of `view`, which owns it from now on.
    explicit OverviewWidget(SlideView& view);

    /// Switched on (the default) or off by the user.
    void setSwitchedOn(bool on);
    [[nodiscard]] bool isSwitchedOn() const { return on_; }
    /// Hidden for a while whatever the user chose, as in a presentation.
    void setSuppressed(bool suppressed);
    /// Whether what has been looked at is painted (the default).
    void setVisitedShown(bool shown);
    [[nodiscard]] bool isVisitedShown() const { return visitedShown_; }

    /// What has been looked at of the slide in view.
    [[nodiscard]] const VisitedMap& visited() const { return visited_; }
    /// Forgets it for the slide in view.
    void clearVisited();

    /// The whole slide, upright, at most thumbnailSide long; null until it is read, or where it cannot be.
    [[nodiscard]] const QImage& thumbnail() const { return thumbnail_; }
    /// Whether nothing is missing from what is painted: the picture is there or known to be unreadable.
    [[nodiscard]] bool isComplete() const;
    /// The view's outline on this widget, in its pixels: a turned rectangle where the view is turned.
    [[nodiscard]] QPolygonF outline() const;

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

  Q_SIGNALS:
    /// The small picture of the slide in view has been read, again when the slide has improved.
    void thumbnailRead(const QImage& thumbnail);
    /// isComplete() has become true.
    void completed();

  protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;

  private:
    struct Read;

    void viewChanged();
    void followSlide();
    void slideImproved();
    void readThumbnail();
    void thumbnailArrived(const Read& read);
    void noteVisited();
    void updateMap();
    void updateVisibility();
    void moveViewTo(QPointF at);
    [[nodiscard]] bool showsWholeSlide() const;

    SlideView& view_;
    Viewport map_;                           ///< from level 0 to this widget's pixels
    std::weak_ptr<const SlideSource> shown_; ///< never locked here: the last reference must go elsewhere
    std::string fingerprint_;                ///< of the slide in view; empty until it is read
    std::unordered_map<std::string, VisitedMap> former_;
    VisitedMap visited_;
    QImage thumbnail_;
    QPixmap scaled_; ///< thumbnail_ as it is painted
    bool on_ = true, suppressed_ = false, visitedShown_ = true, tried_ = false;
    std::optional<QPointF> grabbed_; ///< while dragging: from the middle of the outline to the cursor
    BackgroundReader reader_;
};

} // namespace spotglass
