#include "ui/training/wizard/SummaryPage.h"

#include "ui/training/jobs/JobText.h"

#include <cmath>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QJsonDocument>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QSaveFile>

namespace spotglass {
namespace {

/// As a folder's name.
QString folderName(QString name) {
    name.replace(QRegularExpression(QStringLiteral("[^\\w.-]+")), QStringLiteral("-"));
    while (name.startsWith(u'.') || name.startsWith(u'-'))
        name.remove(0, 1);
    return name.isEmpty() ? QStringLiteral("training") : name.left(100);
}

} // namespace

SummaryPage::SummaryPage(WizardState& state, QString folders, QWidget* parent)
    : WizardPage(state, tr("Summary"),
                 tr("Look through your choices. Some real steps are taken now, to see how long the training "
                    "will be and "
                    "what it needs."),
                 parent),
      folders_(std::move(folders)), name_(new QLineEdit), folder_(new QLineEdit), licence_(new QLineEdit),
      source_(new QLineEdit), summary_(new QLabel), estimate_(new QLabel), said_(new QLabel),
      again_(new QPushButton(tr("Measure &again"))), save_(new QPushButton(tr("Sa&ve settings..."))) {
    setFinalPage(true);
    auto* form = new QFormLayout;
    name_->setObjectName(QStringLiteral("name"));
    folder_->setObjectName(QStringLiteral("folder"));
    licence_->setObjectName(QStringLiteral("licence"));
    source_->setObjectName(QStringLiteral("source"));
    licence_->setPlaceholderText(tr("Who may use the model, and for what"));
    source_->setPlaceholderText(tr("Where the sections come from"));
    form->addRow(tr("&Name of the model:"), name_);
    form->addRow(tr("&Folder:"), folder_);
    form->addRow(tr("&Licence:"), licence_);
    form->addRow(tr("S&ource:"), source_);
    column().addLayout(form);
    for (auto* label : {summary_, estimate_, said_}) {
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    }
    summary_->setTextFormat(Qt::RichText);
    summary_->setObjectName(QStringLiteral("summary"));
    estimate_->setObjectName(QStringLiteral("estimate"));
    said_->setObjectName(QStringLiteral("said"));
    column().addWidget(summary_);
    column().addWidget(estimate_);
    column().addWidget(said_);
    column().addStretch(1);
    auto* line = new QHBoxLayout;
    line->addStretch(1);
    line->addWidget(again_);
    line->addWidget(save_);
    column().addLayout(line);
    for (auto* edit : {name_, folder_, licence_, source_})
        connect(edit, &QLineEdit::textChanged, this, &SummaryPage::take);
    connect(again_, &QPushButton::clicked, this, &SummaryPage::askEstimate);
    connect(save_, &QPushButton::clicked, this, &SummaryPage::saveSettings);
    connect(&state.service, &CohortService::estimated, this, &SummaryPage::showEstimate);
    connect(&state.service, &CohortService::failed, this,
            [this](const QString& question, const Error& error) {
                if (question != QLatin1String("estimate")) return;
                again_->setEnabled(true);
                estimate_->setText(
                    tr("It could not be measured: %1").arg(QString::fromStdString(error.sentence())));
            });
}

void SummaryPage::initializePage() {
    filling_ = true;
    if (draft().name.isEmpty()) draft().name = freeName();
    name_->setText(draft().name);
    if (draft().folder.isEmpty()) draft().folder = QDir(folders_).filePath(folderName(draft().name));
    folder_->setText(draft().folder);
    licence_->setText(draft().licence);
    source_->setText(draft().source);
    filling_ = false;
    summary_->setText(inWords());
    take();
    askEstimate();
}

/// The cohort and the day, with a number where that is taken.
QString SummaryPage::freeName() const {
    const QString name = tr("%1, %2").arg(QFileInfo(state().draft.cohort).completeBaseName(),
                                          QDate::currentDate().toString(Qt::ISODate));
    QString free = name;
    for (int number = 2; QFileInfo::exists(QDir(folders_).filePath(folderName(free))); ++number)
        free = tr("%1 (%2)").arg(name).arg(number);
    return free;
}

void SummaryPage::cleanupPage() {
    state().cancel();
}

void SummaryPage::take() {
    if (filling_) return;
    const bool ownFolder = folder_->text() != QDir(folders_).filePath(folderName(draft().name));
    draft().name = name_->text().trimmed();
    if (!ownFolder) {
        filling_ = true;
        folder_->setText(QDir(folders_).filePath(folderName(draft().name)));
        filling_ = false;
    }
    draft().folder = folder_->text().trimmed();
    draft().licence = licence_->text();
    draft().source = source_->text();
    said_->setText(whyNot());
    said_->setVisible(!said_->text().isEmpty());
    changed();
}

QString SummaryPage::whyNot() const {
    const auto& draft = state().draft;
    if (draft.name.isEmpty()) return tr("The model needs a name.");
    if (draft.folder.isEmpty()) return tr("Choose a folder for the training.");
    const QDir folder(draft.folder);
    for (const char* trace : {"events.jsonl", "model.safetensors", "checkpoint", "settings.json"})
        if (folder.exists(QLatin1String(trace)))
            return tr("This folder holds another training already. Choose another name or folder.");
    QFileInfo above(draft.folder);
    while (!above.exists() && above.absolutePath() != above.absoluteFilePath())
        above = QFileInfo(above.absolutePath());
    if (!above.isDir()) return tr("%1 is a file, not a folder.").arg(above.absoluteFilePath());
    if (!above.isWritable())
        return tr("The folder %1 cannot be written to. Choose another.").arg(above.absoluteFilePath());
    return {};
}

bool SummaryPage::isComplete() const {
    return whyNot().isEmpty();
}

QString SummaryPage::inWords() const {
    const auto& draft = state().draft;
    const auto line = [](const QString& what, const QString& value) {
        return QStringLiteral("<tr><td style='padding-right:12px'>%1</td><td>%2</td></tr>")
            .arg(what, value.toHtmlEscaped());
    };
    const auto names = [&](SectionRole role) {
        const auto list = draft.sectionsOf(role);
        return list.isEmpty() ? tr("none") : list.join(QStringLiteral(", "));
    };
    const auto* model = state().model();
    const bool ownPanel =
        draft.from.isEmpty() || !draft.keepPanel || draft.panelMethod == QLatin1String("list");
    QString text = QStringLiteral("<table>");
    text += line(tr("Trains:"), names(SectionRole::Training));
    text += line(tr("Decides when to stop:"), names(SectionRole::Validation));
    text += line(tr("Tests the model:"), names(SectionRole::Reported));
    text +=
        line(tr("Genes:"), ownPanel ? tr("%n gene(s)", nullptr, static_cast<int>(state().panel.genes.size()))
                                    : tr("those of the model it begins with"));
    text += line(tr("Begins:"), draft.from.isEmpty() ? tr("from scratch")
                                                     : tr("with %1").arg(model ? model->name : draft.from));
    text += line(tr("Image encoder:"), draft.from.isEmpty() ? draft.imageEncoder : tr("that of the model"));
    text += line(tr("Settings:"), (draft.preset == QLatin1String("quick")       ? tr("quick look")
                                   : draft.preset == QLatin1String("published") ? tr("as published")
                                                                                : tr("laboratory")) +
                                      (draft.changes.isEmpty() ? QString() : tr(", changed under \"More\"")));
    text += line(tr("Where:"), draft.place.slurm ? tr("Slurm cluster") : tr("this computer"));
    return text + QStringLiteral("</table>");
}

void SummaryPage::askEstimate() {
    estimate_->setText(
        tr("Measuring with some real steps. The first time all images are read, which takes a while; you "
           "need not wait for it."));
    again_->setEnabled(false);
    state().service.estimate(state().config(), draft().folder.toStdString());
}

void SummaryPage::showEstimate(const TrainingEstimate& estimate) {
    again_->setEnabled(true);
    const double most = estimate.secondsBefore + estimate.epochs * estimate.secondsPerEpoch;
    const auto gigabytes = [](double value) { return QLocale().toString(value, 'f', value < 10 ? 1 : 0); };
    QString text = tr("On this computer at most %1 (at most %2 rounds of %3); it usually ends earlier. ")
                       .arg(timeInWords(most))
                       .arg(estimate.epochs)
                       .arg(timeInWords(estimate.secondsPerEpoch));
    // What there is may not be known: a figure of 0 would read as a full drive.
    const auto ofWhatThereIs = [&](const QString& what, double needed, double available) {
        if (needed <= 0) return QString();
        return available > 0 ? tr("%1: %2 of %3 GB. ").arg(what, gigabytes(needed), gigabytes(available))
                             : tr("%1: %2 GB. ").arg(what, gigabytes(needed));
    };
    text += ofWhatThereIs(tr("Memory"), estimate.memoryGigabytes, estimate.memoryAvailable);
    text += ofWhatThereIs(tr("Room on the drive"), estimate.diskGigabytes, estimate.diskAvailable);
    if (draft().place.slurm) text += tr("A cluster may be faster or slower. ");
    estimate_->setText(text + cautions(estimate).join(u' '));
}

/// What the figures mean. The program's own sentence about memory names a setting as its file calls it.
QStringList SummaryPage::cautions(const TrainingEstimate& estimate) {
    QStringList all;
    if (estimate.memoryAvailable > 0 && estimate.memoryGigabytes > estimate.memoryAvailable)
        all << tr(
            "This needs more memory than this computer has. Set \"Spots computed at once\" lower on the page "
            "\"Settings\".");
    if (estimate.diskAvailable > 0 && estimate.diskGigabytes > estimate.diskAvailable)
        all << tr("There is not enough room on the drive. Choose a folder on another one.");
    for (const auto& warning : estimate.warnings)
        if (!warning.contains(QLatin1String("micro_batch")) &&
            !warning.contains(QLatin1String("room on the drive")))
            all << warning;
    return all;
}

void SummaryPage::saveSettings() {
    auto* dialog = new QFileDialog(this, tr("Save settings"), draft().name + QStringLiteral(".json"),
                                   tr("Settings (*.json)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("json"));
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& file) {
        QSaveFile out(file);
        const auto json = QJsonDocument(state().config()).toJson();
        const bool done = out.open(QIODevice::WriteOnly) && out.write(json) == json.size() && out.commit();
        said_->setText(
            done ? tr("Saved. \"spotglass-cli train --config %1 --output FOLDER\" trains the same.").arg(file)
                 : tr("%1 could not be written: %2").arg(file, out.errorString()));
        said_->setVisible(true);
    });
    dialog->open();
}

} // namespace spotglass
