#include "ui/GenePanelDock.h"

#include "ui/DisplayPanel.h"
#include "ui/GeneListModel.h"
#include "ui/PredictionText.h"

#include <algorithm>
#include <cmath>
#include <QComboBox>
#include <QCompleter>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSettings>
#include <QSignalBlocker>
#include <QSortFilterProxyModel>
#include <QTreeView>
#include <QVBoxLayout>
#include <utility>

namespace spotglass {
namespace {

QLabel* heading(const QString& text, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    QFont font = label->font();
    font.setBold(true);
    label->setFont(font);
    return label;
}

QString pathText(const std::filesystem::path& file) {
    return QString::fromStdString(file.string());
}

} // namespace

GenePanelDock::GenePanelDock(QWidget* parent)
    : QDockWidget(tr("Gene expression"), parent), genes_(new GeneListModel(this)),
      filtered_(new QSortFilterProxyModel(this)) {
    setObjectName(QStringLiteral("GenePanelDock"));
    setFeatures(DockWidgetClosable | DockWidgetMovable);
    filtered_->setSourceModel(genes_);
    filtered_->setSortRole(Qt::UserRole);
    filtered_->setSortCaseSensitivity(Qt::CaseInsensitive);
    filtered_->setFilterCaseSensitivity(Qt::CaseInsensitive);

    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(12, 10, 12, 12);
    column->setSpacing(6);
    buildModelPart(content);
    buildGenePart(content);
    buildRunPart(content);
    column->addSpacing(8);
    column->addWidget(heading(tr("Display"), content));
    display_ = new DisplayPanel(content);
    column->addWidget(display_);
    auto* scroll = new QScrollArea(this);
    scroll->setWidget(content);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setWidget(scroll);
    setMinimumWidth(320);
    showState({}, false);
}

void GenePanelDock::buildModelPart(QWidget* parent) {
    auto* column = qobject_cast<QVBoxLayout*>(parent->layout());
    column->addWidget(heading(tr("Model"), parent));
    models_ = new QComboBox(parent);
    models_->setObjectName(QStringLiteral("models"));
    models_->setAccessibleName(tr("Model"));
    models_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    models_->setMinimumContentsLength(20);
    models_->setPlaceholderText(tr("No model chosen"));
    models_->addItem(tr("Open model file..."));
    models_->setCurrentIndex(-1);
    connect(models_, &QComboBox::activated, this, &GenePanelDock::modelActivated);
    column->addWidget(models_);
    modelText_ = new QLabel(tr("A model says which genes can be predicted."), parent);
    modelText_->setWordWrap(true);
    modelText_->setForegroundRole(QPalette::PlaceholderText);
    column->addWidget(modelText_);
}

void GenePanelDock::buildGenePart(QWidget* parent) {
    auto* column = qobject_cast<QVBoxLayout*>(parent->layout());
    column->addSpacing(8);
    column->addWidget(heading(tr("Gene"), parent));
    search_ = new QLineEdit(parent);
    search_->setObjectName(QStringLiteral("geneSearch"));
    search_->setPlaceholderText(tr("Search a gene, such as FN1"));
    search_->setClearButtonEnabled(true);
    auto* completer = new QCompleter(genes_, search_);
    completer->setCompletionMode(QCompleter::InlineCompletion);
    completer->setCaseSensitivity(Qt::CaseInsensitive);
    search_->setCompleter(completer);
    // The filter follows what is typed, not what the completer adds.
    connect(search_, &QLineEdit::textEdited, this, &GenePanelDock::searchChanged);
    connect(search_, &QLineEdit::textChanged, this, [this](const QString& text) {
        if (text.isEmpty()) searchChanged(text);
    });
    connect(search_, &QLineEdit::returnPressed, this, &GenePanelDock::acceptSearch);
    column->addWidget(search_);

    list_ = new QTreeView(parent);
    list_->setObjectName(QStringLiteral("genes"));
    list_->setModel(filtered_);
    list_->setRootIsDecorated(false);
    list_->setUniformRowHeights(true);
    list_->setSortingEnabled(true);
    list_->setAlternatingRowColors(true);
    list_->sortByColumn(GeneListModel::Agreement, Qt::DescendingOrder);
    list_->header()->setStretchLastSection(false);
    list_->header()->setSectionResizeMode(GeneListModel::Symbol, QHeaderView::Stretch);
    list_->header()->setSectionResizeMode(GeneListModel::Agreement, QHeaderView::ResizeToContents);
    list_->setMinimumHeight(150);
    list_->setStyleSheet(QStringLiteral("QTreeView::item { padding: 2px; }"));
    connect(list_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& row) {
                if (!row.isValid()) return;
                const QString symbol = row.siblingAtColumn(GeneListModel::Symbol).data().toString();
                if (symbol == gene_) return;
                gene_ = lastGene_ = symbol;
                Q_EMIT geneChosen(gene_);
            });
    column->addWidget(list_, 1);
}

