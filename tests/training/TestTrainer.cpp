#include "training/Trainer.h"
#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

namespace {

TrainingConfig tinyConfig() {
    TrainingConfig c;
    c.model.patchWidth = 16;
    c.model.genes = 4;
    c.model.width = 8;
    c.model.textWidth = 8;
    for (auto* t : {&c.model.fusion, &c.model.slide, &c.model.region, &c.model.image, &c.model.expression,
                    &c.model.text})
        *t = {1, 2, 1, 0.0};
    c.model.slide.depth = 2;
    c.model.expressionDropout = 0;
    c.batch = 8;
    c.learningRate = 3e-3;
    c.maximumEpochs = 6;
    c.patience = 20;
    return c;
}

/// A section whose expression is a plain function of its frozen features, so that there is something to
/// learn.
SectionTensors section(const char* name, int64_t spots, int seed) {
    torch::manual_seed(static_cast<uint64_t>(seed));
    SectionTensors s;
    s.name = name;
    s.patient = std::string(name, 1);
    for (int64_t i = 0; i < spots; ++i)
        s.ids.push_back(std::to_string(i));
    s.patches = torch::randint(0, 255, {spots, 3, 32, 32}, torch::kUInt8);
    s.features = torch::randn({spots, 8});
    s.neighborFeatures = s.features.unsqueeze(1).repeat({1, 25, 1});
    s.neighborMask = torch::ones({spots, 25});
    const auto side = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(spots))));
    const auto index = torch::arange(spots);
    s.positions = torch::stack({torch::div(index, side, "floor"), index.remainder(side)}, 1);
    s.expression = s.features.narrow(1, 0, 4) * 0.5 + 1;
    return s;
}

struct Outcome {
    std::vector<nlohmann::json> events;
    int saved = 0;
    Result<LoadedModel> model = badInput("not run");
};

Outcome run(const TrainingConfig& config, CancelToken cancel = {}, int cancelAfter = 0) {
    Outcome o;
    ModelCard card;
    card.config = config.model;
    card.genes = {"A", "B", "C", "D"};
    torch::manual_seed(1);
    const auto text = torch::randn({4, 8});
    const std::vector<SectionTensors> training{section("A1", 30, 1), section("B1", 25, 2)},
        validation{section("C1", 20, 3)};
    o.model = train(
        config, card, training, config.fixedEpochs > 0 ? std::vector<SectionTensors>{} : validation, text,
        [&](const nlohmann::json& event) {
            o.events.push_back(event);
            if (cancelAfter > 0 && static_cast<int>(o.events.size()) >= cancelAfter) cancel.cancel();
        },
        [&](const LoadedModel&) -> Result<void> {
            ++o.saved;
            return {};
        },
        cancel);
    return o;
}

double validationPcc(const nlohmann::json& event) {
    return event["validation"]["pcc"].get<double>();
}

} // namespace

class TestTrainer : public QObject {
    Q_OBJECT

  private Q_SLOTS:
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
        const auto o = run(config, {}, 2);
        QVERIFY(!o.model);
        QCOMPARE(o.model.error().exitCode(), 5);
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
        QTest::newRow("not JSON") << QByteArray("{batch: 3") << QByteArray("not a JSON object");
        QTest::newRow("misspelt") << QByteArray(R"({"learning_rat": 1})")
                                  << QByteArray("learning_rat is not known");
        QTest::newRow("wrong kind") << QByteArray(R"({"batch": "many"})") << QByteArray("wrong kind");
        QTest::newRow("impossible") << QByteArray(R"({"learning_rate": -1})") << QByteArray("learning_rate");
        QTest::newRow("model") << QByteArray(R"({"model": {"emb_dim": 10, "num_heads1": 3}})")
                               << QByteArray("num_heads1");
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
