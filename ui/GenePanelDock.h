#pragma once

#include "ui/Services.h"

#include <QDockWidget>

class QComboBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSettings;
class QSortFilterProxyModel;
class QTreeView;

namespace spotglass {

class DisplayPanel;
class GeneListModel;

/// Everything about predicted expression: which model, which gene, how it is painted, and how far the
/// prediction is. Shows and asks; decides nothing. GUI thread only; nothing blocks.
class GenePanelDock : public QDockWidget {
    Q_OBJECT

  public:
    explicit GenePanelDock(QWidget* parent = nullptr);

    /// Offers these models; the last one used, or the first, is preselected without being opened.
    void setModels(const QList<ModelListing>& models);
    /// The model to open when nobody chooses one; nothing when none is known.
    [[nodiscard]] std::optional<std::filesystem::path> preselectedModel() const;

    /// Shows an opened model and its genes, and chooses one: the present one if the panel has it, else the
    /// one chosen last time, else the one with the best held-out correlation. Emits geneChosen().
    void setModel(const ModelDescription& model);
    /// Puts the chooser back to the model in use, after another could not be opened.
    void showModelInUse();

    /// Chooses a gene of the panel, whatever the case of the symbol. False when the panel does not have it.
    bool chooseGene(const QString& symbol);
    [[nodiscard]] QString gene() const { return gene_; }

    /// Shows how far the prediction is. `canPredict`: a slide and a model are there.
    void showState(const PredictionState& state, bool canPredict);

    /// Puts the cursor into the search field.
    void focusSearch();
    [[nodiscard]] DisplayPanel& display() { return *display_; }

    void save(QSettings& settings) const;
    void restore(const QSettings& settings);

  Q_SIGNALS:
    void modelChosen(const std::filesystem::path& file);
    void modelFileWanted(); ///< "Open model file..."
    void geneChosen(const QString& symbol);
    void predictWanted();
    void cancelWanted();
    void pauseWanted();
    void resumeWanted();

  private:
    void buildModelPart(QWidget* parent);
    void buildGenePart(QWidget* parent);
    void buildRunPart(QWidget* parent);
    void modelActivated(int index);
    void searchChanged(const QString& text);
    void acceptSearch();
    void addModelItem(const ModelListing& model);
    [[nodiscard]] int itemOf(const std::filesystem::path& file) const;
    [[nodiscard]] QString startGene() const;

    std::optional<ModelDescription> model_;
    QString gene_, lastGene_, lastModel_;
    QStringList listed_; ///< files of setModels()
    bool busy_ = false, paused_ = false;
    GeneListModel* genes_;
    QSortFilterProxyModel* filtered_;
    QComboBox* models_ = nullptr;
    QLabel* modelText_ = nullptr;
    QLineEdit* search_ = nullptr;
    QTreeView* list_ = nullptr;
    QPushButton *predict_ = nullptr, *pause_ = nullptr;
    QProgressBar* progress_ = nullptr;
    QLabel *progressText_ = nullptr, *details_ = nullptr, *note_ = nullptr;
    DisplayPanel* display_ = nullptr;
};

} // namespace spotglass
