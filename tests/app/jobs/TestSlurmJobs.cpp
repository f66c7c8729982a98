#include "app/jobs/TinyTraining.h"

#include <fstream>
#include <iterator>
#include <QTemporaryDir>

using namespace spotglass;
using namespace spotglass::tests;
namespace fs = std::filesystem;

/// Trainings handed to a real Slurm of one node, which with_slurm.sh starts.
class TestSlurmJobs : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    int number_ = 0;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    [[nodiscard]] QString cohort() const { return dir_.filePath(QStringLiteral("cohort")); }
    JobQueue::Programs programs() {
        const auto workspace = at("workspace-" + std::to_string(++number_) + ".sqlite");
        return {SPOTGLASS_CLI, SPOTGLASS_SLURM_SCRIPT, workspace, workspace.string() + ".predicting"};
    }
    static SlurmPlace place() {
        SlurmPlace place;
        place.processors = 1;
        place.memoryGigabytes = 2;
        place.time = "00:10:00";
        return place;
    }

  private Q_SLOTS:
    void initTestCase() { QVERIFY(makeTinyCohort(cohort())); }

    void aPlaceIsChecked() {
        const Slurm slurm(SPOTGLASS_SLURM_SCRIPT, SPOTGLASS_CLI);
        const auto good = slurm.check(place(), 60);
        QVERIFY2(good.has_value(), good ? "" : good.error().sentence().c_str());
        QVERIFY2(good->find("found the program") != std::string::npos, good->c_str());
        auto lost = place();
        lost.program = "/no/such/program";
        const auto missing = slurm.check(lost, 60);
        QVERIFY(!missing);
        QVERIFY(missing.error().what.find("did not start") != std::string::npos);
        auto wrong = place();
        wrong.partition = "nowhere";
        const auto refused = slurm.check(wrong, 60);
        QVERIFY(!refused);
        QVERIFY2(refused.error().what.find("partition") != std::string::npos, refused.error().what.c_str());
    }

    /// With stand-ins for Apptainer and for the nodes' modules, which write down how they were called.
    void modulesAndContainers() {
        const auto bin = at("bin"), called = at("called.txt"), image = at("image.sif");
        fs::create_directories(bin);
        std::ofstream(image) << "an image";
        std::ofstream(bin / "apptainer")
            << "#!/bin/bash\necho \"apptainer $*\" >> " << called.string()
            << "\nwhile [ \"$1\" != " << image.string() << " ]; do shift; done; shift\n"
            << "exec \"$@\"\n";
        fs::permissions(bin / "apptainer", fs::perms::owner_all);
        const auto path = qgetenv("PATH");
        qputenv("PATH", QByteArray::fromStdString(bin.string()) + ':' + path);
        qputenv("BASH_FUNC_module%%", "() { echo \"module $*\" >> " +
                                          QByteArray::fromStdString(called.string()) +
                                          "; [ \"$2\" != none ]; }");
        auto inside = place();
        inside.modules = {"cuda", "gcc/12"};
        inside.container = image.string();
        const Slurm slurm(SPOTGLASS_SLURM_SCRIPT, SPOTGLASS_CLI);
        const auto good = slurm.check(inside, 60);
        JobQueue queue(programs());
        const auto job = queue.add(tinyConfig(cohort(), 1), at("inside"), inside);
        const bool ended = job && runUntil(queue, job->id, [](const Job& j) { return j.isOver(); });
        auto lost = inside;
        lost.modules = {"none"};
        const auto missing = slurm.check(lost, 60);
        qputenv("PATH", path);
        qunsetenv("BASH_FUNC_module%%");
        QVERIFY2(good.has_value(), good ? "" : good.error().sentence().c_str());
        QVERIFY(ended);
        QVERIFY2(jobOf(queue, job->id).state == JobState::Done, jobOf(queue, job->id).sentence.c_str());
        QVERIFY(!missing);
        std::ifstream in(called);
        const std::string all{std::istreambuf_iterator<char>(in), {}};
        QVERIFY2(all.find("module load cuda") != std::string::npos &&
                     all.find("module load gcc/12") != std::string::npos,
                 all.c_str());
        QVERIFY2(all.find("apptainer exec --nv " + image.string() + " " SPOTGLASS_CLI " train") !=
                     std::string::npos,
                 all.c_str());
    }

    void aTrainingOnTheCluster() {
        JobQueue queue(programs());
        const auto job = queue.add(tinyConfig(cohort(), 2), at("run"), place());
        QVERIFY(job.has_value());
        QVERIFY2(runUntil(queue, job->id, [](const Job& j) { return j.isOver(); }), "it should end");
        const auto done = jobOf(queue, job->id);
        QVERIFY2(done.state == JobState::Done, done.sentence.c_str());
        QVERIFY(!done.clusterJob.empty());
        QVERIFY(fs::exists(at("run/model.safetensors")) && fs::exists(at("run/report.json")));
        QVERIFY(fs::exists(at("run/log.txt")));
    }

    void pausedResumedAndCancelled() {
        JobQueue queue(programs());
        const auto job = queue.add(tinyConfig(cohort(), 400), at("long"), place());
        QVERIFY(job && runUntil(queue, job->id, [](const Job& j) { return j.epoch >= 2; }));
        QVERIFY(queue.request(job->id, "pause"));
        QVERIFY(runUntil(queue, job->id, [](const Job& j) { return j.state == JobState::Paused; }));
        const auto paused = jobOf(queue, job->id);
        QVERIFY(fs::exists(at("long/checkpoint/state.safetensors")));
        QVERIFY(queue.request(job->id, "resume"));
        QVERIFY(runUntil(queue, job->id, [&](const Job& j) { return j.epoch > paused.epoch; }));
        QVERIFY(jobOf(queue, job->id).clusterJob != paused.clusterJob);
        QVERIFY(queue.request(job->id, "cancel"));
        QVERIFY(runUntil(queue, job->id, [](const Job& j) { return j.state == JobState::Cancelled; }));
        QVERIFY(fs::exists(at("long/model.safetensors")));
    }

    void aClusterThatRefusesForgetsOrEndsIt() {
        JobQueue queue(programs());
        auto wrong = place();
        wrong.partition = "nowhere";
        const auto refused = queue.add(tinyConfig(cohort(), 1), at("refused"), wrong);
        QVERIFY(refused &&
                runUntil(queue, refused->id, [](const Job& j) { return j.state == JobState::Failed; }));
        QVERIFY(jobOf(queue, refused->id).sentence.find("refuses") != std::string::npos);

        // Ended by somebody else.
        const auto ended = queue.add(tinyConfig(cohort(), 400), at("ended"), place());
        QVERIFY(ended && runUntil(queue, ended->id, [](const Job& j) { return j.epoch >= 1; }));
        QCOMPARE(QProcess::execute(QStringLiteral("scancel"),
                                   {QString::fromStdString(jobOf(queue, ended->id).clusterJob)}),
                 0);
        QVERIFY(runUntil(queue, ended->id, [](const Job& j) { return j.state == JobState::Failed; }));
        QVERIFY2(jobOf(queue, ended->id).sentence.find("CANCELLED") != std::string::npos,
                 jobOf(queue, ended->id).sentence.c_str());

        // A number that the cluster has never given.
        auto forgotten = jobOf(queue, ended->id);
        forgotten.state = JobState::Running;
        forgotten.clusterJob = "999999";
        auto workspace = Workspace::open(at("workspace-" + std::to_string(number_) + ".sqlite"));
        QVERIFY(workspace && workspace->updateJob(ended->id, "running", toRecord(forgotten).dump()));
        QVERIFY(runUntil(queue, ended->id, [](const Job& j) { return j.state == JobState::Failed; }));
        QVERIFY2(jobOf(queue, ended->id).sentence.find("does not know") != std::string::npos,
                 jobOf(queue, ended->id).sentence.c_str());
    }
};

QTEST_GUILESS_MAIN(TestSlurmJobs)
#include "TestSlurmJobs.moc"
