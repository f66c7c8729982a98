#include "ui/training/wizard/CohortPage.h"

#include "ui/training/SectionPicture.h"

#include <cmath>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QTableWidget>

namespace spotglass {
namespace {

enum Column { Use, Patient, Spots, OnTissue, Depth, Genes, Scale, Columns };

/// Four digits, and no exponent.
QString numberText(double value) {
    return std::abs(value) >= 1000 ? QLocale().toString(value, 'f', 0) : QLocale().toString(value, 'g', 4);
}

/// As the beginning of a sentence.
QString capitalized(const QString& text) {
    return text.left(1).toUpper() + text.mid(1);
}

/// The notes as rich text, errors first.
QString notesText(const AuditedCohort& cohort) {
    using Severity = AuditNote::Severity;
    QString text;
    for (const auto severity : {Severity::Error, Severity::Warning, Severity::Note})
        for (const auto& note : cohort.notes) {
            if (note.severity != severity) continue;
            const QString word = severity == Severity::Error     ? CohortPage::tr("To be settled")
                                 : severity == Severity::Warning ? CohortPage::tr("Please look")
                                                                 : CohortPage::tr("Good to know");
            const QString where = note.section.isEmpty() ? QString() : note.section + QStringLiteral(": ");
            const QString what = note.section.isEmpty() ? capitalized(note.what) : note.what;
            text +=
                QStringLiteral("<p style='margin:0 0 4px 0'><b>%1.</b> %2%3.%4</p>")
                    .arg(word, where.toHtmlEscaped(), what.toHtmlEscaped(),
                         note.hint.isEmpty() ? QString()
                                             : QStringLiteral(" <i>%1.</i>").arg(note.hint.toHtmlEscaped()));
        }
    return text;
}

QTableWidgetItem* cell(const QString& text) {
    auto* item = new QTableWidgetItem(text);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
    return item;
}

} // namespace

CohortPage::CohortPage(WizardState& state, QWidget* parent)
    : WizardPage(
          state, tr("Your sections"),
          tr("Choose the folder with images and counts of your sections, or the table that lists them. "
             "Everything is looked at before anything is trained; your files are never changed."),
          parent),
      path_(new QLineEdit), progress_(new QProgressBar), stop_(new QPushButton(tr("Stop"))),
      anew_(new QPushButton(tr("&Propose anew"))), said_(new QLabel), notes_(new QLabel),
      table_(new QTableWidget(0, Columns)), picture_(new SectionPicture) {
    setAcceptDrops(true);
    build();
    connect(&state.service, &CohortService::auditProgress, this, [this](const QString& sentence) {
        if (busy_) said_->setText(sentence);
    });
    connect(&state.service, &CohortService::audited, this, [this](const AuditedCohort& cohort) {
        setBusy(false);
        takeCohort(cohort);
    });
    connect(&state.service, &CohortService::failed, this,
            [this](const QString& question, const Error& error) {
                if (question != QLatin1String("audit")) return;
                setBusy(false);
                said_->setText(QString::fromStdString(error.sentence()));
                changed();
            });
}

void CohortPage::build() {
    path_->setObjectName(QStringLiteral("cohort"));
    path_->setPlaceholderText(tr("Choose, or drop a folder or file here"));
    auto* label = new QLabel(tr("&Cohort:"));
    label->setBuddy(path_);
    auto* folder = new QPushButton(tr("&Folder..."));
    auto* file = new QPushButton(tr("Fil&e..."));
    auto* line = new QHBoxLayout;
    for (QWidget* widget : std::initializer_list<QWidget*>{label, path_, folder, file})
        line->addWidget(widget, widget == path_ ? 1 : 0);
    column().addLayout(line);
    connect(folder, &QPushButton::clicked, this, [this] { choose(false); });
    connect(file, &QPushButton::clicked, this, [this] { choose(true); });
    connect(path_, &QLineEdit::editingFinished, this, [this] {
        if (path_->text() != draft().cohort) look(path_->text());
    });
    connect(path_, &QLineEdit::returnPressed, this, [this] { // again, after a look that failed or was stopped
        if (path_->text() == draft().cohort && state().cohort.sections.isEmpty() && !busy_)
            look(path_->text());
    });
    said_->setWordWrap(true);
    said_->setObjectName(QStringLiteral("said"));
    progress_->setRange(0, 0);
    auto* busy = new QHBoxLayout;
    busy->addWidget(said_, 1);
    busy->addWidget(progress_);
    busy->addWidget(stop_);
    busy->addWidget(anew_);
    column().addLayout(busy);
    anew_->setObjectName(QStringLiteral("anew"));
    connect(anew_, &QPushButton::clicked, this,
            [this] { takeRoles(proposedAmongUsed(state().cohort, draft().roles)); });
    connect(stop_, &QPushButton::clicked, this, [this] {
        state().cancel();
        setBusy(false);
        said_->setText(tr("Stopped. Choose the cohort again to look at it."));
    });
    table_->setObjectName(QStringLiteral("sections"));
    table_->setHorizontalHeaderLabels({tr("Section"), tr("Patient"), tr("Spots"), tr("On tissue"),
                                       tr("Counts a spot"), tr("Genes"), tr("Micrometres a pixel")});
    table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    table_->horizontalHeader()->setStretchLastSection(true);
    table_->verticalHeader()->hide();
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    connect(table_, &QTableWidget::currentCellChanged, this, [this](int row) { showSection(row); });
    connect(table_, &QTableWidget::itemChanged, this, [this](const QTableWidgetItem* item) {
        if (filling_ || item->column() != Use) return;
        const bool used = item->checkState() == Qt::Checked;
        takeRoles(withSection(state().cohort, draft().roles, item->text(), used));
    });
    picture_->setEmptyText(tr("The chosen section is shown here, with its spots."));
    auto* tables = new QSplitter(Qt::Horizontal);
    tables->addWidget(table_);
    tables->addWidget(picture_);
    tables->setStretchFactor(0, 3);
    tables->setStretchFactor(1, 2);
    column().addWidget(tables, 3);
    notes_->setWordWrap(true);
    notes_->setTextFormat(Qt::RichText);
    notes_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    notes_->setAlignment(Qt::AlignTop);
    notes_->setObjectName(QStringLiteral("notes"));
    notes_->setMargin(6);
    auto* scroll = new QScrollArea;
    scroll->setWidget(notes_);
    scroll->setWidgetResizable(true);
    scroll->setMaximumHeight(150);
    column().addWidget(scroll, 1);
    setBusy(false);
}

void CohortPage::initializePage() {
    path_->setText(draft().cohort);
    if (!draft().cohort.isEmpty() && state().cohort.sections.isEmpty() && !busy_) look(draft().cohort);
}

/// After Back too: what the sections do may have become something else.
void CohortPage::showEvent(QShowEvent* event) {
    WizardPage::showEvent(event);
    showRoles();
}

bool CohortPage::isComplete() const {
    return !busy_ && whyNotTrainable(state().cohort, state().draft.roles).isEmpty();
}

void CohortPage::choose(bool file) {
    auto* dialog =
        new QFileDialog(this, file ? tr("Table of sections") : tr("Folder of the cohort"), path_->text());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(file ? QFileDialog::ExistingFile : QFileDialog::Directory);
    if (file) dialog->setNameFilter(tr("Tables and AnnData (*.csv *.tsv *.h5ad);;All files (*)"));
    connect(dialog, &QFileDialog::fileSelected, this, &CohortPage::look);
    dialog->open();
}

void CohortPage::look(const QString& path) {
    path_->setText(path);
    if (path.isEmpty()) return;
    if (path != draft().cohort) {
        draft().cohort = path;
        draft().roles.clear();
        draft().samePatient = false;
        for (auto* other : {&draft().name, &draft().folder, &draft().source}) // those of the other cohort
            other->clear();
    }
    state().forgetPanel();
    state().cohort = {};
    proposed_ = false;
    showCohort();
    setBusy(true);
    said_->setText(tr("Looking at the sections ..."));
    changed();
    state().service.audit(path.toStdString());
}

void CohortPage::setBusy(bool busy) {
    busy_ = busy;
    progress_->setVisible(busy);
    stop_->setVisible(busy);
    Q_EMIT completeChanged();
}

void CohortPage::showCohort() {
    const auto& cohort = state().cohort;
    filling_ = true;
    table_->setRowCount(static_cast<int>(cohort.sections.size()));
    for (int row = 0; row < table_->rowCount(); ++row) {
        const auto& section = cohort.sections[row];
        auto* name = cell(section.name);
        name->setCheckState(Qt::Unchecked);
        if (isUsable(section))
            name->setFlags(name->flags() | Qt::ItemIsUserCheckable);
        else
            name->setToolTip(tr("This section cannot be read; the notes say why."));
        table_->setItem(row, Use, name);
        table_->setItem(row, Patient, cell(section.patient));
        table_->setItem(row, Spots, cell(QString::number(section.spots)));
        table_->setItem(row, OnTissue, cell(QString::number(section.onTissue)));
        table_->setItem(row, Depth, cell(numberText(section.medianDepth)));
        table_->setItem(row, Genes, cell(QString::number(section.genes)));
        table_->setItem(row, Scale,
                        cell(section.micronsPerPixel > 0
                                 ? tr("%1, %2").arg(numberText(section.micronsPerPixel), section.scaleSource)
                                 : tr("not known")));
    }
    filling_ = false;
    if (table_->rowCount() > 0) table_->setCurrentCell(0, Use);
    showSection(table_->currentRow());
    showRoles();
}

/// What follows from the roles: the ticks, and whether it can go on.
void CohortPage::showRoles() {
    filling_ = true;
    for (int row = 0; row < table_->rowCount(); ++row) {
        auto* item = table_->item(row, Use);
        const auto role = draft().roles.value(item->text(), SectionRole::LeftOut);
        item->setCheckState(role == SectionRole::LeftOut ? Qt::Unchecked : Qt::Checked);
    }
    filling_ = false;
    const auto& cohort = state().cohort;
    anew_->setVisible(!cohort.sections.isEmpty() && !areComplete(draft().roles) &&
                      areComplete(proposedAmongUsed(cohort, draft().roles)));
    if (!cohort.sections.isEmpty()) {
        const auto wrong = whyNotTrainable(cohort, draft().roles);
        auto text = wrong.isEmpty()
                        ? tr("%n section(s) of %1, with %2 genes in common.", nullptr,
                             static_cast<int>(cohort.sections.size()))
                              .arg(tr("%n patient(s)", nullptr, static_cast<int>(cohort.patients.size())))
                              .arg(cohort.genesInCommon)
                        : wrong;
        if (proposed_)
            text += u' ' + tr("The choices kept from the last time do not fit these sections: what each does "
                              "is proposed anew.");
        if (!anew_->isHidden())
            text += u' ' + tr("\"Propose anew\" gives each section that is ticked something to do.");
        said_->setText(text);
    }
    notes_->setText(cohort.notes.isEmpty() && !cohort.sections.isEmpty()
                        ? tr("Nothing is wrong with these sections.")
                        : notesText(cohort));
}

void CohortPage::showSection(int row) {
    if (row < 0 || row >= state().cohort.sections.size()) return picture_->setSection({}, {}, {}, 0);
    const auto& section = state().cohort.sections[row];
    picture_->setSection(section.thumbnail, section.imageSize, section.places, section.pitchPixels);
    picture_->setMarked(section.onGlass);
    picture_->setToolTip(tr("Spots on tissue are drawn blue, spots on glass orange."));
}

void CohortPage::takeCohort(const AuditedCohort& cohort) {
    state().cohort = cohort;
    const auto kept = draft().roles;
    draft().roles = fittedRoles(cohort, kept);
    proposed_ = !kept.isEmpty() && draft().roles != kept;
    if (proposed_) draft().samePatient = false;
    showCohort();
    changed();
}

void CohortPage::takeRoles(const QMap<QString, SectionRole>& roles) {
    draft().roles = roles;
    draft().samePatient = false;
    proposed_ = false;
    showRoles();
    changed();
}

void CohortPage::dragEnterEvent(QDragEnterEvent* event) {
    if (event->mimeData()->hasUrls() && event->mimeData()->urls().front().isLocalFile())
        event->acceptProposedAction();
}

void CohortPage::dropEvent(QDropEvent* event) {
    look(event->mimeData()->urls().front().toLocalFile());
    event->acceptProposedAction();
}

} // namespace spotglass
