#include "ui/training/jobs/JobsDock.h"

#include "ui/training/jobs/AskToEnd.h"
#include "ui/training/jobs/JobText.h"

#include <algorithm>
#include <QDesktopServices>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QMenu>
#include <QPushButton>
#include <QStackedWidget>
#include <QUrl>
#include <QVBoxLayout>

namespace spotglass {
namespace {

using State = TrainingJob::State;

constexpr int kId = Qt::UserRole;

bool canResume(const TrainingJob& job) {
    return job.state == State::Paused || job.state == State::Failed || job.state == State::Cancelled;
}
bool canPause(const TrainingJob& job) {
    return job.state == State::Running || job.state == State::Waiting;
}
bool canCancel(const TrainingJob& job) {
    return !job.isOver();
}

} // namespace

JobsDock::JobsDock(TrainingService& trainings, QWidget* parent)
    : QDockWidget(tr("Trainings"), parent), trainings_(trainings), pages_(new QStackedWidget),
      list_(new QListWidget), new_(new QPushButton(tr("Ne&w..."))), open_(new QPushButton(tr("Ope&n"))),
      pause_(new QPushButton(tr("&Pause"))), cancel_(new QPushButton(tr("&Cancel"))),
      up_(new QPushButton(tr("&Up"))), down_(new QPushButton(tr("&Down"))),
      remove_(new QPushButton(tr("Rem&ove"))) {
    setObjectName(QStringLiteral("jobs"));
    build();
    connect(&trainings_, &TrainingService::jobsChanged, this, &JobsDock::fill);
    connect(&trainings_, &TrainingService::finished, this, [this](const TrainingJob& job) {
        Q_EMIT notify(tr("Training %1").arg(job.name), progressInWords(job));
    });
    connect(list_, &QListWidget::currentItemChanged, this, &JobsDock::updateButtons);
    connect(list_, &QListWidget::itemActivated, this, [this] { Q_EMIT openWanted(chosen()); });
    connect(new_, &QPushButton::clicked, this, &JobsDock::newTrainingWanted);
    connect(open_, &QPushButton::clicked, this, [this] { Q_EMIT openWanted(chosen()); });
    connect(pause_, &QPushButton::clicked, this, [this] {
        const auto* job = find(chosen());
        if (!job) return;
        if (canResume(*job))
            trainings_.resume(job->id);
        else
            trainings_.pause(job->id);
    });
    connect(cancel_, &QPushButton::clicked, this, &JobsDock::cancel);
    connect(up_, &QPushButton::clicked, this, [this] { move(-1); });
    connect(down_, &QPushButton::clicked, this, [this] { move(1); });
    connect(remove_, &QPushButton::clicked, this, &JobsDock::remove);
    fill();
}

void JobsDock::build() {
    auto* all = new QWidget;
    auto* column = new QVBoxLayout(all);
    auto* empty =
        new QLabel(tr("There are no trainings yet. \"New...\" trains a model on your own sections."));
    empty->setWordWrap(true);
    empty->setAlignment(Qt::AlignCenter);
    empty->setMargin(12);
    list_->setObjectName(QStringLiteral("list"));
    list_->setAccessibleName(tr("Trainings"));
    list_->setWordWrap(true);
    list_->setTextElideMode(Qt::ElideNone);
    list_->setAlternatingRowColors(true);
    pages_->addWidget(empty);
    pages_->addWidget(list_);
    column->addWidget(pages_, 1);
    const auto row = [column](std::initializer_list<std::pair<QPushButton*, const char*>> buttons) {
        auto* line = new QHBoxLayout;
        for (const auto& [button, name] : buttons) {
            button->setObjectName(QLatin1String(name));
            button->setMinimumWidth(40);
            line->addWidget(button);
        }
        column->addLayout(line);
    };
    row({{new_, "new"}, {open_, "open"}, {pause_, "pause"}, {cancel_, "cancel"}});
    row({{up_, "up"}, {down_, "down"}, {remove_, "remove"}});
    remove_->setToolTip(tr("Takes it off this list. Its folder stays."));
    setWidget(all);
    list_->setContextMenuPolicy(Qt::ActionsContextMenu);
    auto* folder = new QAction(tr("Show folder"), list_);
    connect(folder, &QAction::triggered, this, [this] {
        if (const auto* job = find(chosen()))
            QDesktopServices::openUrl(QUrl::fromLocalFile(QString::fromStdString(job->folder.string())));
    });
    list_->addAction(folder);
}

QString JobsDock::chosen() const {
    const auto* item = list_->currentItem();
    return item ? item->data(kId).toString() : QString();
}

const TrainingJob* JobsDock::find(const QString& id) const {
    const auto found = std::ranges::find(jobs_, id, &TrainingJob::id);
    return found == jobs_.end() ? nullptr : &*found;
}

void JobsDock::fill() {
    const auto before = chosen();
    jobs_ = trainings_.jobs();
    pages_->setCurrentIndex(jobs_.isEmpty() ? 0 : 1);
    const QSignalBlocker quiet(list_);
    while (list_->count() > jobs_.size())
        delete list_->takeItem(list_->count() - 1);
    for (int row = 0; row < jobs_.size(); ++row) {
        if (row >= list_->count()) list_->addItem(QString());
        auto* item = list_->item(row);
        item->setText(jobs_[row].name + u'\n' + progressInWords(jobs_[row]));
        item->setToolTip(jobs_[row].sentence);
        item->setData(kId, jobs_[row].id);
        if (jobs_[row].id == before) list_->setCurrentRow(row);
    }
    if (!list_->currentItem() && list_->count() > 0) list_->setCurrentRow(0);
    updateButtons();
}

void JobsDock::updateButtons() {
    const auto* job = find(chosen());
    for (auto* button : {open_, pause_, cancel_, up_, down_, remove_})
        button->setEnabled(job != nullptr);
    if (!job) return;
    pause_->setText(canResume(*job) ? tr("Resu&me") : tr("&Pause"));
    pause_->setEnabled(canResume(*job) || canPause(*job));
    cancel_->setEnabled(canCancel(*job));
    up_->setEnabled(job->state == State::Waiting);
    down_->setEnabled(job->state == State::Waiting);
}

/// Among those that wait.
void JobsDock::move(int by) {
    const auto id = chosen();
    int place = 0;
    for (const auto& job : jobs_) {
        if (job.id == id) return trainings_.move(id, std::max(0, place + by));
        place += job.state == State::Waiting ? 1 : 0;
    }
}

void JobsDock::cancel() {
    if (const auto* job = find(chosen()))
        askToEnd(*job, false, this, [this, id = job->id] { trainings_.cancel(id); });
}

/// One that is over has nothing to lose.
void JobsDock::remove() {
    const auto* job = find(chosen());
    if (!job) return;
    if (job->isOver()) return trainings_.remove(job->id);
    askToEnd(*job, true, this, [this, id = job->id] { trainings_.remove(id); });
}

} // namespace spotglass
