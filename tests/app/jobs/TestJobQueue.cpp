#include "app/jobs/TinyTraining.h"
#include "viewer/base/Files.h"

#include <fstream>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>

using namespace spotglass;
using namespace spotglass::tests;
namespace fs = std::filesystem;

/// Trainings as real processes that are started, stopped, killed and followed.
class TestJobQueue : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    int number_ = 0;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    [[nodiscard]] QString cohort() const { return dir_.filePath(QStringLiteral("cohort")); }

    /// A workspace of its own for each test.
    JobQueue::Programs programs() {
        const auto workspace = at("workspace-" + std::to_string(++number_) + ".sqlite");
        return {SPOTGLASS_CLI, "none", workspace, workspace.string() + ".predicting"};
    }
    static bool isDone(const Job& job) { return job.state == JobState::Done; }
    static bool hasEpochs(const Job& job) { return job.state == JobState::Running && job.epoch >= 2; }
    static nlohmann::json jsonOf(const fs::path& file) {
        std::ifstream in(file);
        return nlohmann::json::parse(in, nullptr, false);
    }
    static QByteArray commandLine(const fs::path& workspace, const QStringList& arguments,
                                  int* code = nullptr) {
        QProcess process;
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("SPOTGLASS_WORKSPACE"), QString::fromStdString(workspace.string()));
        process.setProcessEnvironment(environment);
        process.start(QStringLiteral(SPOTGLASS_CLI), QStringList{QStringLiteral("jobs")} + arguments);
        if (!process.waitForFinished(60'000)) return {};
        if (code) *code = process.exitCode();
        return process.readAllStandardOutput() + process.readAllStandardError();
    }

  private Q_SLOTS:
    void initTestCase() { QVERIFY(makeTinyCohort(cohort())); }

    void aTrainingRunsAndIsJudged() {
        JobQueue queue(programs());
        const auto job = queue.add(tinyConfig(cohort(), 2), at("one"), {});
        QVERIFY2(job.has_value(), job ? "" : job.error().sentence().c_str());
        QVERIFY2(runUntil(queue, job->id, isDone), jobOf(queue, job->id).sentence.c_str());
        const auto done = jobOf(queue, job->id);
        QCOMPARE(done.epoch, 2);
        QVERIFY(done.ended > done.started && done.started >= done.created);
        QVERIFY(fs::exists(at("one/model.safetensors")));
        const auto report = jsonOf(at("one/report.json"));
        QCOMPARE(report["sections"].dump(), std::string(R"(["C1"])"));
        QCOMPARE(report["genes"].size(), std::size_t{6});
        QVERIFY(!report["verdict"]["sentence"].get<std::string>().empty());
        for (const char* map : {"B1.measured.csv", "B1.predicted.csv", "C1.measured.csv", "C1.predicted.csv"})
            QVERIFY2(fs::exists(at("one/maps") / map), map);
    }

    void oneAfterTheOther() {
        JobQueue queue(programs());
        const auto first = queue.add(tinyConfig(cohort(), 2), at("first"), {});
        const auto second = queue.add(tinyConfig(cohort(), 1), at("second"), {});
        QVERIFY(first && second);
        QVERIFY(queue.tick().value());
        QCOMPARE(jobOf(queue, first->id).state, JobState::Running);
        QCOMPARE(jobOf(queue, second->id).state, JobState::Waiting);
        QVERIFY(runUntil(queue, second->id, isDone));
        QVERIFY(jobOf(queue, second->id).started >= jobOf(queue, first->id).ended);
    }

    void pausedItGoesOnWhereItWas() {
        JobQueue queue(programs());
        const auto job = queue.add(tinyConfig(cohort(), 400), at("paused"), {});
        QVERIFY(job && runUntil(queue, job->id, hasEpochs));
        QVERIFY(queue.request(job->id, "pause"));
        QVERIFY(runUntil(queue, job->id, [](const Job& j) { return j.state == JobState::Paused; }));
        const auto paused = jobOf(queue, job->id);
        QVERIFY(fs::exists(at("paused/checkpoint/state.safetensors")));
        QVERIFY(!isRunning(paused.process));
        QVERIFY(queue.request(job->id, "resume"));
        QVERIFY(runUntil(queue, job->id, [&](const Job& j) {
            return j.state == JobState::Running && j.epoch > paused.epoch;
        }));
        std::ifstream events(at("paused/events.jsonl"));
        int starts = 0, epochOnes = 0;
        for (std::string line; std::getline(events, line);) {
            const auto event = nlohmann::json::parse(line, nullptr, false);
            starts += event["event"] == "start" ? 1 : 0;
            epochOnes += event["event"] == "epoch" && event["epoch"] == 1 ? 1 : 0;
        }
        QCOMPARE(starts, 1);
        QCOMPARE(epochOnes, 1);
        QVERIFY(queue.request(job->id, "cancel"));
        QVERIFY(runUntil(queue, job->id, [](const Job& j) { return j.state == JobState::Cancelled; }));
        QVERIFY(fs::exists(at("paused/model.safetensors"))); // the best so far
    }

    /// A second signal would end the process before it has kept its state.
    void cancelledWhileItPauses() {
        JobQueue queue(programs());
        const auto job = queue.add(tinyConfig(cohort(), 400), at("twice"), {});
        QVERIFY(job && runUntil(queue, job->id, hasEpochs));
        for (const char* request : {"pause", "pause", "cancel"}) {
            QVERIFY(queue.request(job->id, request));
            QVERIFY(queue.tick());
        }
        QVERIFY(runUntil(queue, job->id, [](const Job& j) { return j.isOver(); }));
        QCOMPARE(jobOf(queue, job->id).state, JobState::Cancelled);
        // By itself, and with its state: it says so.
        QCOMPARE(progressOf(at("twice")).last, std::string("cancelled"));
        QVERIFY(fs::exists(at("twice/model.safetensors")));
    }

    void anEnsembleIsPausedAndGoesOn() {
        JobQueue queue(programs());
        auto config = tinyConfig(cohort(), 6);
        config["members"] = 2;
        const auto job = queue.add(config, at("members"), {});
        const auto second = at("members/member-2/events.jsonl");
        QVERIFY(job &&
                runUntil(queue, job->id, [&](const Job& j) { return fs::exists(second) && j.epoch >= 7; }));
        QCOMPARE(jobOf(queue, job->id).epochs, 12);
        QVERIFY(queue.request(job->id, "pause"));
        QVERIFY(runUntil(queue, job->id, [](const Job& j) { return j.state != JobState::Running; }));
        if (jobOf(queue, job->id).state == JobState::Done) QSKIP("it ended before it could be paused");
        const auto first = *readFile(at("members/member-1/events.jsonl"));
        QVERIFY(queue.request(job->id, "resume"));
        QVERIFY(runUntil(queue, job->id, isDone));
        QCOMPARE(*readFile(at("members/member-1/events.jsonl")), first); // not trained again
        QCOMPARE(jobOf(queue, job->id).epoch, 12);
    }

    void twoProgramsDoNotTrainInOneFolder() {
        JobQueue queue(programs());
        const auto job = queue.add(tinyConfig(cohort(), 400), at("busy"), {});
        QVERIFY(job && runUntil(queue, job->id, hasEpochs));
        QProcess other;
        other.start(QStringLiteral(SPOTGLASS_CLI),
                    {QStringLiteral("train"), QStringLiteral("--config"),
                     QString::fromStdString((at("busy") / "settings.json").string()), QStringLiteral("-o"),
                     QString::fromStdString(at("busy").string())});
        QVERIFY(other.waitForFinished(60'000));
        QCOMPARE(other.exitCode(), 4);
        QVERIFY(other.readAllStandardError().contains("another program is training in this folder"));
        QVERIFY(queue.tick());
        QCOMPARE(jobOf(queue, job->id).state, JobState::Running);
        QVERIFY(queue.request(job->id, "cancel"));
        QVERIFY(runUntil(queue, job->id, [](const Job& j) { return j.isOver(); }));
    }

    /// Two computers with one home: a process of the other one cannot be seen, and is not started again.
    void whatRunsOnAnotherComputerIsLeftAlone() {
        const auto with = programs();
        JobQueue queue(with);
        const auto job = queue.add(tinyConfig(cohort(), 3), at("elsewhere"), {});
        QVERIFY(job.has_value());
        auto other = *job;
        other.state = JobState::Running;
        other.process = {77, "another-boot 17"};
        other.machine = "another-computer 0123456789abcdef";
        auto workspace = Workspace::open(with.workspace);
        QVERIFY(workspace && workspace->updateJob(job->id, "running", toRecord(other).dump()));
        QVERIFY(queue.tick() && queue.tick());
        const auto now = jobOf(queue, job->id);
        QCOMPARE(now.state, JobState::Running);
        QCOMPARE(now.sentence, std::string("Runs on the computer another-computer."));
        // It holds up nobody here, and can be taken off the list.
        const auto next = queue.add(tinyConfig(cohort(), 1), at("beside-elsewhere"), {});
        QVERIFY(next && runUntil(queue, next->id, isDone));
        QVERIFY(queue.request(job->id, "remove") && queue.tick());
        QCOMPARE(queue.jobs()->size(), std::size_t{1});
    }

    void killedFromOutsideItSaysSoAndCanGoOn() {
        JobQueue queue(programs());
        const auto job = queue.add(tinyConfig(cohort(), 400), at("killed"), {});
        QVERIFY(job && runUntil(queue, job->id, hasEpochs));
        QVERIFY(killProcess(jobOf(queue, job->id).process));
        QVERIFY(runUntil(queue, job->id, [](const Job& j) { return j.state == JobState::Failed; }));
        const auto failed = jobOf(queue, job->id);
        QVERIFY2(failed.sentence.find("ended from outside") != std::string::npos, failed.sentence.c_str());
        QVERIFY(queue.request(job->id, "resume"));
        QVERIFY(runUntil(queue, job->id, [&](const Job& j) {
            return j.state == JobState::Running && j.epoch > failed.epoch;
        }));
        QVERIFY(queue.request(job->id, "remove"));
        QVERIFY(QTest::qWaitFor([&] { return queue.tick() && queue.jobs()->empty(); }, 30'000));
        QVERIFY(fs::exists(at("killed/events.jsonl"))); // the folder stays
    }

    /// What the workspace says of a process from before the machine was started anew.
    void afterARebootItGoesOnByItself() {
        const auto with = programs();
        JobQueue queue(with);
        const auto job = queue.add(tinyConfig(cohort(), 3), at("rebooted"), {});
        QVERIFY(job.has_value());
        auto lost = *job;
        lost.state = JobState::Running;
        lost.process = {1, "another-boot 17"};
        auto workspace = Workspace::open(with.workspace);
        QVERIFY(workspace && workspace->updateJob(job->id, "running", toRecord(lost).dump()));
        QVERIFY(runUntil(queue, job->id, isDone));
    }

    /// As on a drive that a cluster shares badly: the run says that it saved one model, another file is
    /// there.
    void aModelThatIsNotTheSavedOneIsNotDone() {
        const auto with = programs();
        JobQueue queue(with);
        for (const bool same : {true, false}) {
            const auto folder = at(same ? "same" : "other");
            const auto job = queue.add(tinyConfig(cohort(), 3), folder, {});
            QVERIFY(job.has_value());
            std::ofstream(folder / "model.safetensors") << (same ? "abc" : "abd");
            std::ofstream(folder / "events.jsonl")
                << R"({"event": "saved", "model": "model.safetensors", "sha256":)"
                << R"( "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})" << std::endl;
            auto ended = *job;
            ended.state = JobState::Running;
            ended.process = processOfNumber(1);
            ended.process.number = 0;
            auto workspace = Workspace::open(with.workspace);
            QVERIFY(workspace && workspace->updateJob(job->id, "running", toRecord(ended).dump()));
            QVERIFY(queue.tick(false));
            const auto now = jobOf(queue, job->id);
            QCOMPARE(now.state, same ? JobState::Done : JobState::Failed);
            QCOMPARE(now.sentence.find("damaged") != std::string::npos, !same);
        }
    }

    /// A cluster whose commands hang, and one that has none.
    void aClusterThatDoesNotAnswer() {
        for (const char* command : {"sbatch", "squeue"}) {
            const auto file = at("hangs") / command;
            fs::create_directories(file.parent_path());
            std::ofstream(file) << "#!/bin/sh\nexec sleep 60\n";
            fs::permissions(file, fs::perms::owner_all);
        }
        const auto path = qgetenv("PATH");
        qputenv("PATH", QByteArray::fromStdString(at("hangs").string()) + ':' + path);
        const Slurm slurm("none", SPOTGLASS_CLI, std::chrono::milliseconds(300));
        const auto status = slurm.status("17");
        const auto checked = slurm.check({}, 1);
        qputenv("PATH", QByteArray::fromStdString(at("empty").string()));
        const auto missing = slurm.check({}, 1);
        qputenv("PATH", path);
        for (const auto* answer : {&status.error(), &checked.error()})
            QVERIFY2(answer->what.find("does not answer") != std::string::npos, answer->what.c_str());
        QVERIFY(!missing && missing.error().what.find("no Slurm") != std::string::npos);
    }

    /// A job that squeue does not know any more: by sacct where there is accounting, else by scontrol.
    void anEndedJobIsAskedAfterElsewhere() {
        const auto command = [&](const char* name, const std::string& body) {
            const auto file = at("ended-commands") / name;
            fs::create_directories(file.parent_path());
            std::ofstream(file) << "#!/bin/sh\n" << body << "\n";
            fs::permissions(file, fs::perms::owner_all);
        };
        command("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1");
        command("sacct", "echo 'CANCELLED by 1000'");
        command("scontrol", "echo 'JobId=17 JobName=x JobState=TIMEOUT Reason=TimeLimit Dependency=(null)'");
        const auto path = qgetenv("PATH");
        qputenv("PATH", QByteArray::fromStdString(at("ended-commands").string()) + ':' + path);
        const Slurm slurm("none", SPOTGLASS_CLI);
        const auto accounted = slurm.status("17");
        command("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1");
        const auto controlled = slurm.status("17");
        command("scontrol", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1");
        const auto forgotten = slurm.status("17");
        qputenv("PATH", path);
        QVERIFY(accounted && accounted->state == ClusterStatus::State::Ended);
        QCOMPARE(accounted->word, std::string("CANCELLED"));
        QVERIFY(controlled && controlled->state == ClusterStatus::State::Ended);
        QCOMPARE(controlled->word, std::string("TIMEOUT"));
        QVERIFY(forgotten && forgotten->state == ClusterStatus::State::Unknown);
    }

    void whatIsWrongIsSaid() {
        JobQueue queue(programs());
        auto config = tinyConfig(cohort(), 1);
        config["sections"]["training"] = {"Z9"};
        const auto wrong = queue.add(config, at("wrong"), {});
        QVERIFY(wrong &&
                runUntil(queue, wrong->id, [](const Job& j) { return j.state == JobState::Failed; }));
        const auto said = jobOf(queue, wrong->id).sentence;
        QVERIFY2(said.find("Z9") != std::string::npos, said.c_str());

        const auto again = queue.add(config, at("wrong"), {});
        QVERIFY(!again && again.error().kind == ErrorKind::BadInput);
        std::ofstream(at("file")) << "x";
        const auto below = queue.add(config, at("file") / "run", {});
        QVERIFY(!below && below.error().kind == ErrorKind::Device);
        QVERIFY(!queue.request("nobody", "cancel"));
    }

    void withoutTheProgramItFails() {
        auto with = programs();
        with.commandLine = at("no-such-program");
        JobQueue queue(with);
        const auto job = queue.add(tinyConfig(cohort(), 1), at("no-program"), {});
        QVERIFY(job && runUntil(queue, job->id, [](const Job& j) { return j.state == JobState::Failed; }));
        QVERIFY(!jobOf(queue, job->id).sentence.empty());
    }

    /// One program runs the queue; the other's wishes reach it.
    void twoProgramsOnOneWorkspace() {
        const auto with = programs();
        JobQueue first(with), second(with);
        QVERIFY(first.tick());
        QVERIFY(second.tick());
        QVERIFY(first.runsQueue() && !second.runsQueue());
        const auto job = second.add(tinyConfig(cohort(), 400), at("shared"), {});
        QVERIFY(job.has_value());
        QVERIFY(second.tick());
        QCOMPARE(jobOf(second, job->id).state, JobState::Waiting);
        QVERIFY(runUntil(first, job->id, hasEpochs));
        QVERIFY(second.request(job->id, "cancel"));
        QVERIFY(runUntil(first, job->id, [](const Job& j) { return j.state == JobState::Cancelled; }));
        QCOMPARE(jobOf(second, job->id).state, JobState::Cancelled);
    }

    /// Training waits while a window predicts.
    void trainingGivesWay() {
        const auto with = programs();
        JobQueue queue(with);
        const auto job = queue.add(tinyConfig(cohort(), 400), at("gives-way"), {});
        QVERIFY(job && runUntil(queue, job->id, hasEpochs));
        FileLock prediction(with.giveWay);
        QTRY_VERIFY(prediction.tryShared());
        const auto epochsAt = [&] { return progressOf(at("gives-way")).epoch; };
        // What was in hand comes to its end; then nothing moves.
        int before = 0;
        QTRY_VERIFY_WITH_TIMEOUT(
            [&] {
                const bool same = before == epochsAt();
                before = epochsAt();
                QTest::qWait(1500);
                return same && before == epochsAt();
            }(),
            30'000);
        prediction.release();
        QTRY_VERIFY_WITH_TIMEOUT(epochsAt() > before, 30'000);
        QVERIFY(queue.request(job->id, "cancel"));
        QVERIFY(runUntil(queue, job->id, [](const Job& j) { return j.isOver(); }));
    }

    void theCommandLineSeesAndCancels() {
        const auto with = programs();
        std::string id;
        {
            JobQueue queue(with);
            const auto job = queue.add(tinyConfig(cohort(), 400), at("cli"), {});
            QVERIFY(job && runUntil(queue, job->id, hasEpochs));
            id = job->id;
        } // the window is closed; the training goes on
        const auto list = QJsonDocument::fromJson(
            commandLine(with.workspace, {QStringLiteral("list"), QStringLiteral("--json")}));
        QCOMPARE(list.array().size(), 1);
        QCOMPARE(list[0][QStringLiteral("state")].toString(), QStringLiteral("running"));
        const auto shown =
            commandLine(with.workspace, {QStringLiteral("show"), QString::fromStdString(id.substr(0, 4))});
        QVERIFY2(shown.contains("Tiny") && shown.contains("running"), shown.constData());
        int code = -1;
        const auto said =
            commandLine(with.workspace, {QStringLiteral("cancel"), QString::fromStdString(id)}, &code);
        QVERIFY2(code == 0 && said.contains("Cancelled"), said.constData());
        const auto none =
            commandLine(with.workspace, {QStringLiteral("cancel"), QStringLiteral("zzz")}, &code);
        QCOMPARE(code, 3);
        QVERIFY2(none.contains("no training zzz"), none.constData());
        JobQueue queue(with);
        QVERIFY(queue.tick());
        QCOMPARE(jobOf(queue, id).state, JobState::Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestJobQueue)
#include "TestJobQueue.moc"
