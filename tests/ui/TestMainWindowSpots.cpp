#include "ui/ActiveWindow.h"
#include "ui/Banner.h"
#include "ui/DisplayPanel.h"
#include "ui/Fakes.h"
#include "ui/GenePanelDock.h"
#include "ui/MainWindow.h"
#include "ui/ScaleDialog.h"
#include "ui/SpotPresenter.h"
#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/SlideView.h"
#include "viewer/canvas/SpotLayer.h"

#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QToolButton>
#include <QtTest>

using namespace spotglass;

namespace {

/// Measurements without files; the test answers.
class FakeMeasurements final : public MeasurementService {
  public:
    std::vector<std::filesystem::path> asked;
    QStringList genes;
    int closed = 0;
    void openSpots(const std::filesystem::path& file, const std::filesystem::path&) override {
        asked.push_back(file);
    }
    void close() override { ++closed; }
    void askValues(const QString& gene, const QStringList&) override { genes << gene; }
    /// 12 spots, 400 pixels apart.
    static MeasuredSpots some(double pitchMicrons = 200) {
        MeasuredSpots spots;
        spots.source = QStringLiteral("tissue_selection.tsv");
        for (int i = 0; i < 12; ++i)
            spots.spots.push_back({std::to_string(i), {1000.0 + 400 * (i % 4), 1000.0 + 400 * (i / 4)}});
        spots.pitchPixels = 400;
        spots.pitchMicrons = pitchMicrons;
        spots.diameterMicrons = pitchMicrons / 2;
        spots.hasCounts = true;
        return spots;
    }
    static std::vector<float> values() {
        std::vector<float> all;
        for (int i = 0; i < 12; ++i)
            all.push_back(static_cast<float>(i) / 10);
        return all;
    }
};

} // namespace

/// Measured spots in the window.
class TestMainWindowSpots : public QObject {
    Q_OBJECT
    QTemporaryDir settings_;
    std::unique_ptr<FakeSlides> slides_;
    std::unique_ptr<FakePredictions> predictions_;
    std::unique_ptr<FakeMeasurements> measurements_;
    std::unique_ptr<MainWindow> window_;

    template <typename T> T* part(const char* name) { return window_->findChild<T*>(QLatin1String(name)); }
    void open(const char* slide = "/slides/tissue.svs") {
        window_->openSlide(slide);
        QTRY_VERIFY(window_->view().isSharp());
        window_->openSpots("/slides/tissue_selection.tsv");
        QVERIFY(window_->isLoadingSpots());
    }
    void chooseFn1() {
        window_->openModel("/models/breast.safetensors");
        predictions_->finishModel(FakePredictions::someModel());
        QVERIFY(window_->panel().chooseGene(QStringLiteral("FN1")));
    }
    QString said() {
        QString all;
        for (const auto* label : part<Banner>("Banner")->findChildren<QLabel*>())
            all += label->text();
        return part<Banner>("Banner")->isVisible() ? all : QString();
    }

