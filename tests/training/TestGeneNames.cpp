#include "CohortFiles.h"
#include "training/cohort/FeatureMatrix.h"
#include "training/cohort/GeneNames.h"

#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

namespace {

Section section(const std::string& name, std::vector<std::string> genes, std::vector<std::string> ids,
                const std::vector<float>& counts) {
    Section s;
    s.name = name;
    s.genes = std::move(genes);
    s.ensemblIds = std::move(ids);
    s.counts.genes = s.genes.size();
    s.counts.appendRow(counts);
    s.spots.resize(1);
    return s;
}

const std::string fn1 = "ENSG00000115414", erbb2 = "ENSG00000141736", actb = "ENSG00000075624";

} // namespace

class TestGeneNames : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void idsTakeTheSymbolsOfOthersAndSymbolsTheirIds() {
        Section both = section("A", {"FN1", "ERBB2"}, {fn1, erbb2}, {1, 2});
        Section byId = section("B", {erbb2, fn1, actb}, {erbb2, fn1, actb}, {3, 4, 5});
        Section bySymbol = section("C", {"FN1", "KRT8"}, {"", ""}, {6, 7});
        GeneNames names;
        QVERIFY(names.isPuzzledBy(byId));
        for (const Section* s : {&both, &byId, &bySymbol})
            names.learn(*s);
        QVERIFY(names.isPuzzledBy(byId)); // nobody knows ACTB
        for (Section* s : {&both, &byId, &bySymbol})
            names.apply(*s);
        QCOMPARE(byId.genes, (std::vector<std::string>{"ERBB2", "FN1", actb}));
        QCOMPARE(byId.counts.dense({0, 1, 2}), (std::vector<float>{3, 4, 5}));
        QVERIFY(qs(byId.warnings.at(0)).contains(QStringLiteral("2 genes go by Ensembl ids")));
        QCOMPARE(bySymbol.ensemblIds, (std::vector<std::string>{fn1, ""}));
        QVERIFY(bySymbol.warnings.empty() && both.warnings.empty());
        QCOMPARE(commonGenes({&both, &byId}), (std::vector<std::string>{"ERBB2", "FN1"}));
    }
    void genesThatGetOneNameAreAddedUp() {
        Section both = section("A", {"FN1"}, {fn1}, {1});
        Section twice = section("B", {"FN1", fn1, "X"}, {"", fn1, ""}, {2, 3, 4});
        GeneNames names;
        names.learn(both);
        names.apply(twice);
        QCOMPARE(twice.genes, (std::vector<std::string>{"FN1", "X"}));
        QCOMPARE(twice.counts.dense({0, 1}), (std::vector<float>{5, 4}));
        QCOMPARE(twice.repeatedGenes, std::size_t{1});
    }
    void anotherSymbolOfOneIdIsUnified() {
        Section first = section("A", {"H2AZ1"}, {fn1}, {1});
        Section old = section("B", {"H2AFZ"}, {fn1}, {2});
        Section taken = section("C", {"H2AFZ", "H2AZ1"}, {fn1, erbb2}, {3, 4});
        GeneNames names;
        names.learn(first);
        names.apply(old);
        names.apply(taken);
        QCOMPARE(old.genes, (std::vector<std::string>{"H2AZ1"}));
        QVERIFY(qs(old.warnings.at(0)).contains(QStringLiteral("another symbol than in other sections")));
        QCOMPARE(taken.genes, (std::vector<std::string>{"H2AFZ", "H2AZ1"})); // would mix two genes
    }
    void ensemblIdsAreTold() {
        QVERIFY(isEnsemblId("ENSG00000115414") && isEnsemblId("ENSMUSG00000051951.5"));
        QVERIFY(!isEnsemblId("ENSA") && !isEnsemblId("ENSG0000011541") && !isEnsemblId("FN1"));
        QVERIFY(!isEnsemblId("ENST00000115414") && !isEnsemblId("ENSG0000011541X"));
        QCOMPARE(withoutVersion("ENSG00000115414.17"), fn1);
        QCOMPARE(withoutVersion("AC010.2"), std::string("AC010.2"));
    }
    void onlyWholeNumbersAreCounts() {
        QVERIFY(!countProblem(0) && !countProblem(7));
        QCOMPARE(countProblem(-1), "negative");
        QCOMPARE(countProblem(0.5), "not a whole number");
        QCOMPARE(countProblem(1e10), "too large");
        QCOMPARE(countProblem(std::numeric_limits<double>::infinity()), "not a number");
    }
};

QTEST_GUILESS_MAIN(TestGeneNames)
#include "TestGeneNames.moc"
