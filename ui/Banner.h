#pragma once

#include <QFrame>

class QLabel;
class QToolButton;

namespace spotglass {

/// A strip above the picture that says one thing and offers one thing to do about it, without getting in the
/// way. Hidden until something is said. GUI thread only.
class Banner : public QFrame {
    Q_OBJECT

  public:
    explicit Banner(QWidget* parent = nullptr);

    /// Shows `text` with a button named `action`; without one when that is empty.
    void say(const QString& text, const QString& action = {});
    /// Ends what is said.
    void clear();
    /// Keeps what is said from being seen for a while, as in a presentation.
    void setSuppressed(bool suppressed);
    [[nodiscard]] QString text() const;

  Q_SIGNALS:
    void actionClicked();

  private:
    QLabel* text_;
    QToolButton* action_;
    bool suppressed_ = false;
};

} // namespace spotglass
