#pragma once

#include "viewer/base/Units.h"
#include "viewer/canvas/Layer.h"
#include "viewer/canvas/Viewport.h"
#include "viewer/slide/SlideSource.h"

#include <memory>
#include <optional>
#include <vector>

#include <QElapsedTimer>
#include <QPointer>
#include <QRegion>
#include <QTimer>
#include <QWidget>

class QTouchEvent;

namespace spotglass {

class ColorCorrection;
class PointerTool;
class SlideLayer;

/// Shows a slide with layers over it. Wheel and touchpad zoom at the cursor, dragging pans (and glides on
/// when the hand lets go in motion), dragging with Ctrl turns the picture, a double click zooms in (with
/// Shift out), + and - zoom, arrows move, Home or F shows the whole slide. One finger pans, two pan, zoom and
/// turn.
///
/// GUI thread only. Files are read by the threads of its SlideLayer alone: no function of this class reads or
/// waits, except the destructor, which waits for the reads that have already begun.
class SlideView : public QWidget {
    Q_OBJECT

  public:
    explicit SlideView(QWidget* parent = nullptr);
    ~SlideView() override;

    /// Shows a slide, fitted to the widget, and takes the scale bar's scale from it; null clears the view.
    /// The last reference to the former slide is dropped on a reading thread.
    void setSlide(std::shared_ptr<const SlideSource> slide);
    [[nodiscard]] std::shared_ptr<const SlideSource> slide() const;
    /// Takes over the slide's present SlideInfo and asks again for every tile that failed. Call (on the GUI
    /// thread) when the slide has replaced its pyramid.
    void reloadSlide();

    [[nodiscard]] const Viewport& viewport() const { return viewport_; }
    /// Where the running animation will end; the same as viewport() when the view is at rest.
    [[nodiscard]] const Viewport& targetViewport() const { return target_; }
    /// Jumps, without animation. Level-0 centre; scale in screen pixels per level-0 pixel. Clamped. Views in
    /// step pass on each other's viewport with it; a call that changes nothing emits nothing.
    void setView(Level0Point center, double scale);
    /// The same, turned and mirrored as said.
    void setView(Level0Point center, double scale, double rotation, bool mirrored);
    /// Jumps to show `rect` as large as possible.
    void showRect(const Level0Rect& rect);

    /// Goes to that scale (screen pixels per level-0 pixel), keeping the middle of the view where it is.
    void zoomToScale(double scale);
    /// Turns the picture about the middle of the view to `degrees` clockwise from upright.
    void setRotation(double degrees);
    /// Turns it by `degrees` clockwise from where it is, or is going.
    void rotateBy(double degrees);
    /// Left and right, or top and bottom, of the screen change places.
    void flipHorizontally();
    void flipVertically();
    /// Neither turned nor mirrored.
    void setUpright();

    /// Adds a layer on top of the others; the view owns it from now on.
    void addLayer(Layer* layer);
    /// Removes and deletes a layer added before.
    void removeLayer(Layer* layer);
    /// Those layers, bottom to top.
    [[nodiscard]] const std::vector<Layer*>& layers() const { return layers_; }
    /// Puts one of them at that place of the list.
    void moveLayer(Layer* layer, std::size_t place);
    [[nodiscard]] SlideLayer& slideLayer() { return *slideLayer_; }

    /// Places a widget (such as a LegendWidget) over a corner of the picture, below those already there; the
    /// view owns it from now on and follows its sizeHint.
    void addOverlay(QWidget* overlay, Qt::Corner corner = Qt::TopRightCorner);

    /// Scale for the scale bar (micrometres per level-0 pixel); nothing hides the bar.
    void setMicronsPerPixel(std::optional<MicronsPerPixel> scale);
    [[nodiscard]] std::optional<MicronsPerPixel> micronsPerPixel() const { return micronsPerPixel_; }
    void setScaleBarVisible(bool visible);

    /// Presentation: a plain black surround, a larger scale bar, and a cursor that hides while it rests.
    void setPresentation(bool presentation);
    [[nodiscard]] bool isPresentation() const { return presentation_; }

    /// While there is one, the left button belongs to `tool`, which must outlive its use; null gives it back.
    /// The middle button moves the picture in any case.
    void setTool(PointerTool* tool);

