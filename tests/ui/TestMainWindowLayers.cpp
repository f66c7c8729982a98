#include "ui/ActiveWindow.h"
#include "ui/DisplayPanel.h"
#include "ui/Fakes.h"
#include "ui/GenePanelDock.h"
#include "ui/HeatmapPresenter.h"
#include "ui/LayerDock.h"
#include "ui/MainWindow.h"
#include "ui/PictureCommands.h"
#include "ui/SlideTools.h"
#include "viewer/canvas/AnnotationLayer.h"
#include "viewer/canvas/HeatmapLayer.h"
#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/SlideView.h"

#include <QComboBox>
#include <QListWidget>
#include <QPushButton>
#include <QSettings>
#include <QSlider>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

/// The layers dock of the window, and genes that stay beside the chosen one.
class TestMainWindowLayers : public QObject {
    Q_OBJECT
    QTemporaryDir settings_;
    std::unique_ptr<FakeSlides> slides_;
    std::unique_ptr<FakePredictions> predictions_;
    std::unique_ptr<MainWindow> window_;

    template <typename T> T* part(const char* name) { return window_->findChild<T*>(QLatin1String(name)); }
    QStringList listed() {
        QStringList names;
        auto* list = part<QListWidget>("layers");
        for (int i = 0; i < list->count(); ++i)
            names << list->item(i)->text();
        return names;
    }
    void choose(int row) { part<QListWidget>("layers")->setCurrentRow(row); }
    void click(const char* name) { part<QPushButton>(name)->click(); }
    void predict() {
        window_->openSlide("/slides/tissue.svs");
        QTRY_VERIFY(window_->view().isSharp());
        window_->openModel("/models/breast.safetensors");
        predictions_->finishModel(FakePredictions::someModel());
        QVERIFY(window_->panel().chooseGene(QStringLiteral("FN1")));
        predictions_->grow(FakePredictions::total);
    }
    std::vector<LegendWidget*> legends() {
        std::vector<LegendWidget*> shown;
        for (auto* legend : window_->view().findChildren<LegendWidget*>())
            if (!legend->isHidden()) shown.push_back(legend);
        return shown;
    }
    QRgb pixelAt(Level0Point point) {
        const ScreenPoint at = window_->view().viewport().toScreen(point);
        return window_->view().grab().toImage().pixel(static_cast<int>(at.x), static_cast<int>(at.y));
    }
    void keepPicture(const char* name) {
        const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
        if (folder.isEmpty()) return;
        QTest::qWait(200);
        window_->grab().save(folder + QLatin1Char('/') + QLatin1String(name));
    }

