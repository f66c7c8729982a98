#include "app/desktop/QueueController.h"

#include "app/desktop/EngineSettingsController.h"
#include "app/desktop/PredictionController.h"
#include "app/FakeEngine.h"
#include "inference/store/Workspace.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using Phase = PredictionState::Phase;
using State = QueuedSlide::State;

class TestQueueController : public QObject {
    Q_OBJECT
    FakeFactory factory_;
    FakeCache cache_;
    std::atomic<int> computed_{0};
    std::unique_ptr<Gate> gate_;
    std::unique_ptr<QTemporaryDir> dir_;
    std::shared_ptr<EngineHost> host_;
    std::unique_ptr<EngineSettingsController> settings_;
    std::unique_ptr<PredictionController> predictions_;
    std::unique_ptr<QueueController> queue_;

    [[nodiscard]] std::filesystem::path workspace() const {
        return dir_->filePath(QStringLiteral("workspace.sqlite")).toStdString();
    }
    /// Slides are made up: their width is the number in their name; "gone" cannot be opened.
    static Result<OpenedSlide> open(const std::filesystem::path& file) {
        const auto name = file.stem().string();
        if (name == "gone") return badInput("this file does not exist", file.string(), "Check the name");
        SyntheticSlideOptions options;
        options.width = std::stoi(name);
        options.height = 1000;
        OpenedSlide slide{file, std::make_shared<SyntheticSlideSource>(options), MicronsPerPixel{2, 2}};
        if (file.extension() == ".png") slide.scale.reset();
        return slide;
    }
    void make() {
        host_ = std::make_shared<EngineHost>([this]() -> Result<EngineFactory*> { return &factory_; });
        settings_ = std::make_unique<EngineSettingsController>(
            host_, workspace(), dir_->filePath(QStringLiteral("c")).toStdString());
        predictions_ = std::make_unique<PredictionController>(host_, "/nowhere");
        queue_ = std::make_unique<QueueController>(host_, *predictions_, workspace(), open);
    }
    void end() {
        queue_.reset();
        predictions_.reset();
        settings_.reset();
        host_.reset();
    }
    void openModel() {
        QSignalSpy opened(predictions_.get(), &PredictionService::modelOpened);
        predictions_->openModel("/models/a.safetensors");
        QTRY_COMPARE(opened.count(), 1);
    }
    [[nodiscard]] QList<State> states() const {
        QList<State> all;
        for (const auto& slide : queue_->slides())
            all << slide.state;
        return all;
    }
    [[nodiscard]] QStringList names() const {
        QStringList all;
        for (const auto& slide : queue_->slides())
            all << QString::fromStdString(slide.file.stem().string());
        return all;
    }
    [[nodiscard]] KeptRun kept(const char* file) {
        return cache_.slides[(*open(file)).source->fingerprint()].run;
    }

  private Q_SLOTS:
    void init() {
        dir_ = std::make_unique<QTemporaryDir>();
        gate_ = std::make_unique<Gate>();
        cache_ = {};
        computed_ = 0;
        factory_.options = {};
        factory_.options.cache = &cache_;
        factory_.options.computed = &computed_;
        make();
    }
    void cleanup() { end(); }

