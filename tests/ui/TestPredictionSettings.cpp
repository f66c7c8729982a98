#include "ui/EngineWindow.h"
#include "ui/PredictionSettingsDialog.h"

#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QPushButton>
#include <QRadioButton>
#include <QTreeWidget>

using namespace spotglass;
using Phase = PredictionState::Phase;

/// The settings of predictions, and a run that is held, driven by clicks and keys.
class TestPredictionSettings : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<EngineWindow> all_;

    [[nodiscard]] PredictionSettingsDialog* open() {
        (void)showActive(*all_->window); // a dialog may just have been closed
        QTest::keyClick(all_->window.get(), Qt::Key_Comma, Qt::ControlModifier);
        return all_->part<PredictionSettingsDialog>("PredictionSettings");
    }
    [[nodiscard]] QString text(const char* name) { return all_->part<QLabel>(name)->text(); }
    static QList<DeviceListing> devices() {
        return {{QStringLiteral("cpu"), QStringLiteral("main processor, 8 threads"), true, {}, 0, 412, 96, 0},
                {QStringLiteral("cuda:0"),
                 QStringLiteral("graphics processor 0"),
                 true,
                 {},
                 2e-6,
                 51000,
                 390000,
                 395000},
                {QStringLiteral("cuda:1"), QStringLiteral("graphics processor 1"), false,
                 QStringLiteral("It computes wrong results, so it is not used."), 0.4, 0, 0, 0}};
    }
    static QList<PrecisionListing> precisions() {
        return {{QStringLiteral("fp32"), true, {}, 1, 1, 0, 310},
                {QStringLiteral("bf16"), true, {}, 0.9998, 0.9991, 0.0104, 910},
                {QStringLiteral("fp16"), false,
                 QStringLiteral("Some values of this slide cannot be computed in this precision."), 0, 0, 0,
                 0}};
    }
    void answer() {
        Q_EMIT all_->settings.devicesListed(devices(), {});
        Q_EMIT all_->settings.precisionsMeasured(precisions());
        Q_EMIT all_->settings.encodersListed(
            {{QStringLiteral("spotglass-morphology-1"), 128, {}, EncoderListing::File::BuiltIn},
             {QStringLiteral("uni"), 1024, QStringLiteral("/weights/uni.safetensors"),
              EncoderListing::File::AsAdded},
             {QStringLiteral("gone"), 384, QStringLiteral("/weights/gone.pt"),
              EncoderListing::File::Missing}});
        Q_EMIT all_->settings.cacheMeasured(quint64{1300} << 20, 37);
    }

  private Q_SLOTS:
    void initTestCase() { EngineWindow::isolate(folder_.path()); }
    void init() {
        QSettings().clear();
        all_ = std::make_unique<EngineWindow>();
        QVERIFY(showActive(*all_->window));
        all_->window->openSlide("/slides/tissue.svs");
        QTRY_VERIFY(all_->window->view().isSharp());
    }
    void cleanup() { all_.reset(); }

    void theDialogShowsWhatWasFound() {
        auto* dialog = open();
        QVERIFY(dialog && dialog->isVisible());
        QCOMPARE(all_->settings.looks, 1);
        QVERIFY(text("about-bf16").contains(QStringLiteral("Not measured")));
        answer();
        QVERIFY(text("about-cuda:0").contains(QStringLiteral("51,000")));
        QVERIFY(text("about-cuda:0").contains(QStringLiteral("Self-test passed")));
        QVERIFY(!all_->part<QRadioButton>("device-cuda:1")->isEnabled());
        QVERIFY(text("about-cuda:1").contains(QStringLiteral("wrong results")));
        QVERIFY(text("about-bf16").contains(QStringLiteral("0.9998")));
        QVERIFY(text("about-bf16").contains(QStringLiteral("910 a second")));
        QVERIFY(!all_->part<QRadioButton>("precision-fp16")->isEnabled());
        QVERIFY(text("cacheText").contains(QStringLiteral("37")));
        auto* encoders = all_->part<QTreeWidget>("encoders");
        QCOMPARE(encoders->topLevelItemCount(), 3);
        QVERIFY(encoders->topLevelItem(2)->text(3).contains(QStringLiteral("not there")));
        EngineWindow::keepPicture(*dialog, "settings.png");
        dialog->resize(640, 1180);
        EngineWindow::keepPicture(*dialog, "settings-whole.png");
    }
    void whyNoGraphicsProcessorCanBeUsedIsSaid() {
        (void)open();
        Q_EMIT all_->settings.devicesListed(devices().mid(0, 1),
                                            QStringLiteral("No NVIDIA graphics processor was found."));
        QVERIFY(text("deviceText").contains(QStringLiteral("NVIDIA")));
        QVERIFY(!all_->part<QRadioButton>("device-cuda:0"));
    }
    void whatIsChosenIsHandedOverWithOkAlone() {
        auto* dialog = open();
        answer();
        all_->part<QRadioButton>("device-cuda:0")->click();
        all_->part<QRadioButton>("precision-bf16")->click();
        all_->part<QRadioButton>("wholeSlide")->click();
        all_->part<QDoubleSpinBox>("cacheLimit")->setValue(20);
        dialog->reject();
        QVERIFY(all_->settings.now == EngineChoices{});
        QTRY_VERIFY(!all_->part<PredictionSettingsDialog>("PredictionSettings"));
        dialog = open();
        answer();
        QVERIFY(all_->part<QRadioButton>("device-auto")->isChecked());
        all_->part<QRadioButton>("device-cuda:0")->click();
        all_->part<QRadioButton>("precision-bf16")->click();
        all_->part<QRadioButton>("wholeSlide")->click();
        all_->part<QDoubleSpinBox>("cacheLimit")->setValue(20);
        answer(); // looked at again: the choice stays
        dialog->accept();
        QVERIFY(all_->settings.now ==
                (EngineChoices{QStringLiteral("cuda:0"), QStringLiteral("bf16"), true, 20}));
    }
    void aDeviceThatIsNoLongerThereIsKeptUntilAnotherIsChosen() {
        all_->settings.now.device = QStringLiteral("cuda:5");
        auto* dialog = open();
        answer();
        QCOMPARE(dialog->chosen().device, QStringLiteral("cuda:5"));
    }
    void measuringCanBeStopped() {
        (void)open();
        all_->click("measure");
        QCOMPARE(all_->settings.measurements, 1);
        QVERIFY(all_->settings.measuredOn && all_->settings.measuredOn->scale);
        QCOMPARE(all_->part<QPushButton>("measure")->text(), QStringLiteral("Stop"));
        all_->click("measure");
        QCOMPARE(all_->settings.stops, 1);
        Q_EMIT all_->settings.measuringFailed({ErrorKind::Cancelled, "stopped", {}, {}});
        QCOMPARE(all_->part<QPushButton>("measure")->text(), QStringLiteral("Measure"));
        QVERIFY(text("measureText").contains(QStringLiteral("stopped")));
        all_->click("measure");
        Q_EMIT all_->settings.measuringFailed({ErrorKind::Device, "there is not enough memory", {}, {}});
        QVERIFY(text("measureText").contains(QStringLiteral("not enough memory")));
    }
    void closingTheDialogStopsTheMeasurement() {
        auto* dialog = open();
        all_->click("measure");
        dialog->reject();
        QTRY_COMPARE(all_->settings.stops, 1);
    }
    void theCacheIsCleared() {
        (void)open();
        answer();
        all_->part<QPushButton>("clearCache")->click(); // may be out of sight
        QCOMPARE(all_->settings.clears, 1);
        QVERIFY(text("cacheText").contains(QStringLiteral("Nothing is kept")));
        QVERIFY(!all_->part<QPushButton>("clearCache")->isEnabled());
    }
    void aRunIsHeldAndGoesOn() {
        all_->window->openModel("/models/breast.safetensors");
        all_->predictions.finishModel(FakePredictions::someModel());
        all_->click("predict");
        all_->predictions.grow(100);
        auto& now = all_->predictions.now;
        now.spotsPerSecond = 31;
        now.secondsLeft = 200;
        now.device = QStringLiteral("graphics processor 0");
        now.precision = QStringLiteral("bf16");
        now.notes = {QStringLiteral("The slide has 0.25 um per pixel; its patches are resampled."),
                     QStringLiteral("The cache of predictions is full.")};
        Q_EMIT all_->predictions.stateChanged(now);
        QCOMPARE(text("progressText"), QStringLiteral("100 of 300 spots, 31 a second, about 4 min left"));
        QCOMPARE(text("runDetails"), QStringLiteral("Computed on graphics processor 0, bf16."));
        QCOMPARE(text("runNote"), QStringLiteral("The cache of predictions is full."));
        QVERIFY(all_->part<QLabel>("runNote")->toolTip().contains(QStringLiteral("resampled")));
        EngineWindow::keepPicture(*all_->window, "mid-run.png");
        all_->click("pause");
        QCOMPARE(all_->predictions.pauses, 1);
        QCOMPARE(all_->part<QPushButton>("pause")->text(), QStringLiteral("Resume"));
        QCOMPARE(all_->part<QPushButton>("predict")->text(), QStringLiteral("Cancel"));
        EngineWindow::keepPicture(*all_->window, "paused.png");
        QTest::keyClick(all_->window.get(), Qt::Key_Escape); // ends nothing that is held
        QCOMPARE(all_->predictions.cancelled, 0);
        all_->click("pause");
        QCOMPARE(all_->predictions.resumes, 1);
        all_->predictions.grow(FakePredictions::total);
        QVERIFY(!all_->part<QPushButton>("pause")->isVisible());
    }
    void otherSettingsLetAFinishedSlideBePredictedAgain() {
        all_->window->openModel("/models/breast.safetensors");
        all_->predictions.finishModel(FakePredictions::someModel());
        all_->click("predict");
        all_->predictions.grow(FakePredictions::total);
        QVERIFY(!all_->part<QPushButton>("predict")->isEnabled());
        all_->predictions.now.settingsChanged = true;
        Q_EMIT all_->predictions.stateChanged(all_->predictions.now);
        QVERIFY(all_->part<QPushButton>("predict")->isEnabled());
        QVERIFY(text("runDetails").contains(QStringLiteral("new settings")));
    }
};

QTEST_MAIN(TestPredictionSettings)
#include "TestPredictionSettings.moc"