void GenePanelDock::buildRunPart(QWidget* parent) {
    auto* column = qobject_cast<QVBoxLayout*>(parent->layout());
    predict_ = new QPushButton(parent);
    predict_->setObjectName(QStringLiteral("predict"));
    predict_->setMinimumHeight(32);
    connect(predict_, &QPushButton::clicked, this, [this] {
        if (busy_)
            Q_EMIT cancelWanted();
        else
            Q_EMIT predictWanted();
    });
    pause_ = new QPushButton(parent);
    pause_->setObjectName(QStringLiteral("pause"));
    pause_->setMinimumHeight(32);
    connect(pause_, &QPushButton::clicked, this, [this] {
        if (paused_)
            Q_EMIT resumeWanted();
        else
            Q_EMIT pauseWanted();
    });
    column->addSpacing(4);
    auto* row = new QHBoxLayout;
    row->addWidget(predict_, 1);
    row->addWidget(pause_);
    column->addLayout(row);
    progress_ = new QProgressBar(parent);
    progress_->setObjectName(QStringLiteral("progress"));
    progress_->setTextVisible(false);
    progress_->setMaximumHeight(8);
    column->addWidget(progress_);
    progressText_ = new QLabel(parent);
    progressText_->setObjectName(QStringLiteral("progressText"));
    progressText_->setWordWrap(true);
    column->addWidget(progressText_);
    const auto line = [&](const char* name) {
        auto* label = new QLabel(parent);
        label->setObjectName(QLatin1String(name));
        label->setWordWrap(true);
        label->setTextFormat(Qt::PlainText);
        label->setForegroundRole(QPalette::PlaceholderText);
        column->addWidget(label);
        return label;
    };
    details_ = line("runDetails");
    note_ = line("runNote");
    auto* notice = heading(tr("Predicted expression. Research use only."), parent);
    notice->setObjectName(QStringLiteral("notice"));
    notice->setWordWrap(true);
    column->addWidget(notice);
}

int GenePanelDock::itemOf(const std::filesystem::path& file) const {
    return models_->findData(pathText(file));
}

void GenePanelDock::addModelItem(const ModelListing& model) {
    if (itemOf(model.file) >= 0) return;
    const int at = models_->count() - 1; // "Open model file..." stays last
    models_->insertItem(at, model.warning.isEmpty() ? model.name : tr("%1 (take care)").arg(model.name),
                        pathText(model.file));
    models_->setItemData(at, (model.warning + u'\n' + pathText(model.file)).trimmed(), Qt::ToolTipRole);
}

void GenePanelDock::setModels(const QList<ModelListing>& models) {
    const QSignalBlocker block(models_);
    // What was listed before may have gone or have another name; files that were opened by hand stay.
    for (const auto& file : std::exchange(listed_, {}))
        if (const int at = models_->findData(file); at >= 0) models_->removeItem(at);
    for (const auto& model : models) {
        if (const int at = itemOf(model.file); at >= 0) models_->removeItem(at);
        addModelItem(model);
        listed_ << pathText(model.file);
    }
    if (model_) addModelItem({model_->file, model_->name, model_->warning});
    if (model_) return showModelInUse();
    const int last = models_->findData(lastModel_);
    if (models_->count() > 1) models_->setCurrentIndex(last >= 0 ? last : 0);
}

std::optional<std::filesystem::path> GenePanelDock::preselectedModel() const {
    const QString file = models_->currentData().toString();
    if (file.isEmpty()) return std::nullopt;
    return std::filesystem::path(file.toStdString());
}

void GenePanelDock::modelActivated(int index) {
    const QString file = models_->itemData(index).toString();
    if (file.isEmpty()) {
        showModelInUse();
        Q_EMIT modelFileWanted();
    } else if (!model_ || pathText(model_->file) != file) {
        Q_EMIT modelChosen(file.toStdString());
    }
}

void GenePanelDock::showModelInUse() {
    const QSignalBlocker block(models_);
    models_->setCurrentIndex(model_ ? itemOf(model_->file) : -1);
}

