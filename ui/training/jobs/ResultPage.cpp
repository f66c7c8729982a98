#include "ui/training/jobs/ResultPage.h"

#include <cmath>
#include <QFormLayout>
#include <QGroupBox>
#include <QHeaderView>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableWidget>
#include <QVBoxLayout>

namespace spotglass {
namespace {

enum Column { Gene, Model, Parent, Ridge, Shuffled, Columns };

QString threeDigits(double value) {
    return std::isfinite(value) ? QLocale().toString(value, 'f', 3) : ResultPage::tr("not defined");
}

/// Sorts as a number; what is not defined comes last.
class FigureItem final : public QTableWidgetItem {
  public:
    explicit FigureItem(double value) : QTableWidgetItem(threeDigits(value)), value_(value) {
        setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
        setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable);
    }
    bool operator<(const QTableWidgetItem& other) const override {
        const auto order = [](double value) { return std::isfinite(value) ? value : -2.0; };
        const auto* figure = dynamic_cast<const FigureItem*>(&other);
        return figure ? order(value_) < order(figure->value_) : QTableWidgetItem::operator<(other);
    }

  private:
    double value_;
};

QTableWidget* table(const QStringList& head, const char* name) {
    auto* made = new QTableWidget(0, static_cast<int>(head.size()));
    made->setObjectName(QLatin1String(name));
    made->setHorizontalHeaderLabels(head);
    made->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    made->verticalHeader()->hide();
    made->setSelectionBehavior(QAbstractItemView::SelectRows);
    made->setEditTriggers(QAbstractItemView::NoEditTriggers);
    return made;
}

} // namespace

ResultPage::ResultPage(ModelLibraryService& library, QWidget* parent)
    : QWidget(parent), library_(library), verdict_(new QLabel), said_(new QLabel),
      means_(
          table({tr("On sections that it had not seen"), tr("Correlation"), tr("Squared error")}, "means")),
      genes_(table({tr("Gene"), tr("This model"), tr("The model before"), tr("Ridge regression"),
                    tr("Images shuffled")},
                   "genes")),
      register_(new QGroupBox(tr("Keep this model"))), name_(new QLineEdit), licence_(new QLineEdit),
      note_(new QPlainTextEdit), add_(new QPushButton(tr("&Add to my models"))) {
    verdict_->setObjectName(QStringLiteral("verdict"));
    verdict_->setWordWrap(true);
    verdict_->setTextFormat(Qt::PlainText);
    verdict_->setText(tr("When the training has ended, this page says how good its model is."));
    auto font = verdict_->font();
    font.setBold(true);
    verdict_->setFont(font);
    means_->setMaximumHeight(170);
    genes_->setSortingEnabled(true);
    genes_->setToolTip(tr("Double-click a gene, or press Return on it, to see its maps"));
    const auto choose = [this](int row) { Q_EMIT geneChosen(genes_->item(row, Gene)->text()); };
    connect(genes_, &QTableWidget::cellDoubleClicked, this, choose);
    connect(genes_, &QTableWidget::cellActivated, this, choose); // by Return
    buildRegister();
    auto* column = new QVBoxLayout(this);
    column->addWidget(verdict_);
    column->addWidget(means_);
    column->addWidget(genes_, 1);
    column->addWidget(register_);
    means_->hide();
    genes_->hide();
    connect(&library_, &ModelLibraryService::changed, this, &ResultPage::updateRegister);
    connect(&library_, &ModelLibraryService::added, this, [this](const LibraryModel& model) {
        if (std::exchange(asked_, false))
            said_->setText(tr("%1 is in your library, and can be chosen beside the slide.").arg(model.name));
        updateRegister();
    });
    connect(&library_, &ModelLibraryService::problem, this, [this](const Error& error) {
        if (std::exchange(asked_, false)) said_->setText(QString::fromStdString(error.sentence()));
        updateRegister();
    });
}

