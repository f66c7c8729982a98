#pragma once

#include "viewer/base/Units.h"

namespace spotglass {

/// What the left button does in a SlideView while it does not move the picture: measuring, drawing. GUI
/// thread.
class PointerTool {
  public:
    virtual ~PointerTool() = default;

    /// The button is down at `point`; what is at most `tolerance` level-0 pixels away counts as under it.
    virtual void begin(Level0Point point, double tolerance) = 0;
    /// The pointer has moved with the button down.
    virtual void moveTo(Level0Point point) = 0;
    /// The button is up.
    virtual void finish() = 0;
    /// Everything is to be as before begin().
    virtual void cancel() = 0;
};

} // namespace spotglass
