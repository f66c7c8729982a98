#include "ui/training/jobs/MapPage.h"

#include "ui/training/SectionPicture.h"

#include <cmath>
#include <QComboBox>
#include <QCompleter>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QVBoxLayout>

namespace spotglass {
namespace {

/// Pearson's correlation over the spots where both are numbers; NaN where it is not defined.
double correlationOf(const std::vector<float>& a, const std::vector<float>& b) {
    double n = 0, sumA = 0, sumB = 0, squaresA = 0, squaresB = 0, products = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (!std::isfinite(a[i]) || !std::isfinite(b[i])) continue;
        const double x = a[i], y = b[i];
        n += 1;
        sumA += x;
        sumB += y;
        squaresA += x * x;
        squaresB += y * y;
        products += x * y;
    }
    const double spread = (n * squaresA - sumA * sumA) * (n * squaresB - sumB * sumB);
    return spread > 0 ? (n * products - sumA * sumB) / std::sqrt(spread) : std::nan("");
}

QString withCorrelation(const QString& what, double pcc) {
    return std::isfinite(pcc) ? MapPage::tr("%1 (correlation %2)").arg(what, QLocale().toString(pcc, 'f', 3))
                              : what;
}

} // namespace

MapPage::MapPage(TrainingService& trainings, QString job, QWidget* parent)
    : QWidget(parent), trainings_(trainings), job_(std::move(job)), gene_(new QComboBox),
      measured_(new SectionPicture), predicted_(new SectionPicture), parent_(new SectionPicture),
      measuredText_(new QLabel(tr("Measured"))), predictedText_(new QLabel(tr("Predicted"))),
      parentText_(new QLabel), said_(new QLabel), parentPart_(new QWidget) {
    gene_->setObjectName(QStringLiteral("gene"));
    gene_->setEditable(true);
    gene_->setInsertPolicy(QComboBox::NoInsert);
    gene_->completer()->setFilterMode(Qt::MatchContains);
    measured_->setObjectName(QStringLiteral("measured"));
    predicted_->setObjectName(QStringLiteral("predicted"));
    parent_->setObjectName(QStringLiteral("parent"));
    predicted_->setEmptyText(tr("Drawn after the first round."));
    measured_->setEmptyText(tr("Drawn after the first round."));
    said_->setObjectName(QStringLiteral("said"));
    said_->setWordWrap(true);
    auto* label = new QLabel(tr("&Gene:"));
    label->setBuddy(gene_);
    auto* line = new QHBoxLayout;
    line->addWidget(label);
    line->addWidget(gene_);
    line->addWidget(said_, 1);
    auto* pictures = new QHBoxLayout;
    const auto add = [pictures](QLabel* text, SectionPicture* picture, QWidget* part) {
        auto* column = new QVBoxLayout(part);
        column->setContentsMargins(0, 0, 0, 0);
        text->setAlignment(Qt::AlignHCenter);
        column->addWidget(text);
        column->addWidget(picture, 1);
        pictures->addWidget(part, 1);
    };
    add(measuredText_, measured_, new QWidget);
    add(predictedText_, predicted_, new QWidget);
    add(parentText_, parent_, parentPart_);
    parentPart_->hide();
    auto* column = new QVBoxLayout(this);
    column->addLayout(line);
    column->addLayout(pictures, 1);
    connect(gene_, &QComboBox::currentTextChanged, this, [this](const QString& gene) {
        if (gene_->findText(gene, Qt::MatchFixedString | Qt::MatchCaseSensitive) >= 0)
            trainings_.askMap(job_, gene);
    });
    connect(&trainings_, &TrainingService::mapRead, this, [this](const QString& id, const SectionMap& map) {
        if (id == job_) show(map);
    });
}

void MapPage::setGenes(const QStringList& genes) {
    if (genes.isEmpty() || gene_->count() == genes.size()) return;
    const auto before = gene_->currentText();
    gene_->clear();
    gene_->addItems(genes);
    if (const int at = gene_->findText(before); at >= 0) gene_->setCurrentIndex(at);
}

void MapPage::setGene(const QString& gene) {
    if (const int at = gene_->findText(gene); at >= 0) gene_->setCurrentIndex(at);
}

void MapPage::show(const SectionMap& map) {
    if (map.measured.empty()) return said_->setText(tr("There is no map of %1 yet.").arg(map.gene));
    const auto [low, high] = rangeOf({&map.measured, &map.predicted, &map.parent});
    const auto draw = [&](SectionPicture* picture, const std::vector<float>& values) {
        picture->setSection({}, {}, values.empty() ? std::vector<QPointF>() : map.places, map.pitchPixels);
        picture->setValues(values, low, high);
    };
    draw(measured_, map.measured);
    draw(predicted_, map.predicted);
    draw(parent_, map.parent);
    predictedText_->setText(
        withCorrelation(map.epoch > 0 ? tr("Predicted after round %1").arg(map.epoch) : tr("Predicted"),
                        correlationOf(map.measured, map.predicted)));
    parentText_->setText(
        withCorrelation(tr("Before, by the model it began with"), correlationOf(map.measured, map.parent)));
    parentPart_->setVisible(!map.parent.empty());
    said_->setText(
        tr("%1 in section %2; the same colours in all, from %3 to %4.")
            .arg(map.gene, map.section, QLocale().toString(low, 'f', 2), QLocale().toString(high, 'f', 2)));
}

} // namespace spotglass