    /// How the slide's own colours are shown; the picture changes at once.
    void setColorCorrection(const ColorCorrection& correction);

    /// Zooming by wheel and keys, and the end of a drag, glide when true (the default), else jump.
    void setAnimated(bool animated) { animated_ = animated; }

    /// True when the view is at rest and every visible tile of the level it needs is there (or is known to be
    /// broken). False without a slide.
    [[nodiscard]] bool isSharp() const;

    /// Names the present error of a broken tile at that place; empty where the slide is fine.
    [[nodiscard]] QString brokenTileAt(Level0Point point) const;

    [[nodiscard]] QSize sizeHint() const override { return {960, 640}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {160, 120}; }

  public Q_SLOTS:
    /// Shows the whole slide.
    void fit();
    /// Multiplies the scale, keeping the middle of the view where it is.
    void zoomBy(double factor);
    /// Multiplies the scale, keeping what is under `anchor` there.
    void zoomBy(double factor, spotglass::ScreenPoint anchor);
    /// Moves the picture by screen pixels.
    void panBy(double screenX, double screenY);

  Q_SIGNALS:
    /// viewport() is different (each frame of an animation, resize, jump).
    void viewportChanged();
    /// The view has been at rest for 120 ms: a moment to ask for predictions of what is visible.
    void settled();
    /// isSharp() has become true.
    void becameSharp();
    /// The cursor is over that point of level 0 (which may lie beside the slide); nothing when it has left.
    void cursorMoved(std::optional<spotglass::Level0Point> point);
    /// A click that was not a drag.
    void clicked(spotglass::Level0Point point, Qt::MouseButton button, Qt::KeyboardModifiers modifiers);
    /// The slide's colours are shown in another way (SlideLayer::colorCorrection).
    void colorsChanged();
    /// A layer was added, removed or moved.
    void layersChanged();
    /// A tile could not be read; a sentence for the user. At most once a tile until the slide is changed or
    /// reloaded.
    void tileFailed(const QString& sentence);

  protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void leaveEvent(QEvent* event) override;
    bool event(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    /// How the view gets to where it is going.
    enum class Motion {
        Jump,
        Ease, ///< quickly, and slower towards the end: zooms and turns
        Glide ///< as if pushed, until friction ends it
    };
    /// Where the hand was, and when.
    struct Trace {
        QPointF at; ///< widget
        qint64 ms = 0;
    };
    struct Overlay {
        QPointer<QWidget> widget;
        Qt::Corner corner;
    };

    void moveTo(const Viewport& target, Motion motion);
    void follow(QPointF at);
    void letGo();
    void turnWithHand(QPointF from, QPointF to);
    void touch(QTouchEvent& event);
    void pinch(QPointF from1, QPointF from2, QPointF to1, QPointF to2);
    void zoomTo(double scale, ScreenPoint anchor, bool animate);
    void showViewport(const Viewport& viewport);
    void advanceAnimation();
    void requestTiles();
    void layerChanged(const Level0Rect& area);
    void flushDirty();
    void showDelivered();
    void checkSharp();
    void placeOverlays();
    void updateCursor();

    SlideLayer* slideLayer_ = nullptr; ///< child, drawn first
    std::vector<Layer*> layers_;       ///< children, bottom to top
    std::vector<Overlay> overlays_;
    Viewport viewport_, target_, start_;
    QElapsedTimer animationClock_, handClock_;
    Motion motion_ = Motion::Jump; ///< of the running animation
    std::vector<Trace> trace_;     ///< of the running drag, the last moments of it
    qint64 handSince_ = 0;         ///< when the drag began
    QTimer animation_, settle_, frame_, cursorRest_;
    QRegion dirty_; ///< waits for the next frame
    std::optional<MicronsPerPixel> micronsPerPixel_;
    QPointF pressedAt_, draggedTo_;
    bool pressed_ = false, dragging_ = false, turning_ = false;
    PointerTool* tool_ = nullptr;
    bool toolBusy_ = false; ///< between its begin() and finish()
    double pinchTurn_ = 0;  ///< degrees that two fingers have turned and the picture has not followed yet
    bool fitted_ = true;    ///< a resize keeps the whole slide in view until the user moves
    bool animated_ = true, presentation_ = false, scaleBar_ = true, wasSharp_ = false;
};

} // namespace spotglass