void ResultPage::buildRegister() {
    name_->setObjectName(QStringLiteral("name"));
    note_->setObjectName(QStringLiteral("note"));
    note_->setTabChangesFocus(true);
    note_->setMaximumHeight(60);
    note_->setPlaceholderText(tr("What it is good for, and what not"));
    licence_->setObjectName(QStringLiteral("licence"));
    licence_->setPlaceholderText(tr("Who may use the model, and for what"));
    add_->setObjectName(QStringLiteral("add"));
    said_->setObjectName(QStringLiteral("said"));
    said_->setWordWrap(true);
    auto* form = new QFormLayout(register_);
    form->addRow(tr("&Name:"), name_);
    form->addRow(tr("N&ote:"), note_);
    form->addRow(tr("L&icence:"), licence_);
    auto* line = new QHBoxLayout;
    line->addWidget(said_, 1);
    line->addWidget(add_);
    form->addRow(line);
    connect(add_, &QPushButton::clicked, this, &ResultPage::registerModel);
    connect(name_, &QLineEdit::textChanged, this, &ResultPage::updateRegister);
    updateRegister();
}

void ResultPage::setJob(const TrainingJob& job) {
    if (!job_) {
        name_->setText(job.name);
        licence_->setText(job.config[QStringLiteral("licence")].toString());
    }
    const bool ended = job.isOver() && (!job_ || !job_->isOver());
    job_ = job;
    if (ended && means_->isHidden()) {
        const auto sections = job.config[QStringLiteral("sections")].toObject();
        const bool isJudged = !sections[QStringLiteral("reported")].toArray().isEmpty();
        if (job.state == TrainingJob::State::Done && isJudged) // until its report is read
            verdict_->setText(tr("The model could not be judged; the log says why."));
        else if (job.state == TrainingJob::State::Done)
            verdict_->setText(
                tr("No section was kept out of the training to judge the model, so how good it is on new "
                   "tissue is not known."));
        else if (job.hasModel)
            verdict_->setText(
                tr("The training did not come to its end. Its best model so far can be kept; how good it is "
                   "on new tissue is not known."));
        else
            verdict_->setText(tr("The training left no model. %1").arg(job.sentence));
    }
    updateRegister();
}

void ResultPage::setReport(const TrainingReport& report) {
    verdict_->setText(report.worseThanFloor ? tr("Take care: %1").arg(report.verdict) : report.verdict);
    struct Row {
        QString name;
        double pcc, mse;
    };
    const double none = std::nan("");
    const QList<Row> rows{{tr("This model (sections %1)").arg(report.sections.join(QStringLiteral(", "))),
                           report.model, report.mse},
                          {tr("The model it began with"), report.parent, none},
                          {tr("Ridge regression on the same images"), report.ridge, none},
                          {tr("This model with the images shuffled"), report.shuffled, none},
                          {tr("The mean of the training sections"), none, report.mseTrainingMean}};
    means_->setRowCount(0);
    for (const auto& row : rows) {
        if (!std::isfinite(row.pcc) && !std::isfinite(row.mse)) continue;
        const int at = means_->rowCount();
        means_->insertRow(at);
        means_->setItem(at, 0, new QTableWidgetItem(row.name));
        for (const auto& [column, value] : {std::pair{1, row.pcc}, std::pair{2, row.mse}})
            if (std::isfinite(value)) means_->setItem(at, column, new FigureItem(value));
    }
    genes_->setSortingEnabled(false);
    genes_->setRowCount(static_cast<int>(report.genes.size()));
    bool hasParent = false;
    for (int row = 0; row < genes_->rowCount(); ++row) {
        const auto& gene = report.genes[row];
        genes_->setItem(row, Gene, new QTableWidgetItem(gene.symbol));
        for (const auto& [column, value] : {std::pair<Column, double>{Model, gene.model},
                                            {Parent, gene.parent},
                                            {Ridge, gene.ridge},
                                            {Shuffled, gene.shuffled}})
            genes_->setItem(row, column, new FigureItem(value));
        hasParent = hasParent || std::isfinite(gene.parent);
    }
    genes_->setColumnHidden(Parent, !hasParent);
    genes_->setSortingEnabled(true);
    genes_->sortByColumn(Model, Qt::DescendingOrder);
    means_->show();
    genes_->show();
    updateRegister();
}

void ResultPage::registerModel() {
    asked_ = true;
    said_->setText(tr("Copying ..."));
    updateRegister();
    library_.add(job_->folder / "model.safetensors", name_->text().trimmed(), note_->toPlainText().trimmed(),
                 licence_->text().trimmed());
}

void ResultPage::updateRegister() {
    const bool hasModel = job_ && job_->hasModel && job_->isOver();
    register_->setEnabled(hasModel);
    add_->setEnabled(hasModel && !asked_ && !name_->text().trimmed().isEmpty());
}

} // namespace spotglass
