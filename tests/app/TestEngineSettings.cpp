#include "app/desktop/EngineSettingsController.h"
#include "app/desktop/PredictionController.h"
#include "app/FakeEngine.h"
#include "inference/store/SlideCache.h"
#include "inference/store/Workspace.h"
#include "viewer/base/Files.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>
#include <thread>

using namespace spotglass;
using Phase = PredictionState::Phase;

class TestEngineSettings : public QObject {
    Q_OBJECT
    FakeFactory factory_;
    std::unique_ptr<QTemporaryDir> dir_;
    std::shared_ptr<EngineHost> host_;
    std::unique_ptr<EngineSettingsController> settings_;
    std::unique_ptr<PredictionController> predictions_;
    std::vector<Error> errors_;

    [[nodiscard]] std::filesystem::path at(const char* name) const {
        return dir_->filePath(QLatin1String(name)).toStdString();
    }
    void make() {
        host_ = std::make_shared<EngineHost>([this]() -> Result<EngineFactory*> { return &factory_; });
        settings_ = std::make_unique<EngineSettingsController>(host_, at("workspace.sqlite"), at("cache"));
        predictions_ = std::make_unique<PredictionController>(host_, "/nowhere");
        connect(settings_.get(), &EngineSettingsController::computationChanged, predictions_.get(),
                &PredictionController::useNewSettings);
        connect(predictions_.get(), &PredictionService::predictionFailed, this,
                [this](const Error& error) { errors_.push_back(error); });
        QSignalSpy read(settings_.get(), &EngineSettingsService::choicesChanged);
        QTRY_COMPARE(read.count(), 1);
    }
    void end() {
        predictions_.reset();
        settings_.reset();
        host_.reset();
    }
    void openModel() {
        QSignalSpy opened(predictions_.get(), &PredictionService::modelOpened);
        predictions_->openModel("/models/a.safetensors");
        QTRY_COMPARE(opened.count(), 1);
    }
    static OpenedSlide slide() {
        SyntheticSlideOptions options;
        options.width = 2000;
        options.height = 1000;
        return {"/slides/a.svs", std::make_shared<SyntheticSlideSource>(options), MicronsPerPixel{2, 2}};
    }
    [[nodiscard]] Phase phase() const { return predictions_->state().phase; }

  private Q_SLOTS:
    void init() {
        dir_ = std::make_unique<QTemporaryDir>();
        factory_.options = {};
        factory_.opened = 0;
        factory_.settings.clear();
        factory_.machine.clear();
        factory_.refusedDevice.clear();
        factory_.onCompare = {};
        factory_.compareFailure.reset();
        errors_.clear();
        make();
    }
    void cleanup() { end(); }

