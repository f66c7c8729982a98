#pragma once

#include "viewer/canvas/Layer.h"
#include "viewer/canvas/PointerTool.h"

#include <cstdint>
#include <optional>
#include <vector>

#include <QRectF>
#include <QString>

namespace spotglass {

/// A straight line that is measured, in level-0 pixels.
struct Ruler {
    int id = 0; ///< never used twice by one layer
    Level0Point from, to;
};

/// One of a ruler's two ends.
struct RulerEnd {
    int ruler = 0; ///< its id
    bool isTo = true;
    bool operator==(const RulerEnd&) const = default;
};

/// The distance of two points in micrometres; pixels may be wider than high. Pure.
[[nodiscard]] double lengthInMicrometres(Level0Point from, Level0Point to, MicronsPerPixel scale);
/// "85.3 um" with the proper sign, or "1.234 mm", by the user's locale. Pure.
[[nodiscard]] QString textOfLength(double micrometres);

/// Measures distances on the slide: lines with ticks at both ends and their length on a plate, which is
/// upright on the screen however the slide is turned. GUI thread only; nothing blocks.
class RulerLayer : public Layer {
    Q_OBJECT

  public:
    explicit RulerLayer(QObject* parent = nullptr);

    /// The slide's scale. Without one (or with one that is not valid) lengths are in pixels, and say so.
    void setMicronsPerPixel(std::optional<MicronsPerPixel> scale);

    /// Adds a ruler on top; returns its id.
    int add(Level0Point from, Level0Point to);
    void remove(int id);
    void clear();
    [[nodiscard]] const std::vector<Ruler>& rulers() const { return rulers_; }
    /// Null where there is none of that id; valid until the next change.
    [[nodiscard]] const Ruler* find(int id) const;

    /// The end nearest to `point`, at most `tolerance` level-0 pixels away.
    [[nodiscard]] std::optional<RulerEnd> endAt(Level0Point point, double tolerance) const;
    /// Puts an end elsewhere; an unknown ruler is ignored.
    void moveEnd(RulerEnd end, Level0Point to);

    /// What the ruler's plate says.
    [[nodiscard]] QString label(const Ruler& ruler) const;
    /// The ruler's plate in device-independent screen pixels: beside the middle of what is seen of the line,
    /// and within the view as long as any of it is. Empty when none is.
    [[nodiscard]] QRectF plate(const Ruler& ruler, const Viewport& viewport) const;

    void paint(QPainter& painter, const Viewport& viewport) override;
    [[nodiscard]] bool isDrawing() const override { return true; }

  private:
    void changedAround(const Ruler& ruler);

    std::vector<Ruler> rulers_;
    std::optional<MicronsPerPixel> scale_;
    int lastId_ = 0;
    double lastScale_ = 1; ///< of the last painting: screen pixels per level-0 pixel
};

/// Turns presses, moves and releases of a pointer into rulers. Belongs to whoever handles the pointer; the
/// layer must outlive it. GUI thread.
class RulerTool final : public PointerTool {
  public:
    explicit RulerTool(RulerLayer& layer) : layer_(&layer) {}

    /// Takes hold of the end of a ruler within `tolerance` level-0 pixels; where there is none, begins a new
    /// ruler there.
    void begin(Level0Point point, double tolerance = 0) override;
    /// Moves the end that is held.
    void moveTo(Level0Point point) override;
    /// Lets go. A ruler without length is removed: it was a click.
    void finish() override;
    /// Lets go and puts everything back as it was before begin().
    void cancel() override;
    /// Removes all rulers.
    void clear();
    /// Whether an end is held.
    [[nodiscard]] bool isActive() const { return held_.has_value(); }

  private:
    RulerLayer* layer_;
    std::optional<RulerEnd> held_;
    std::optional<Level0Point> before_; ///< where the held end was; nothing for a new ruler
};

} // namespace spotglass
