#include "ui/training/wizard/PanelPage.h"

#include "ui/training/SectionPicture.h"

#include <cmath>
#include <QComboBox>
#include <QFormLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QSpinBox>
#include <QSplitter>
#include <QTableWidget>

namespace spotglass {
namespace {

const QString kList = QStringLiteral("list");

QStringList genesIn(const QString& text) {
    return text.split(QRegularExpression(QStringLiteral("[\\s,;]+")), Qt::SkipEmptyParts);
}

} // namespace

PanelPage::PanelPage(WizardState& state, QWidget* parent)
    : WizardPage(state, tr("Genes"),
                 tr("Choose how the genes to predict are picked. They are picked on the sections that train, "
                    "so that "
                    "nothing of the sections that test the model gets in."),
                 parent),
      method_(new QComboBox), section_(new QComboBox), size_(new QSpinBox), minimum_(new QSpinBox),
      mustHave_(new QLineEdit), list_(new QPlainTextEdit), ask_(new QPushButton(tr("&Show the genes"))),
      said_(new QLabel), genes_(new QTableWidget(0, 2)), picture_(new SectionPicture) {
    build();
    const auto answered = [this] {
        showPanel();
        changed();
    };
    connect(&state.service, &CohortService::panelChosen, this, answered);
    connect(&state.service, &CohortService::failed, this, [answered](const QString& question) {
        if (question == QLatin1String("panel")) answered();
    });
    connect(&state.service, &CohortService::valuesRead, this, &PanelPage::showValues);
}

void PanelPage::build() {
    method_->setObjectName(QStringLiteral("method"));
    method_->addItem(tr("Genes with a pattern in the tissue (Moran's I)"),
                     QStringLiteral("spatially_variable"));
    method_->addItem(tr("Genes that vary most between spots"), QStringLiteral("most_variable"));
    method_->addItem(tr("Genes with the highest expression"), QStringLiteral("most_expressed"));
    method_->addItem(tr("My own list"), kList);
    size_->setObjectName(QStringLiteral("size"));
    size_->setRange(1, 20000);
    minimum_->setObjectName(QStringLiteral("minimum"));
    minimum_->setRange(0, 10'000'000);
    mustHave_->setObjectName(QStringLiteral("mustHave"));
    mustHave_->setPlaceholderText(tr("Symbols with blanks or commas between them"));
    list_->setObjectName(QStringLiteral("list"));
    list_->setPlaceholderText(tr("Paste gene symbols here"));
    list_->setMaximumHeight(80);
    auto* form = new QFormLayout;
    form->addRow(tr("&Pick by:"), method_);
    form->addRow(tr("How &many:"), size_);
    form->addRow(tr("&Always in:"), mustHave_);
    form->addRow(tr("At least so many &counts in all:"), minimum_);
    form->addRow(tr("My &list:"), list_);
    column().addLayout(form);
    auto* line = new QHBoxLayout;
    said_->setWordWrap(true);
    said_->setObjectName(QStringLiteral("said"));
    ask_->setObjectName(QStringLiteral("show"));
    line->addWidget(said_, 1);
    line->addWidget(ask_);
    column().addLayout(line);
    genes_->setObjectName(QStringLiteral("genes"));
    genes_->setHorizontalHeaderLabels({tr("Gene"), tr("Score")});
    genes_->horizontalHeader()->setStretchLastSection(true);
    genes_->verticalHeader()->hide();
    genes_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    genes_->setSelectionBehavior(QAbstractItemView::SelectRows);
    picture_->setEmptyText(tr("The expression of the chosen gene is shown here."));
    auto* right = new QWidget;
    auto* rightColumn = new QVBoxLayout(right);
    rightColumn->setContentsMargins(0, 0, 0, 0);
    section_->setObjectName(QStringLiteral("section"));
    section_->setAccessibleName(tr("Section"));
    rightColumn->addWidget(section_);
    rightColumn->addWidget(picture_, 1);
    auto* split = new QSplitter;
    split->addWidget(genes_);
    split->addWidget(right);
    split->setStretchFactor(1, 1);
    column().addWidget(split, 1);
    connect(method_, &QComboBox::currentIndexChanged, this, &PanelPage::take);
    for (auto* box : {size_, minimum_})
        connect(box, &QSpinBox::valueChanged, this, &PanelPage::take);
    connect(mustHave_, &QLineEdit::textChanged, this, &PanelPage::take);
    connect(list_, &QPlainTextEdit::textChanged, this, &PanelPage::take);
    connect(ask_, &QPushButton::clicked, this, &PanelPage::ask);
    connect(genes_, &QTableWidget::currentCellChanged, this, &PanelPage::preview);
    connect(section_, &QComboBox::currentIndexChanged, this, &PanelPage::preview);
}

void PanelPage::initializePage() {
    filling_ = true;
    method_->setCurrentIndex(std::max(0, method_->findData(draft().panelMethod)));
    size_->setValue(draft().panelSize);
    minimum_->setValue(draft().minimumTotal);
    mustHave_->setText(draft().mustHave.join(QStringLiteral(", ")));
    list_->setPlainText(draft().ownGenes.join(u'\n'));
    filling_ = false;
    listSections();
    updateControls();
    showPanel();
    ask();
}

/// After Back too, when another page has changed who takes part, or has the genes picked anew.
void PanelPage::showEvent(QShowEvent* event) {
    WizardPage::showEvent(event);
    listSections();
    showPanel();
}

void PanelPage::listSections() {
    QStringList names;
    for (const auto& section : state().cohort.sections)
        if (draft().roles.value(section.name, SectionRole::LeftOut) != SectionRole::LeftOut)
            names << section.name;
    const auto before = section_->currentText();
    filling_ = true;
    section_->clear();
    section_->addItems(names);
    section_->setCurrentIndex(static_cast<int>(std::max<qsizetype>(0, names.indexOf(before))));
    filling_ = false;
}

bool PanelPage::isComplete() const {
    return !state().panel.genes.isEmpty();
}

void PanelPage::take() {
    if (filling_) return;
    draft().panelMethod = method_->currentData().toString();
    draft().panelSize = size_->value();
    draft().minimumTotal = minimum_->value();
    draft().mustHave = genesIn(mustHave_->text());
    draft().ownGenes = genesIn(list_->toPlainText());
    state().forgetPanel();
    updateControls();
    showPanel();
    changed();
}

void PanelPage::updateControls() {
    const bool own = draft().panelMethod == kList;
    for (QWidget* widget : std::initializer_list<QWidget*>{size_, mustHave_, minimum_})
        widget->setEnabled(!own);
    list_->setEnabled(own);
}

/// The panel of the split as it is; nothing when that was asked already.
void PanelPage::ask() {
    const auto question = state().panelQuestion();
    const bool nothing = draft().panelMethod == kList && draft().ownGenes.isEmpty();
    if (nothing || state().panelIsCurrent() || state().asked == question) return;
    state().askPanel();
    showPanel();
    Q_EMIT completeChanged();
}

QString PanelPage::sentence() const {
    const auto& panel = state().panel;
    if (!panel.genes.isEmpty())
        return tr("%n gene(s).", nullptr, static_cast<int>(panel.genes.size())) + u' ' +
               panel.warnings.join(u' ');
    if (!state().asked.isEmpty()) return tr("Picking the genes ...");
    if (!state().panelProblem.isEmpty()) return state().panelProblem;
    if (state().draft.panelMethod == kList && state().draft.ownGenes.isEmpty())
        return tr("Paste the symbols of the genes to predict.");
    return tr("Press \"Show the genes\" to pick them with these settings.");
}

void PanelPage::showPanel() {
    const auto& panel = state().panel;
    genes_->setRowCount(static_cast<int>(panel.genes.size()));
    for (int row = 0; row < genes_->rowCount(); ++row) {
        genes_->setItem(row, 0, new QTableWidgetItem(panel.genes[row]));
        const auto i = static_cast<std::size_t>(row);
        const bool scored = i < panel.scores.size() && std::isfinite(panel.scores[i]);
        genes_->setItem(row, 1,
                        new QTableWidgetItem(scored ? QLocale().toString(panel.scores[i], 'g', 4) : tr("-")));
    }
    said_->setText(sentence());
    if (!panel.genes.isEmpty()) genes_->setCurrentCell(0, 0);
    preview();
}

void PanelPage::preview() {
    if (filling_) return;
    const auto* item = genes_->item(genes_->currentRow(), 0);
    draw(item ? std::nullopt : std::optional(std::vector<QPointF>()));
    if (item) state().service.readValues(state().panel, section_->currentText(), item->text());
}

/// The spots of the values' own table: the audit leaves out those beside the image, the table does not.
void PanelPage::showValues(const QString& section, const QString& gene, const std::vector<float>& values,
                           const std::vector<QPointF>& places) {
    const auto* item = genes_->item(genes_->currentRow(), 0);
    if (!item || item->text() != gene || section_->currentText() != section) return;
    draw(places);
    const auto [low, high] = rangeOf({&values});
    picture_->setValues(values, low, high);
}

/// The chosen section; its spots as the audit saw them unless others are given.
void PanelPage::draw(const std::optional<std::vector<QPointF>>& places) {
    for (const auto& section : state().cohort.sections)
        if (section.name == section_->currentText())
            return picture_->setSection(section.thumbnail, section.imageSize, places.value_or(section.places),
                                        section.pitchPixels);
}

} // namespace spotglass
