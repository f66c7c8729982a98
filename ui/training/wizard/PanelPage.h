#pragma once

#include "ui/training/wizard/WizardPage.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QSpinBox;
class QTableWidget;

namespace spotglass {

class SectionPicture;

/// Which genes the model is to predict.
class PanelPage final : public WizardPage {
    Q_OBJECT

  public:
    explicit PanelPage(WizardState& state, QWidget* parent = nullptr);
    void initializePage() override;
    void cleanupPage() override {}
    [[nodiscard]] bool isComplete() const override;

  protected:
    void showEvent(QShowEvent* event) override;

  private:
    void build();
    void take();
    void ask();
    void showPanel();
    void listSections();
    [[nodiscard]] QString sentence() const; ///< how far the picking is
    void preview();
    void showValues(const QString& section, const QString& gene, const std::vector<float>& values,
                    const std::vector<QPointF>& places);
    void draw(const std::optional<std::vector<QPointF>>& places);
    void updateControls();

    QComboBox *method_, *section_;
    QSpinBox *size_, *minimum_;
    QLineEdit* mustHave_;
    QPlainTextEdit* list_;
    QPushButton* ask_;
    QLabel* said_;
    QTableWidget* genes_;
    SectionPicture* picture_;
    bool filling_ = false;
};

} // namespace spotglass
