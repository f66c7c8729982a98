#include "ui/training/jobs/JobWindow.h"

#include "ui/training/jobs/AskToEnd.h"
#include "ui/training/jobs/JobText.h"
#include "ui/training/jobs/MapPage.h"
#include "ui/training/jobs/ResultPage.h"
#include "ui/training/jobs/TrainingCharts.h"

#include <algorithm>
#include <QFileDialog>
#include <QFileInfo>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSaveFile>
#include <QScrollBar>
#include <QTabWidget>
#include <QVBoxLayout>

namespace spotglass {

JobWindow::JobWindow(TrainingService& trainings, ModelLibraryService& library, QString id, QWidget* parent)
    : QWidget(parent, Qt::Window), trainings_(trainings), id_(std::move(id)), state_(new QLabel),
      pause_(new QPushButton(tr("&Pause"))), cancel_(new QPushButton(tr("&Cancel"))),
      compare_(new QPushButton(tr("Compare &with"))), export_(new QPushButton(tr("&Export..."))),
      others_(new QMenu(this)), pages_(new QTabWidget), charts_(new TrainingCharts),
      maps_(new MapPage(trainings, id_)), result_(new ResultPage(library)), log_(new QPlainTextEdit) {
    setAttribute(Qt::WA_DeleteOnClose);
    build();
    connect(pause_, &QPushButton::clicked, this, [this] {
        const auto job = find(id_);
        if (!job) return;
        if (job->state == TrainingJob::State::Running || job->state == TrainingJob::State::Waiting)
            trainings_.pause(id_);
        else
            trainings_.resume(id_);
    });
    connect(cancel_, &QPushButton::clicked, this, [this] {
        if (const auto job = find(id_)) askToEnd(*job, false, this, [this] { trainings_.cancel(id_); });
    });
    connect(others_, &QMenu::aboutToShow, this, &JobWindow::offerOthers);
    connect(export_, &QPushButton::clicked, this, &JobWindow::exportFigures);
    connect(result_, &ResultPage::geneChosen, this, [this](const QString& gene) {
        maps_->setGene(gene);
        pages_->setCurrentWidget(maps_);
    });
    connect(&trainings_, &TrainingService::jobsChanged, this, &JobWindow::update);
    connect(&trainings_, &TrainingService::historyRead, this, &JobWindow::takeHistory);
    connect(&trainings_, &TrainingService::reportRead, this,
            [this](const QString& of, const TrainingReport& report) {
                if (of == id_) result_->setReport(report);
            });
    update();
    trainings_.follow(id_);
}

JobWindow::~JobWindow() {
    for (const auto& id : compared_ + QStringList{id_})
        trainings_.unfollow(id);
}

void JobWindow::build() {
    state_->setObjectName(QStringLiteral("state"));
    state_->setWordWrap(true);
    state_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    compare_->setMenu(others_);
    auto* line = new QHBoxLayout;
    line->addWidget(state_, 1);
    for (const auto& [button, name] : std::initializer_list<std::pair<QPushButton*, const char*>>{
             {pause_, "pause"}, {cancel_, "cancel"}, {compare_, "compare"}, {export_, "export"}}) {
        button->setObjectName(QLatin1String(name));
        line->addWidget(button);
    }
    log_->setReadOnly(true);
    log_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    log_->setLineWrapMode(QPlainTextEdit::NoWrap);
    charts_->setObjectName(QStringLiteral("charts"));
    maps_->setObjectName(QStringLiteral("maps"));
    result_->setObjectName(QStringLiteral("result"));
    log_->setObjectName(QStringLiteral("log"));
    pages_->addTab(charts_, tr("P&rogress"));
    pages_->addTab(maps_, tr("&Maps"));
    pages_->addTab(result_, tr("Res&ult"));
    pages_->addTab(log_, tr("&Log"));
    auto* column = new QVBoxLayout(this);
    column->addLayout(line);
    column->addWidget(pages_, 1);
    resize(960, 720);
}

std::optional<TrainingJob> JobWindow::find(const QString& id) const {
    for (const auto& job : trainings_.jobs())
        if (job.id == id) return job;
    return std::nullopt;
}

void JobWindow::update() {
    const auto job = find(id_);
    for (auto* button : {pause_, cancel_})
        button->setEnabled(job.has_value());
    if (!job) return state_->setText(tr("This training is not in the list any more. Its folder stays."));
    using State = TrainingJob::State;
    setWindowTitle(tr("Training %1").arg(job->name));
    state_->setText(progressInWords(*job));
    const bool goes = job->state == State::Running || job->state == State::Waiting;
    pause_->setText(goes ? tr("&Pause") : tr("Re&sume"));
    pause_->setEnabled(job->state != State::Done);
    cancel_->setEnabled(!job->isOver());
    result_->setJob(*job);
    if (!std::exchange(wasOver_, job->isOver()) && job->isOver()) {
        trainings_.askReport(id_);
        pages_->setCurrentWidget(result_);
    }
}

void JobWindow::takeHistory(const QString& id, const TrainingHistory& history) {
    if (compared_.contains(id)) {
        const auto other = find(id);
        if (other) charts_->setOther(id, other->name, history);
    }
    if (id != id_) return;
    charts_->setHistory(history);
    maps_->setGenes(history.genes);
    if (log_->toPlainText() == history.log) return;
    auto* bar = log_->verticalScrollBar();
    const bool atEnd = bar->value() == bar->maximum();
    const int place = bar->value();
    log_->setPlainText(history.log);
    bar->setValue(atEnd ? bar->maximum() : place);
}

void JobWindow::offerOthers() {
    others_->clear();
    for (const auto& job : trainings_.jobs()) {
        if (job.id == id_) continue;
        auto* action = others_->addAction(job.name);
        action->setCheckable(true);
        action->setChecked(compared_.contains(job.id));
        connect(action, &QAction::toggled, this, [this, job](bool on) {
            if (on) {
                compared_ << job.id;
                trainings_.follow(job.id);
            } else {
                compared_.removeOne(job.id);
                trainings_.unfollow(job.id);
                charts_->removeOther(job.id);
            }
        });
    }
    if (others_->isEmpty()) others_->addAction(tr("There is no other training"))->setEnabled(false);
}

void JobWindow::exportFigures() {
    auto* dialog = new QFileDialog(this, tr("Export curves"), QStringLiteral("training.png"),
                                   tr("Pictures (*.png);;Documents (*.pdf);;Tables (*.tsv)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("png"));
    connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString& filter) {
        const auto suffix = filter.section(QStringLiteral("*."), 1).chopped(1);
        dialog->setDefaultSuffix(suffix);
        const auto files = dialog->selectedFiles();
        if (files.isEmpty()) return;
        const QFileInfo named(files.front()); // the name that stands there already
        dialog->selectFile(named.completeBaseName() + u'.' + suffix);
    });
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& file) {
        bool written = false;
        if (file.endsWith(QLatin1String(".tsv"), Qt::CaseInsensitive)) {
            QSaveFile table(file);
            written = table.open(QIODevice::WriteOnly) && table.write(charts_->asTable().toUtf8()) >= 0 &&
                      table.commit();
        } else {
            written = charts_->savePicture(file);
        }
        state_->setText(
            written ? tr("Written to %1.").arg(file)
                    : tr("%1 cannot be written. Choose another folder, or free some space.").arg(file));
    });
    dialog->open();
}

} // namespace spotglass
