#include "inference/model/SafeTensors.h"
#include "TinyTraining.h"
#include "training/experiment/FoldReport.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

namespace {

LoadedModel modelOf(const std::vector<std::string>& genes) {
    auto config = tinyConfig().model;
    config.genes = static_cast<int>(genes.size());
    torch::manual_seed(7);
    LoadedModel model;
    model.card.config = config;
    model.card.genes = genes;
    model.network = Dkan(config);
    model.geneEmbeddings = torch::randn({config.genes, config.textWidth});
    model.featureMean = torch::zeros({config.width});
    model.featureScale = torch::ones({config.width});
    return model;
}

SectionTensors withGenes(SectionTensors s, int64_t genes) {
    s.expression = s.features.narrow(1, 0, genes) * 0.5 + 1;
    return s;
}

/// Two folds, each of whose models was trained on the other section; the panels share B, C and D.
FoldReport twoFolds(const std::vector<std::string>& first, const std::vector<std::string>& second) {
    FoldReport report;
    const auto a = withGenes(section("A1", 30, 1), static_cast<int64_t>(first.size()));
    const auto b = withGenes(section("B1", 24, 2), static_cast<int64_t>(second.size()));
    auto modelA = modelOf(first), modelB = modelOf(second);
    auto forA = withGenes(b, static_cast<int64_t>(first.size())),
         forB = withGenes(a, static_cast<int64_t>(second.size()));
    report.add("A", a, modelA, fitFloors(modelA, {forA}));
    report.addFold("A", {{"epochs", 3}});
    report.add("B", b, modelB, fitFloors(modelB, {forB}));
    report.addFold("B", {{"epochs", 4}});
    return report;
}

} // namespace

class TestFoldReport : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void everyMethodIsJudgedOnEverySection() {
        const auto summary =
            twoFolds({"A", "B", "C", "D"}, {"A", "B", "C", "D"}).summary("patient", EpochChoice::Inner);
        QVERIFY2(summary.has_value(), summary ? "" : summary.error().sentence().c_str());
        for (const auto& method : FoldReport::methods()) {
            const auto& j = (*summary)[method];
            QVERIFY2(j["sections"].contains("A1") && j["sections"].contains("B1"), method.c_str());
            QVERIFY(j["mse"].get<double>() > 0 && j["metrics"]["mae"]["mean"].get<double>() > 0);
        }
        // Ridge finds what these sections are made of; an untrained model and its shuffled images do not.
        const double ridge = (*summary)["ridge_with_context"]["pcc_all"].get<double>();
        QVERIFY2(ridge > 0.6, std::to_string(ridge).c_str());
        QVERIFY(std::abs((*summary)["shuffled_images"]["pcc_all"].get<double>()) < 0.6);
        QVERIFY(!(*summary)["training_mean"].contains("pcc_all"));
        QVERIFY((*summary)["training_mean"]["metrics"]["pcc_all"]["mean"].is_null());
        QVERIFY((*summary)["notes"].empty());
        QCOMPARE((*summary)["folds"]["B"]["epochs"].get<int>(), 4);
    }
    void meansAndDeviationsAreOverTheGroups() {
        const auto report = twoFolds({"A", "B", "C", "D"}, {"A", "B", "C", "D"});
        const auto& sections = report.judged("model").sections;
        const double one = sections[0].mse, two = sections[1].mse;
        const auto metrics = report.metrics("model");
        QVERIFY(metrics.has_value());
        QVERIFY(std::abs(metrics->mse.mean - (one + two) / 2) < 1e-6);
        QVERIFY(std::abs(metrics->mse.deviation - std::abs(one - two) / 2) < 1e-6);
    }
    /// Where each fold chose its own panel the figures are over the genes that all have.
    void differentPanelsMeetInTheirCommonGenes() {
        const auto report = twoFolds({"A", "B", "C", "D"}, {"D", "E", "C", "B"});
        const auto summary = report.summary("section", EpochChoice::Reported);
        QVERIFY2(summary.has_value(), summary ? "" : summary.error().sentence().c_str());
        QCOMPARE((*summary)["genes_in_all_folds"].get<int>(), 3);
        auto genes = (*summary)["model"]["metrics"]["hpg"].get<std::vector<std::string>>();
        std::sort(genes.begin(), genes.end());
        QCOMPARE(genes, (std::vector<std::string>{"B", "C", "D"}));
        // By hand: gene D is column 3 of the first section and column 0 of the second.
        const auto mean = [&](int section, std::vector<int64_t> columns) {
            const auto& p =
                report.judged("ridge_with_context").sections[static_cast<std::size_t>(section)].prediction;
            double sum = 0;
            for (std::size_t spot = 0; spot < p.spots; ++spot)
                for (const auto c : columns) {
                    const auto i = spot * p.genes + static_cast<std::size_t>(c);
                    sum += std::abs(static_cast<double>(p.predicted[i] - p.measured[i]));
                }
            return sum / static_cast<double>(p.spots * columns.size());
        };
        const double mae = (mean(0, {1, 2, 3}) + mean(1, {3, 2, 0})) / 2;
        QVERIFY(std::abs((*summary)["ridge_with_context"]["metrics"]["mae"]["mean"].get<double>() - mae) <
                1e-6);
        QCOMPARE((*summary)["notes"].size(), std::size_t{2});
        QVERIFY((*summary)["notes"][1].get<std::string>().find("as the published reference does") !=
                std::string::npos);
        QCOMPARE((*summary)["epoch_chosen_by"].get<std::string>(), std::string("the reported sections"));
    }
    void panelsWithoutACommonGeneAreNamed() {
        const auto metrics = twoFolds({"A", "B", "C", "D"}, {"E", "F", "G", "H"}).metrics("model");
        QVERIFY(!metrics);
        QVERIFY(metrics.error().sentence().find("no gene in common") != std::string::npos);
    }
    void predictionsAreWritten() {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "sections.safetensors";
        QVERIFY(twoFolds({"A", "B", "C", "D"}, {"A", "B", "C", "D"}).writePredictions(file).has_value());
        const auto read = SafeTensors::read(file);
        QVERIFY(read.has_value());
        QVERIFY(read->entries().contains("A.A1.measured") && read->entries().contains("B.B1.predicted"));
    }
};

QTEST_GUILESS_MAIN(TestFoldReport)
#include "TestFoldReport.moc"
