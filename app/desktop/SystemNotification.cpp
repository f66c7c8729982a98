#include "app/desktop/SystemNotification.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCall>
#include <QVariantMap>

namespace spotglass {

void showSystemNotification(const QString& title, const QString& text) {
    const auto bus = QDBusConnection::sessionBus();
    if (!bus.isConnected()) return;
    auto call = QDBusMessage::createMethodCall(
        QStringLiteral("org.freedesktop.Notifications"), QStringLiteral("/org/freedesktop/Notifications"),
        QStringLiteral("org.freedesktop.Notifications"), QStringLiteral("Notify"));
    const uint replacesNone = 0;
    const int asLongAsUsual = -1;
    call << QStringLiteral("Spotglass") << replacesNone << QStringLiteral("spotglass") << title
         << text.toHtmlEscaped() << QStringList() << QVariantMap() << asLongAsUsual;
    bus.asyncCall(call);
}

} // namespace spotglass
