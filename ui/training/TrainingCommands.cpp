#include "ui/training/TrainingCommands.h"

#include "ui/models/ModelsDialog.h"
#include "ui/training/jobs/JobsDock.h"
#include "ui/training/jobs/JobWindow.h"
#include "ui/training/wizard/TrainingWizard.h"

#include <QAction>
#include <QJsonArray>
#include <QJsonDocument>
#include <QMenu>
#include <QMessageBox>
#include <QSettings>

namespace spotglass {
namespace {

const char* const kDraft = "training/draft";

QJsonObject keptDraft() {
    return QJsonDocument::fromJson(QSettings().value(QLatin1String(kDraft)).toByteArray()).object();
}

WizardModel wizardModel(const LibraryModel& model) {
    return {QString::fromStdString(model.file.string()), model.name,
            model.card[QStringLiteral("genes")].toVariant().toStringList(), model.warning,
            model.card[QStringLiteral("image_encoder")][QStringLiteral("name")].toString()};
}

} // namespace

TrainingCommands::TrainingCommands(const Services& services, Places places, QMainWindow& window)
    : QObject(&window), services_(services), places_(std::move(places)), window_(window),
      dock_(new JobsDock(services.trainings, &window)) {
    window.addDockWidget(Qt::LeftDockWidgetArea, dock_);
    dock_->hide();
    connect(dock_, &JobsDock::newTrainingWanted, this, [this] { newTraining(); });
    connect(dock_, &JobsDock::openWanted, this, &TrainingCommands::openJob);
    connect(dock_, &JobsDock::notify, this, &TrainingCommands::notify);
    connect(&services_.library, &ModelLibraryService::changed, this, &TrainingCommands::listingsChanged);
    connect(&services_.library, &ModelLibraryService::changed, this, [this] {
        if (wizard_) wizard_->setModels(wizardModels());
    });
    // Whoever has just added a model wants to see what it predicts.
    connect(&services_.library, &ModelLibraryService::added, this,
            [this](const LibraryModel& model) { Q_EMIT modelWanted(model.file); });
    connect(&services_.engine, &EngineSettingsService::encodersListed, this,
            [this](const QList<EncoderListing>& encoders) {
                encoders_ = encoders;
                if (wizard_) wizard_->setEncoders(wizardEncoders());
            });
    connect(&services_.trainings, &TrainingService::problem, this, [this](const Error& error) {
        auto* box = new QMessageBox(QMessageBox::Warning, tr("Training"),
                                    QString::fromStdString(error.sentence()), QMessageBox::Close, &window_);
        box->setObjectName(QStringLiteral("trainingProblem"));
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->open();
    });
    services_.library.look();
}

TrainingWizard* TrainingCommands::wizard() {
    return wizard_;
}

void TrainingCommands::fillMenu(QMenu& menu) {
    auto* begin = menu.addAction(tr("&New training..."));
    connect(begin, &QAction::triggered, this, [this] { newTraining(); });
    auto* show = menu.addAction(tr("&Trainings"));
    show->setCheckable(true);
    connect(show, &QAction::triggered, dock_, &QWidget::setVisible);
    connect(dock_, &QDockWidget::visibilityChanged, show,
            [this, show] { show->setChecked(!dock_->isHidden()); });
    menu.addSeparator();
    connect(menu.addAction(tr("&Models...")), &QAction::triggered, this, &TrainingCommands::showModels);
}

void TrainingCommands::newTraining(const QString& from) {
    if (wizard_ && from.isEmpty()) {
        wizard_->show();
        return wizard_->raise();
    }
    delete wizard_;
    openWizard(from);
}

void TrainingCommands::openWizard(const QString& from) {
    TrainingWizard::Setting setting;
    setting.draft = keptDraft();
    if (!from.isEmpty()) setting.draft[QStringLiteral("from")] = from;
    setting.presets = places_.presets;
    setting.folders = places_.runs;
    setting.models = wizardModels();
    setting.encoders = wizardEncoders();
    wizard_ = new TrainingWizard(services_.cohorts, setting, &window_);
    wizard_->setAttribute(Qt::WA_DeleteOnClose);
    wizard_->setModal(false);
    connect(wizard_, &TrainingWizard::draftChanged, this, [](const QJsonObject& draft) {
        QSettings().setValue(QLatin1String(kDraft), QJsonDocument(draft).toJson(QJsonDocument::Compact));
    });
    connect(
        wizard_, &TrainingWizard::trainingWanted, this,
        [this](const QJsonObject& config, const std::filesystem::path& folder, const TrainingPlace& place) {
            services_.trainings.add(config, folder, place);
            dock_->show();
            dock_->raise();
        });
    wizard_->show();
    services_.engine.look(); // the encoders; not at the start of the program, for it looks at the devices too
}

QList<WizardModel> TrainingCommands::wizardModels() const {
    QList<WizardModel> all;
    for (const auto& model : services_.library.models())
        if (model.state == LibraryModel::File::AsAdded) all.append(wizardModel(model));
    return all;
}

QList<WizardEncoder> TrainingCommands::wizardEncoders() const {
    QList<WizardEncoder> all;
    for (const auto& encoder : encoders_)
        if (encoder.file == EncoderListing::File::BuiltIn || encoder.file == EncoderListing::File::AsAdded)
            all.append({encoder.name, encoder.width});
    return all;
}

void TrainingCommands::openJob(const QString& id) {
    jobWindows_.removeIf([](const QPointer<JobWindow>& window) { return window.isNull(); });
    for (const auto& window : jobWindows_)
        if (window->job() == id) {
            window->show();
            return window->raise();
        }
    auto* window = new JobWindow(services_.trainings, services_.library, id, &window_);
    jobWindows_.append(window);
    window->show();
}

void TrainingCommands::showModels() {
    if (models_) return models_->raise();
    models_ = new ModelsDialog(services_.library, &window_);
    models_->setAttribute(Qt::WA_DeleteOnClose);
    connect(models_, &ModelsDialog::useWanted, this, &TrainingCommands::modelWanted);
    connect(models_, &ModelsDialog::trainWanted, this, [this](const std::filesystem::path& file) {
        newTraining(QString::fromStdString(file.string()));
    });
    models_->show();
}

QList<ModelListing> TrainingCommands::listings() const {
    QList<ModelListing> all;
    for (const auto& model : services_.library.models())
        if (model.state == LibraryModel::File::AsAdded) all.append({model.file, model.name, model.warning});
    return all;
}

} // namespace spotglass
