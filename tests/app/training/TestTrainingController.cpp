#include "app/desktop/TrainingController.h"
#include "app/desktop/TrainingRecords.h"
#include "app/jobs/TinyTraining.h"

#include <cmath>
#include <fstream>
#include <QJsonArray>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace spotglass;
using namespace spotglass::tests;
namespace fs = std::filesystem;
using State = TrainingJob::State;

/// The window's view of trainings, over real processes.
class TestTrainingController : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    [[nodiscard]] QString cohort() const { return dir_.filePath(QStringLiteral("cohort")); }
    [[nodiscard]] JobQueue::Programs programs(const std::string& name) const {
        const auto workspace = at(name);
        return {SPOTGLASS_CLI, "none", workspace, workspace.string() + ".predicting"};
    }

  private Q_SLOTS:
    void initTestCase() { QVERIFY(makeTinyCohort(cohort())); }

    void aTrainingIsFollowedToItsEnd() {
        TrainingController trainings(programs("w1.sqlite"), at("features"), nullptr);
        QSignalSpy finished(&trainings, &TrainingService::finished);
        QSignalSpy history(&trainings, &TrainingService::historyRead);
        QSignalSpy map(&trainings, &TrainingService::mapRead);
        QSignalSpy report(&trainings, &TrainingService::reportRead);
        trainings.add(toQt(tinyConfig(cohort(), 3)), at("run"), {});
        QTRY_COMPARE(trainings.jobs().size(), 1);
        const auto id = trainings.jobs().front().id;
        trainings.follow(id);
        trainings.askMap(id, QStringLiteral("FN1"));
        QVERIFY(finished.wait(120'000));
        const auto job = trainings.jobs().front();
        QVERIFY2(job.state == State::Done, qPrintable(job.sentence));
        QVERIFY(job.hasModel);
        QCOMPARE(job.name, QStringLiteral("Tiny"));
        QTRY_VERIFY(history.last()[1].value<TrainingHistory>().epochs.size() == 3);
        const auto told = history.last()[1].value<TrainingHistory>();
        QCOMPARE(told.genes.size(), 6);
        QCOMPARE(told.mapSection, QStringLiteral("B1"));
        const auto& epoch = told.epochs.back();
        QCOMPARE(epoch.epoch, 3);
        QVERIFY(epoch.losses[QStringLiteral("total")] > 0 && epoch.weights[QStringLiteral("supervised")] > 0);
        QVERIFY(epoch.validation.contains(QStringLiteral("pcc")));
        QVERIFY(epoch.validation.contains(QStringLiteral("pcc_hpg")));
        QCOMPARE(epoch.genePcc.size(), std::size_t{6});
        QVERIFY(epoch.learningRate > 0 && epoch.spotsPerSecond > 0 && epoch.memoryGigabytes > 0);
        QVERIFY(told.log.contains(QStringLiteral("Epoch 3")));
        // The last map is that of the reported section, by the finished model.
        trainings.askMap(id, QStringLiteral("ERBB2"));
        QTRY_VERIFY(map.last()[1].value<SectionMap>().gene == QStringLiteral("ERBB2"));
        const auto drawn = map.last()[1].value<SectionMap>();
        QCOMPARE(drawn.section, QStringLiteral("C1"));
        QVERIFY(drawn.places.size() >= 20 && drawn.measured.size() == drawn.places.size() &&
                drawn.predicted.size() == drawn.places.size());
        QVERIFY(drawn.pitchPixels > 10);
        trainings.askReport(id);
        QTRY_COMPARE(report.count(), 1);
        const auto judged = report.front()[1].value<TrainingReport>();
        QVERIFY(!judged.verdict.isEmpty());
        QCOMPARE(judged.sections, QStringList{QStringLiteral("C1")});
        QCOMPARE(judged.genes.size(), 6);
        QVERIFY(std::isfinite(judged.model) && std::isfinite(judged.ridge) && std::isnan(judged.parent));
    }

    void itGoesOnWithoutTheWindow() {
        QString id;
        {
            TrainingController trainings(programs("w2.sqlite"), at("features"), nullptr);
            trainings.add(toQt(tinyConfig(cohort(), 400)), at("lonely"), {});
            QTRY_VERIFY_WITH_TIMEOUT(!trainings.jobs().isEmpty() && trainings.jobs().front().epoch >= 1,
                                     60'000);
            id = trainings.jobs().front().id;
        }
        const int before = progressOf(at("lonely")).epoch;
        QTRY_VERIFY_WITH_TIMEOUT(progressOf(at("lonely")).epoch > before, 30'000);
        TrainingController again(programs("w2.sqlite"), at("features"), nullptr);
        QTRY_VERIFY(!again.jobs().isEmpty());
        QCOMPARE(again.jobs().front().state, State::Running);
        QSignalSpy finished(&again, &TrainingService::finished);
        again.cancel(id);
        QVERIFY(finished.wait(60'000));
        QCOMPARE(again.jobs().front().state, State::Cancelled);
    }

    void theOrderOfWhatWaits() {
        TrainingController trainings(programs("w3.sqlite"), at("features"), nullptr);
        for (const char* name : {"a", "b", "c"}) {
            auto config = tinyConfig(cohort(), 400);
            config["name"] = name;
            trainings.add(toQt(config), at(std::string("order-") + name), {});
        }
        const auto names = [&] {
            QString all;
            for (const auto& job : trainings.jobs())
                all += job.name;
            return all;
        };
        QTRY_COMPARE(names(), QStringLiteral("abc"));
        QTRY_COMPARE(trainings.jobs().front().state, State::Running);
        trainings.move(trainings.jobs()[2].id, 0);
        QTRY_COMPARE(names(), QStringLiteral("acb"));
        for (const auto& job : trainings.jobs())
            trainings.remove(job.id);
        QTRY_VERIFY_WITH_TIMEOUT(trainings.jobs().isEmpty(), 60'000);
    }

    void aFolderThatIsTakenIsAProblem() {
        TrainingController trainings(programs("w4.sqlite"), {}, nullptr);
        QSignalSpy problem(&trainings, &TrainingService::problem);
        trainings.add(toQt(tinyConfig(cohort(), 1)), at("run"), {});
        QVERIFY(problem.wait());
        QVERIFY(problem.front()[0].value<Error>().what.find("another training") != std::string::npos);
        QVERIFY(trainings.jobs().isEmpty());
    }

    void damagedRecordsLeaveTheirPartEmpty() {
        const auto run = at("damaged");
        fs::create_directories(run);
        std::ofstream(run / "events.jsonl")
            << R"({"event": 5})" << '\n'
            << R"({"event": "epoch", "epoch": 1, "training": 7})" << '\n'
            << R"({"event": "epoch", "epoch": 2, "best": "yes"})" << '\n'
            << "{\"event\": \"ep\n[]\n\n"
            << R"({"event": "epoch", "epoch": 3, "training": {"total": 0.5}})" << '\n';
        const auto history = readHistory(run);
        QCOMPARE(history.epochs.size(), std::size_t{2});
        QVERIFY(history.epochs.front().losses.isEmpty());
        QCOMPARE(history.epochs.back().epoch, 3);
        QCOMPARE(history.epochs.back().losses[QStringLiteral("total")], 0.5);
        QCOMPARE(progressOf(run).epoch, 3);
        for (const char* report : {"", "[]", R"({"verdict": 1})", R"({"verdict": {"sentence": 2}})"}) {
            std::ofstream(run / "report.json") << report;
            QVERIFY2(!readReport(run), report);
        }
        std::ofstream(run / "report.json") << R"({"verdict": {"sentence": "x"}, "genes": {"FN1": 3}})";
        const auto report = readReport(run);
        QVERIFY(report && report->genes.size() == 1 && std::isnan(report->genes.front().model));
    }

    void aTableIsReadColumnByColumn() {
        const auto file = at("table.csv");
        std::ofstream(file) << "spot,x_px,y_px,A,B\n1x1,10.50,20,0.5,-1e-3\n1x2,110.5,20,,2\n";
        std::vector<QPointF> places;
        const auto a = readColumn(file, QStringLiteral("A"), &places);
        QCOMPARE(a.size(), std::size_t{2});
        QCOMPARE(a[0], 0.5F);
        QVERIFY(std::isnan(a[1]));
        QCOMPARE(places[0], QPointF(10.5, 20));
        QCOMPARE(pitchOf(places), 100.0);
        QCOMPARE(readColumn(file, QStringLiteral("B"), nullptr)[0], -1e-3F);
        QVERIFY(readColumn(file, QStringLiteral("x_px"), nullptr).empty());
        QVERIFY(readColumn(at("none.csv"), QStringLiteral("A"), nullptr).empty());
    }
};

QTEST_GUILESS_MAIN(TestTrainingController)
#include "TestTrainingController.moc"
