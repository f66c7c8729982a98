#include "ui/training/wizard/TrainingWizard.h"

#include "ui/training/wizard/CohortPage.h"
#include "ui/training/wizard/KnowledgePage.h"
#include "ui/training/wizard/OriginPage.h"
#include "ui/training/wizard/PanelPage.h"
#include "ui/training/wizard/PlacePage.h"
#include "ui/training/wizard/SettingsPage.h"
#include "ui/training/wizard/SplitPage.h"
#include "ui/training/wizard/SummaryPage.h"

#include <QFile>
#include <QJsonDocument>

namespace spotglass {

TrainingWizard::TrainingWizard(CohortService& service, const Setting& setting, QWidget* parent)
    : QWizard(parent), state_{service, TrainingDraft::fromJson(setting.draft)} {
    setWindowTitle(tr("New training"));
    setWizardStyle(QWizard::ModernStyle);
    setOption(QWizard::NoBackButtonOnStartPage);
    setOption(QWizard::IndependentPages, false);
    setButtonText(QWizard::FinishButton, tr("&Start training"));
    state_.models = setting.models;
    state_.encoders = setting.encoders;
    for (const char* name : {"quick", "laboratory", "published"}) {
        QFile file(QString::fromStdString((setting.presets / (std::string(name) + ".json")).string()));
        if (file.open(QIODevice::ReadOnly))
            state_.presets[QLatin1String(name)] = QJsonDocument::fromJson(file.readAll()).object();
    }
    // Before the pages: what they show of an answer is what was kept of it.
    connect(&service, &CohortService::panelChosen, this,
            [this](const ChosenPanel& panel) { state_.takePanel(panel); });
    connect(&service, &CohortService::failed, this, [this](const QString& question, const Error& error) {
        if (question == QLatin1String("panel")) state_.failPanel(QString::fromStdString(error.sentence()));
    });
    const std::initializer_list<WizardPage*> pages{
        new CohortPage(state_),   new PanelPage(state_),   new KnowledgePage(state_),
        new OriginPage(state_),   new EncoderPage(state_), new SplitPage(state_),
        new SettingsPage(state_), new PlacePage(state_),   new SummaryPage(state_, setting.folders)};
    for (auto* page : pages) {
        addPage(page);
        connect(page, &WizardPage::draftChanged, this,
                [this] { Q_EMIT draftChanged(state_.draft.toJson()); });
    }
    resize(960, 720);
    connect(this, &QDialog::accepted, this, [this] {
        Q_EMIT trainingWanted(state_.config(), state_.draft.folder.toStdString(), state_.draft.place);
        // The next one begins with the same choices, but is another training.
        state_.draft.name.clear();
        state_.draft.folder.clear();
        Q_EMIT draftChanged(state_.draft.toJson());
    });
}

void TrainingWizard::setModels(const QList<WizardModel>& models) {
    state_.models = models;
    showStock();
}

void TrainingWizard::setEncoders(const QList<WizardEncoder>& encoders) {
    state_.encoders = encoders;
    showStock();
}

void TrainingWizard::showStock() {
    for (const int id : pageIds())
        if (auto* shown = qobject_cast<WizardPage*>(page(id))) shown->showStock();
}

TrainingWizard::~TrainingWizard() {
    hide(); // a field that has the focus ends its editing now, while the state is there to take it
    state_.cancel();
}

} // namespace spotglass
