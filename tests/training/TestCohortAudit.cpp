#include "CohortFiles.h"
#include "Shared.h"
#include "training/audit/AuditReport.h"
#include "training/audit/CohortAudit.h"
#include "training/cohort/SyntheticCohort.h"

#include <nlohmann/json.hpp>
#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

namespace {

/// Whether there is a finding of that severity about that section with these words.
bool finds(const CohortAudit& audit, FindingSeverity severity, const std::string& section,
           const std::string& says) {
    return std::any_of(audit.findings.begin(), audit.findings.end(), [&](const AuditFinding& f) {
        return f.severity == severity && f.section == section && f.what.find(says) != std::string::npos;
    });
}

/// The text of a table with every cell of a column replaced by what `change` makes of it.
std::string changed(const std::string& text, std::size_t column,
                    const std::function<std::string(const std::string&)>& change) {
    std::string out;
    bool head = true;
    for (const QString& line : qs(text).split(QLatin1Char('\n'), Qt::SkipEmptyParts)) {
        QStringList cells = line.split(QLatin1Char('\t'));
        if (!head)
            cells[static_cast<qsizetype>(column)] =
                qs(change(cells[static_cast<qsizetype>(column)].toStdString()));
        head = false;
        out += cells.join(QLatin1Char('\t')).toStdString() + "\n";
    }
    return out;
}

} // namespace

class TestCohortAudit : public QObject {
    Q_OBJECT

    QTemporaryDir made_;
    fs::path cohort_;

