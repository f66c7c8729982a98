#include "ui/training/wizard/PlacePage.h"

#include <algorithm>
#include <QFormLayout>
#include <QGroupBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QRegularExpression>
#include <QShowEvent>
#include <QSpinBox>

namespace spotglass {
namespace {

QSpinBox* count(const char* name, int low, int high, const QString& suffix = {}) {
    auto* box = new QSpinBox;
    box->setObjectName(QLatin1String(name));
    box->setRange(low, high);
    box->setSuffix(suffix);
    return box;
}

QLineEdit* word(const char* name, const QString& placeholder) {
    auto* line = new QLineEdit;
    line->setObjectName(QLatin1String(name));
    line->setPlaceholderText(placeholder);
    return line;
}

} // namespace

PlacePage::PlacePage(WizardState& state, QWidget* parent)
    : WizardPage(
          state, tr("Where to train"),
          tr("On this computer the training runs beside your work, and goes on when this window is closed. A "
             "cluster has to see the same folders as this computer."),
          parent),
      here_(new QRadioButton(tr("&This computer"))), slurm_(new QRadioButton(tr("A &Slurm cluster"))),
      cluster_(new QGroupBox(tr("On each node"))),
      partition_(word("partition", tr("the cluster's own choice"))),
      time_(word("time", tr("hours:minutes:seconds"))), modules_(word("modules", tr("none"))),
      container_(word("container", tr("none"))), program_(word("program", tr("the same as here"))),
      nodes_(count("nodes", 1, 256)), gpus_(count("gpus", 0, 16)), processors_(count("processors", 1, 1024)),
      memory_(count("memory", 1, 4096, tr(" GB"))), check_(new QPushButton(tr("&Check"))), said_(new QLabel),
      wrong_(new QLabel) {
    here_->setObjectName(QStringLiteral("here"));
    slurm_->setObjectName(QStringLiteral("slurm"));
    column().addWidget(here_);
    column().addWidget(slurm_);
    auto* form = new QFormLayout(cluster_);
    form->addRow(tr("&Partition:"), partition_);
    form->addRow(tr("Nod&es:"), nodes_);
    form->addRow(tr("&Graphics processors:"), gpus_);
    form->addRow(tr("P&rocessor cores:"), processors_);
    form->addRow(tr("Me&mory:"), memory_);
    form->addRow(tr("T&ime at most:"), time_);
    form->addRow(tr("Mo&dules to load:"), modules_);
    form->addRow(tr("C&ontainer (Apptainer):"), container_);
    form->addRow(tr("spotg&lass-cli there:"), program_);
    column().addWidget(cluster_);
    wrong_->setWordWrap(true);
    wrong_->setObjectName(QStringLiteral("wrong"));
    column().addWidget(wrong_);
    auto* line = new QHBoxLayout;
    said_->setWordWrap(true);
    said_->setObjectName(QStringLiteral("said"));
    check_->setObjectName(QStringLiteral("check"));
    line->addWidget(said_, 1);
    line->addWidget(check_);
    column().addLayout(line);
    column().addStretch(1);
    for (auto* button : {here_, slurm_})
        connect(button, &QRadioButton::toggled, this, &PlacePage::take);
    for (auto* edit : {partition_, time_, modules_, container_, program_})
        connect(edit, &QLineEdit::textChanged, this, &PlacePage::take);
    for (auto* box : {nodes_, gpus_, processors_, memory_})
        connect(box, &QSpinBox::valueChanged, this, &PlacePage::take);
    connect(check_, &QPushButton::clicked, this, [this] {
        said_->setText(tr("Asking the cluster ..."));
        check_->setEnabled(false);
        this->state().service.checkPlace(draft().place);
    });
    connect(&state.service, &CohortService::placeChecked, this, [this](bool, const QString& sentence) {
        if (check_->isEnabled()) return; // of a place that is not chosen any more
        said_->setText(sentence);
        check_->setEnabled(true);
    });
}

/// After Back too: the page after this one takes back what was asked, and no answer follows.
void PlacePage::showEvent(QShowEvent* event) {
    WizardPage::showEvent(event);
    if (!check_->isEnabled() && !event->spontaneous()) forgetCheck();
}

void PlacePage::forgetCheck() {
    check_->setEnabled(true);
    said_->clear();
}

bool PlacePage::isComplete() const {
    return whyNot().isEmpty();
}

/// What would fail on the cluster only, after it has waited for its turn there.
QString PlacePage::whyNot() const {
    const auto& place = state().draft.place;
    if (!place.slurm) return {};
    const auto config = state().config();
    const int processes = place.nodes * std::max(1, place.gpus);
    const int batch = config[QStringLiteral("batch")].toInt(128);
    if (processes > 1 && config[QStringLiteral("members")].toInt(1) > 1)
        return tr("Several networks can be trained on one node with one graphics processor at most. Choose "
                  "these, or one network on the page \"Settings\".");
    if (batch % processes == 0) return {};
    return tr("The %1 spots of a step cannot be shared evenly among %2 processes (one for each graphics "
              "processor, or each node without one). Choose other numbers here, or another number of \"Spots "
              "a step\" on the page \"Settings\".")
        .arg(batch)
        .arg(processes);
}

void PlacePage::initializePage() {
    filling_ = true;
    const auto& place = draft().place;
    (place.slurm ? slurm_ : here_)->setChecked(true);
    partition_->setText(place.partition);
    time_->setText(place.time);
    modules_->setText(place.modules.join(u' '));
    container_->setText(place.container);
    program_->setText(place.program);
    nodes_->setValue(place.nodes);
    gpus_->setValue(place.gpus);
    processors_->setValue(place.processors);
    memory_->setValue(place.memoryGigabytes);
    filling_ = false;
    take();
}

void PlacePage::take() {
    if (filling_) return;
    const bool cluster = slurm_->isChecked();
    cluster_->setVisible(cluster);
    check_->setVisible(cluster);
    said_->setVisible(cluster);
    draft().place = {
        cluster,
        partition_->text().trimmed(),
        nodes_->value(),
        gpus_->value(),
        processors_->value(),
        memory_->value(),
        time_->text().trimmed(),
        modules_->text().split(QRegularExpression(QStringLiteral("[\\s,]+")), Qt::SkipEmptyParts),
        container_->text().trimmed(),
        program_->text().trimmed()};
    forgetCheck();
    wrong_->setText(whyNot());
    wrong_->setVisible(!wrong_->text().isEmpty());
    changed();
}

} // namespace spotglass
