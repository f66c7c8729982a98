#include "TinyTraining.h"
#include "training/ModelParts.h"
#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

namespace {

struct Outcome {
    std::vector<nlohmann::json> events;
    int saved = 0;
    Result<LoadedModel> model = badInput("not run");
};

/// Where a run begins and ends.
struct Circumstances {
    int cancelAfter = 0; ///< events; 0: never
    std::filesystem::path checkpoint = {};
    bool resume = false;
    const LoadedModel* parent = nullptr;
    std::function<bool(const Error&)> waitForDrive = {};
    std::function<bool()> afterCheckpoint = {}; ///< true: cancels
};

Outcome run(const TrainingConfig& config, const Circumstances& where = {}) {
    const CancelToken cancel;
    Outcome o;
    ModelCard card;
    card.config = config.model;
    card.genes = {"A", "B", "C", "D"};
    torch::manual_seed(1);
    const auto text = torch::randn({4, 8});
    std::vector<SectionTensors> training{section("A1", 30, 1), section("B1", 25, 2)};
    for (auto& s : training)
        addStains(s, config.stainViews);
    const std::vector<SectionTensors> validation{section("C1", 20, 3)};
    TrainingHooks hooks;
    hooks.event = [&](const nlohmann::json& event) {
        o.events.push_back(event);
        if (where.cancelAfter > 0 && static_cast<int>(o.events.size()) >= where.cancelAfter) cancel.cancel();
    };
    hooks.best = [&](const LoadedModel&) -> Result<void> {
        ++o.saved;
        return {};
    };
    hooks.waitForDrive = where.waitForDrive;
    hooks.checkpointWritten = [&] {
        if (where.afterCheckpoint && where.afterCheckpoint()) cancel.cancel();
    };
    o.model =
        train(config, card, training, config.fixedEpochs > 0 ? std::vector<SectionTensors>{} : validation,
              text, where.parent, where.checkpoint, where.resume, hooks, cancel);
    return o;
}

double validationPcc(const nlohmann::json& event) {
    return event["validation"]["pcc"].get<double>();
}

} // namespace

