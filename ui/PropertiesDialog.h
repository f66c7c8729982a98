#pragma once

#include "ui/Services.h"
#include "ui/SlideSheet.h"
#include "viewer/tiles/BackgroundReader.h"

#include <QDialog>

class QCheckBox;
class QLineEdit;
class QTabWidget;
class QTreeWidget;

namespace spotglass {

class PictureTab;

/// What the file says about a slide, to be searched and copied, and the pictures that came with it (label,
/// photograph of the whole slide), which can be turned.
///
/// Labels name patients, and so does the photograph, which shows the label: during a presentation both are
/// hidden, unless the user has switched that off.
///
/// GUI thread only. Everything is read on a thread of its own; only the destructor waits, for the picture in
/// hand.
class PropertiesDialog : public QDialog {
    Q_OBJECT

  public:
    PropertiesDialog(const OpenedSlide& slide, bool presentation, QWidget* parent = nullptr);

    void setPresentation(bool presentation);
    /// The lines shown, "name<tab>value" each: the selected ones, or all that the search has found.
    [[nodiscard]] QString copyText() const;

  private:
    void buildSheet();
    void buildPictures(const OpenedSlide& slide);
    void showRows(const QList<SheetRow>& rows);
    void filter(const QString& words);
    void copy() const;
    void updateHiding();

    bool presentation_;
    QTabWidget* tabs_;
    QLineEdit* search_ = nullptr;
    QTreeWidget* sheet_ = nullptr;
    QCheckBox* hide_ = nullptr;
    QList<PictureTab*> identifying_; ///< label and the like
    BackgroundReader reader_;
};

} // namespace spotglass
