#pragma once

#include "viewer/base/Units.h"
#include "viewer/canvas/Viewport.h"

#include <memory>

#include <QObject>
#include <QString>

class QPainter;

namespace spotglass {

/// Something drawn over the slide. Lives on the GUI thread; nothing in it may read files or wait.
class Layer : public QObject {
    Q_OBJECT

  public:
    using QObject::QObject;

    /// How the layer's colours meet what lies beneath.
    enum class Blending {
        Normal,   ///< cover it, by the opacity
        Multiply, ///< darken it like a stain: the tissue's own structure stays visible
        Screen    ///< lighten it, as several fluorescent channels add up
    };

    /// Draws into `painter`, whose coordinates are device-independent screen pixels of `viewport`. The
    /// painter's clip is the part that needs painting; its opacity and blending are already this layer's. The
    /// painter is left as it was found.
    virtual void paint(QPainter& painter, const Viewport& viewport) = 0;

    /// A copy that looks as this layer does now and that one other thread may paint, so that a large picture
    /// can be made beside the GUI thread. Null, as here, when a layer has none: large pictures then show it
    /// enlarged.
    [[nodiscard]] virtual std::unique_ptr<Layer> snapshot() const { return nullptr; }
    /// For pictures that keep shapes: paints what this layer can as shapes, over the whole of `viewport`, and
    /// leaves it out of paint() from then on. True when nothing is left for paint(). Only for snapshots.
    virtual bool takeShapes(QPainter& /*painter*/, const Viewport& /*viewport*/) { return false; }
    /// Whether painting is a few shapes and words, placed for the viewport as a whole. Pictures keep those as
    /// they are, on top of everything, and need no snapshot.
    [[nodiscard]] virtual bool isDrawing() const { return false; }

    /// What people call it; a layer without a name is not for them to choose.
    [[nodiscard]] QString name() const { return name_; }
    void setName(const QString& name);
    [[nodiscard]] bool isVisible() const { return visible_; }
    [[nodiscard]] double opacity() const { return opacity_; }
    void setVisible(bool visible);
    /// 0 (invisible) to 1 (opaque), clamped.
    void setOpacity(double opacity);
    [[nodiscard]] Blending blending() const { return blending_; }
    void setBlending(Blending blending);

  protected:
    /// Visible, opaque and blended as the other one.
    void appearAs(const Layer& other);

  Q_SIGNALS:
    /// The layer looks different inside `area` (level-0 pixels); an empty area means everywhere.
    void changed(spotglass::Level0Rect area);
    /// Name, visibility, opacity or blending are different.
    void appearanceChanged();

  private:
    void announce();

    QString name_;
    bool visible_ = true;
    double opacity_ = 1;
    Blending blending_ = Blending::Normal;
};

} // namespace spotglass