class TestTrainer : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    /// Mixed precision: another arithmetic, the same learning.
    void learnsWithBrainFloatProducts() {
        auto config = tinyConfig();
        config.maximumEpochs = 40;
        const auto best = [](const Outcome& o) {
            double pcc = -2;
            for (const auto& event : o.events)
                if (event["event"] == "epoch") pcc = std::max(pcc, validationPcc(event));
            return pcc;
        };
        const double exact = best(run(config));
        config.precision = "bf16";
        const auto o = run(config);
        QVERIFY2(o.model.has_value(), o.model ? "" : o.model.error().sentence().c_str());
        for (const auto& parameter : o.model->network->parameters())
            QCOMPARE(parameter.scalar_type(), torch::kFloat32);
        QVERIFY2(best(o) > exact - 0.1, qPrintable(QString::number(best(o)) + QStringLiteral(" instead of ") +
                                                   QString::number(exact)));
    }
    void learnsAndKeepsTheBestEpoch() {
        auto config = tinyConfig();
        config.maximumEpochs = 60;
        const auto o = run(config);
        QVERIFY2(o.model.has_value(), o.model ? "" : o.model.error().sentence().c_str());
        double best = -2;
        int bestEpoch = 0;
        for (const auto& event : o.events)
            if (event["event"] == "epoch" && validationPcc(event) > best) {
                best = validationPcc(event);
                bestEpoch = event["epoch"].get<int>();
            }
        qInfo("best validation PCC %.3f", best);
        QVERIFY2(best > 0.5, qPrintable(QString::number(best)));
        QCOMPARE(o.events.back()["event"], "done");
        QCOMPARE(o.events.back()["best_epoch"].get<int>(), bestEpoch);
        auto kept = *o.model;
        QVERIFY(std::abs(meanGeneCorrelation(predictSection(kept, section("C1", 20, 3)),
                                             section("C1", 20, 3).expression) -
                         best) < 1e-5);
        QVERIFY(o.saved >= 1);
        QVERIFY(o.events[0]["training"]["supervised"].get<double>() >
                o.events[o.events.size() - 2]["training"]["supervised"].get<double>());
    }
    void sameSeedSameModel() {
        const auto a = run(tinyConfig()), b = run(tinyConfig());
        auto other = tinyConfig();
        other.seed = 7;
        const auto c = run(other);
        QCOMPARE(validationPcc(a.events[1]), validationPcc(b.events[1]));
        QVERIFY(validationPcc(a.events[1]) != validationPcc(c.events[1]));
    }
    void stainIsDrawnFromTheSeed() {
        auto config = tinyConfig();
        config.stainAugmentation = 0.2;
        const auto a = run(config), b = run(config), without = run(tinyConfig());
        QCOMPARE(validationPcc(a.events[1]), validationPcc(b.events[1]));
        QVERIFY(validationPcc(a.events[1]) != validationPcc(without.events[1]));
    }
    /// Each of the settings that are ours is drawn from the seed, if at all, and changes the run.
    void settingsBesideThePublished_data() {
        QTest::addColumn<QByteArray>("json");
        QTest::newRow("correlation") << QByteArray(R"({"correlation_weight": 0.5})");
        QTest::newRow("ridge teacher") << QByteArray(R"({"ridge_teacher": 0.5})");
        QTest::newRow("turned array") << QByteArray(R"({"turn_array": true})");
    }
    void settingsBesideThePublished() {
        QFETCH(const QByteArray, json);
        const auto given = parseTrainingConfig(nlohmann::json::parse(json.toStdString()), {}, "here");
        QVERIFY(given.has_value());
        auto config = tinyConfig();
        config.correlationWeight = given->correlationWeight;
        config.ridgeTeacher = given->ridgeTeacher;
        config.turnArray = given->turnArray;
        const auto a = run(config), b = run(config), without = run(tinyConfig());
        QCOMPARE(validationPcc(a.events[1]), validationPcc(b.events[1]));
        QVERIFY(validationPcc(a.events[1]) != validationPcc(without.events[1]));
        QCOMPARE(a.events[1]["training"].contains("correlation"), config.correlationWeight > 0);
        QVERIFY(!without.events[1]["training"].contains("correlation"));
    }
    void stopsEarlyWithoutABetterEpoch() {
        auto config = tinyConfig();
        config.learningRate = 1e-12; // nothing improves for long
        config.maximumEpochs = 200;
        config.patience = 3;
        const auto o = run(config);
        QVERIFY(o.events.size() < 60);
        const auto last = o.events[o.events.size() - 2]["epoch"].get<int>();
        QCOMPARE(last - o.events.back()["best_epoch"].get<int>(), 3);
    }
    void fixedEpochsNeedNoValidation() {
        auto config = tinyConfig();
        config.fixedEpochs = 2;
        const auto o = run(config);
        QVERIFY(o.model.has_value());
        QCOMPARE(o.events.size(), std::size_t(3));
        QVERIFY(!o.events[1].contains("validation"));
        QCOMPARE(o.saved, 1);
    }
    void theAverageOfTheWeightsIsWhatIsKept() {
        auto config = tinyConfig();
        config.averageWeights = 0.9;
        const auto averaged = run(config), raw = run(tinyConfig());
        QVERIFY(averaged.model.has_value());
        QCOMPARE(averaged.events[0]["training"]["supervised"].get<double>(),
                 raw.events[0]["training"]["supervised"].get<double>());
        QVERIFY(validationPcc(averaged.events[1]) != validationPcc(raw.events[1]));
    }
    void cancelEndsTheRun() {
        auto config = tinyConfig();
        config.maximumEpochs = 100;
        const auto o = run(config, {.cancelAfter = 2});
        QVERIFY(!o.model);
        QCOMPARE(o.model.error().exitCode(), 5);
    }
    /// Cancelled in the middle and taken up again, a run ends with the very same weights.
    void resumingChangesNothing_data() {
        QTest::addColumn<int>("cancelAfter");
        QTest::newRow("at the end of an epoch") << 2;
        QTest::newRow("between steps") << 0;
    }
    void resumingChangesNothing() {
        QFETCH(int, cancelAfter);
        QTemporaryDir dir;
        const auto checkpoint = std::filesystem::path(dir.path().toStdString()) / "state.safetensors";
        auto config = tinyConfig();
        config.correlationWeight = config.ridgeTeacher = 0.5;
        config.turnArray = true;
        config.stainViews = 2;
        config.averageWeights = 0.9;
        config.featureDropout = 0.2;
        config.model.image.dropout = config.model.slide.dropout = 0.2;
        config.maximumEpochs = 5;
        const auto whole = run(config);
        QVERIFY(whole.model.has_value());
        if (cancelAfter > 0) {
            const auto begun = run(config, {.cancelAfter = cancelAfter, .checkpoint = checkpoint});
            QCOMPARE(begun.model.error().kind, ErrorKind::Cancelled);
        } else { // every step is kept; the last that could be written counts
            auto often = config;
            often.checkpointMinutes = 1e-9;
            int written = 0;
            const auto begun =
                run(often, {.checkpoint = checkpoint, .afterCheckpoint = [&] { return ++written == 12; }});
            QCOMPARE(begun.model.error().kind, ErrorKind::Cancelled);
        }
        const auto rest = run(config, {.checkpoint = checkpoint, .resume = true});
        QVERIFY2(rest.model.has_value(), rest.model ? "" : rest.model.error().sentence().c_str());
        QCOMPARE(rest.events.front()["event"], "resumed");
        QVERIFY(rest.events.front()["epoch"].get<int>() > 1);
        const auto a = (*whole.model).network->named_parameters(),
                   b = (*rest.model).network->named_parameters();
        for (const auto& item : a)
            QVERIFY2(torch::equal(item.value(), b[item.key()]), item.key().c_str());
        const auto c = (*whole.model).network->named_buffers(), d = (*rest.model).network->named_buffers();
        for (const auto& item : c)
            QVERIFY2(torch::equal(item.value(), d[item.key()]), item.key().c_str());
        QCOMPARE(rest.events.back()["best_epoch"], whole.events.back()["best_epoch"]);
    }
    void aCheckpointOfAnotherRunIsRefused() {
        QTemporaryDir dir;
        const auto checkpoint = std::filesystem::path(dir.path().toStdString()) / "state.safetensors";
        auto config = tinyConfig();
        config.asJson = {{"batch", 8}, {"model", {{"emb_dim", 8}}}};
        QVERIFY(!run(config, {.cancelAfter = 2, .checkpoint = checkpoint}).model);
        const auto resumed = [&](const nlohmann::json& settings) {
            config.asJson = settings;
            return run(config, {.checkpoint = checkpoint, .resume = true}).model;
        };
        const auto other = resumed({{"batch", 8}, {"model", {{"emb_dim", 16}}}});
        QVERIFY(!other);
        QVERIFY(other.error().sentence().find("emb_dim differs") != std::string::npos);
        QCOMPARE(other.error().exitCode(), 3);
        QVERIFY(resumed({{"batch", 8}, {"model", {{"emb_dim", 8}}}, {"patience", 3}}).has_value());
        std::filesystem::resize_file(checkpoint, std::filesystem::file_size(checkpoint) / 2);
        QCOMPARE(resumed({{"batch", 8}, {"model", {{"emb_dim", 8}}}}).error().exitCode(), 3);
        std::filesystem::remove(checkpoint);
        QVERIFY(resumed({}).error().sentence().find("no checkpoint") != std::string::npos);
    }
    void aFullDrivePausesTheRun() {
        int waits = 0;
        const std::filesystem::path full = "/dev/full/state.safetensors";
        const auto o = run(tinyConfig(),
                           {.checkpoint = full, .waitForDrive = [&](const Error&) { return ++waits < 3; }});
        QVERIFY(!o.model);
        QCOMPARE(waits, 3);
        QCOMPARE(o.events[1]["event"], "paused");
        QVERIFY(!o.events[1]["reason"].get<std::string>().empty());
    }
    void aModelGrowsFromItsParent() {
        auto config = tinyConfig();
        config.maximumEpochs = 10;
        auto first = run(config);
        QVERIFY(first.model.has_value());
        const auto& parent = *first.model;
        config.maximumEpochs = 1;
        config.learningRates = {{"patch_encoder", 0}, {"region", 0}, {"slide", 0.1}};
        config.averageWeights = 0;
        const auto child = run(config, {.parent = &parent});
        QVERIFY2(child.model.has_value(), child.model ? "" : child.model.error().sentence().c_str());
        const auto before = parent.network->named_parameters(),
                   after = (*child.model).network->named_parameters();
        for (const auto& item : before) {
            const auto part = modelPartOf(item.key());
            const bool still =
                part == "patch_encoder" || part == "region" ||
                item.key().find("to_q.") != std::string::npos; // of the gene paths: no gradient
            if (still && part != "fusion")
                QVERIFY2(torch::equal(item.value(), after[item.key()]), item.key().c_str());
        }
        QVERIFY(!torch::equal(before["fusion_encoder.norm.weight"], after["fusion_encoder.norm.weight"]));
        for (const auto& item : parent.network->named_buffers()) // batch statistics of a part held still
            QVERIFY2(torch::equal(item.value(), (*child.model).network->named_buffers()[item.key()]),
                     item.key().c_str());
        // One epoch from the parent is already better than one from scratch.
        QVERIFY(validationPcc(child.events[0]) > validationPcc(run(config).events[0]));
    }
    void genesCarryOverBySymbol() {
        const auto first = run(tinyConfig());
        const auto& parent = *first.model;
        auto card = parent.card;
        card.genes = {"D", "new", "B"};
        card.ensemblIds.assign(3, "");
        card.config.genes = 3;
        const auto child = modelFromParent(parent, card, torch::randn({3, 8}));
        QVERIFY2(child.has_value(), child ? "" : child.error().sentence().c_str());
        const auto from = parent.network->named_parameters(), to = child->network->named_parameters();
        QVERIFY(torch::equal(to["fc_target.weight"][0], from["fc_target.weight"][3]));
        QVERIFY(torch::equal(to["fc_target.weight"][2], from["fc_target.weight"][1]));
        QVERIFY(torch::equal(to["exp_encoder.projection.weight"].select(1, 0),
                             from["exp_encoder.projection.weight"].select(1, 3)));
        QVERIFY(torch::equal(to["fc_final_img.weight"], from["fc_final_img.weight"]));
        card.config.width = 16;
        QVERIFY(!modelFromParent(parent, card, torch::randn({3, 8})));
        card.config.width = 8;
        card.imageEncoder = "another";
        QVERIFY(modelFromParent(parent, card, torch::randn({3, 8})).error().sentence().find("another") !=
                std::string::npos);
    }
    void divergenceIsSaidInWords() {
        auto config = tinyConfig();
        config.learningRate = 0.9;
        config.maximumEpochs = 200;
        auto bad = config;
        bad.distillation = std::numeric_limits<double>::infinity();
        const auto o = run(bad);
        QVERIFY(!o.model);
        QVERIFY(o.model.error().sentence().find("learning_rate") != std::string::npos);
        QVERIFY(o.model.error().sentence().find("epoch 1, step 1") != std::string::npos);
        QVERIFY(o.model.error().sentence().find("8 spots, the first are") != std::string::npos);
    }
    void shufflingMovesImagesAndNothingElse() {
        auto s = section("A1", 30, 1);
        const auto before = section("A1", 30, 1);
        shuffleImages(s, 4);
        QVERIFY(!torch::equal(s.features, before.features));
        QVERIFY(torch::equal(s.positions, before.positions));
        QVERIFY(torch::equal(s.expression, before.expression));
        QVERIFY(torch::allclose(s.features.sum(0), before.features.sum(0), 1e-4, 1e-4));
        for (int64_t i = 0; i < 30; ++i)
            QVERIFY(torch::equal(s.neighborFeatures[i][12], s.features[i])); // together
    }
    void configurationMistakesAreNamed_data() {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QByteArray>("words");
        const auto row = [](const char* name, const QByteArray& json, const QByteArray& words) {
            QTest::newRow(name) << json << words;
        };
        row("not JSON", "{batch: 3", "not a JSON object");
        row("misspelt", R"({"learning_rat": 1})", "learning_rat is not known");
        row("word", R"({"batch": "many"})", "batch should be a whole number");
        row("fraction", R"({"batch": 2.5})", "batch should be a whole number");
        row("too many", R"({"batch": 1e12})", "batch should be a whole number");
        row("far too many", R"({"batch": 99999999999})", "batch should be a whole number");
        row("negative seed", R"({"seed": -1})", "seed should be a whole number");
        row("yes", R"({"learning_rate": true})", "learning_rate should be a number");
        row("path", R"({"gene_texts": 3})", "gene_texts should be text in quotation marks");
        row("genes", R"({"genes": ["FN1", 2]})", "genes should be a list of names in quotation marks");
        row("factors", R"({"learning_rates": {"slide": "low"}})",
            "learning_rates should be names and numbers in braces");
        row("sections", R"({"sections": {"training": "A1"}})", "sections.training should be a list of names");
        row("impossible", R"({"learning_rate": -1})", "learning_rate");
        row("correlation", R"({"correlation_weight": -1})", "correlation_weight should be between 0 and 100");
        row("teacher", R"({"ridge_teacher": 1.5})", "ridge_teacher should be between 0 and 1");
        row("turn", R"({"turn_array": "often"})", "turn_array should be true or false");
        row("stain", R"({"stain_augmentation": 2})", "stain_augmentation should be between 0 and 1");
        row("views", R"({"stain_augmentation": 0.2, "stain_views": 17})",
            "stain_views should be between 0 and 16");
        row("views without", R"({"stain_views": 2})",
            "stain_augmentation should be above 0 where stain_views");
        row("scale", R"({"feature_scale": "section"})", "feature_scale should be \"training\" or \"slide\"");
        row("micro batch", R"({"batch": 8, "micro_batch": 9})", "micro_batch");
        row("part", R"({"learning_rates": {"pach_encoder": 0.1}})", "pach_encoder");
        row("factor", R"({"learning_rates": {"slide": -1}})", "learning_rates");
        row("model", R"({"model": {"emb_dim": 10, "num_heads1": 3}})", "num_heads1");
    }
    void configurationMistakesAreNamed() {
        QFETCH(QByteArray, json);
        QFETCH(QByteArray, words);
        QTemporaryDir dir;
        const auto file = std::filesystem::path(dir.path().toStdString()) / "c.json";
        QVERIFY(writeFileAtomically(file, json.toStdString()).has_value());
        const auto config = readTrainingConfig(file);
        QVERIFY(!config);
        QVERIFY2(config.error().sentence().find(words.toStdString()) != std::string::npos,
                 config.error().sentence().c_str());
        QCOMPARE(config.error().exitCode(), 3);
    }
};

QTEST_GUILESS_MAIN(TestTrainer)
#include "TestTrainer.moc"
