#include "Shared.h"

#include <QImage>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

/// The command line as a user has it: real processes, real files.
class TestCommandLine : public QObject {
    Q_OBJECT

    struct Outcome {
        int code = -1;
        QString out, err;
    };
    QTemporaryDir dir_;
    [[nodiscard]] QString at(const char* name) const { return dir_.filePath(QString::fromUtf8(name)); }

    static Outcome run(const QStringList& arguments) {
        QProcess process;
        process.start(QStringLiteral(SPOTGLASS_CLI), arguments);
        if (!process.waitForFinished(800'000)) return {};
        return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2,
                QString::fromUtf8(process.readAllStandardOutput()),
                QString::fromUtf8(process.readAllStandardError())};
    }
    static QJsonObject json(const Outcome& outcome) {
        return QJsonDocument::fromJson(outcome.out.toUtf8()).object();
    }
    static void write(const QString& file, const QByteArray& content) {
        QFile f(file);
        QVERIFY(f.open(QIODevice::WriteOnly));
        QCOMPARE(f.write(content), content.size());
    }
    static QStringList lines(const QString& file) {
        QFile f(file);
        if (!f.open(QIODevice::ReadOnly)) return {};
        return QString::fromUtf8(f.readAll()).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    }
    static QByteArray configuration(int epochs) {
        return R"({"model": {"emb_dim_target": 16, "emb_dim": 128, "emb_dim_text": 16, "depth1": 1, "depth2": 2, "depth3": 1,
            "depth_img": 1, "depth_exp": 1, "depth_text": 1, "num_heads1": 2, "num_heads2": 2, "num_heads3": 2, "num_heads_img": 2,
            "num_heads_exp": 2, "num_heads_text": 2, "mlp_ratio_img": 1, "mlp_ratio_exp": 1}, "patch_pixels": 64,
            "panel": {"size": 6, "minimum_total": 1, "must_have": ["FN1", "ERBB2"]}, "batch": 8, "learning_rate": 1e-3,
            "name": "Tiny", "maximum_epochs": )" +
               QByteArray::number(epochs) + "}";
    }

  private Q_SLOTS:
    /// The matrix library reads while it is loaded which kernels to use, so the program must be able to
    /// choose before: it may come with the engine alone.
    void theMatrixLibraryIsNotLoadedWithTheProgram() {
        const auto ldd = QStandardPaths::findExecutable(QStringLiteral("ldd"));
        if (ldd.isEmpty()) QSKIP("ldd is not installed");
        QProcess process;
        process.start(ldd, {QStringLiteral(SPOTGLASS_CLI)});
        QVERIFY(process.waitForFinished(20'000) && process.exitCode() == 0);
        const auto libraries = process.readAllStandardOutput();
        QVERIFY(libraries.contains("libQt6Core"));
        QVERIFY2(!libraries.contains("blas") && !libraries.contains("torch"), libraries.constData());
    }
    void initTestCase() {
        const auto made = run({QStringLiteral("synth"), QStringLiteral("-o"), at("cohort"),
                               QStringLiteral("--sections"), QStringLiteral("2"), QStringLiteral("--size"),
                               QStringLiteral("2048"), QStringLiteral("--seed"), QStringLiteral("5")});
        QVERIFY2(made.code == 0, qPrintable(made.err));
        write(at("config.json"), configuration(2));
        const auto trained =
            run({QStringLiteral("train"), QStringLiteral("--cohort"), at("cohort"),
                 QStringLiteral("--config"), at("config.json"), QStringLiteral("-o"), at("run")});
        QVERIFY2(trained.code == 0, qPrintable(trained.err));
    }
    void infoSaysWhatASlideIs() {
        const auto outcome =
            run({QStringLiteral("info"), at("cohort/ST-imgs/A1.jpg"), QStringLiteral("--json")});
        QCOMPARE(outcome.code, 0);
        const auto info = json(outcome);
        QCOMPARE(info[QStringLiteral("width")].toInt(), 2048);
        QVERIFY(std::abs(info[QStringLiteral("mpp_x")].toDouble() - 0.69) < 0.001);
        QVERIFY(!info[QStringLiteral("levels")].toArray().isEmpty());
    }
    void trainLeavesModelEventsAndSettings() {
        QVERIFY(QFile::exists(at("run/model.safetensors")));
        QVERIFY(QFile::exists(at("run/config.json")));
        QVERIFY(QFile::exists(at("run/checkpoint/best.safetensors")));
        const auto events = lines(at("run/events.jsonl"));
        QCOMPARE(events.size(), 6); // start, panel, two epochs, done, saved
        for (const auto& line : events)
            QVERIFY(QJsonDocument::fromJson(line.toUtf8()).isObject());
        const auto start = QJsonDocument::fromJson(events.first().toUtf8()).object();
        QCOMPARE(start[QStringLiteral("sections")].toArray().size(), 1);
        QCOMPARE(start[QStringLiteral("set_aside")].toArray().size(), 1); // never trained on
        const auto panel = QJsonDocument::fromJson(events[1].toUtf8()).object();
        QCOMPARE(panel[QStringLiteral("event")].toString(), QStringLiteral("panel"));
        QCOMPARE(panel[QStringLiteral("method")].toString(), QStringLiteral("most_variable"));
        QCOMPARE(panel[QStringLiteral("scores")].toArray().size(),
                 panel[QStringLiteral("genes")].toArray().size());
    }
    void modelInfoShowsTheCard() {
        const auto outcome = run({QStringLiteral("model"), QStringLiteral("info"),
                                  at("run/model.safetensors"), QStringLiteral("--json")});
        QCOMPARE(outcome.code, 0);
        QCOMPARE(json(outcome)[QStringLiteral("name")].toString(), QStringLiteral("Tiny"));
        QVERIFY(json(outcome)[QStringLiteral("genes")].toArray().contains(QStringLiteral("FN1")));
        const auto text = run({QStringLiteral("model"), QStringLiteral("info"), at("run/model.safetensors")});
        QVERIFY2(text.out.contains(QStringLiteral("Array            square")),
                 qPrintable(text.out + text.err));
        QVERIFY(text.out.contains(QStringLiteral("Trained on       ")) && text.err.isEmpty());
    }
    void predictsAtSpotsAndOnALattice() {
        const QStringList base{QStringLiteral("predict"), at("cohort/ST-imgs/B1.jpg"),
                               QStringLiteral("--model"), at("run/model.safetensors"), QStringLiteral("-o")};
        const auto atSpots = run(base + QStringList{at("spots.csv"), QStringLiteral("--spots"),
                                                    at("cohort/ST-spotfiles/B1_selection.tsv"),
                                                    QStringLiteral("--genes"), QStringLiteral("FN1,ERBB2")});
        QVERIFY2(atSpots.code == 0, qPrintable(atSpots.err));
        const auto rows = lines(at("spots.csv"));
        QCOMPARE(rows.first(), QStringLiteral("spot,x_px,y_px,FN1,ERBB2"));
        QCOMPARE(rows.size(), lines(at("cohort/ST-spotfiles/B1_selection.tsv")).size());
        QVERIFY(rows[1].section(QLatin1Char(','), 0, 0).contains(QLatin1Char('x')));
        const auto lattice =
            run(base + QStringList{at("lattice.csv"), QStringLiteral("--pitch-um"), QStringLiteral("100")});
        QVERIFY2(lattice.code == 0, qPrintable(lattice.err));
        QVERIFY(lines(at("lattice.csv")).size() > 2 * rows.size());
        QVERIFY(lattice.err.contains(QStringLiteral("research use only")));
    }
    void shardsOfACohortAreTheWhole() {
        const QStringList base{QStringLiteral("predict"),   at("cohort/ST-imgs/A1.jpg"),
                               at("cohort/ST-imgs/B1.jpg"), QStringLiteral("--model"),
                               at("run/model.safetensors"), QStringLiteral("--batch"), // alike to the letter
                               QStringLiteral("8"),         QStringLiteral("-o")};
        QCOMPARE(run(base + QStringList{at("whole")}).code, 0);
        for (const char* shard : {"1/2", "2/2"}) {
            const auto outcome =
                run(base + QStringList{at("parts"), QStringLiteral("--shard"), QString::fromLatin1(shard)});
            QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
            QVERIFY(QFile::exists(at("parts/A1.csv")));
            QCOMPARE(QFile::exists(at("parts/B1.csv")), shard[0] == '2');
        }
        for (const char* table : {"A1.csv", "B1.csv"})
            QCOMPARE(lines(at("parts/") + QString::fromLatin1(table)),
                     lines(at("whole/") + QString::fromLatin1(table)));
        const auto again = run(base + QStringList{at("parts"), QStringLiteral("--skip-existing")});
        QCOMPARE(again.code, 0);
        QVERIFY(again.err.contains(QStringLiteral("2 slides have their tables already")));
        QVERIFY(!again.err.contains(QStringLiteral("research use only")));
        for (const char* shard : {"0/4", "5/4", "x"}) {
            const auto bad =
                run(base + QStringList{at("no"), QStringLiteral("--shard"), QString::fromLatin1(shard)});
            QCOMPARE(bad.code, 2);
            QVERIFY2(bad.err.contains(QStringLiteral("--shard: ") + QString::fromLatin1(shard)),
                     qPrintable(bad.err));
        }
        const auto same = run(base + QStringList{at("no"), at("cohort/ST-imgs/A1.jpg")});
        QCOMPARE(same.code, 2);
        QVERIFY(same.err.contains(QStringLiteral("would be written to the same table")));
        QVERIFY(!QFile::exists(at("no")));
    }
    void spotsGivenByFolderAreTheSame() {
        const QStringList base{QStringLiteral("predict"), at("cohort/ST-imgs/B1.jpg"),
                               QStringLiteral("--model"), at("run/model.safetensors"),
                               QStringLiteral("--batch"), QStringLiteral("8"), // alike to the letter
                               QStringLiteral("-o")};
        QCOMPARE(run(base + QStringList{at("a.csv"), QStringLiteral("--spots"), at("cohort")}).code, 0);
        QCOMPARE(run(base + QStringList{at("b.csv"), QStringLiteral("--spots"),
                                        at("cohort/ST-spotfiles/B1_selection.tsv")})
                     .code,
                 0);
        QCOMPARE(lines(at("a.csv")), lines(at("b.csv")));
    }
    void evaluateComparesWithMeasured() {
        const auto outcome =
            run({QStringLiteral("evaluate"), QStringLiteral("--model"), at("run/model.safetensors"),
                 QStringLiteral("--cohort"), at("cohort"), QStringLiteral("--sections"), QStringLiteral("B1"),
                 QStringLiteral("--csv"), at("tables/genes.csv"), QStringLiteral("--json")});
        QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
        const auto report = json(outcome);
        QVERIFY(report[QStringLiteral("metrics")].toObject().contains(QStringLiteral("pcc_all")));
        const auto genes = report[QStringLiteral("genes")].toObject();
        const auto gene = genes[QStringLiteral("FN1")].toObject();
        QCOMPARE(genes.keys(), report[QStringLiteral("pcc")].toObject().keys());
        QCOMPARE(gene[QStringLiteral("pcc")],
                 report[QStringLiteral("pcc")].toObject()[QStringLiteral("FN1")]);
        QVERIFY(gene[QStringLiteral("pcc_low")].isNull()); // seven spots wide
        QVERIFY(outcome.err.contains(QStringLiteral("B1 is too small for confidence intervals")));
        QVERIFY(gene[QStringLiteral("moran_measured")].isDouble());
        QVERIFY(report[QStringLiteral("intervals")].toObject().contains(QStringLiteral("pcc_all")));
        const auto table = lines(at("tables/genes.csv"));
        QCOMPARE(table.size(), genes.size() + 1);
        QVERIFY(table.first().startsWith(QStringLiteral("gene,pcc,pcc_low,")));
        QVERIFY(report[QStringLiteral("sections")]
                    .toObject()[QStringLiteral("B1")]
                    .toObject()[QStringLiteral("seen_in_training")]
                    .toBool());
        QVERIFY(outcome.err.contains(QStringLiteral("no test")));
    }
    void evaluateSaysAtOnceThatItsTableCannotBeWritten() {
        const auto outcome = run({QStringLiteral("evaluate"), QStringLiteral("--model"),
                                  at("run/model.safetensors"), QStringLiteral("--cohort"), at("cohort"),
                                  QStringLiteral("--csv"), at("run/model.safetensors/genes.csv")});
        QCOMPARE(outcome.code, 4);
        QVERIFY2(outcome.err.contains(QStringLiteral("genes.csv")), qPrintable(outcome.err));
    }
    void metricsEqualTheReference() {
        SPOTGLASS_NEED_SHARED(folder, "reference/metrics");
        const auto outcome = run(
            {QStringLiteral("metrics"), QString::fromStdString(folder.string()), QStringLiteral("--json")});
        QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
        QFile file(QString::fromStdString((folder / "expected.json").string()));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const auto expected = QJsonDocument::fromJson(file.readAll()).object(), got = json(outcome);
        for (const auto& key : expected.keys()) {
            if (!expected[key].isObject())
                QCOMPARE(got[key], expected[key]);
            else
                for (const char* figure : {"mean", "std"})
                    QVERIFY(std::abs(got[key].toObject()[QLatin1String(figure)].toDouble() -
                                     expected[key].toObject()[QLatin1String(figure)].toDouble()) < 1e-9);
        }
    }
    void replayAgreesWithTheGoldenNumbers() {
        SPOTGLASS_NEED_SHARED(folder, "reference/dkan");
        for (const char* precision : {"fp64", "fp32"}) {
            const auto outcome = run({QStringLiteral("model"), QStringLiteral("replay"),
                                      QString::fromStdString(folder.string()), QStringLiteral("--precision"),
                                      QLatin1String(precision), QStringLiteral("-o"), at("replay")});
            QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
        }
        QVERIFY(QFile::exists(at("replay/outputs.safetensors")) && QFile::exists(at("replay/steps.json")));
    }
    void benchViewerMeasuresBesideTheFloor() {
        SPOTGLASS_NEED_SHARED(slide, "data/slides/CMU-1-Small-Region.svs");
        const auto outcome = run({QStringLiteral("bench"), QStringLiteral("viewer"),
                                  QString::fromStdString(slide.string()), QStringLiteral("--seconds"),
                                  QStringLiteral("0.05"), QStringLiteral("--rounds"), QStringLiteral("1")});
        QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
        const auto document = json(outcome);
        const auto level = document[QStringLiteral("levels")].toArray().at(0).toObject();
        for (const auto* figure : {"viewer_tiles_per_s", "floor_tiles_per_s", "openslide_tiles_per_s",
                                   "share_of_floor", "times_openslide"})
            QVERIFY2(level[QLatin1String(figure)].toDouble() > 0, figure); // how much, no test can say
        QCOMPARE(document[QStringLiteral("compose_ms")].toArray().size(), 16);
    }
    void badInputGivesASentenceAndExitCodeThree_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("words");
        const auto model = at("run/model.safetensors"), slide = at("cohort/ST-imgs/A1.jpg");
        const auto predict = [&](const QString& s, const QString& m, const QStringList& more = {}) {
            return QStringList{QStringLiteral("predict"), s,
                               QStringLiteral("--model"), m,
                               QStringLiteral("-o"),      at("bad.csv")} +
                   more;
        };
        const auto file = [this](const char* name, const QByteArray& content) {
            write(at(name), content);
            return at(name);
        };
        QFile whole(model);
        QVERIFY(whole.open(QIODevice::ReadOnly));
        const auto weights = whole.readAll();
        QFile picture(slide);
        QVERIFY(picture.open(QIODevice::ReadOnly));
        const auto jpeg = picture.readAll();
        QImage plain(600, 600, QImage::Format_RGB32);
        plain.fill(QColor(200, 120, 160));
        QVERIFY(plain.save(at("noscale.png")));
        QTest::newRow("missing slide")
            << QStringList{QStringLiteral("info"), at("none.svs")} << QStringLiteral("does not exist");
        QTest::newRow("empty slide") << QStringList{QStringLiteral("info"), file("empty.svs", {})}
                                     << QStringLiteral("empty");
        QTest::newRow("truncated slide")
            << QStringList{QStringLiteral("info"), file("cut.jpg", jpeg.left(jpeg.size() / 3))}
            << QStringLiteral("cut.jpg");
        QTest::newRow("renamed text")
            << QStringList{QStringLiteral("info"), file("text.svs", "not a slide at all, but a text file\n")}
            << QStringLiteral("text.svs");
        QTest::newRow("truncated model")
            << predict(slide, file("cut.safetensors", weights.left(weights.size() / 2)))
            << QStringLiteral("truncated");
        QTest::newRow("not a model") << predict(slide, file("m.safetensors", "hello hello"))
                                     << QStringLiteral("not a safetensors file");
        auto newer = weights;
        newer.replace("\\\"format\\\":1", "\\\"format\\\":7");
        QTest::newRow("model of another version")
            << predict(slide, file("new.safetensors", newer)) << QStringLiteral("format version 7");
        QTest::newRow("unknown gene")
            << predict(slide, model, {QStringLiteral("--genes"), QStringLiteral("NOSUCH")})
            << QStringLiteral("does not predict NOSUCH");
        QTest::newRow("no scale") << predict(at("noscale.png"), model) << QStringLiteral("--mpp");
        QTest::newRow("spots outside")
            << predict(slide, model,
                       {QStringLiteral("--spots"),
                        file("far.tsv", "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_"
                                        "y\tselected\n1\t1\t1\t1\t90000\t90000\t1\n2\t1\t2\t1\t90290\t90000\t"
                                        "1\n1\t2\t1\t2\t90000\t90290\t1\n")})
            << QStringLiteral("3 of 3 spots lie outside the image");
        QTest::newRow("spot file without columns")
            << predict(slide, model, {QStringLiteral("--spots"), file("cols.tsv", "a\tb\n1\t2\n")})
            << QStringLiteral("cols.tsv");
        QTest::newRow("missing cohort") << QStringList{QStringLiteral("train"),
                                                       QStringLiteral("--cohort"),
                                                       at("nowhere"),
                                                       QStringLiteral("--config"),
                                                       at("config.json"),
                                                       QStringLiteral("-o"),
                                                       at("r2")}
                                        << QStringLiteral("nowhere");
        QTest::newRow("replay without files")
            << QStringList{QStringLiteral("model"), QStringLiteral("replay"), dir_.path(),
                           QStringLiteral("-o"), at("r3")}
            << QStringLiteral("expected.json");
        QTest::newRow("metrics without files")
            << QStringList{QStringLiteral("metrics"), dir_.path()} << QStringLiteral("sections.safetensors");
    }
    void badInputGivesASentenceAndExitCodeThree() {
        QFETCH(QStringList, arguments);
        QFETCH(QString, words);
        const auto outcome = run(arguments);
        QVERIFY2(outcome.code == 3, qPrintable(QString::number(outcome.code) + outcome.err));
        QVERIFY2(outcome.err.contains(words), qPrintable(outcome.err));
        QVERIFY(outcome.out.isEmpty());
        QVERIFY(!QFile::exists(at("bad.csv")));
    }
    void usageErrorsGiveExitCodeTwo() {
        QCOMPARE(run({}).code, 2);
        QCOMPARE(run({QStringLiteral("info")}).code, 2);
        QCOMPARE(run({QStringLiteral("nonsense")}).code, 2);
        QCOMPARE(run({QStringLiteral("--version")}).code, 0);
        const auto pitch = run({QStringLiteral("predict"), at("cohort/ST-imgs/A1.jpg"),
                                QStringLiteral("--model"), at("run/model.safetensors"), QStringLiteral("-o"),
                                at("p.csv"), QStringLiteral("--pitch-um"), QStringLiteral("130")});
        QCOMPARE(pitch.code, 2);
        QVERIFY2(pitch.err.contains(QStringLiteral("100")), qPrintable(pitch.err));
    }
};

QTEST_GUILESS_MAIN(TestCommandLine)
#include "TestCommandLine.moc"
