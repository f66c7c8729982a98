#include "app/desktop/CohortController.h"
#include "app/desktop/TrainingRecords.h"
#include "app/jobs/TinyTraining.h"
#include "ui/training/wizard/WizardPage.h"

#include <cmath>
#include <fstream>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace spotglass;
using namespace spotglass::tests;
namespace fs = std::filesystem;

/// What the wizard asks, answered by the real program.
class TestCohortController : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    [[nodiscard]] QString cohort() const { return dir_.filePath(QStringLiteral("cohort")); }
    std::unique_ptr<CohortController> cohorts_;

  private Q_SLOTS:
    void initTestCase() { QVERIFY(makeTinyCohort(cohort())); }
    void init() { cohorts_ = std::make_unique<CohortController>(SPOTGLASS_CLI, "none", at("features")); }
    void cleanup() { cohorts_.reset(); }

    void aCohortIsAudited() {
        QSignalSpy audited(cohorts_.get(), &CohortService::audited);
        QSignalSpy progress(cohorts_.get(), &CohortService::auditProgress);
        cohorts_->audit(cohort().toStdString());
        QVERIFY(audited.wait(60'000));
        QVERIFY(progress.count() >= 3);
        const auto found = audited.front()[0].value<AuditedCohort>();
        QCOMPARE(found.sections.size(), 3);
        QCOMPARE(found.patients.size(), 3);
        QVERIFY(found.pitchMicrons > 0);
        const auto& section = found.sections.front();
        QCOMPARE(section.name, QStringLiteral("A1"));
        QVERIFY(section.wasRead && section.spots > 20 && section.genes > 50);
        QCOMPARE(section.places.size(), static_cast<std::size_t>(section.spots));
        QCOMPARE(std::count(section.onGlass.begin(), section.onGlass.end(), false), section.onTissue);
        QVERIFY(!section.thumbnail.isNull() && section.thumbnail.width() <= 640);
        QCOMPARE(section.imageSize, QSizeF(1536, 1536));
        QVERIFY(section.micronsPerPixel > 0 && section.pitchPixels > 0);
    }

    void aSectionThatIsBrokenIsAmongTheNotes() {
        const auto broken = at("broken");
        fs::copy(cohort().toStdString(), broken, fs::copy_options::recursive);
        std::ofstream(broken / "ST-imgs/B1.jpg") << "no picture";
        QSignalSpy audited(cohorts_.get(), &CohortService::audited);
        cohorts_->audit(broken);
        QVERIFY(audited.wait(60'000));
        const auto found = audited.front()[0].value<AuditedCohort>();
        QVERIFY(std::ranges::any_of(found.notes, [](const AuditNote& note) {
            return note.severity == AuditNote::Severity::Error && note.section == QStringLiteral("B1");
        }));
        QVERIFY(found.sections[1].thumbnail.isNull());
    }

    void whatIsNoCohortIsSaid() {
        fs::create_directories(at("empty"));
        QSignalSpy failed(cohorts_.get(), &CohortService::failed);
        cohorts_->audit(at("empty"));
        QVERIFY(failed.wait(60'000));
        QCOMPARE(failed.front()[0].toString(), QStringLiteral("audit"));
        QVERIFY(failed.front()[1].value<Error>().what.size() > 10);
        CohortController lost("/no/such/program", "none", {});
        QSignalSpy cannot(&lost, &CohortService::failed);
        lost.audit(at("empty"));
        QTRY_COMPARE(cannot.count(), 1);
        QVERIFY(cannot.front()[1].value<Error>().what.find("cannot be started") != std::string::npos);
    }

    void aPanelWithItsValues() {
        QSignalSpy chosen(cohorts_.get(), &CohortService::panelChosen);
        cohorts_->choosePanel(toQt(tinyConfig(cohort(), 1)));
        QVERIFY(chosen.wait(60'000));
        const auto panel = chosen.front()[0].value<ChosenPanel>();
        QCOMPARE(panel.genes.size(), 6);
        QCOMPARE(panel.genes.front(), QStringLiteral("FN1"));
        QCOMPARE(panel.scores.size(), std::size_t{6});
        QCOMPARE(panel.values.size(), 3);
        QSignalSpy read(cohorts_.get(), &CohortService::valuesRead);
        cohorts_->readValues(panel, QStringLiteral("C1"), QStringLiteral("ERBB2"));
        QVERIFY(read.wait());
        const auto values = read.front()[2].value<std::vector<float>>();
        QCOMPARE(read.front()[3].value<std::vector<QPointF>>().size(), values.size());
        QVERIFY(values.size() >= 20);
        QVERIFY(std::ranges::all_of(values, [](float value) { return std::isfinite(value); }));
    }

    /// The wizard's own questions: what is wrong on a later page concerns only the second one.
    void theGenesDoNotWaitForLaterPages() {
        TrainingDraft draft{cohort()};
        draft.roles = {{QStringLiteral("A1"), SectionRole::Training},
                       {QStringLiteral("B1"), SectionRole::Validation}};
        draft.panelSize = 6;
        draft.minimumTotal = 1;
        draft.mustHave = QStringList{QStringLiteral("FN1")};
        draft.geneTexts = dir_.filePath(QStringLiteral("gone.tsv"));
        draft.changes = QJsonObject{{QStringLiteral("micro_batch"), 1}};
        WizardState state{*cohorts_, draft};
        QSignalSpy chosen(cohorts_.get(), &CohortService::panelChosen);
        QSignalSpy failed(cohorts_.get(), &CohortService::failed);
        state.askPanel();
        QVERIFY(chosen.wait(60'000));
        state.takePanel(chosen.front()[0].value<ChosenPanel>());
        QVERIFY(state.panelIsCurrent());
        QCOMPARE(state.panel.genes.size(), 6);
        state.askTexts();
        QVERIFY(failed.wait(60'000));
        QCOMPARE(failed.front()[0].toString(), QStringLiteral("panel"));
    }

    void anEstimateFromRealSteps() {
        QSignalSpy estimated(cohorts_.get(), &CohortService::estimated);
        cohorts_->estimate(toQt(tinyConfig(cohort(), 7)), at("runs/not there yet"));
        QVERIFY(estimated.wait(120'000));
        const auto estimate = estimated.front()[0].value<TrainingEstimate>();
        QCOMPARE(estimate.epochs, 7);
        QCOMPARE(estimate.genes, 6);
        QVERIFY(estimate.secondsPerEpoch > 0.01 && estimate.secondsPerEpoch < 60);
        QVERIFY(estimate.memoryGigabytes > 0.1 && estimate.memoryAvailable > estimate.memoryGigabytes);
        QVERIFY(estimate.diskGigabytes > 0 && estimate.diskAvailable > 0);
        QVERIFY(!fs::exists(at("runs"))); // only looked at
    }

    void settingsThatAreWrongAreSaid() {
        QSignalSpy failed(cohorts_.get(), &CohortService::failed);
        auto config = tinyConfig(cohort(), 1);
        config["panel"]["method"] = "no-such-method";
        cohorts_->choosePanel(toQt(config));
        QVERIFY(failed.wait(60'000));
        QVERIFY(failed.front()[1].value<Error>().what.find("method") != std::string::npos);
    }

    void cancelledItDoesNotAnswer() {
        QSignalSpy audited(cohorts_.get(), &CohortService::audited);
        QSignalSpy failed(cohorts_.get(), &CohortService::failed);
        cohorts_->audit(cohort().toStdString());
        cohorts_->cancel();
        cohorts_->choosePanel(toQt(tinyConfig(cohort(), 1)));
        QSignalSpy chosen(cohorts_.get(), &CohortService::panelChosen);
        QVERIFY(chosen.wait(60'000));
        QCOMPARE(audited.count() + failed.count(), 0);
    }
};

QTEST_MAIN(TestCohortController)
#include "TestCohortController.moc"
