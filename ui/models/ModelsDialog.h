#pragma once

#include "ui/models/ModelLibraryService.h"

#include <QDialog>

class QLabel;
class QLineEdit;
class QListWidget;
class QPushButton;
class QTextBrowser;

namespace spotglass {

/// The user's models: searched, looked at, laid beside each other, exported, imported, removed. The service
/// must outlive it. GUI thread.
class ModelsDialog final : public QDialog {
    Q_OBJECT

  public:
    explicit ModelsDialog(ModelLibraryService& library, QWidget* parent = nullptr);

    /// Those that are chosen in the list.
    [[nodiscard]] QList<LibraryModel> chosen() const;

  Q_SIGNALS:
    void useWanted(const std::filesystem::path& file);   ///< for predictions
    void trainWanted(const std::filesystem::path& file); ///< a training that begins with it

  private:
    void build();
    void connectButtons();
    void fill();
    void showChosen();
    void describeChosen();
    void exportChosen();
    void importFile();
    void askToRemove();

    ModelLibraryService& library_;
    QLineEdit* search_;
    QListWidget* list_;
    QTextBrowser* card_;
    QLabel* said_;
    QPushButton *use_, *train_, *describe_, *export_, *verify_, *remove_, *import_;
};

} // namespace spotglass
