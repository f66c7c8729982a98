#include "app/desktop/MeasurementController.h"

#include "Shared.h"
#include "training/CohortFiles.h"

#include <cmath>
#include <QSignalSpy>
#include <QtTest>

using namespace spotglass;
using cohorttest::CohortFolder;

class TestMeasurementController : public QObject {
    Q_OBJECT

    MeasuredSpots shown_;
    std::vector<float> values_;
    QString unit_;

    void connectTo(MeasurementController& controller) {
        connect(&controller, &MeasurementService::opened, this,
                [this](const MeasuredSpots& spots) { shown_ = spots; });
        connect(&controller, &MeasurementService::valuesRead, this,
                [this](const QString&, const std::vector<float>& values, const QString& unit) {
                    values_ = values;
                    unit_ = unit;
                });
    }

  private Q_SLOTS:
    void init() {
        shown_ = {};
        values_.clear();
        unit_.clear();
    }
    void spotsAndValuesOfASection() {
        const CohortFolder cohort;
        cohort.section("A1");
        MeasurementController controller;
        connectTo(controller);
        QSignalSpy opened(&controller, &MeasurementService::opened);
        // The folder of the whole cohort finds the slide's own file.
        controller.openSpots(cohort.path(), cohort.path() / "ST-imgs/A1.jpg");
        QVERIFY(opened.wait());
        QCOMPARE(shown_.source, QStringLiteral("A1_selection.tsv"));
        QCOMPARE(shown_.spots.size(), std::size_t{4});
        QVERIFY(shown_.hasCounts);
        QCOMPARE(shown_.spots[1].id, std::string("4x5")); // in the order of the counts
        QCOMPARE(shown_.spots[1].center.x, 1000.5);
        QVERIFY(std::abs(shown_.pitchPixels - 290) < 1e-6);
        QCOMPARE(shown_.pitchMicrons, 200.0);

        QSignalSpy read(&controller, &MeasurementService::valuesRead);
        const QStringList panel{QStringLiteral("FN1"), QStringLiteral("ERBB2"), QStringLiteral("ACTB")};
        controller.askValues(QStringLiteral("FN1"), panel);
        QVERIFY(read.wait());
        QCOMPARE(values_.size(), std::size_t{4});
        // All four are neighbours: the mean of log10(1 + 10,000 * share) is the same everywhere.
        const double expected = (std::log10(1 + 2500.0) + 0 + std::log10(1 + 10'000.0) + 0) / 4;
        for (const float value : values_)
            QVERIFY(std::abs(static_cast<double>(value) - expected) < 1e-5);
        QVERIFY(unit_.startsWith(QStringLiteral("log10")) && !unit_.contains(QStringLiteral("of its")));

        controller.askValues(QStringLiteral("FN1"), panel + QStringList{QStringLiteral("GNAS")});
        QVERIFY(read.wait());
        QVERIFY2(unit_.contains(QStringLiteral("3 of its 4 genes")), qPrintable(unit_));
        controller.askValues(QStringLiteral("GNAS"), panel + QStringList{QStringLiteral("GNAS")});
        QVERIFY(read.wait());
        QVERIFY(values_.empty()); // not measured
    }
    void withoutCountsThePlacesAreShown() {
        const CohortFolder cohort;
        cohort.write("B_selection.tsv", cohorttest::goodSpots);
        MeasurementController controller;
        connectTo(controller);
        QSignalSpy opened(&controller, &MeasurementService::opened);
        controller.openSpots(cohort.path() / "B_selection.tsv", "/anywhere/B.svs");
        QVERIFY(opened.wait());
        QVERIFY(!shown_.hasCounts);
        QCOMPARE(shown_.spots.size(), std::size_t{4});
        QVERIFY(shown_.note.endsWith(u'.'));
    }
    void whatCannotBeReadIsNamed() {
        const CohortFolder cohort;
        cohort.write("C_selection.tsv", cohorttest::spotHeader + "4\t5\n");
        MeasurementController controller;
        QSignalSpy failed(&controller, &MeasurementService::failed);
        for (const auto& file :
             {cohort.path() / "C_selection.tsv", cohort.path() / "none.tsv", cohort.path()}) {
            controller.openSpots(file, "/anywhere/D.svs");
            QVERIFY(failed.wait());
            const auto error = failed.takeFirst().at(0).value<Error>();
            QCOMPARE(error.exitCode(), 3);
            QVERIFY2(QString::fromStdString(error.sentence()).contains(QString::fromStdString(file.string())),
                     error.sentence().c_str());
        }
    }
    void theLastRequestAloneIsAnswered() {
        const CohortFolder cohort;
        cohort.section("A1");
        MeasurementController controller;
        QSignalSpy opened(&controller, &MeasurementService::opened);
        for (int i = 0; i < 5; ++i)
            controller.openSpots(cohort.path(), cohort.path() / "ST-imgs/A1.jpg");
        QVERIFY(opened.wait());
        QTest::qWait(100);
        QCOMPARE(opened.count(), 1);
        controller.openSpots(cohort.path(), cohort.path() / "ST-imgs/A1.jpg");
        controller.close();
        QTest::qWait(200);
        QCOMPARE(opened.count(), 1);
    }
    void aRealSection() {
        SPOTGLASS_NEED_SHARED(slide, "data/her2st/ST-imgs/C3.jpg");
        MeasurementController controller;
        connectTo(controller);
        QSignalSpy opened(&controller, &MeasurementService::opened);
        controller.openSpots(std::filesystem::path(slide).parent_path().parent_path(), slide);
        QVERIFY(opened.wait(30'000));
        QVERIFY(shown_.hasCounts);
        QCOMPARE(shown_.spots.size(), std::size_t{180});
        QVERIFY(shown_.pitchPixels > 200 && shown_.pitchPixels < 400);
    }
};

QTEST_GUILESS_MAIN(TestMeasurementController)
#include "TestMeasurementController.moc"
