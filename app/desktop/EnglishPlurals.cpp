#include "app/desktop/EnglishPlurals.h"

namespace spotglass {

QString EnglishPlurals::translate(const char*, const char* source, const char*, int n) const {
    if (n < 0) return {}; // no number: the source is shown
    const QString mark = QStringLiteral("(s)");
    auto text = QString::fromUtf8(source);
    if (!text.contains(mark)) return {};
    return text.replace(mark, n == 1 ? QString() : QStringLiteral("s"));
}

} // namespace spotglass
