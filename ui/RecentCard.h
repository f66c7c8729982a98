#pragma once

#include "ui/Services.h"

#include <QPushButton>

namespace spotglass {

/// A slide that was opened before, as a button: its picture, its name, and a sentence where the file is not
/// there. GUI thread only.
class RecentCard : public QPushButton {
    Q_OBJECT

  public:
    explicit RecentCard(const RecentSlide& slide, QWidget* parent = nullptr);

    [[nodiscard]] QSize sizeHint() const override { return {190, 176}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {110, 96}; }

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    const QImage picture_;
    const QString name_;
    const bool missing_;
};

} // namespace spotglass
