#pragma once

#include "ui/ExportChoice.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace spotglass {

/// Asks what to export, how large, as what and where to, and says beforehand what will come of it. Show it
/// with open(); accepted() answers. GUI thread only; nothing blocks.
class ExportDialog : public QDialog {
    Q_OBJECT

  public:
    /// `file`: where the picture is to go, its suffix is made to fit. `predicted`: predictions are shown.
    ExportDialog(const ExportChoice& choice, ExportSubject subject, const QString& file, bool predicted,
                 QWidget* parent = nullptr);

    [[nodiscard]] ExportChoice choice() const;
    [[nodiscard]] QString file() const;
    /// Whole level-0 pixels; chooses "region" as well.
    void setRegion(const Level0Rect& region);

  Q_SIGNALS:
    /// Somebody wants to draw the region on the slide; answer with setRegion().
    void regionWanted();

  private:
    void buildWhat(QWidget* box);
    void buildSize(QWidget* box);
    void buildLook(QWidget* box, bool predicted);
    void buildFile(QWidget* box, const QString& file);
    void fill(const ExportChoice& choice);
    void measureChanged();
    void formatChanged();
    void browse();
    void refresh();

    ExportSubject subject_;
    QComboBox *what_, *measure_, *format_, *legend_;
    QWidget* regionRow_;
    QSpinBox *x_, *y_, *width_, *height_, *dots_;
    QDoubleSpinBox* amount_;
    QCheckBox *layers_, *scaleBar_, *footer_;
    QLineEdit* file_;
    QLabel *summary_, *problem_;
    QPushButton* export_;
    bool filling_ = true;
};

} // namespace spotglass
