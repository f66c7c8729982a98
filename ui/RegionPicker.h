#pragma once

#include "viewer/base/Units.h"

#include <QObject>
#include <QPointer>
#include <QRubberBand>

namespace spotglass {

class SlideView;

/// Lets somebody draw one rectangle on a view with the mouse; Escape or a mere click gives up. Deletes itself
/// afterwards, and goes with the view. GUI thread; nothing blocks.
class RegionPicker : public QObject {
    Q_OBJECT

  public:
    explicit RegionPicker(SlideView& view);
    ~RegionPicker() override;

  Q_SIGNALS:
    /// Level-0 pixels: the upright rectangle around what was drawn. Empty when given up.
    void picked(spotglass::Level0Rect region);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void finish(const Level0Rect& region);

    SlideView& view_;
    QPointer<QRubberBand> band_;
    QPoint from_;
    bool drawing_ = false, done_ = false;
};

} // namespace spotglass