  private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English));
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings_.path());
        QCoreApplication::setOrganizationName(QStringLiteral("Spotglass"));
        QCoreApplication::setApplicationName(QStringLiteral("TestMainWindowLayers"));
    }
    void init() {
        QSettings().clear();
        slides_ = std::make_unique<FakeSlides>();
        slides_->add("/slides/tissue.svs", MicronsPerPixel{0.5, 0.5});
        predictions_ = std::make_unique<FakePredictions>();
        window_ = std::make_unique<MainWindow>(*slides_, *predictions_);
        window_->view().setAnimated(false);
        window_->resize(1300, 900);
        QVERIFY(showActive(*window_));
    }
    void cleanup() { window_.reset(); }

    void theDockListsLayersTopToBottom() {
        predict();
        QTest::keyClick(window_.get(), Qt::Key_L, Qt::ControlModifier);
        QTRY_VERIFY(part<LayerDock>("LayerDock")->isVisible());
        QCOMPARE(listed(), (QStringList{QStringLiteral("Rulers"), QStringLiteral("Annotations"),
                                        QStringLiteral("FN1 (predicted)")}));
        choose(2);
        keepPicture("layers.png");
    }
    void aTickHidesALayerWithItsLegendAndKeysFollow() {
        predict();
        auto* item = part<QListWidget>("layers")->item(2);
        QCOMPARE(legends().size(), std::size_t{1});
        item->setCheckState(Qt::Unchecked);
        QVERIFY(!window_->heatmap().layer().isVisible());
        QVERIFY(legends().empty());
        QTest::keyClick(window_.get(), Qt::Key_E, Qt::ControlModifier); // shows it again at the first press
        QVERIFY(window_->heatmap().layer().isVisible());
        QCOMPARE(part<QListWidget>("layers")->item(2)->checkState(), Qt::Checked);
        QTest::keyClick(window_.get(), Qt::Key_A);
        QVERIFY(!window_->tools().annotations().isVisible());
        QCOMPARE(part<QListWidget>("layers")->item(1)->checkState(), Qt::Unchecked);
    }
    void opacityAndMixingAreThoseOfTheDisplayPanel() {
        predict();
        choose(2);
        part<QSlider>("layerOpacity")->setValue(40);
        QCOMPARE(window_->heatmap().layer().opacity(), 0.4);
        QCOMPARE(part<QSlider>("opacity")->value(), 40);
        QCOMPARE(window_->panel().display().settings().opacity, 0.4);
        part<QComboBox>("layerBlending")->setCurrentIndex(1);
        QCOMPARE(window_->heatmap().layer().blending(), Layer::Blending::Multiply);
        QCOMPARE(part<QComboBox>("blending")->currentIndex(), 1);
        part<QSlider>("opacity")->setValue(70);
        QCOMPARE(part<QSlider>("layerOpacity")->value(), 70);
        QCOMPARE(window_->heatmap().layer().blending(), Layer::Blending::Multiply);
        part<QComboBox>("layerColors")->setCurrentText(QStringLiteral("magma"));
        QCOMPARE(window_->heatmap().layer().colorMap(), *ColorMap::named(QStringLiteral("magma")));
        QCOMPARE(part<QComboBox>("colors")->currentText(), QStringLiteral("magma"));
        part<QComboBox>("colors")->setCurrentText(QStringLiteral("turbo"));
        QCOMPARE(part<QComboBox>("layerColors")->currentText(), QStringLiteral("turbo"));
        choose(1); // annotations have no colour map, and an opacity of their own
        QVERIFY(!part<QComboBox>("layerColors")->isEnabled());
        part<QSlider>("layerOpacity")->setValue(20);
        QCOMPARE(window_->tools().annotations().opacity(), 0.2);
        QCOMPARE(window_->heatmap().layer().opacity(), 0.7);
    }
    void theOrderIsTheOneOfTheList() {
        predict();
        choose(2);
        QVERIFY(!part<QPushButton>("layerDown")->isEnabled());
        click("layerUp");
        QCOMPARE(listed(), (QStringList{QStringLiteral("Rulers"), QStringLiteral("FN1 (predicted)"),
                                        QStringLiteral("Annotations")}));
        QCOMPARE(part<QListWidget>("layers")->currentRow(), 1);
        const auto& layers = window_->view().layers();
        QVERIFY(std::ranges::find(layers, &window_->heatmap().layer()) >
                std::ranges::find(layers, &window_->tools().annotations()));
        // as dragging does it
        auto* list = part<QListWidget>("layers");
        QVERIFY(list->model()->moveRow({}, 1, {}, 0));
        QTRY_COMPARE(layers.back(), &window_->heatmap().layer());
    }
    void aKeptGeneStaysUnderTheNextOne() {
        predict();
        QTest::keyClick(window_.get(), Qt::Key_K);
        QVERIFY(window_->panel().chooseGene(QStringLiteral("FASN")));
        QCOMPARE(listed(),
                 (QStringList{QStringLiteral("Rulers"), QStringLiteral("Annotations"),
                              QStringLiteral("FASN (predicted)"), QStringLiteral("FN1 (predicted)")}));
        const auto shown = legends();
        QCOMPARE(shown.size(), std::size_t{2});
        QVERIFY(!shown[0]->geometry().intersects(shown[1]->geometry()));
        const auto& display = window_->panel().display().settings();
        QCOMPARE(display.blending, Layer::Blending::Multiply); // else one would cover the other
        QCOMPARE(display.colors.name(), QStringLiteral("greens"));
        keepPicture("two_genes.png");
        // Both darken the tissue.
        QTRY_VERIFY(window_->view().isSharp());
        const Level0Point where{3500, 2500};
        const QRgb both = pixelAt(where);
        choose(3);
        part<QListWidget>("layers")->item(3)->setCheckState(Qt::Unchecked);
        const QRgb one = pixelAt(where);
        QVERIFY(qGreen(both) < qGreen(one)); // red took green away
        part<QListWidget>("layers")->item(3)->setCheckState(Qt::Checked);
        QCOMPARE(pixelAt(where), both);
        // A second time it is there already.
        QVERIFY(window_->panel().chooseGene(QStringLiteral("FN1")));
        QTest::keyClick(window_.get(), Qt::Key_K);
        QCOMPARE(listed().size(), 4);
    }
    void picturesNameEveryGeneThatTheyShow() {
        predict();
        QTest::keyClick(window_.get(), Qt::Key_K);
        QVERIFY(window_->panel().chooseGene(QStringLiteral("FASN")));
        const auto* commands = window_->findChild<PictureCommands*>();
        auto from = commands->provenance(window_->view().viewport());
        QVERIFY(from.prediction);
        QCOMPARE(from.prediction->gene, QStringLiteral("FASN, FN1"));
        window_->heatmap().setVisible(false);
        QCOMPARE(commands->provenance(window_->view().viewport()).prediction->gene, QStringLiteral("FN1"));
    }
    void aKeptGeneGrowsWithThePredictionAndCanBeRemoved() {
        predict();
        QTest::keyClick(window_.get(), Qt::Key_K);
        QVERIFY(window_->panel().chooseGene(QStringLiteral("FASN")));
        choose(3);
        QVERIFY(part<QPushButton>("removeLayer")->isEnabled());
        part<QComboBox>("layerColors")->setCurrentText(QStringLiteral("blues"));
        QCOMPARE(window_->panel().display().settings().colors.name(), QStringLiteral("greens"));
        choose(2);
        QVERIFY(!part<QPushButton>("removeLayer")->isEnabled()); // the chosen gene
        choose(3);
        click("removeLayer");
        QCOMPARE(listed().size(), 3);
        QCOMPARE(legends().size(), std::size_t{1});
        predictions_->grow(10); // nothing is left that could fall over
    }
    void anotherModelTakesAwayGenesThatItDoesNotPredict() {
        predict();
        QTest::keyClick(window_.get(), Qt::Key_K);
        QCOMPARE(listed().size(), 4);
        ModelDescription other = FakePredictions::someModel("Other");
        other.genes.removeIf([](const GeneEntry& gene) { return gene.symbol == QStringLiteral("FN1"); });
        predictions_->finishModel(other);
        QCOMPARE(listed().size(), 3);
    }
};

QTEST_MAIN(TestMainWindowLayers)
#include "TestMainWindowLayers.moc"
