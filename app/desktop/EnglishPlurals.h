#pragma once

#include <QTranslator>

namespace spotglass {

/// Says "1 section" and "2 sections" where the sources have "%n section(s)". A translator into another
/// language, which is installed after it, comes before it. GUI thread.
class EnglishPlurals final : public QTranslator {
    Q_OBJECT

  public:
    using QTranslator::QTranslator;
    [[nodiscard]] QString translate(const char* context, const char* source, const char* disambiguation,
                                    int n) const override;
    [[nodiscard]] bool isEmpty() const override { return false; }
};

} // namespace spotglass
