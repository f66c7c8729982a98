#include "ui/training/wizard/SplitPage.h"

#include <array>
#include <QCheckBox>
#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QSplitter>
#include <QTableWidget>

namespace spotglass {
namespace {

constexpr std::array kRoles{SectionRole::Training, SectionRole::Validation, SectionRole::Reported,
                            SectionRole::LeftOut};
const QColor kLeak(200, 40, 30);

QString inWords(SectionRole role) {
    switch (role) {
    case SectionRole::Training:
        return SplitPage::tr("Trains");
    case SectionRole::Validation:
        return SplitPage::tr("Decides when to stop");
    case SectionRole::Reported:
        return SplitPage::tr("Tests the model");
    case SectionRole::LeftOut:
        break;
    }
    return SplitPage::tr("Left out");
}

QTableWidgetItem* cell(const QString& text) {
    auto* item = new QTableWidgetItem(text);
    item->setFlags(Qt::ItemIsEnabled);
    return item;
}

} // namespace

SplitPage::SplitPage(WizardState& state, QWidget* parent)
    : WizardPage(state, tr("Training and test"),
                 tr("A model has to be tested on patients that it has never seen. Some patients train it, "
                    "some decide "
                    "when to stop, and some test it at the end."),
                 parent),
      sections_(new QTableWidget(0, 3)), matrix_(new QTableWidget(0, 3)),
      known_(new QCheckBox(tr("I &know that the figures will be better than on another patient"))),
      said_(new QLabel) {
    sections_->setObjectName(QStringLiteral("split"));
    sections_->setHorizontalHeaderLabels({tr("Section"), tr("Patient"), tr("What it does")});
    matrix_->setObjectName(QStringLiteral("matrix"));
    matrix_->setHorizontalHeaderLabels({inWords(kRoles[0]), inWords(kRoles[1]), inWords(kRoles[2])});
    matrix_->setSelectionMode(QAbstractItemView::NoSelection);
    for (auto* table : {sections_, matrix_}) {
        table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
        table->horizontalHeader()->setStretchLastSection(true);
    }
    sections_->verticalHeader()->hide();
    auto* right = new QWidget;
    auto* rightColumn = new QVBoxLayout(right);
    rightColumn->setContentsMargins(0, 0, 0, 0);
    auto* caption = new QLabel(tr("Sections of each patient"));
    rightColumn->addWidget(caption);
    rightColumn->addWidget(matrix_, 1);
    auto* split = new QSplitter;
    split->addWidget(sections_);
    split->addWidget(right);
    column().addWidget(split, 1);
    said_->setWordWrap(true);
    said_->setObjectName(QStringLiteral("said"));
    column().addWidget(said_);
    known_->setObjectName(QStringLiteral("known"));
    column().addWidget(known_);
    connect(known_, &QCheckBox::toggled, this, [this](bool on) {
        draft().samePatient = on;
        changed();
    });
    const auto answered = [this] {
        fillMatrix();
        Q_EMIT completeChanged();
    };
    connect(&state.service, &CohortService::panelChosen, this, answered);
    connect(&state.service, &CohortService::failed, this, [answered](const QString& question) {
        if (question == QLatin1String("panel")) answered();
    });
}

void SplitPage::initializePage() {
    known_->setChecked(draft().samePatient);
    fillSections();
    askPanel();
    fillMatrix();
}

bool SplitPage::isComplete() const {
    const auto& roles = state().draft.roles;
    if (!whyNotTrainable(state().cohort, roles).isEmpty()) return false;
    if (!state().panelIsCurrent()) return false; // it belongs to the sections that train
    return state().draft.samePatient || leaks(state().cohort, roles).isEmpty();
}

void SplitPage::fillSections() {
    const auto& all = state().cohort.sections;
    sections_->setRowCount(static_cast<int>(all.size()));
    for (int row = 0; row < sections_->rowCount(); ++row) {
        const auto& section = all[row];
        sections_->setItem(row, 0, cell(section.name));
        sections_->setItem(row, 1, cell(section.patient));
        auto* roles = new QComboBox;
        roles->setObjectName(QStringLiteral("role.") + section.name);
        roles->setAccessibleName(tr("What section %1 does").arg(section.name));
        for (const auto role : kRoles)
            roles->addItem(inWords(role), static_cast<int>(role));
        roles->setCurrentIndex(
            roles->findData(static_cast<int>(draft().roles.value(section.name, SectionRole::LeftOut))));
        connect(roles, &QComboBox::activated, this, [this, roles, name = section.name] {
            take(name, static_cast<SectionRole>(roles->currentData().toInt()));
        });
        sections_->setCellWidget(row, 2, roles);
    }
}

void SplitPage::take(const QString& section, SectionRole role) {
    draft().roles[section] = role;
    draft().samePatient = false;
    known_->setChecked(false);
    askPanel();
    fillMatrix();
    changed();
}

/// The genes are picked on the sections that train, so other sections are asked anew.
void SplitPage::askPanel() {
    if (!whyNotTrainable(state().cohort, draft().roles).isEmpty()) return; // first that
    if (!state().panelIsCurrent() && state().asked != state().panelQuestion()) state().askPanel();
}

/// Patients against roles; a patient in two roles is red, and says so in words.
void SplitPage::fillMatrix() {
    const auto& cohort = state().cohort;
    matrix_->setRowCount(static_cast<int>(cohort.patients.size()));
    matrix_->setVerticalHeaderLabels(cohort.patients);
    for (int row = 0; row < matrix_->rowCount(); ++row) {
        std::array<QStringList, 3> names;
        int used = 0;
        for (std::size_t r = 0; r < names.size(); ++r) {
            for (const auto& section : cohort.sections)
                if (section.patient == cohort.patients[row] &&
                    draft().roles.value(section.name, SectionRole::LeftOut) == kRoles[r])
                    names[r] << section.name;
            used += names[r].isEmpty() ? 0 : 1;
        }
        for (int r = 0; r < 3; ++r) {
            const auto& here = names[static_cast<std::size_t>(r)];
            auto* item = cell(here.join(QStringLiteral(", ")) +
                              (used > 1 && !here.isEmpty() ? tr(" (two sides)") : QString()));
            if (used > 1 && !here.isEmpty()) {
                item->setBackground(kLeak);
                item->setForeground(Qt::white);
            }
            matrix_->setItem(row, r, item);
        }
    }
    const auto wrong = whyNotTrainable(cohort, draft().roles);
    auto said = leaks(cohort, draft().roles);
    if (!wrong.isEmpty()) said.prepend(wrong);
    if (cohort.patients.size() == 1)
        said = QStringList{tr(
                   "All sections are of one patient. They resemble each other, so the figures say nothing "
                   "about another patient.")} +
               (wrong.isEmpty() ? QStringList() : QStringList{wrong});
    if (said.isEmpty() && !draft().roles.values().contains(SectionRole::Reported))
        said << tr("No section tests the model. Nobody will know how good it is.");
    if (said.isEmpty()) said << tr("No patient is on two sides.");
    if (wrong.isEmpty() && !state().panelIsCurrent())
        said << (state().panelProblem.isEmpty()
                     ? tr("The genes are being picked on these sections ...")
                     : tr("The genes cannot be picked on these sections: %1").arg(state().panelProblem));
    said_->setText(said.join(u' '));
    known_->setVisible(!leaks(cohort, draft().roles).isEmpty());
}

} // namespace spotglass
