#include "Shared.h"

#include <cmath>
#include <QCryptographicHash>
#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QtTest>

/// Training from the command line as a laboratory has it: real processes, real files.
class TestTrainCommand : public QObject {
    Q_OBJECT

    struct Outcome {
        int code = -1;
        QString out, err;
    };
    QTemporaryDir dir_;
    [[nodiscard]] QString at(const char* name) const { return dir_.filePath(QString::fromUtf8(name)); }

    static Outcome ended(QProcess& process) {
        if (!process.waitForFinished(300'000)) return {};
        return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2,
                QString::fromUtf8(process.readAllStandardOutput()),
                QString::fromUtf8(process.readAllStandardError())};
    }
    static Outcome run(const QStringList& arguments) {
        QProcess process;
        process.start(QStringLiteral(SPOTGLASS_CLI), arguments);
        return ended(process);
    }
    static QJsonObject json(const Outcome& outcome) {
        return QJsonDocument::fromJson(outcome.out.toUtf8()).object();
    }
    static QByteArray content(const QString& file) {
        QFile f(file);
        return f.open(QIODevice::ReadOnly) ? f.readAll() : QByteArray();
    }
    QString write(const char* name, const QByteArray& content) const {
        QFile f(at(name));
        if (!f.open(QIODevice::WriteOnly) || f.write(content) != content.size()) return {};
        return at(name);
    }
    static QByteArray configuration(const QByteArray& more) {
        return R"({"model": {"emb_dim_target": 16, "emb_dim": 128, "emb_dim_text": 16, "depth1": 1, "depth2": 2, "depth3": 1,
            "depth_img": 1, "depth_exp": 1, "depth_text": 1, "num_heads1": 2, "num_heads2": 2, "num_heads3": 2, "num_heads_img": 2,
            "num_heads_exp": 2, "num_heads_text": 2, "mlp_ratio_img": 1, "mlp_ratio_exp": 1}, "patch_pixels": 64,
            "panel": {"size": 6, "minimum_total": 1, "must_have": ["FN1", "ERBB2"]}, "batch": 8, "learning_rate": 1e-3,
            "name": "Tiny")" +
               more + "}";
    }
    QStringList train(const QString& config, const char* folder) const {
        return {QStringLiteral("train"),
                QStringLiteral("--cohort"),
                at("cohort"),
                QStringLiteral("--config"),
                config,
                QStringLiteral("-o"),
                at(folder)};
    }
    static QList<QJsonObject> events(const QString& folder) {
        QList<QJsonObject> all;
        for (const auto& line : content(folder + QStringLiteral("/events.jsonl")).split('\n'))
            if (!line.isEmpty()) all.append(QJsonDocument::fromJson(line).object());
        return all;
    }
    static QList<double> losses(const QString& folder) {
        QList<double> all;
        for (const auto& event : events(folder))
            if (event[QStringLiteral("event")] == QStringLiteral("epoch"))
                all.append(event[QStringLiteral("training")].toObject()[QStringLiteral("total")].toDouble());
        return all;
    }
    /// Starts the processes of one training, as torchrun would.
    void startTwo(std::array<QProcess, 2>& processes, const QStringList& arguments) {
        QTcpServer server; // finds a port that is free
        QVERIFY(server.listen(QHostAddress::LocalHost));
        const auto port = QString::number(server.serverPort());
        server.close();
        for (int rank = 0; rank < 2; ++rank) {
            auto environment = QProcessEnvironment::systemEnvironment();
            environment.insert(QStringLiteral("RANK"), QString::number(rank));
            environment.insert(QStringLiteral("WORLD_SIZE"), QStringLiteral("2"));
            environment.insert(QStringLiteral("MASTER_ADDR"), QStringLiteral("127.0.0.1"));
            environment.insert(QStringLiteral("MASTER_PORT"), port);
            auto& process = processes[static_cast<std::size_t>(rank)];
            process.setProcessEnvironment(environment);
            process.start(QStringLiteral(SPOTGLASS_CLI), arguments);
        }
    }

  private Q_SLOTS:
    void initTestCase() {
        const auto made = run({QStringLiteral("synth"), QStringLiteral("-o"), at("cohort"),
                               QStringLiteral("--sections"), QStringLiteral("3"), QStringLiteral("--size"),
                               QStringLiteral("2048"), QStringLiteral("--seed"), QStringLiteral("5")});
        QVERIFY2(made.code == 0, qPrintable(made.err));
    }
    /// Killed without a warning in mid-run, and taken up: the same model, bit for bit.
    void aKilledRunGoesOnToTheSameModel() {
        const auto config =
            write("resume.json", configuration(", \"maximum_epochs\": 3, \"checkpoint_minutes\": 0.0001"));
        const auto whole = run(train(config, "whole"));
        QVERIFY2(whole.code == 0, qPrintable(whole.err));
        {
            QProcess process;
            process.start(QStringLiteral(SPOTGLASS_CLI), train(config, "killed"));
            const auto state = at("killed/checkpoint/state.safetensors");
            QTRY_VERIFY_WITH_TIMEOUT(losses(at("killed")).size() >= 1 && QFile::exists(state), 120'000);
            process.kill();
            QVERIFY(process.waitForFinished());
            QVERIFY(!QFile::exists(at("killed/model.safetensors")));
        }
        const auto resumed = run(train(config, "killed") + QStringList{QStringLiteral("--resume")});
        QVERIFY2(resumed.code == 0, qPrintable(resumed.err));
        QVERIFY(resumed.err.contains(QStringLiteral("Going on with epoch")));
        QVERIFY(!content(at("whole/model.safetensors")).isEmpty());
        QCOMPARE(content(at("killed/model.safetensors")), content(at("whole/model.safetensors")));
        QCOMPARE(losses(at("killed")), losses(at("whole")));
        // More epochs are the same run going on; another seed is another run.
        const auto other =
            run(train(write("other.json", configuration(", \"maximum_epochs\": 3, \"seed\": 7")), "killed") +
                QStringList{QStringLiteral("--resume")});
        QCOMPARE(other.code, 3);
        QVERIFY2(other.err.contains(QStringLiteral("seed")), qPrintable(other.err));
    }
    void twoProcessesTrainOneModel() {
        const auto config = write("two.json", configuration(", \"maximum_epochs\": 2, \"batch\": 8"));
        std::array<QProcess, 2> processes;
        startTwo(processes, train(config, "two"));
        std::array<Outcome, 2> outcomes{ended(processes[0]), ended(processes[1])};
        for (const auto& outcome : outcomes)
            QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
        QVERIFY(outcomes[0].err.contains(QStringLiteral("Epoch 2: loss")));
        QVERIFY2(!outcomes[1].err.contains(QStringLiteral("Epoch")),
                 qPrintable(outcomes[1].err)); // one speaks
        QCOMPARE(losses(at("two")).size(), 2);
        QVERIFY(losses(at("two"))[1] < losses(at("two"))[0]);
        const auto judged =
            run({QStringLiteral("evaluate"), QStringLiteral("--model"), at("two/model.safetensors"),
                 QStringLiteral("--cohort"), at("cohort"), QStringLiteral("--json")});
        QVERIFY2(judged.code == 0, qPrintable(judged.err));
        QCOMPARE(json(judged)[QStringLiteral("sections")].toObject().size(), 3);
    }
    void aProcessThatGoesTakesNobodyByDeadlock() {
        const auto config = write("gone.json", configuration(", \"maximum_epochs\": 500, \"patience\": 500"));
        std::array<QProcess, 2> processes;
        startTwo(processes, train(config, "gone"));
        QTRY_VERIFY_WITH_TIMEOUT(!losses(at("gone")).isEmpty(), 120'000);
        processes[1].kill();
        QVERIFY(processes[1].waitForFinished());
        const auto outcome = ended(processes[0]);
        QVERIFY2(outcome.code > 0, qPrintable(outcome.err));
        QVERIFY2(outcome.err.contains(QStringLiteral("--resume")), qPrintable(outcome.err));
    }
    void anUnevenBatchIsRefused() {
        const auto config = write("uneven.json", configuration(", \"maximum_epochs\": 2, \"batch\": 9"));
        std::array<QProcess, 2> processes;
        startTwo(processes, train(config, "uneven"));
        for (auto& process : processes) {
            const auto outcome = ended(process);
            QCOMPARE(outcome.code, 3);
            QVERIFY2(outcome.err.contains(QStringLiteral("multiple of the number of processes")),
                     qPrintable(outcome.err));
        }
    }
    void patientsAreNotOnBothSides() {
        const auto config = write("split.json", configuration(", \"maximum_epochs\": 1"));
        const auto onePatient = run(train(config, "none") +
                                    QStringList{QStringLiteral("--train-sections"), QStringLiteral("A1")});
        QCOMPARE(onePatient.code, 3);
        QVERIFY2(onePatient.err.contains(QStringLiteral("one patient")), qPrintable(onePatient.err));
        QVERIFY(!QFile::exists(at("none/model.safetensors")));
        const auto both = run(train(config, "none") +
                              QStringList{QStringLiteral("--train-sections"), QStringLiteral("A1"),
                                          QStringLiteral("--validation-sections"), QStringLiteral("A1")});
        QCOMPARE(both.code, 3);
        QVERIFY2(both.err.contains(QStringLiteral("section A1 is asked for twice")), qPrintable(both.err));
    }
    /// Training sections in each stain, the one that is set aside as it was scanned; each read once for all
    /// seeds. Another training comes of it.
    void sectionsAreReadInOtherStains() {
        const auto trained = [&](const char* name, const QByteArray& more) {
            const auto settings =
                configuration(R"(, "maximum_epochs": 1, "feature_cache": "features")" + more);
            const auto outcome = run(train(write("stains.json", settings), name));
            return outcome.code == 0 ? losses(at(name)).value(0) : std::nan("");
        };
        const auto files = [&] { return QDir(at("features")).entryList(QDir::Files, QDir::Time); };
        const double plain = trained("plain", {});
        QCOMPARE(files().size(), 3);
        const QByteArray stains = R"(, "stain_augmentation": 0.3, "stain_views": 2)";
        const double varied = trained("stains", stains);
        QCOMPARE(files().size(), 3 + 2 * 2);
        QVERIFY(std::isfinite(plain) && std::isfinite(varied) && plain != varied);
        const auto before = files();
        QVERIFY(std::isfinite(trained("other seed", stains + R"(, "seed": 5)")));
        QCOMPARE(files(), before);
    }
    /// The mean of networks with other seeds, in one file; joined by hand it is the same.
    void anEnsembleIsTrained() {
        const auto trained = run(train(
            write("ensemble.json", configuration(", \"maximum_epochs\": 1, \"members\": 2")), "ensemble"));
        QVERIFY2(trained.code == 0, qPrintable(trained.err));
        const auto card = json(run({QStringLiteral("model"), QStringLiteral("info"),
                                    at("ensemble/model.safetensors"), QStringLiteral("--json")}));
        QCOMPARE(card[QStringLiteral("members")].toInt(), 2);
        QCOMPARE(card[QStringLiteral("training")][QStringLiteral("members")].toArray().size(), 2);
        const auto values = [&](const char* model) {
            const auto table = at("predicted.csv");
            const auto outcome =
                run({QStringLiteral("predict"), at("cohort/ST-imgs/A1.jpg"), QStringLiteral("--model"),
                     at(model), QStringLiteral("--spots"), at("cohort/ST-spotfiles/A1_selection.tsv"),
                     QStringLiteral("--genes"), QStringLiteral("FN1"), QStringLiteral("-o"), table});
            QList<double> all;
            for (const auto& line : content(table).split('\n').mid(1))
                if (!line.isEmpty()) all.append(line.split(',')[3].toDouble());
            return outcome.code == 0 ? all : QList<double>();
        };
        const auto mean = values("ensemble/model.safetensors"),
                   first = values("ensemble/member-1/model.safetensors"),
                   second = values("ensemble/member-2/model.safetensors");
        QVERIFY(mean.size() > 10 && first.size() == mean.size() && first != second);
        for (qsizetype i = 0; i < mean.size(); ++i)
            QVERIFY(std::abs(mean[i] - (first[i] + second[i]) / 2) < 1e-5);
        const auto joined =
            run({QStringLiteral("model"), QStringLiteral("join"), at("ensemble/member-1/model.safetensors"),
                 at("ensemble/member-2/model.safetensors"), QStringLiteral("-o"), at("joined.safetensors")});
        QVERIFY2(joined.code == 0, qPrintable(joined.err));
        QCOMPARE(values("joined.safetensors"), mean);
        const auto other =
            run({QStringLiteral("model"), QStringLiteral("join"), at("joined.safetensors"),
                 at("ensemble/member-2/model.safetensors"), QStringLiteral("-o"), at("joined2.safetensors")});
        QCOMPARE(other.code, 3);
        QVERIFY2(other.err.contains(QStringLiteral("ensemble itself")), qPrintable(other.err));
    }
    /// A new panel on an old model: its ancestry is in the card.
    void aModelIsFineTuned() {
        const auto parent =
            run(train(write("parent.json", configuration(", \"maximum_epochs\": 1")), "parent"));
        QVERIFY2(parent.code == 0, qPrintable(parent.err));
        const auto config =
            write("child.json", R"({"from": ")" + at("parent/model.safetensors").toUtf8() +
                                    R"(", "panel": {"size": 8, "minimum_total": 1, "must_have": ["FN1"]},
            "learning_rates": {"patch_encoder": 0}, "batch": 8, "maximum_epochs": 1, "name": "Child"})");
        const auto child = run(train(config, "child"));
        QVERIFY2(child.code == 0, qPrintable(child.err));
        const auto card = json(run({QStringLiteral("model"), QStringLiteral("info"),
                                    at("child/model.safetensors"), QStringLiteral("--json")}));
        QCOMPARE(card[QStringLiteral("genes")].toArray().size(), 8);
        const auto ancestry =
            card[QStringLiteral("training")].toObject()[QStringLiteral("ancestry")].toArray();
        QCOMPARE(ancestry.size(), 1);
        const auto hash =
            QCryptographicHash::hash(content(at("parent/model.safetensors")), QCryptographicHash::Sha256);
        QCOMPARE(ancestry[0].toObject()[QStringLiteral("sha256")].toString().toLatin1(), hash.toHex());
    }
    /// Figures of a section come from a model that has not seen its patient, beside the three floors.
    void crossvalidationReportsEachPatientOnce() {
        const auto config = write("cv.json", configuration(", \"maximum_epochs\": 2"));
        const auto outcome =
            run({QStringLiteral("crossvalidate"), QStringLiteral("--cohort"), at("cohort"),
                 QStringLiteral("--config"), config, QStringLiteral("--by"), QStringLiteral("patient"),
                 QStringLiteral("-o"), at("cv"), QStringLiteral("--json")});
        QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
        const auto report = json(outcome);
        const auto folds = report[QStringLiteral("folds")].toObject();
        QCOMPARE(folds.keys(), (QStringList{QStringLiteral("A"), QStringLiteral("B"), QStringLiteral("C")}));
        for (const auto& name : folds.keys())
            QVERIFY(folds[name].toObject()[QStringLiteral("stopped_by")].toString() != name);
        for (const char* what :
             {"model", "shuffled_images", "ridge_with_context", "position_only", "training_mean"})
            QVERIFY2(report.contains(QLatin1String(what)), qPrintable(outcome.out.left(2000)));
        QVERIFY(QFile::exists(at("cv/summary.json")) && QFile::exists(at("cv/sections.safetensors")));
        const auto card = json(run({QStringLiteral("model"), QStringLiteral("info"),
                                    at("cv/A/model.safetensors"), QStringLiteral("--json")}));
        const auto trained =
            card[QStringLiteral("training")].toObject()[QStringLiteral("sections")].toArray();
        QVERIFY(trained.size() == 2 && !trained.contains(QStringLiteral("A1")));
        QVERIFY2(outcome.err.contains(QStringLiteral("Ridge with context  ")), qPrintable(outcome.err));

        // Taken up again nothing is trained, and the figures are the same.
        const auto saved = content(at("cv/B/model.safetensors"));
        QVERIFY(QFile::remove(at("cv/summary.json")));
        const QStringList again{QStringLiteral("crossvalidate"),
                                QStringLiteral("--cohort"),
                                at("cohort"),
                                QStringLiteral("-o"),
                                at("cv"),
                                QStringLiteral("--json"),
                                QStringLiteral("--resume"),
                                QStringLiteral("--config")};
        const auto resumed = run(again + QStringList{config});
        QVERIFY2(resumed.code == 0, qPrintable(resumed.err));
        QVERIFY(!resumed.err.contains(QStringLiteral("Epoch ")));
        QCOMPARE(json(resumed), report);
        QCOMPARE(content(at("cv/B/model.safetensors")), saved);
        // Only the fold that is missing is trained again; other settings are another run.
        QVERIFY(QDir(at("cv/C")).removeRecursively());
        const auto share =
            run(again + QStringList{config, QStringLiteral("--shard"), QStringLiteral("2/3")}); // that of B
        QVERIFY2(share.code == 0, qPrintable(share.err));
        QVERIFY(share.out.isEmpty() && !QFile::exists(at("cv/C")));
        QVERIFY2(share.err.contains(QStringLiteral("share 2 of 3")), qPrintable(share.err));
        const auto partly = run(again + QStringList{config});
        QVERIFY2(partly.code == 0, qPrintable(partly.err));
        QCOMPARE(partly.err.count(QStringLiteral("Epoch 1: ")), 2);
        QCOMPARE(json(partly), report);
        const auto other =
            run(again + QStringList{write("cv2.json", configuration(", \"maximum_epochs\": 1"))});
        QCOMPARE(other.code, 3);
        QVERIFY2(other.err.contains(QStringLiteral("other settings")), qPrintable(other.err));
    }
    /// The published protocol chooses the epoch on the test patient; here that is said.
    void theReferencesWaySaysSo() {
        const auto config = write("reported.json", configuration(", \"maximum_epochs\": 2"));
        const auto outcome =
            run({QStringLiteral("crossvalidate"), QStringLiteral("--cohort"), at("cohort"),
                 QStringLiteral("--config"), config, QStringLiteral("--epoch-by"), QStringLiteral("reported"),
                 QStringLiteral("-o"), at("reported"), QStringLiteral("--json")});
        QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
        const auto report = json(outcome);
        QVERIFY(outcome.err.contains(QStringLiteral("better than what a new section would get")));
        QCOMPARE(report[QStringLiteral("epoch_chosen_by")].toString(),
                 QStringLiteral("the reported sections"));
        const auto folds = report[QStringLiteral("folds")].toObject();
        for (const auto& name : folds.keys())
            QCOMPARE(folds[name].toObject()[QStringLiteral("stopped_by")].toString(), name);
        // What is reported is the best epoch of the reported section.
        double best = -2;
        for (const auto& event : events(at("reported/A")))
            if (event[QStringLiteral("event")] == QStringLiteral("epoch"))
                best = std::max(best, event[QStringLiteral("validation")][QStringLiteral("pcc")].toDouble());
        const auto sections = report[QStringLiteral("model")][QStringLiteral("sections")].toObject();
        QVERIFY(std::abs(sections[QStringLiteral("A1")].toObject()[QStringLiteral("pcc")].toDouble() - best) <
                1e-6);
    }
    /// Rows of configurations, every one on every fold, in one table.
    void anExperimentIsATable() {
        static_cast<void>(write("base.json", configuration(", \"maximum_epochs\": 1")));
        const auto grid = write("grid.json", R"({"base": "base.json", "rows": {"DKAN": {}, "ST-Net":
            {"model": {"design": "stnet"}}}, "grid": {"/batch": [8]}})");
        const auto outcome = run({QStringLiteral("experiment"), QStringLiteral("--cohort"), at("cohort"),
                                  QStringLiteral("--grid"), grid, QStringLiteral("-o"), at("experiment"),
                                  QStringLiteral("--json")});
        QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
        const auto rows = json(outcome)[QStringLiteral("rows")].toArray();
        QCOMPARE(rows.size(), 2);
        QCOMPARE(rows[1][QStringLiteral("name")].toString(), QStringLiteral("ST-Net, batch 8"));
        const auto table =
            QString::fromUtf8(content(at("experiment/table.csv"))).split(QStringLiteral("\r\n"));
        QCOMPARE(table.size(), 8); // heading, two models, four floors, the end
        QVERIFY(table[2].startsWith(QStringLiteral("\"ST-Net, batch 8\",")));
        const auto figure = rows[1][QStringLiteral("summary")][QStringLiteral("model")]
                                [QStringLiteral("metrics")][QStringLiteral("mse")][QStringLiteral("mean")]
                                    .toDouble();
        QVERIFY(std::abs(table[2].split(QLatin1Char(','))[4].toDouble() - figure) <
                1e-6); // the name has a comma
        QVERIFY(outcome.err.contains(QStringLiteral("ST-Net, batch 8")));
        QVERIFY(QFile::exists(at("experiment/ST-Net-batch-8/B/model.safetensors")));
        const auto leak = run({QStringLiteral("experiment"), QStringLiteral("--cohort"), at("cohort"),
                               QStringLiteral("--grid"), grid, QStringLiteral("--by"),
                               QStringLiteral("section"), QStringLiteral("-o"), at("leak")});
        QCOMPARE(leak.code, 3);
        QVERIFY2(leak.err.contains(QStringLiteral("several patients")), qPrintable(leak.err));
        // What is wrong in the last row is said before the first is trained.
        const auto wrong = run({QStringLiteral("experiment"), QStringLiteral("--cohort"), at("cohort"),
                                QStringLiteral("--grid"),
                                write("wrong.json", R"({"base": "base.json", "rows": {"good": {}, "bad":
            {"model": {"emb_dim": 64}}}})"),
                                QStringLiteral("-o"), at("wrong")});
        QCOMPARE(wrong.code, 3);
        QVERIFY2(wrong.err.contains(QStringLiteral("row bad")), qPrintable(wrong.err));
        QVERIFY(!QFile::exists(at("wrong/good")));
    }
};

QTEST_GUILESS_MAIN(TestTrainCommand)
#include "TestTrainCommand.moc"
