#pragma once

#include <QImage>
#include <QWidget>

class QToolButton;

namespace spotglass {

/// A picture as large as its place allows, with a button that turns it; or a sentence in its place. GUI
/// thread only.
class PictureTab : public QWidget {
    Q_OBJECT

  public:
    explicit PictureTab(QWidget* parent = nullptr);

    void showPicture(const QImage& picture);
    /// In place of a picture that is not there.
    void showSentence(const QString& sentence);
    /// Shows `sentence` instead of whatever there is; an empty one ends it.
    void hideBehind(const QString& sentence);

    [[nodiscard]] const QImage& picture() const { return picture_; }
    [[nodiscard]] QString sentence() const { return cover_.isEmpty() ? sentence_ : cover_; }
    [[nodiscard]] QSize sizeHint() const override { return {480, 360}; }

  protected:
    void paintEvent(QPaintEvent* event) override;

  private:
    void turn();
    void update();

    QImage picture_;
    QString sentence_, cover_;
    QToolButton* turn_;
};

} // namespace spotglass
