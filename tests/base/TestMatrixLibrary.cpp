#include "viewer/base/MatrixLibrary.h"

#include <fstream>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

class TestMatrixLibrary : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }

    fs::path script(const char* name, const std::string& body) {
        const auto file = at(name);
        std::ofstream(file) << "#!/bin/sh\n" << body << "\n";
        fs::permissions(file, fs::perms::owner_all);
        return file;
    }

  private Q_SLOTS:
    void everyPossibleTypeIsMeasuredInAProcessOfItsOwn() {
        // A library that is fast with one type alone.
        const auto probe =
            script("probe", R"(case "$OPENBLAS_CORETYPE" in SKYLAKEX) echo 210;; HASWELL) echo 120;;
*) echo 38;; esac)");
        const auto rates = measureCoreTypes(probe, std::chrono::seconds(20));
        const auto types = possibleCoreTypes();
        QCOMPARE(rates.size(), types.size());
        QCOMPARE(rates[0].gflops, 38.0);
        QCOMPARE(fastestCoreType(rates), types.back());
    }
    void aProbeThatHangsOrFailsCountsAsNothing() {
        const auto hangs = measureCoreTypes(script("hangs", "sleep 60"), std::chrono::milliseconds(50));
        const auto fails = measureCoreTypes(script("fails", "echo 99; exit 3"), std::chrono::seconds(20));
        const auto absent = measureCoreTypes(at("absent"), std::chrono::seconds(20));
        for (const auto* rates : {&hangs, &fails, &absent})
            for (const auto& rate : *rates)
                QCOMPARE(rate.gflops, 0.0);
        QCOMPARE(fastestCoreType(absent), std::string());
    }
    void noiseDecidesNothing() {
        QCOMPARE(fastestCoreType({{"", 100}, {"HASWELL", 90}, {"SKYLAKEX", 107}}), std::string());
        QCOMPARE(fastestCoreType({{"", 100}, {"HASWELL", 90}, {"SKYLAKEX", 150}}), std::string("SKYLAKEX"));
        QCOMPARE(fastestCoreType({{"", 0}, {"HASWELL", 90}}), std::string("HASWELL"));
    }
    void whatWasMeasuredIsRememberedForThisProcessorAlone() {
        const auto file = at("deep/folder/matrix-library.txt");
        QVERIFY(!rememberedCoreType(file));
        const auto type = possibleCoreTypes().back();
        rememberCoreType(file, type);
        QVERIFY(rememberedCoreType(file) == type);
        rememberCoreType(file, "");
        QVERIFY(rememberedCoreType(file) == std::string());
        std::ofstream(file) << "another processor | another library\nSKYLAKEX\n";
        QVERIFY(!rememberedCoreType(file));
        std::ofstream(file) << "";
        QVERIFY(!rememberedCoreType(file));
    }
    /// The real probe on the real library: the choice is at least as fast as what the library takes itself.
    void theRealLibraryIsMeasured() {
#ifdef SPOTGLASS_MATRIX_PROBE
        const auto rates = measureCoreTypes(SPOTGLASS_MATRIX_PROBE, std::chrono::seconds(20));
        QVERIFY(rates[0].gflops > 0);
        for (const auto& rate : rates)
            qInfo("%s: %.0f GFLOP/s of one thread",
                  rate.coreType.empty() ? "the library's own" : rate.coreType.c_str(), rate.gflops);
        const auto best = fastestCoreType(rates);
        for (const auto& rate : rates)
            if (rate.coreType == best) QVERIFY(rate.gflops >= rates[0].gflops);
#else
        QSKIP("the probe is not part of this build");
#endif
    }
};

QTEST_GUILESS_MAIN(TestMatrixLibrary)
#include "TestMatrixLibrary.moc"
