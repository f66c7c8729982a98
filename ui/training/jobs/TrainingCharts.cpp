#include "ui/training/jobs/TrainingCharts.h"

#include "ui/CustomPlot.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <QCheckBox>
#include <QComboBox>
#include <QCompleter>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPdfWriter>
#include <QStringListModel>
#include <QVBoxLayout>

namespace spotglass {
namespace {

enum What { Losses, Weights, LearningRate, Speed, Memory };

/// Colours that differ for colour-blind people too (Okabe and Ito), without the yellow that vanishes on
/// white.
const QList<QColor> kColors{QColor(0, 114, 178),   QColor(213, 94, 0),   QColor(0, 158, 115),
                            QColor(204, 121, 167), QColor(86, 180, 233), QColor(230, 159, 0)};

/// The sum first, so that it has the same colour in every run.
QStringList inOrder(QStringList terms) {
    if (const auto sum = terms.indexOf(QStringLiteral("total")); sum > 0) terms.move(sum, 0);
    return terms;
}

QString lossName(const QString& key) {
    if (key == QLatin1String("total")) return TrainingCharts::tr("Loss, weighted sum");
    if (key == QLatin1String("supervised")) return TrainingCharts::tr("Error of values");
    if (key == QLatin1String("contrastive")) return TrainingCharts::tr("Image and genes");
    if (key == QLatin1String("correlation")) return TrainingCharts::tr("1 - correlation");
    return key;
}

} // namespace

TrainingCharts::TrainingCharts(QWidget* parent)
    : QWidget(parent), upper_(new QCustomPlot), lower_(new QCustomPlot), what_(new QComboBox),
      logarithmic_(new QCheckBox(tr("Logar&ithmic"))), gene_(new QLineEdit), value_(new QLabel),
      genes_(new QStringListModel(this)) {
    build();
    redraw();
}

void TrainingCharts::build() {
    auto* column = new QVBoxLayout(this);
    auto* line = new QHBoxLayout;
    what_->setObjectName(QStringLiteral("what"));
    what_->setAccessibleName(tr("What the upper plot shows"));
    for (const auto& [what, words] :
         std::initializer_list<QPair<What, QString>>{{Losses, tr("Losses")},
                                                     {Weights, tr("Weights of the losses")},
                                                     {LearningRate, tr("Learning rate")},
                                                     {Speed, tr("Spots a second")},
                                                     {Memory, tr("Memory (GB)")}})
        what_->addItem(words, what);
    logarithmic_->setObjectName(QStringLiteral("logarithmic"));
    gene_->setObjectName(QStringLiteral("gene"));
    gene_->setPlaceholderText(tr("Gene"));
    gene_->setClearButtonEnabled(true);
    gene_->setMaximumWidth(140);
    auto* completer = new QCompleter(genes_, gene_);
    completer->setCaseSensitivity(Qt::CaseInsensitive);
    gene_->setCompleter(completer);
    auto* label = new QLabel(tr("&Gene:"));
    label->setBuddy(gene_);
    value_->setObjectName(QStringLiteral("value"));
    line->addWidget(what_);
    line->addWidget(logarithmic_);
    line->addStretch(1);
    line->addWidget(value_);
    line->addStretch(1);
    line->addWidget(label);
    line->addWidget(gene_);
    column->addLayout(line);
    column->addWidget(upper_, 1);
    column->addWidget(lower_, 1);
    setUp(*upper_);
    setUp(*lower_);
    upper_->setObjectName(QStringLiteral("upper"));
    lower_->setObjectName(QStringLiteral("lower"));
    lower_->yAxis->setLabel(tr("Correlation with the measured values"));
    lower_->xAxis->setLabel(tr("Round"));
    const auto anew = [this] { // other values: what was in view of them means nothing
        zoomed_.remove(upper_);
        redraw();
    };
    connect(what_, &QComboBox::currentIndexChanged, this, anew);
    connect(logarithmic_, &QCheckBox::toggled, this, anew);
    connect(gene_, &QLineEdit::textChanged, this, &TrainingCharts::redraw);
}

void TrainingCharts::setUp(QCustomPlot& plot) {
    plot.setInteractions(QCP::iRangeDrag | QCP::iRangeZoom | QCP::iSelectLegend);
    plot.legend->setVisible(true);
    plot.legend->setSelectableParts(QCPLegend::spItems);
    auto* beside = new QCPLayoutGrid; // owned by the plot; so that names do not cover curves
    beside->setMargins(QMargins(0, 8, 8, 8));
    plot.plotLayout()->addElement(0, 1, beside);
    plot.plotLayout()->setColumnStretchFactor(1, 0.001);
    beside->addElement(0, 0, plot.legend);
    beside->addElement(1, 0, new QCPLayoutElement);
    beside->setRowStretchFactor(0, 0.001);
    plot.setMinimumHeight(140);
    const QSharedPointer<QCPAxisTickerFixed> rounds(new QCPAxisTickerFixed); // there is no half of one
    rounds->setTickStep(1);
    rounds->setScaleStrategy(QCPAxisTickerFixed::ssMultiples);
    plot.xAxis->setTicker(rounds);
    plot.xAxis->setSubTicks(false);
    plot.setToolTip(
        tr("Turn the wheel to zoom, drag to move, double-click to see all; click a name to hide its curve"));
    connect(&plot, &QCustomPlot::mouseDoubleClick, this, [this, &plot](QMouseEvent* event) {
        if (plot.legend->selectTest(event->position(), false) >= 0) return; // a curve, not the view
        zoomed_.remove(&plot);
        showAll(plot);
        plot.replot(QCustomPlot::rpQueuedReplot);
    });
    connect(&plot, &QCustomPlot::mouseWheel, this, [this, &plot] { zoomed_.insert(&plot); });
    connect(&plot, &QCustomPlot::legendClick, this, [this, &plot](QCPLegend*, QCPAbstractLegendItem* item) {
        auto* entry = qobject_cast<QCPPlottableLegendItem*>(item);
        if (!entry) return;
        const auto name = entry->plottable()->name();
        if (!hidden_.removeOne(name)) hidden_ << name;
        redraw();
    });
    connect(&plot, &QCustomPlot::mouseMove, this, [this, &plot](QMouseEvent* event) {
        if (event->buttons() & Qt::LeftButton) zoomed_.insert(&plot);
        readOut(plot, plot.xAxis->pixelToCoord(event->position().x()));
    });
    followPalette();
}

void TrainingCharts::followPalette() {
    const QColor text = palette().color(QPalette::WindowText), base = palette().color(QPalette::Base);
    for (auto* plot : {upper_, lower_}) {
        plot->setBackground(base);
        for (auto* axis : {plot->xAxis, plot->yAxis}) {
            axis->setBasePen(text);
            axis->setTickPen(text);
            axis->setSubTickPen(text);
            axis->setTickLabelColor(text);
            axis->setLabelColor(text);
        }
        plot->legend->setBrush(base);
        plot->legend->setTextColor(text);
    }
}

void TrainingCharts::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange) {
        followPalette();
        redraw();
    }
    QWidget::changeEvent(event);
}

