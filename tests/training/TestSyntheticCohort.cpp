#include "training/cohort/Expression.h"
#include "training/cohort/SyntheticCohort.h"
#include "viewer/base/Files.h"

#include <cmath>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

namespace {

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
    const auto n = static_cast<double>(a.size());
    double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        ma += a[i] / n;
        mb += b[i] / n;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        ab += (a[i] - ma) * (b[i] - mb);
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
    }
    return ab / std::sqrt(aa * bb);
}

} // namespace

class TestSyntheticCohort : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }

  private Q_SLOTS:
    void theSameSeedWritesTheSameFiles() {
        QVERIFY(writeSyntheticCohort({at("a"), 1, 1500, 7}).has_value());
        QVERIFY(writeSyntheticCohort({at("b"), 1, 1500, 7}).has_value());
        QVERIFY(writeSyntheticCohort({at("c"), 1, 1500, 8}).has_value());
        for (const char* file : {"ST-imgs/A1.jpg", "ST-cnts/A1.tsv.gz", "ST-spotfiles/A1_selection.tsv"}) {
            QCOMPARE(readFile(at("a") / file).value(), readFile(at("b") / file).value());
            QVERIFY(readFile(at("a") / file).value() != readFile(at("c") / file).value());
        }
    }
    void readsBackWithItsScaleAndOnePatientASection() {
        QVERIFY(writeSyntheticCohort({at("two"), 2, 2048, 3}).has_value());
        const auto cohort = readCohort(at("two"));
        QVERIFY2(cohort.has_value(), cohort ? "" : cohort.error().sentence().c_str());
        QCOMPARE(cohort->patients().size(), std::size_t(2));
        for (const auto& section : cohort->sections) {
            QVERIFY(section.warnings.empty());
            QVERIFY(std::abs(section.micronsPerPixel.x - 0.69) < 1e-9);
            QVERIFY(section.spots.size() > 15);
        }
    }
    void theImageCarriesItsScale() {
        QVERIFY(writeSyntheticCohort({at("jfif"), 1, 1024, 1}).has_value());
        const auto jpeg = readFile(at("jfif") / "ST-imgs/A1.jpg").value();
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(jpeg[i]); };
        QCOMPARE(jpeg.substr(6, 4), std::string("JFIF"));
        QCOMPARE(int(byte(13)), 2); // dots per centimetre
        QVERIFY(std::abs(10000.0 / (byte(14) * 256 + byte(15)) - 0.69) < 0.001);
    }
    void genesOfOneProgrammeRunTogetherAndAgainstOthers() {
        QVERIFY(writeSyntheticCohort({at("genes"), 1, 4096, 5}).has_value());
        const auto cohort = readCohort(at("genes"));
        const auto values = panelExpression(cohort->sections[0], {"FN1", "COL1A1", "ERBB2", "KRT8"}).value();
        std::vector<std::vector<double>> gene(4);
        for (std::size_t s = 0; s < values.spots; ++s)
            for (std::size_t g = 0; g < 4; ++g)
                gene[g].push_back(values.at(s, g));
        QVERIFY(correlation(gene[0], gene[1]) > 0.5);
        QVERIFY(correlation(gene[2], gene[3]) > 0.5);
        QVERIFY(correlation(gene[0], gene[2]) < 0.2);
    }
    void measuredSectionsAreNeverOverwritten() {
        QVERIFY(writeFileAtomically(at("real/ST-imgs/A1.jpg"), "measured").has_value());
        const auto written = writeSyntheticCohort({at("real"), 1, 1024, 1});
        QVERIFY(!written);
        QVERIFY(written.error().sentence().find("already has sections") != std::string::npos);
        QCOMPARE(readFile(at("real/ST-imgs/A1.jpg")).value(), std::string("measured"));
        QVERIFY(writeSyntheticCohort({at("again"), 1, 1024, 1}).has_value());
        QVERIFY(writeSyntheticCohort({at("again"), 1, 1024, 1}).has_value()); // its own may be written again
    }
    void impossibleRequestsAreRefused() {
        QCOMPARE(writeSyntheticCohort({at("x"), 0, 2048, 1}).error().exitCode(), 2);
        QCOMPARE(writeSyntheticCohort({at("x"), 1, 100, 1}).error().exitCode(), 2);
        QVERIFY(writeFileAtomically(at("file"), "x").has_value());
        QVERIFY(!writeSyntheticCohort({at("file/below"), 1, 1024, 1}));
    }
};

QTEST_GUILESS_MAIN(TestSyntheticCohort)
#include "TestSyntheticCohort.moc"
