#pragma once

#include "inference/engine/SpotGrid.h"

namespace spotglass {

/// A window with what of it is still to do.
struct OpenWindow {
    GridWindow window;
    std::vector<bool> done; ///< of window.spots
    std::size_t left = 0;
};

/// Which of the windows comes next: those in view first, then the nearest to what is looked at. Index into
/// `windows`; windows.size() when nothing is left.
[[nodiscard]] std::size_t nextWindow(const std::vector<OpenWindow>& windows, Level0Rect view);

/// The window's own spots that are left (indices into window.spots), those in view first, nearest to the eye
/// first.
[[nodiscard]] std::vector<std::size_t> centreOut(const OpenWindow& window, Level0Rect view);

} // namespace spotglass