    /// A copy of the made-up cohort that a test may spoil.
    void copyTo(const CohortFolder& folder) const {
        fs::copy(cohort_, folder.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    }

  private Q_SLOTS:
    void initTestCase() {
        cohort_ = fs::path(made_.path().toStdString()) / "cohort";
        SyntheticCohortOptions options;
        options.folder = cohort_;
        options.sections = 2;
        options.pixels = 2048;
        const auto written = writeSyntheticCohort(options);
        QVERIFY2(written.has_value(), qPrintable(sentence(written)));
    }
    void aGoodCohortHasItsFiguresAndNoErrors() {
        const auto audit = auditCohort(cohort_);
        QVERIFY2(audit.has_value(), qPrintable(sentence(audit)));
        QCOMPARE(audit->count(FindingSeverity::Error), std::size_t{0});
        QCOMPARE(audit->patients, (std::vector<std::string>{"A", "B"}));
        const auto cohort = readCohort(cohort_);
        QCOMPARE(audit->genesInCommon, cohort->sections[0].genes.size());
        const SectionAudit& a = audit->sections.at(0);
        QVERIFY(a.wasRead && a.imageOpened && !a.suspiciousRegistration);
        QCOMPARE(a.spots, cohort->sections[0].spots.size());
        QVERIFY2(a.onTissue > a.spots * 3 / 4, qPrintable(qs(toText(*audit)))); // placed on tissue, fat too
        QCOMPARE(a.outsideImage, std::size_t{0});
        QCOMPARE(a.imageWidth, std::int64_t{2048});
        QCOMPARE(a.scaleSource, ScaleSource::CohortFile);
        QVERIFY(a.medianDepth > 100);
    }
    void spotsOnGlassAreSuspicious() {
        const CohortFolder folder;
        copyTo(folder);
        const fs::path file = folder.path() / "ST-spotfiles/A1_selection.tsv";
        // All spots into the corner, which is glass.
        int i = 0;
        const std::string text =
            changed(*readFile(file), 4, [&i](const std::string&) { return std::to_string(1 + i++ % 40); });
        folder.write("ST-spotfiles/A1_selection.tsv",
                     changed(text, 5, [](const std::string&) { return "12"; }));
        const auto audit = auditCohort(folder.path());
        QVERIFY2(audit.has_value(), qPrintable(sentence(audit)));
        QVERIFY(audit->sections[0].suspiciousRegistration);
        QVERIFY(finds(*audit, FindingSeverity::Warning, "A1", "suspicious registration: 100 % of the spots"));
        QVERIFY(!audit->sections[1].suspiciousRegistration);
    }
    void spotsOutsideTheImageAreCountedAndTooManyAreAnError() {
        const CohortFolder folder;
        copyTo(folder);
        int i = 0;
        const auto some = [&i](const std::string& cell) { return i++ % 4 == 0 ? std::string("5000") : cell; };
        const std::string whole = *readFile(folder.path() / "ST-spotfiles/A1_selection.tsv");
        folder.write("ST-spotfiles/A1_selection.tsv", changed(whole, 4, some));
        auto audit = auditCohort(folder.path());
        const std::size_t all = readCohort(cohort_)->sections[0].spots.size();
        QCOMPARE(audit->sections[0].outsideImage, (all + 3) / 4);
        QCOMPARE(audit->sections[0].spots, all - (all + 3) / 4);
        QVERIFY(finds(*audit, FindingSeverity::Warning, "A1", "lie outside the image and are left out"));
        folder.write("ST-spotfiles/A1_selection.tsv",
                     changed(whole, 4, [](const std::string&) { return "5000"; }));
        audit = auditCohort(folder.path());
        QVERIFY(finds(*audit, FindingSeverity::Error, "A1", "lie outside this image (2048 x 2048 pixels)"));
        QCOMPARE(audit->sections[0].outsideImage, all);
    }
    void asSectionThatCannotBeReadDoesNotHideTheOthers() {
        const CohortFolder folder;
        copyTo(folder);
        fs::remove(folder.path() / "ST-cnts/A1.tsv.gz");
        folder.write("ST-cnts/A1.tsv", "\tFN1\n4x5\t-1\n");
        auto audit = auditCohort(folder.path());
        QVERIFY2(audit.has_value(), qPrintable(sentence(audit)));
        QVERIFY(finds(*audit, FindingSeverity::Error, "A1", "which is negative"));
        QVERIFY(!audit->sections[0].wasRead && audit->sections[1].wasRead);
        QVERIFY(finds(*audit, FindingSeverity::Warning, "", "all sections are of one patient (B)"));
        fs::remove(folder.path() / "ST-cnts/A1.tsv");
        audit = auditCohort(folder.path());
        QVERIFY(finds(*audit, FindingSeverity::Error, "A1", "section A1 has no count file"));
        folder.write("ST-imgs/B1.jpg", "no image");
        audit = auditCohort(folder.path(), {"B1"});
        QCOMPARE(audit->sections.size(), std::size_t{1});
        QVERIFY(audit->sections[0].wasRead && !audit->sections[0].imageOpened);
        QCOMPARE(audit->count(FindingSeverity::Error), std::size_t{1});
        VERIFY_BAD_INPUT(auditCohort(folder.path(), {"Z9"}), folder.path().c_str(), "no section Z9");
        VERIFY_BAD_INPUT(auditCohort(folder.path() / "none"), "none", "does not exist");
    }
    void sectionsWithoutGenesInCommonAreAnError() {
        const CohortFolder folder;
        copyTo(folder);
        folder.section("D1");
        const std::string image = *readFile(cohort_ / "ST-imgs/A1.jpg");
        folder.write("ST-imgs/D1.jpg", image);
        folder.write("ST-cnts/D1.tsv", "\tENSMUSG00000051951\n5x6\t1\n4x5\t2\n5x5\t3\n4x6\t0\n");
        const auto audit = auditCohort(folder.path());
        QVERIFY2(audit.has_value(), qPrintable(sentence(audit)));
        QVERIFY(
            finds(*audit, FindingSeverity::Error, "", "no gene is in all sections; without D1 it would be"));
        QVERIFY(finds(*audit, FindingSeverity::Warning, "D1", "the section has only"));
        QVERIFY(finds(*audit, FindingSeverity::Warning, "D1", "half of the spots have fewer than"));
        QVERIFY(finds(*audit, FindingSeverity::Note, "D1", "1 spot has no counts at all") ||
                audit->sections[2].spots < 4);
    }
    void theReportIsTextAndJson() {
        const CohortFolder folder;
        copyTo(folder);
        fs::remove(folder.path() / "ST-imgs/A1.jpg");
        const auto audit = auditCohort(folder.path());
        const QString text = qs(toText(*audit));
        QVERIFY2(text.contains(QStringLiteral("cannot be read")) &&
                     text.contains(QStringLiteral("cohort.json")) &&
                     text.contains(QStringLiteral("1 of 2 sections can be read")) &&
                     text.contains(QStringLiteral("error  A1: ")),
                 qPrintable(text));
        const auto json = toJson(*audit);
        QCOMPARE(json.at("errors").get<int>(), 1);
        QCOMPARE(json.at("sections").at(0).at("read").get<bool>(), false);
        const auto& b = json.at("sections").at(1);
        QCOMPARE(b.at("spots").get<std::size_t>(), audit->sections[1].spots);
        QCOMPARE(b.at("scale_source").get<std::string>(), std::string("cohort.json"));
        QCOMPARE(json.at("findings").at(0).at("severity").get<std::string>(), std::string("error"));
    }
    void cancelledBeforeTheFirstSection() {
        const CancelToken token;
        token.cancel();
        QCOMPARE(auditCohort(cohort_, {}, token).error().exitCode(), 5);
    }
    void publishedSectionsPass() {
        SPOTGLASS_NEED_SHARED(folder, "data/her2st");
        const auto audit = auditCohort(folder);
        QVERIFY2(audit.has_value(), qPrintable(sentence(audit)));
        QCOMPARE(audit->count(FindingSeverity::Error), std::size_t{0});
        QVERIFY(finds(*audit, FindingSeverity::Warning, "", "all sections are of one patient (C)"));
        QVERIFY(finds(*audit, FindingSeverity::Warning, "C4",
                      "3 spots have a position under tissue but no counts"));
        QCOMPARE(audit->genesInCommon, std::size_t{14506});
        for (const SectionAudit& section : audit->sections) {
            QVERIFY(section.onGlass() < 0.05);
            QVERIFY(section.medianDepth > 5000 && section.scaleSource == ScaleSource::ArrayPitch);
        }
    }
};

QTEST_GUILESS_MAIN(TestCohortAudit)
#include "TestCohortAudit.moc"