  private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English));
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings_.path());
    }
    void init() {
        QSettings().clear();
        slides_ = std::make_unique<FakeSlides>();
        slides_->add("/slides/tissue.svs", MicronsPerPixel{0.5, 0.5});
        slides_->add("/slides/photo.png", std::nullopt);
        predictions_ = std::make_unique<FakePredictions>();
        measurements_ = std::make_unique<FakeMeasurements>();
        window_ = std::make_unique<MainWindow>(*slides_, *predictions_);
        window_->setMeasurements(*measurements_);
        window_->view().setAnimated(false);
        QVERIFY(showActive(*window_));
    }
    void cleanup() { window_.reset(); }

    void spotsShowTheirPlacesAndThenTheChosenGene() {
        open();
        Q_EMIT measurements_->opened(FakeMeasurements::some());
        QVERIFY(!window_->isLoadingSpots());
        QCOMPARE(window_->spots()->layer().spots().size(), std::size_t{12});
        QVERIFY(window_->spots()->legend().isHidden());
        QCOMPARE(window_->spots()->readout({1000, 1000}), QStringLiteral("Spot 0"));
        QVERIFY(window_->spots()->readout({1000 + 101, 1000}).isEmpty()); // 100 micrometres wide
        chooseFn1();
        QVERIFY(window_->isLoadingSpots());
        QCOMPARE(measurements_->genes.last(), QStringLiteral("FN1"));
        Q_EMIT measurements_->valuesRead(QStringLiteral("FN1"), FakeMeasurements::values(),
                                         QStringLiteral("log10"));
        QVERIFY(!window_->isLoadingSpots());
        const LegendWidget& legend = window_->spots()->legend();
        QVERIFY(!legend.isHidden());
        QCOMPARE(legend.gene(), QStringLiteral("FN1"));
        QCOMPARE(legend.originText(), QStringLiteral("Measured"));
        QVERIFY(window_->spots()->readout({1400, 1000}).startsWith(QStringLiteral("FN1 0.100")));
        bool listed = false;
        for (int i = 0; i < part<QListWidget>("layers")->count(); ++i)
            listed =
                listed || part<QListWidget>("layers")->item(i)->text() == QStringLiteral("FN1 (measured)");
        QVERIFY(listed);
        // The dock takes them away again.
        auto* list = part<QListWidget>("layers");
        for (int i = 0; i < list->count(); ++i)
            if (list->item(i)->text() == QStringLiteral("FN1 (measured)")) list->setCurrentRow(i);
        part<QPushButton>("removeLayer")->click();
        QVERIFY(window_->spots()->layer().spots().empty());
        QVERIFY(window_->spots()->legend().isHidden());
        QVERIFY(list->findItems(QStringLiteral("FN1 (measured)"), Qt::MatchExactly).isEmpty());
    }
    void aGeneThatWasNotMeasuredHasNoColours() {
        open();
        Q_EMIT measurements_->opened(FakeMeasurements::some());
        chooseFn1();
        Q_EMIT measurements_->valuesRead(QStringLiteral("FN1"), {}, QStringLiteral("log10"));
        QVERIFY(!window_->isLoadingSpots());
        QVERIFY(window_->spots()->legend().isHidden());
        QVERIFY(window_->spots()->layer().name().contains(QStringLiteral("not measured")));
    }
    void valuesOfAnotherGeneComeTooLate() {
        open();
        Q_EMIT measurements_->opened(FakeMeasurements::some());
        chooseFn1();
        Q_EMIT measurements_->valuesRead(QStringLiteral("GNAS"), FakeMeasurements::values(), {});
        QVERIFY(window_->spots()->legend().isHidden());
    }
    void anotherSlideTakesThemAway() {
        open();
        Q_EMIT measurements_->opened(FakeMeasurements::some());
        window_->openSlide("/slides/photo.png");
        QVERIFY(window_->spots()->layer().spots().empty());
        QVERIFY(measurements_->closed > 0);
    }
    void spotsOfAnotherImageAreRefused() {
        window_->setDialogsEnabled(false);
        QSignalSpy problem(window_.get(), &MainWindow::problem);
        open();
        MeasuredSpots spots = FakeMeasurements::some();
        for (std::size_t i = 0; i < 8; ++i)
            spots.spots[i].center.x += 1e5;
        Q_EMIT measurements_->opened(spots);
        QCOMPARE(problem.count(), 1);
        QVERIFY(window_->spots()->layer().spots().empty());
    }
    void thePitchOfTheArrayProposesAScale() {
        open("/slides/photo.png");
        Q_EMIT measurements_->opened(FakeMeasurements::some());
        QTest::mouseClick(part<Banner>("Banner")->findChild<QToolButton*>(QStringLiteral("bannerAction")),
                          Qt::LeftButton);
        auto* dialog = window_->findChild<ScaleDialog*>();
        QVERIFY(dialog);
        dialog->findChild<QPushButton*>(QStringLiteral("useSpotPitch"))->click();
        dialog->accept();
        QCOMPARE(window_->slide()->scale->mean(), 0.5);
    }
    void aScaleThatTheArrayContradictsIsSaid() {
        open();
        Q_EMIT measurements_->opened(FakeMeasurements::some(200)); // 0.5, as the slide says
        QVERIFY2(said().isEmpty(), qPrintable(said()));
        Q_EMIT measurements_->opened(FakeMeasurements::some(100));
        QVERIFY2(said().contains(QStringLiteral("0.25")) && said().contains(QStringLiteral("0.5")),
                 qPrintable(said()));
    }
    void withoutASlideThereIsASentence() {
        window_->setDialogsEnabled(false);
        QSignalSpy problem(window_.get(), &MainWindow::problem);
        window_->openSpots("/slides/tissue_selection.tsv");
        QCOMPARE(problem.count(), 1);
        QVERIFY(measurements_->asked.empty());
    }
};

QTEST_MAIN(TestMainWindowSpots)
#include "TestMainWindowSpots.moc"
