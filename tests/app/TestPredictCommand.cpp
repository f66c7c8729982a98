#include "Shared.h"

#include <cmath>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

/// How `predict` computes, as a user sees it: device, precision, batch, cache, report. Real processes on the
/// demo model and a small made-up section.
class TestPredictCommand : public QObject {
    Q_OBJECT

    struct Outcome {
        int code = -1;
        QString out, err;
        [[nodiscard]] QJsonObject report() const {
            return QJsonDocument::fromJson(out.toUtf8())
                .object()[QStringLiteral("slides")]
                .toArray()
                .first()
                .toObject();
        }
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
    Outcome predict(const char* table, const QStringList& more) const {
        return run(QStringList{QStringLiteral("predict"), at("cohort/ST-imgs/A1.jpg"),
                               QStringLiteral("--model"),
                               QStringLiteral(SPOTGLASS_MODELS "/demo.safetensors"), QStringLiteral("--json"),
                               QStringLiteral("-o"), at(table)} +
                   more);
    }
    /// All numbers of a table but its positions, by rows.
    [[nodiscard]] QList<double> values(const char* table) const {
        QFile file(at(table));
        QList<double> all;
        if (!file.open(QIODevice::ReadOnly)) return all;
        const auto rows = QString::fromUtf8(file.readAll()).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
        for (const auto& row : rows.mid(1))
            for (const auto& cell : row.split(QLatin1Char(',')).mid(3))
                all.append(cell.toDouble());
        return all;
    }
    static double largestDifference(const QList<double>& a, const QList<double>& b) {
        if (a.size() != b.size() || a.isEmpty()) return INFINITY;
        double worst = 0;
        for (qsizetype i = 0; i < a.size(); ++i)
            worst = std::max(worst, std::abs(a[i] - b[i]));
        return worst;
    }
    static double correlation(const QList<double>& a, const QList<double>& b) {
        double sa = 0, sb = 0, ab = 0, aa = 0, bb = 0;
        for (qsizetype i = 0; i < a.size(); ++i) {
            sa += a[i] / static_cast<double>(a.size());
            sb += b[i] / static_cast<double>(b.size());
        }
        for (qsizetype i = 0; i < a.size(); ++i) {
            ab += (a[i] - sa) * (b[i] - sb);
            aa += (a[i] - sa) * (a[i] - sa);
            bb += (b[i] - sb) * (b[i] - sb);
        }
        return ab / std::sqrt(aa * bb);
    }

