#pragma once

#include <QString>

namespace spotglass {

/// Shows a notification of the desktop (freedesktop.org Desktop Notifications, over the session's D-Bus).
/// Does not wait; does nothing where no desktop listens. Any thread.
void showSystemNotification(const QString& title, const QString& text);

} // namespace spotglass
