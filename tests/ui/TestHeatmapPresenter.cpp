#include "ui/HeatmapPresenter.h"

#include "ui/Fakes.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/SlideView.h"

#include <QtTest>

using namespace spotglass;

class TestHeatmapPresenter : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void theAutomaticRangeLeavesOutTheExtremes() {
        ExpressionField field;
        field.columns = 101;
        field.rows = 2;
        for (int i = 0; i <= 100; ++i)
            field.values.push_back(static_cast<float>(i));
        field.values.resize(202, ExpressionField::missing); // what is not known does not count
        field.values[0] = -1000;
        field.values[100] = 1000;
        const auto range = automaticRange(field);
        QVERIFY(range);
        QCOMPARE(range->minimum, 1.0F);
        QCOMPARE(range->maximum, 99.0F);
    }
    void equalValuesStillHaveARange() {
        ExpressionField field;
        field.columns = field.rows = 1;
        field.values = {2};
        const auto range = automaticRange(field);
        QVERIFY(range && range->minimum < 2 && range->maximum > 2);
    }
    void nothingKnownHasNoRange() {
        ExpressionField field;
        QVERIFY(!automaticRange(field));
        field.values = {ExpressionField::missing};
        QVERIFY(!automaticRange(field));
    }
    void theLegendIsThereOnlyWithValues() {
        SlideView view;
        FakePredictions predictions;
        HeatmapPresenter presenter(view, predictions);
        predictions.model = FakePredictions::someModel();
        presenter.setModel(predictions.model);
        presenter.setGene(QStringLiteral("FN1"));
        QVERIFY(presenter.legend().isHidden());
        predictions.now.done = 30;
        presenter.refresh();
        QVERIFY(!presenter.legend().isHidden());
        QCOMPARE(presenter.legend().gene(), QStringLiteral("FN1"));
        QVERIFY(presenter.legend().originText().contains(QStringLiteral("research use only"),
                                                         Qt::CaseInsensitive));
        presenter.setVisible(false);
        presenter.refresh();
        QVERIFY(presenter.legend().isHidden());
        QVERIFY(!presenter.layer().isVisible());
    }
    void aRangeSetByHandIsTakenAsItIs() {
        SlideView view;
        FakePredictions predictions;
        HeatmapPresenter presenter(view, predictions);
        DisplaySettings settings;
        settings.automaticRange = false;
        settings.minimum = 3;
        settings.maximum = 1; // half typed: the higher end has not been set yet
        presenter.setDisplay(settings);
        QCOMPARE(presenter.layer().minimum(), 3.0F);
        QCOMPARE(presenter.layer().maximum(), 3.0F);
    }
    void everySettingReachesTheLayer() {
        SlideView view;
        FakePredictions predictions;
        HeatmapPresenter presenter(view, predictions);
        DisplaySettings settings;
        settings.automaticRange = false;
        settings.minimum = 0;
        settings.maximum = 4;
        settings.gamma = 0.5F;
        settings.style = LatticeStyle::Spots;
        settings.blending = Layer::Blending::Multiply;
        settings.contourLines = 3;
        predictions.model = FakePredictions::someModel();
        predictions.now.done = FakePredictions::total;
        presenter.setModel(predictions.model);
        presenter.setGene(QStringLiteral("FN1"));
        presenter.setDisplay(settings);
        QCOMPARE(presenter.layer().gamma(), 0.5F);
        QCOMPARE(presenter.layer().style(), LatticeStyle::Spots);
        QCOMPARE(presenter.layer().blending(), Layer::Blending::Multiply);
        QCOMPARE(presenter.layer().contourLevels(), (std::vector<float>{1, 2, 3}));
        settings.contourLines = 0;
        presenter.setDisplay(settings);
        QVERIFY(presenter.layer().contourLevels().empty());
    }
    void theReadoutSaysWhereAValueIsDoubtful() {
        SlideView view;
        FakePredictions predictions;
        HeatmapPresenter presenter(view, predictions);
        predictions.model = FakePredictions::someModel();
        presenter.setModel(predictions.model);
        predictions.now.done = FakePredictions::total;
        const double pitch = FakePredictions::pitch;
        TissueOutline half{2 * FakePredictions::columns, FakePredictions::rows, pitch / 2, pitch, {}};
        half.cells.assign(static_cast<std::size_t>(half.width) * static_cast<std::size_t>(half.height), 255);
        half.cells[0] = 0; // the left half of the first cell is glass
        predictions.tissue = std::make_shared<TissueOutline>(half);
        presenter.setGene(QStringLiteral("FASN"));
        QVERIFY(presenter.readout({pitch / 2, pitch / 2}).endsWith(QStringLiteral("doubtful here")));
        QVERIFY(!presenter.readout({pitch * 1.5, pitch / 2}).contains(QStringLiteral("doubtful")));
        DisplaySettings plain;
        plain.hatchDoubtful = false; // says it all the same
        presenter.setDisplay(plain);
        QVERIFY(presenter.readout({pitch / 2, pitch / 2}).endsWith(QStringLiteral("doubtful here")));
    }
    void theReadoutHasGeneValueAndUnit() {
        SlideView view;
        FakePredictions predictions;
        HeatmapPresenter presenter(view, predictions);
        predictions.model = FakePredictions::someModel();
        presenter.setModel(predictions.model);
        predictions.now.done = FakePredictions::total;
        presenter.setGene(QStringLiteral("FASN"));
        const QString text = presenter.readout({3.5 * FakePredictions::pitch, 2.5 * FakePredictions::pitch});
        QCOMPARE(text,
                 QStringLiteral(
                     "FASN 2.050 log10(1 + counts per 10,000 of the panel), 3 x 3 smoothed (predicted)"));
        QVERIFY(presenter.readout({-500, 0}).isEmpty());
    }
};

QTEST_MAIN(TestHeatmapPresenter)
#include "TestHeatmapPresenter.moc"