    void slidesArePredictedOneAfterAnother() {
        queue_->add({"/s/2000.svs", "/s/2100.svs", "/s/2200.svs"});
        QCOMPARE(states(), (QList<State>{State::Waiting, State::Waiting, State::Waiting}));
        QVERIFY(queue_->waitsFor().contains(QStringLiteral("model")));
        openModel();
        QTRY_COMPARE(states(), (QList<State>{State::Done, State::Done, State::Done}));
        QCOMPARE(computed_.load(), 600);
        QCOMPARE(kept("/s/2100.svs"), KeptRun::Complete);
        QVERIFY(queue_->waitsFor().isEmpty());
    }
    void slidesThatCannotBePredictedAreSkippedAndSayWhy() {
        openModel();
        queue_->add({"/s/gone.svs", "/s/2000.png", "/s/2100.svs"});
        QTRY_COMPARE(states(), (QList<State>{State::Failed, State::NeedsScale, State::Done}));
        QVERIFY(queue_->slides()[0].sentence.contains(QStringLiteral("/s/gone.svs")));
        QVERIFY(queue_->slides()[1].sentence.contains(QStringLiteral("scale")));
    }
    void aRunThatFailsSaysWhy() {
        factory_.options.failure = Error{ErrorKind::Device, "there is not enough memory", {}, {}};
        openModel();
        queue_->add({"/s/2000.svs"});
        QTRY_COMPARE(states(), QList<State>{State::Failed});
        QVERIFY(queue_->slides()[0].sentence.contains(QStringLiteral("not enough memory")));
        QCOMPARE(queue_->slides()[0].done, std::size_t{200});
    }
    void theSlideInViewGoesFirstAndTheQueueGoesOnAfterwards() {
        factory_.options.gate = gate_.get();
        openModel();
        queue_->add({"/s/2100.svs"});
        gate_->open(3);
        QTRY_COMPARE(computed_.load(), 48);
        QTRY_COMPARE(queue_->slides()[0].done, std::size_t{48}); // its progress is shown
        QCOMPARE(states(), QList<State>{State::Running});
        predictions_->setSlide(*open("/s/2000.svs"));
        predictions_->predict();
        QTRY_COMPARE(states(), QList<State>{State::Waiting});
        QVERIFY(queue_->waitsFor().contains(QStringLiteral("in view")));
        gate_->open(1);
        QTRY_COMPARE(predictions_->state().done, std::size_t{16});
        QCOMPARE(states(), QList<State>{State::Waiting});
        gate_->open(1000);
        QTRY_COMPARE(predictions_->state().phase, Phase::Done);
        QTRY_COMPARE(states(), QList<State>{State::Done});
        QCOMPARE(computed_.load(), 400); // nothing twice
    }
    void aModelThatIsOpenedEndsTheRunInHandAndItGoesOn() {
        factory_.options.gate = gate_.get();
        openModel();
        queue_->add({"/s/2100.svs"});
        gate_->open(1);
        QTRY_COMPARE(computed_.load(), 16);
        openModel();
        gate_->open(1000);
        QTRY_COMPARE(states(), QList<State>{State::Done});
        QCOMPARE(computed_.load(), 200);
    }
    void theQueueCanBePaused() {
        factory_.options.gate = gate_.get();
        openModel();
        queue_->add({"/s/2000.svs", "/s/2100.svs"});
        gate_->open(1);
        QTRY_COMPARE(computed_.load(), 16);
        queue_->setPaused(true);
        QTRY_COMPARE(states(), (QList<State>{State::Waiting, State::Waiting}));
        QVERIFY(queue_->waitsFor().contains(QStringLiteral("paused")));
        gate_->open(1000);
        queue_->setPaused(false);
        QTRY_COMPARE(states(), (QList<State>{State::Done, State::Done}));
        QCOMPARE(computed_.load(), 400);
    }
    void slidesAreMovedAndRemoved() {
        queue_->add({"/s/2000.svs", "/s/2100.svs", "/s/2200.svs", "/s/2000.svs"});
        QCOMPARE(names(),
                 (QStringList{QStringLiteral("2000"), QStringLiteral("2100"), QStringLiteral("2200")}));
        queue_->move("/s/2200.svs", 0);
        QCOMPARE(names(),
                 (QStringList{QStringLiteral("2200"), QStringLiteral("2000"), QStringLiteral("2100")}));
        queue_->move("/s/2200.svs", 99);
        QCOMPARE(names().last(), QStringLiteral("2200"));
        queue_->remove("/s/2100.svs");
        queue_->remove("/s/unknown.svs");
        QCOMPARE(names(), (QStringList{QStringLiteral("2000"), QStringLiteral("2200")}));
    }
    void theSlideInHandCanBeRemoved() {
        factory_.options.gate = gate_.get();
        openModel();
        queue_->add({"/s/2000.svs", "/s/2100.svs"});
        gate_->open(1);
        QTRY_COMPARE(computed_.load(), 16);
        queue_->remove("/s/2000.svs");
        QTRY_COMPARE(states(), QList<State>{State::Running});
        gate_->open(1000);
        QTRY_COMPARE(states(), QList<State>{State::Done});
        QCOMPARE(names(), QStringList{QStringLiteral("2100")});
    }
    void theQueueSurvivesARestart() {
        factory_.options.gate = gate_.get();
        openModel();
        queue_->add({"/s/gone.svs", "/s/2000.svs", "/s/2100.svs"});
        gate_->open(2);
        QTRY_COMPARE(computed_.load(), 32);
        end();
        gate_->open(1000);
        make();
        QTRY_COMPARE(states(), (QList<State>{State::Failed, State::Waiting, State::Waiting}));
        QVERIFY(queue_->slides()[0].sentence.contains(QStringLiteral("does not exist")));
        openModel();
        QTRY_COMPARE(states(), (QList<State>{State::Failed, State::Done, State::Done}));
        QCOMPARE(computed_.load(), 400);
    }
    void whatIsAddedBeforeTheOldQueueIsReadComesAfterIt() {
        queue_->add({"/s/2000.svs"});
        auto other = Workspace::open(workspace());
        QVERIFY(other.has_value());
        QTRY_VERIFY(other->setting("queue").value_or(std::nullopt));
        end();
        make();
        queue_->add({"/s/2100.svs"}); // at once
        QTRY_COMPARE(names().size(), 2);
        QCOMPARE(names(), (QStringList{QStringLiteral("2000"), QStringLiteral("2100")}));
    }
    void nonsenseInTheWorkspaceIsAnEmptyQueue() {
        QVERIFY(queueFromText("no JSON").first.isEmpty());
        QVERIFY(queueFromText(R"({"slides": [{"state": "done"}, 7]})").first.isEmpty());
    }
    void withoutACacheNothingIsPredictedForNothing() {
        end();
        host_ = std::make_shared<EngineHost>([this]() -> Result<EngineFactory*> { return &factory_; });
        predictions_ = std::make_unique<PredictionController>(host_, "/nowhere");
        queue_ = std::make_unique<QueueController>(host_, *predictions_, std::filesystem::path(), open);
        openModel();
        queue_->add({"/s/2000.svs"});
        QTRY_COMPARE(states(), QList<State>{State::Failed});
        QCOMPARE(computed_.load(), 0);
    }
};

QTEST_GUILESS_MAIN(TestQueueController)
#include "TestQueueController.moc"