void TrainingCharts::setHistory(const TrainingHistory& history) {
    history_ = history;
    if (genes_->stringList() != history.genes) genes_->setStringList(history.genes);
    redraw();
}

void TrainingCharts::setOther(const QString& id, const QString& name, const TrainingHistory& history) {
    others_[id] = {name, history};
    redraw();
}

void TrainingCharts::removeOther(const QString& id) {
    if (others_.remove(id) > 0) redraw();
}

void TrainingCharts::setGene(const QString& gene) {
    gene_->setText(gene);
}

QList<TrainingCharts::Curve> TrainingCharts::upperCurves(const TrainingHistory& history) const {
    QList<Curve> curves;
    const auto add = [&curves](const QString& name, double x, double y) {
        auto found = std::ranges::find(curves, name, &Curve::name);
        if (found == curves.end()) {
            curves.append({name, {}, {}});
            found = curves.end() - 1;
        }
        found->x << x;
        found->y << y;
    };
    const int what = what_->currentData().toInt();
    for (const auto& epoch : history.epochs) {
        const auto& terms = what == Losses ? epoch.losses : epoch.weights;
        if (what == Losses || what == Weights)
            for (const auto& term : inOrder(terms.keys()))
                add(lossName(term), epoch.epoch, terms[term]);
        if (what == Losses && epoch.validation.contains(QStringLiteral("mse")))
            add(tr("Validation: squared error"), epoch.epoch, epoch.validation[QStringLiteral("mse")]);
        if (what == LearningRate) add(tr("Learning rate"), epoch.epoch, epoch.learningRate);
        if (what == Speed && epoch.spotsPerSecond > 0)
            add(tr("Spots a second"), epoch.epoch, epoch.spotsPerSecond);
        if (what == Memory) add(tr("Memory (GB)"), epoch.epoch, epoch.memoryGigabytes);
    }
    return curves;
}