  private Q_SLOTS:
    void initTestCase() {
        const auto made = run({QStringLiteral("synth"), QStringLiteral("-o"), at("cohort"),
                               QStringLiteral("--sections"), QStringLiteral("1"), QStringLiteral("--size"),
                               QStringLiteral("2048"), QStringLiteral("--seed"), QStringLiteral("8")});
        QVERIFY2(made.code == 0, qPrintable(made.err));
        const auto plain = predict("plain.csv", {});
        QVERIFY2(plain.code == 0, qPrintable(plain.err));
    }
    void theReportSaysWhatWasDone() {
        const auto report = predict("report.csv", {}).report();
        QVERIFY(report[QStringLiteral("spots")].toInt() > 5);
        QVERIFY(report[QStringLiteral("encoder_passes")].toInt() >= report[QStringLiteral("spots")].toInt());
        QVERIFY(report[QStringLiteral("encoder_passes")].toInt() <
                26 * report[QStringLiteral("spots")].toInt()); // neighbours are shared
        QCOMPARE(report[QStringLiteral("device")].toString(), QStringLiteral("cpu"));
        QVERIFY(report[QStringLiteral("notes")].toArray().first().toString().contains(
            QStringLiteral("resampled")));
        QCOMPARE(report[QStringLiteral("lattice")].toObject()[QStringLiteral("to_level0")].toArray().size(),
                 6);
    }
    void theBatchDoesNotMatter() {
        for (const char* batch : {"1", "5", "64"}) {
            const auto outcome =
                predict("batch.csv", {QStringLiteral("--batch"), QString::fromLatin1(batch)});
            QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
            QVERIFY(largestDifference(values("plain.csv"), values("batch.csv")) < 1e-5);
        }
    }
    void precisionsAgree_data() {
        QTest::addColumn<QString>("precision");
        QTest::newRow("bf16") << QStringLiteral("bf16");
        QTest::newRow("fp16") << QStringLiteral("fp16");
    }
    void precisionsAgree() {
        QFETCH(QString, precision);
        const auto outcome = predict("small.csv", {QStringLiteral("--precision"), precision});
        QVERIFY2(outcome.code == 0, qPrintable(outcome.err));
        QCOMPARE(outcome.report()[QStringLiteral("precision")].toString(), precision);
        QVERIFY(correlation(values("plain.csv"), values("small.csv")) > 0.999);
        QVERIFY(largestDifference(values("plain.csv"), values("small.csv")) > 0); // computed in it
    }
    void whatIsKeptIsNotComputedAgain() {
        const QStringList cache{QStringLiteral("--cache"), at("cache")};
        const auto first = predict("first.csv", cache);
        QVERIFY2(first.code == 0, qPrintable(first.err));
        QVERIFY(first.report()[QStringLiteral("encoder_passes")].toInt() > 0);
        const auto second = predict("second.csv", cache);
        QCOMPARE(second.report()[QStringLiteral("encoder_passes")].toInt(), 0);
        QCOMPARE(second.report()[QStringLiteral("spots_from_cache")].toInt(),
                 second.report()[QStringLiteral("spots")].toInt());
        QCOMPARE(largestDifference(values("first.csv"), values("second.csv")), 0.0);
        const auto fresh = predict("third.csv", cache + QStringList{QStringLiteral("--no-cache")});
        QVERIFY(fresh.report()[QStringLiteral("encoder_passes")].toInt() > 0);
    }
    /// Killed in mid-run, the next run takes up what was written.
    void aKilledRunGoesOn() {
        QProcess process;
        process.start(QStringLiteral(SPOTGLASS_CLI),
                      {QStringLiteral("predict"), at("cohort/ST-imgs/A1.jpg"), QStringLiteral("--model"),
                       QStringLiteral(SPOTGLASS_MODELS "/demo.safetensors"), QStringLiteral("--cache"),
                       at("killed"), QStringLiteral("--batch"), QStringLiteral("1"), QStringLiteral("-o"),
                       at("killed.csv")});
        const auto size = [&] {
            qint64 bytes = 0;
            for (const auto& file : QDir(at("killed")).entryInfoList(QDir::Files))
                bytes += file.size();
            return bytes;
        };
        QTRY_VERIFY_WITH_TIMEOUT(size() > 100'000 || process.state() == QProcess::NotRunning, 120'000);
        process.kill();
        process.waitForFinished();
        QVERIFY(!QFile::exists(at("killed.csv")));
        const auto rest = predict("rest.csv", {QStringLiteral("--cache"), at("killed")});
        QVERIFY2(rest.code == 0, qPrintable(rest.err));
        QVERIFY(rest.report()[QStringLiteral("features_from_cache")].toInt() > 0 ||
                rest.report()[QStringLiteral("spots_from_cache")].toInt() > 0);
        QVERIFY(largestDifference(values("plain.csv"), values("rest.csv")) < 1e-5);
    }
    void oneBadSlideDoesNotCostTheOthers() {
        QFile bad(at("bad.svs"));
        QVERIFY(bad.open(QIODevice::WriteOnly) && bad.write("no slide") == 8);
        bad.close();
        const auto outcome = run(
            {QStringLiteral("predict"), at("bad.svs"), at("cohort/ST-imgs/A1.jpg"), QStringLiteral("--model"),
             QStringLiteral(SPOTGLASS_MODELS "/demo.safetensors"), QStringLiteral("-o"), at("several")});
        QCOMPARE(outcome.code, 3);
        QVERIFY(outcome.err.contains(QStringLiteral("bad.svs")));
        QVERIFY(outcome.err.contains(QStringLiteral("1 of 2 slides")));
        QVERIFY(QFile::exists(at("several/A1.csv")));
    }
    void wrongWishesAreSaid() {
        const auto code = [this](const QStringList& more) { return predict("no.csv", more).code; };
        QCOMPARE(code({QStringLiteral("--device"), QStringLiteral("toaster")}), 2);
        QCOMPARE(code({QStringLiteral("--precision"), QStringLiteral("fp8")}), 2);
        QCOMPARE(code({QStringLiteral("--batch"), QStringLiteral("0")}), 2);
        QCOMPARE(code({QStringLiteral("--mpp"), QStringLiteral("12")}), 3); // more than four times off
        const auto cuda = predict("no.csv", {QStringLiteral("--device"), QStringLiteral("cuda:77")});
        QCOMPARE(cuda.code, 4);
        QVERIFY(cuda.err.contains(QStringLiteral("--device cpu")));
        QVERIFY(!QFile::exists(at("no.csv")));
    }
    void devicesAndEncodersAreListed() {
        const auto devices = run({QStringLiteral("devices"), QStringLiteral("--json")});
        QCOMPARE(devices.code, 0);
        const auto first = QJsonDocument::fromJson(devices.out.toUtf8())
                               .object()[QStringLiteral("devices")]
                               .toArray()
                               .first()
                               .toObject();
        QCOMPARE(first[QStringLiteral("name")].toString(), QStringLiteral("cpu"));
        QVERIFY(first[QStringLiteral("gflops_fp32")].toDouble() > 0);
        qputenv("SPOTGLASS_WORKSPACE", at("workspace.sqlite").toUtf8());
        const auto list = run({QStringLiteral("encoder"), QStringLiteral("list"), QStringLiteral("--json")});
        QCOMPARE(list.code, 0);
        QVERIFY(list.out.contains(QStringLiteral("built-in")));
        const auto absent = run({QStringLiteral("encoder"), QStringLiteral("add"), at("absent.safetensors")});
        QCOMPARE(absent.code, 3);
        QCOMPARE(run({QStringLiteral("encoder"), QStringLiteral("remove"), QStringLiteral("uni")}).code, 3);
        qunsetenv("SPOTGLASS_WORKSPACE");
    }
};

QTEST_GUILESS_MAIN(TestPredictCommand)
#include "TestPredictCommand.moc"
