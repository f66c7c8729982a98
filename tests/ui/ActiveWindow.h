#pragma once

#include <QtTest>
#include <QWidget>

namespace spotglass {

/// Shows a window and gives it the keyboard, as a window manager does when a program starts: commands by key
/// only work in the active window, and on a bare X server nobody activates it. False when it does not happen.
inline bool showActive(QWidget& window) {
    window.show();
    if (!QTest::qWaitForWindowExposed(&window, 60000)) return false;
    window.activateWindow();
    return QTest::qWaitForWindowActive(&window, 60000);
}

} // namespace spotglass