void GenePanelDock::setModel(const ModelDescription& model) {
    model_ = model;
    lastModel_ = pathText(model.file);
    addModelItem({model.file, model.name, model.warning});
    showModelInUse();
    QString text =
        tr("Genes: %1. One spot every %2 \u00b5m.")
            .arg(QLocale().toString(model.genes.size()), QLocale().toString(model.spotPitchMicrons, 'f', 0));
    if (std::isfinite(model.heldOutPccAll))
        text += QLatin1Char(' ') +
                tr("Mean held-out correlation %1.").arg(QString::number(model.heldOutPccAll, 'f', 2));
    if (!model.warning.isEmpty()) text = tr("Take care. %1").arg(model.warning) + u'\n' + text;
    modelText_->setText(text);
    const QString wanted = gene_;
    gene_.clear(); // the same gene of another model is another choice
    genes_->setGenes(model.genes);
    search_->clear();
    if (!wanted.isEmpty() && chooseGene(wanted)) return;
    if (!chooseGene(lastGene_)) chooseGene(startGene());
}

QString GenePanelDock::startGene() const {
    const auto& genes = genes_->genes();
    const auto trust = [](const GeneEntry& gene) {
        return std::isfinite(gene.heldOutPcc) ? gene.heldOutPcc : -2.0;
    };
    const auto best = std::ranges::max_element(genes, {}, trust);
    return best == genes.end() ? QString() : best->symbol;
}

bool GenePanelDock::chooseGene(const QString& symbol) {
    const int row = genes_->rowOf(symbol);
    if (row < 0) return false;
    search_->clear();
    const QModelIndex index = filtered_->mapFromSource(genes_->index(row, GeneListModel::Symbol));
    list_->setCurrentIndex(index);
    list_->scrollTo(index, QAbstractItemView::PositionAtCenter);
    return true;
}

void GenePanelDock::searchChanged(const QString& text) {
    filtered_->setFilterFixedString(text.trimmed());
    if (text.isEmpty() && list_->currentIndex().isValid()) list_->scrollTo(list_->currentIndex());
}

void GenePanelDock::acceptSearch() {
    if (chooseGene(search_->text().trimmed())) return;
    if (filtered_->rowCount() > 0)
        chooseGene(filtered_->index(0, GeneListModel::Symbol).data().toString());
    else
        progressText_->setText(tr("This model does not predict %1.").arg(search_->text().trimmed()));
}

void GenePanelDock::focusSearch() {
    show();
    raise();
    search_->setFocus();
    search_->selectAll();
}

void GenePanelDock::showState(const PredictionState& state, bool canPredict) {
    using Phase = PredictionState::Phase;
    paused_ = state.phase == Phase::Paused;
    busy_ = state.isBusy() || paused_; // there is something to cancel
    predict_->setText(busy_ ? tr("Cancel") : tr("Predict expression"));
    predict_->setEnabled(busy_ || canPredict);
    models_->setEnabled(state.phase != Phase::OpeningModel);
    const bool moving = state.phase == Phase::OpeningModel || state.phase == Phase::Planning;
    progress_->setRange(0, moving ? 0 : 1000);
    progress_->setValue(
        state.total == 0 ? 0 : static_cast<int>(1000.0 * double(state.done) / double(state.total)));
    pause_->setVisible(busy_);
    pause_->setText(paused_ ? tr("Resume") : tr("Pause"));
    progressText_->setText(progressText(state, canPredict));
    QStringList details{deviceText(state)};
    if (state.settingsChanged) details << tr("The new settings apply to the next prediction.");
    details.removeAll(QString());
    details_->setText(details.join(QLatin1Char(' ')));
    details_->setVisible(!details.isEmpty());
    note_->setText(state.notes.isEmpty() ? QString() : state.notes.last());
    note_->setToolTip(state.notes.join(QStringLiteral("\n\n")));
    note_->setVisible(!state.notes.isEmpty());
}

void GenePanelDock::save(QSettings& settings) const {
    settings.setValue(QStringLiteral("prediction/gene"), lastGene_);
    settings.setValue(QStringLiteral("prediction/model"), lastModel_);
    display_->save(settings);
}

void GenePanelDock::restore(const QSettings& settings) {
    lastGene_ = settings.value(QStringLiteral("prediction/gene")).toString();
    lastModel_ = settings.value(QStringLiteral("prediction/model")).toString();
    display_->restore(settings);
}

} // namespace spotglass