QList<TrainingCharts::Curve> TrainingCharts::lowerCurves(const TrainingHistory& history) const {
    const QList<QPair<QString, QString>> figures{{QStringLiteral("pcc"), tr("All genes")},
                                                 {QStringLiteral("pcc_hpg"), tr("50 best predicted")},
                                                 {QStringLiteral("pcc_heg"), tr("50 highest expressed")},
                                                 {QStringLiteral("pcc_hvg"), tr("50 most variable")}};
    QList<Curve> curves;
    for (const auto& [key, name] : figures) {
        Curve curve{name, {}, {}};
        for (const auto& epoch : history.epochs)
            if (epoch.validation.contains(key)) {
                curve.x << epoch.epoch;
                curve.y << epoch.validation[key];
            }
        if (!curve.x.isEmpty()) curves.append(curve);
    }
    const auto gene = history.genes.indexOf(gene_->text());
    if (gene < 0) return curves;
    Curve own{gene_->text(), {}, {}};
    for (const auto& epoch : history.epochs)
        if (static_cast<std::size_t>(gene) < epoch.genePcc.size() &&
            std::isfinite(epoch.genePcc[static_cast<std::size_t>(gene)])) {
            own.x << epoch.epoch;
            own.y << epoch.genePcc[static_cast<std::size_t>(gene)];
        }
    curves.append(own);
    return curves;
}

void TrainingCharts::redraw() {
    QList<QPair<QString, QList<Curve>>> upper, lower;
    for (const auto& other : std::as_const(others_)) {
        upper.append({other.name, upperCurves(other.history)});
        lower.append({other.name, lowerCurves(other.history)});
    }
    const bool canBeLogarithmic = what_->currentData() == Losses || what_->currentData() == LearningRate;
    logarithmic_->setEnabled(canBeLogarithmic);
    const bool logarithmic = canBeLogarithmic && logarithmic_->isChecked();
    upper_->yAxis->setScaleType(logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    upper_->yAxis->setTicker(logarithmic ? QSharedPointer<QCPAxisTicker>(new QCPAxisTickerLog)
                                         : QSharedPointer<QCPAxisTicker>(new QCPAxisTicker));
    upper_->yAxis->setLabel(what_->currentText());
    draw(*upper_, upperCurves(history_), upper);
    draw(*lower_, lowerCurves(history_), lower);
    markBest();
}

void TrainingCharts::draw(QCustomPlot& plot, const QList<Curve>& curves,
                          const QList<QPair<QString, QList<Curve>>>& others) {
    plot.clearGraphs();
    const auto add = [&](const Curve& curve, const QString& name, const QColor& color, Qt::PenStyle style) {
        auto* graph = plot.addGraph();
        graph->setName(name);
        graph->setData(curve.x, curve.y, true);
        graph->setPen(QPen(color, 2, style));
        graph->setAdaptiveSampling(true);
        if (curve.x.size() < 3) graph->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, 5));
        graph->setVisible(!hidden_.contains(name));
        if (auto* entry = plot.legend->itemWithPlottable(graph); entry && !graph->visible())
            entry->setTextColor(palette().color(QPalette::PlaceholderText));
    };
    for (qsizetype i = 0; i < curves.size(); ++i)
        add(curves[i], curves[i].name, kColors[i % kColors.size()], Qt::SolidLine);
    for (const auto& [run, theirs] : others)
        for (qsizetype i = 0; i < theirs.size(); ++i)
            add(theirs[i], tr("%1 (%2)").arg(theirs[i].name, run), kColors[i % kColors.size()], Qt::DashLine);
    if (!zoomed_.contains(&plot)) showAll(plot);
    plot.replot(QCustomPlot::rpQueuedReplot);
}