    void aModelIsOpenedWithTheChoicesAndTheCacheFolder() {
        openModel();
        QCOMPARE(factory_.settings.back().device, std::string("auto"));
        QCOMPARE(factory_.settings.back().cacheFolder, at("cache"));
        QCOMPARE(factory_.settings.back().workspace, at("workspace.sqlite"));
    }
    void choicesComeBackInTheNextSession() {
        QSignalSpy unkept(settings_.get(), &EngineSettingsService::choicesNotKept);
        const EngineChoices wanted{QStringLiteral("cuda:1"), QStringLiteral("bf16"), true, 2.5};
        settings_->choose(wanted);
        QSignalSpy measured(settings_.get(), &EngineSettingsService::cacheMeasured);
        settings_->look(); // comes after the writing
        QTRY_COMPARE(measured.count(), 1);
        QCOMPARE(unkept.count(), 0);
        end();
        make();
        QVERIFY(settings_->choices() == wanted);
        openModel();
        QCOMPARE(factory_.settings.back().device, std::string("cuda:1"));
        QCOMPARE(factory_.settings.back().precision, Precision::BFloat16);
        QCOMPARE(factory_.settings.back().cacheBytes, std::uint64_t{5} << 29);
    }
    void nonsenseInTheWorkspaceIsTheDefault() {
        QVERIFY(choicesFromText("no JSON") == EngineChoices{});
        QVERIFY(choicesFromText(R"({"precision": "fp7", "cache_gib": -1})") == EngineChoices{});
    }
    void aWorkspaceThatCannotBeWrittenIsSaid() {
        end();
        std::filesystem::remove_all(at("workspace.sqlite"));
        std::filesystem::create_directory(at("workspace.sqlite"));
        make();
        QSignalSpy unkept(settings_.get(), &EngineSettingsService::choicesNotKept);
        settings_->choose({QStringLiteral("cpu"), QStringLiteral("fp32"), false, 8});
        QTRY_COMPARE(unkept.count(), 1);
        QCOMPARE(settings_->choices().device, QStringLiteral("cpu")); // for this session
    }
    void theNextRunUsesOtherSettingsAndOpensTheModelAgain() {
        openModel();
        predictions_->setSlide(slide());
        predictions_->predict();
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(factory_.opened.load(), 1);
        settings_->choose({QStringLiteral("auto"), QStringLiteral("fp16"), false, 8});
        QCOMPARE(phase(), Phase::Done); // what is shown stays
        QVERIFY(predictions_->state().settingsChanged);
        predictions_->predict();
        QVERIFY(!predictions_->state().settingsChanged);
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(factory_.opened.load(), 2);
        QCOMPARE(factory_.settings.back().precision, Precision::Float16);
        QCOMPARE(predictions_->state().precision, QStringLiteral("fp16"));
    }
    void aRunThatIsUnderWayGoesOnAsItIs() {
        Gate gate;
        factory_.options.gate = &gate;
        openModel();
        predictions_->setSlide(slide());
        predictions_->predict();
        gate.open(1);
        QTRY_COMPARE(predictions_->state().done, std::size_t{16});
        settings_->choose({QStringLiteral("auto"), QStringLiteral("fp16"), false, 8});
        gate.open(1000);
        QTRY_COMPARE(phase(), Phase::Done);
        QCOMPARE(factory_.opened.load(), 1);
        QCOMPARE(predictions_->state().precision, QStringLiteral("32-bit"));
    }
    void anotherCacheLimitIsNoReasonToPredictAgain() {
        openModel();
        predictions_->setSlide(slide());
        predictions_->predict();
        QTRY_COMPARE(phase(), Phase::Done);
        settings_->choose({QStringLiteral("auto"), QStringLiteral("fp32"), false, 3});
        QVERIFY(!predictions_->state().settingsChanged);
    }
    void aDeviceThatFailsIsSaidInASentenceAndAnotherMayBeChosen() {
        factory_.refusedDevice = "cuda:0";
        openModel();
        predictions_->setSlide(slide());
        settings_->choose({QStringLiteral("cuda:0"), QStringLiteral("fp32"), false, 8});
        predictions_->predict();
        QTRY_COMPARE(errors_.size(), std::size_t{1});
        QVERIFY(errors_.front().sentence().find("does not answer") != std::string::npos);
        settings_->choose({QStringLiteral("cpu"), QStringLiteral("fp32"), false, 8});
        predictions_->predict();
        QTRY_COMPARE(phase(), Phase::Done);
    }
    void devicesAreMeasuredAndListed() {
        factory_.machine = {{"cuda:0", "graphics processor 0", false, "It does not answer", 0, 0, 0, 0}};
        QSignalSpy listed(settings_.get(), &EngineSettingsService::devicesListed);
        settings_->look();
        QTRY_COMPARE(listed.count(), 1);
        const auto devices = listed.front().front().value<QList<DeviceListing>>();
        QCOMPARE(devices.size(), 2);
        QCOMPARE(devices[0].rateFp32, 200.0);
        QVERIFY(!devices[1].usable);
        QCOMPARE(listed.front().back().toString(), QStringLiteral("No graphics processor was found."));
    }
    void precisionsAreMeasured() {
        QSignalSpy failed(settings_.get(), &EngineSettingsService::measuringFailed);
        settings_->measurePrecisions(slide());
        QTRY_COMPARE(failed.count(), 1); // no model yet
        QVERIFY(failed.front().front().value<Error>().sentence().find("Open a model") != std::string::npos);
        openModel();
        QSignalSpy measured(settings_.get(), &EngineSettingsService::precisionsMeasured);
        settings_->measurePrecisions(slide());
        QTRY_COMPARE(measured.count(), 1);
        const auto all = measured.front().front().value<QList<PrecisionListing>>();
        QCOMPARE(all.size(), 2);
        QCOMPARE(all[1].name, QStringLiteral("bf16"));
        QCOMPARE(all[1].agreement, 0.9995);
    }
    void aMeasurementCanBeStopped() {
        openModel();
        factory_.onCompare = [](const CancelToken& cancel) {
            while (!cancel.isCancelled())
                std::this_thread::yield();
        };
        QSignalSpy failed(settings_.get(), &EngineSettingsService::measuringFailed);
        settings_->measurePrecisions({});
        settings_->measurePrecisions({}); // one at a time
        settings_->cancelMeasuring();
        QTRY_COMPARE(failed.count(), 1);
        QCOMPARE(failed.front().front().value<Error>().kind, ErrorKind::Cancelled);
        factory_.onCompare = {};
        QSignalSpy measured(settings_.get(), &EngineSettingsService::precisionsMeasured);
        settings_->measurePrecisions({});
        QTRY_COMPARE(measured.count(), 1);
        QCOMPARE(failed.count(), 1);
    }
    void encodersSayWhetherTheirFilesAreStillTheSame() {
        auto workspace = Workspace::open(at("workspace.sqlite"));
        QVERIFY(workspace.has_value());
        QVERIFY(writeFileAtomically(at("a.pt"), "weights").has_value());
        QVERIFY(writeFileAtomically(at("b.pt"), "weights, longer").has_value());
        QVERIFY(writeFileAtomically(at("d.pt"), "other words").has_value());
        const auto remember = [&](const char* name, const char* file, std::uint64_t bytes, const char* sha) {
            QVERIFY(workspace
                        ->rememberEncoder({name, at(file), sha, bytes, 1,
                                           R"({"kind": "vit", "vit": {"width": 384}})", false})
                        .has_value());
        };
        remember("a", "a.pt", 7, "9a88f3d4e5a3f2d3");
        remember("b", "b.pt", 7, "00");
        remember("c", "gone.pt", 7, "00");
        QSignalSpy listed(settings_.get(), &EngineSettingsService::encodersListed);
        settings_->look();
        QTRY_COMPARE(listed.count(), 1);
        const auto all = listed.front().front().value<QList<EncoderListing>>();
        QCOMPARE(all.size(), 4);
        QCOMPARE(all[0].file, EncoderListing::File::BuiltIn);
        QCOMPARE(all[1].width, 384);
        QCOMPARE(all[1].file, EncoderListing::File::Changed); // the same size, other content
        QCOMPARE(all[2].file, EncoderListing::File::Changed);
        QCOMPARE(all[3].file, EncoderListing::File::Missing);
    }
    void theCacheIsMeasuredAndCleared() {
        {
            auto cache = SlideCache::open({at("cache")}, "slide");
            QVERIFY(cache.has_value());
            QVERIFY((*cache)->noteRun("set", "{}", 5).has_value());
        }
        QSignalSpy measured(settings_.get(), &EngineSettingsService::cacheMeasured);
        settings_->look();
        QTRY_COMPARE(measured.count(), 1);
        QVERIFY(measured.front().front().toULongLong() > 0);
        QCOMPARE(measured.front().back().toInt(), 1);
        settings_->clearCache();
        QTRY_COMPARE(measured.count(), 2);
        QCOMPARE(measured.back().back().toInt(), 0);
    }
};

QTEST_GUILESS_MAIN(TestEngineSettings)
#include "TestEngineSettings.moc"