void TrainingCharts::showAll(QCustomPlot& plot) {
    plot.rescaleAxes(true);
    // The rounds from the data, because rescaleAxes() keeps the width where there is one round or none.
    double first = std::numeric_limits<double>::infinity(), last = -first;
    for (int i = 0; i < plot.graphCount(); ++i) {
        const auto points = plot.graph(i)->data();
        if (!plot.graph(i)->visible() || points->isEmpty()) continue;
        first = std::min(first, points->constBegin()->key);
        last = std::max(last, (points->constEnd() - 1)->key);
    }
    if (last < first) first = last = 1;
    plot.xAxis->setRange(first - 0.5, last + 0.5);
}

/// A line where the epoch lies that is kept.
void TrainingCharts::markBest() {
    int best = 0;
    for (const auto& epoch : history_.epochs)
        if (epoch.best) best = epoch.epoch;
    for (auto* plot : {upper_, lower_}) {
        plot->clearItems();
        if (best == 0) continue;
        auto* line = new QCPItemStraightLine(plot); // owned by the plot
        line->point1->setCoords(best, 0);
        line->point2->setCoords(best, 1);
        if (plot->yAxis->scaleType() == QCPAxis::stLogarithmic) line->point1->setCoords(best, 1e-3);
        line->setPen(QPen(palette().color(QPalette::PlaceholderText), 1, Qt::DotLine));
    }
}

void TrainingCharts::readOut(QCustomPlot& plot, double x) {
    const double epoch = std::round(x);
    QStringList said;
    for (int i = 0; i < plot.graphCount(); ++i) {
        const auto* graph = plot.graph(i);
        if (!graph->visible()) continue;
        const auto at = graph->data()->findBegin(epoch, false);
        if (at != graph->data()->constEnd() && at->key == epoch)
            said << tr("%1 %2").arg(graph->name(), QLocale().toString(at->value, 'g', 4));
    }
    value_->setText(said.isEmpty() ? QString()
                                   : tr("Round %1: ").arg(epoch) + said.mid(0, 4).join(QStringLiteral(", ")));
}

QString TrainingCharts::asTable() const {
    const auto curves = upperCurves(history_) + lowerCurves(history_);
    QStringList head{tr("Round")};
    for (const auto& curve : curves)
        head << curve.name;
    QString table = head.join(u'\t') + u'\n';
    for (const auto& epoch : history_.epochs) {
        QStringList cells{QString::number(epoch.epoch)};
        for (const auto& curve : curves) {
            const auto at = curve.x.indexOf(epoch.epoch);
            cells << (at < 0 ? QString() : QString::number(curve.y[at], 'g', 8));
        }
        table += cells.join(u'\t') + u'\n';
    }
    return table;
}

bool TrainingCharts::savePicture(const QString& file) {
    const int width = 1200, height = 450; // of each plot
    if (file.endsWith(QLatin1String(".pdf"), Qt::CaseInsensitive)) {
        QPdfWriter writer(file);
        writer.setPageSize(QPageSize(QSizeF(width, 2 * height), QPageSize::Point));
        writer.setPageMargins({});
        writer.setResolution(72); // so that a pixel is a point
        QCPPainter painter;
        if (!painter.begin(&writer)) return false;
        painter.setMode(QCPPainter::pmVectorized);
        painter.setMode(QCPPainter::pmNoCaching);
        upper_->toPainter(&painter, width, height);
        painter.translate(0, height);
        lower_->toPainter(&painter, width, height);
        return painter.end();
    }
    QPixmap picture(width, 2 * height);
    picture.fill(palette().color(QPalette::Base));
    QPainter painter(&picture);
    painter.drawPixmap(0, 0, upper_->toPixmap(width, height));
    painter.drawPixmap(0, height, lower_->toPixmap(width, height));
    painter.end();
    return picture.save(file);
}

} // namespace spotglass
