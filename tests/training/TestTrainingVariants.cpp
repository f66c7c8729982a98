#include "inference/model/ResNet.h"
#include "inference/model/TensorConversion.h"
#include "TinyTraining.h"
#include "training/ModelParts.h"
#include "training/PatchEncoderWeights.h"
#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using Json = nlohmann::json;

namespace {

const std::vector<std::string> kGenes{"A", "B", "C", "D"};

DkanConfig tinyModel(const char* keys) {
    auto json = toJson(tinyConfig().model);
    for (const char* key : {"levels", "fusion", "gene_text", "text_role", "contrastive"})
        json.erase(key); // a design would contradict them
    json.update(Json::parse(keys));
    return *parseDkanConfig(json, "test");
}

struct Outcome {
    std::vector<Json> epochs;
    Result<LoadedModel> model = badInput("not run");
};

Outcome run(const TrainingConfig& config, const LoadedModel* parent = nullptr) {
    Outcome o;
    ModelCard card;
    card.config = config.model;
    card.genes = kGenes;
    card.micronsPerPixel = 1;
    torch::manual_seed(1);
    const auto text = torch::randn({4, 8});
    TrainingHooks hooks;
    hooks.event = [&](const Json& event) {
        if (event["event"] == "epoch") o.epochs.push_back(event);
    };
    hooks.best = [](const LoadedModel&) -> Result<void> { return {}; };
    o.model = train(config, card, {section("A1", 24, 1), section("B1", 17, 2)}, {section("C1", 12, 3)}, text,
                    parent, {}, false, hooks, CancelToken());
    return o;
}

/// A torchvision ResNet-18 of that width under `prefix`; `change` may spoil it.
using Weights = std::map<std::string, torch::Tensor>;
void writeResNet(const std::filesystem::path& file, int width, const std::string& prefix,
                 const std::function<void(Weights&)>& change = {}) {
    torch::manual_seed(77);
    const torch::NoGradGuard noGradient;
    auto encoder = makePatchEncoder("resnet18", width);
    Weights weights;
    for (const auto& item : encoder->named_parameters())
        weights[torchvisionName(item.key())] = torch::randn_like(item.value());
    for (const auto& item : encoder->named_buffers())
        if (item.value().is_floating_point())
            weights[torchvisionName(item.key())] = torch::rand_like(item.value()) + 0.5;
        else
            weights[torchvisionName(item.key())] = item.value();
    weights["fc.weight"] = torch::randn({3, width});
    if (change) change(weights);
    SafeTensorsWriter writer;
    for (const auto& [name, tensor] : weights)
        add(writer, prefix + name, tensor);
    QVERIFY(writer.write(file).has_value());
}

} // namespace

class TestTrainingVariants : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] std::filesystem::path at(const char* name) const {
        return std::filesystem::path(dir_.path().toStdString()) / name;
    }

  private Q_SLOTS:
    void everyVariantLearns_data() {
        QTest::addColumn<QByteArray>("keys");
        for (const char* keys :
             {"{}", R"({"levels": ["region", "patch"]})", R"({"levels": ["slide", "patch"]})",
              R"({"levels": ["slide", "region"]})", R"({"levels": ["slide"]})", R"({"levels": ["region"]})",
              R"({"levels": ["patch"]})", R"({"gene_text": false})", R"({"contrastive": false})",
              R"({"text_role": "key_value"})", R"({"text_role": "key_value", "contrastive": false})",
              R"({"fusion": "sum"})", R"({"fusion": "concat"})", R"({"fusion": "sum_transformer"})",
              R"({"fusion": "concat_transformer"})", R"({"design": "image_only"})", R"({"design": "stnet"})"})
            QTest::newRow(keys) << QByteArray(keys);
    }
    void everyVariantLearns() {
        QFETCH(QByteArray, keys);
        auto config = tinyConfig();
        config.model = tinyModel(keys.constData());
        config.maximumEpochs = 3;
        config.averageWeights = 0.5;
        const auto o = run(config);
        QVERIFY2(o.model.has_value(), o.model ? "" : o.model.error().sentence().c_str());
        QCOMPARE(o.epochs.size(), std::size_t(3));
        const auto loss = [&](std::size_t epoch, const char* term) {
            return o.epochs[epoch]["training"][term].get<double>();
        };
        for (std::size_t epoch = 0; epoch < 3; ++epoch) {
            QVERIFY(std::isfinite(loss(epoch, "total")));
            QCOMPARE(loss(epoch, "contrastive") > 0, config.model.contrastive);
        }
        QVERIFY2(loss(2, "supervised") < loss(0, "supervised"), o.epochs[2].dump().c_str());
        if (!config.model.contrastive) QVERIFY(std::abs(loss(0, "total") - loss(0, "supervised")) < 1e-5);
        auto kept = *o.model;
        const auto values = predictSection(kept, section("C1", 12, 3));
        QCOMPARE(values.sizes().vec(), (std::vector<int64_t>{12, 4}));
        QVERIFY(torch::isfinite(values).all().item<bool>());
        QVERIFY(saveModel(kept, at("kept.safetensors")).has_value());
        auto again = loadModel(at("kept.safetensors"));
        QVERIFY2(again.has_value(), again ? "" : again.error().sentence().c_str());
        QVERIFY(torch::equal(predictSection(*again, section("C1", 12, 3)), values));
    }
    void aPublishedResNetIsTheStart_data() {
        QTest::addColumn<QByteArray>("prefix");
        for (const char* prefix : {"", "module.", "model.", "state_dict.model.resnet."})
            QTest::addRow("\"%s\"", prefix) << QByteArray(prefix);
    }
    /// Held still it stays as it is in the file, statistics included, while what lies behind it learns.
    void aPublishedResNetIsTheStart() {
        QFETCH(QByteArray, prefix);
        writeResNet(at("resnet.safetensors"), 16, prefix.toStdString());
        auto config = tinyConfig();
        config.patchEncoderWeights = at("resnet.safetensors");
        config.learningRates = {{"patch_encoder", 0}};
        config.maximumEpochs = 1;
        auto still = run(config);
        QVERIFY2(still.model.has_value(), still.model ? "" : still.model.error().sentence().c_str());
        const auto file = SafeTensors::read(at("resnet.safetensors"));
        const auto inFile = [&](const std::string& name) {
            return *toTensor(*file, prefix.toStdString() + torchvisionName(name));
        };
        auto& encoder = (*still.model).network->patchEncoder();
        for (const auto& item : encoder->named_parameters())
            QVERIFY2(torch::equal(item.value(), inFile(item.key())), item.key().c_str());
        for (const auto& item : encoder->named_buffers())
            if (item.value().is_floating_point())
                QVERIFY2(torch::equal(item.value(), inFile(item.key())), item.key().c_str());
        torch::manual_seed(config.seed);
        const auto fresh = Dkan(config.model)->named_parameters();
        const auto after = (*still.model).network->named_parameters();
        for (const char* moved :
             {"target_transform.weight", "fc_target.weight", "fusion_encoder.norm.weight"})
            QVERIFY2(!torch::equal(after[moved], fresh[moved]), moved);

        config.learningRates = {};
        const auto moving = run(config);
        QVERIFY(!torch::equal((*moving.model).network->named_parameters()["target_encoder.0.weight"],
                              inFile("0.weight")));
        QVERIFY(torch::allclose((*moving.model).network->named_parameters()["target_encoder.0.weight"],
                                inFile("0.weight"), 0, 0.1)); // not far from where it began
    }
    void weightsThatDoNotFitAreNamed_data() {
        QTest::addColumn<int>("width");
        QTest::addColumn<QByteArray>("spoil");
        QTest::addColumn<QByteArray>("words");
        QTest::newRow("missing") << 16 << QByteArray("layer3.1.bn2.bias")
                                 << QByteArray("the weights lack layer3.1.bn2.bias");
        QTest::newRow("missing statistics")
            << 16 << QByteArray("bn1.running_var") << QByteArray("the weights lack bn1.running_var");
        QTest::newRow("another width")
            << 32 << QByteArray()
            << QByteArray("the weights hold conv1.weight as 4 x 3 x 7 x 7, a resnet18 with "
                          "emb_dim_target 16 asks for 2 x 3 x 7 x 7");
        QTest::newRow("deeper") << 16 << QByteArray("+layer1.2.conv1.weight")
                                << QByteArray("hold layer1.2.conv1.weight, which a resnet18 does not have");
        QTest::newRow("no ResNet") << 16 << QByteArray("conv1.weight")
                                   << QByteArray("does not hold a ResNet with torchvision's names");
    }
    void weightsThatDoNotFitAreNamed() {
        QFETCH(int, width);
        QFETCH(QByteArray, spoil);
        QFETCH(QByteArray, words);
        writeResNet(at("spoilt.safetensors"), width, "", [&](Weights& weights) {
            if (spoil.startsWith('+'))
                weights[spoil.mid(1).toStdString()] = torch::ones({1});
            else
                weights.erase(spoil.toStdString());
        });
        auto config = tinyConfig();
        config.patchEncoderWeights = at("spoilt.safetensors");
        const auto o = run(config);
        QVERIFY(!o.model);
        const auto sentence = o.model.error().sentence();
        QVERIFY2(sentence.find(words.toStdString()) != std::string::npos, sentence.c_str());
        QVERIFY2(sentence.find("spoilt.safetensors") != std::string::npos, sentence.c_str());
        QCOMPARE(o.model.error().exitCode(), 3);
        config.patchEncoderWeights = at("nowhere.pth");
        QVERIFY(!run(config).model);
    }
    void aParentsExpressionPathMayBeLeftBehind() {
        auto config = tinyConfig();
        config.maximumEpochs = 1;
        const auto first = run(config);
        config.model.contrastive = false;
        const auto child = run(config, &*first.model);
        QVERIFY2(child.model.has_value(), child.model ? "" : child.model.error().sentence().c_str());
        QVERIFY(!(*child.model).network->named_parameters().contains("exp_encoder.fc.weight"));
        config.model.contrastive = true;
        QVERIFY(!run(config, &*child.model).model); // but what is not there cannot be taken over
    }
    void learnedGenesCarryOverBySymbol() {
        auto config = tinyConfig();
        config.model = tinyModel(R"({"gene_text": false, "text_role": "key_value"})");
        config.maximumEpochs = 1;
        const auto first = run(config);
        auto card = first.model->card;
        card.genes = {"D", "new", "B"};
        card.config.genes = 3;
        const auto child = modelFromParent(*first.model, card, {});
        QVERIFY2(child.has_value(), child ? "" : child.error().sentence().c_str());
        const auto from = first.model->network->named_parameters(), to = child->network->named_parameters();
        for (const char* name : {"gene_tokens", "fc_final_img.weight", "fc_final_img.bias"}) {
            QCOMPARE(to[name].size(0), int64_t{3});
            QVERIFY(torch::equal(to[name][0], from[name][3]));
            QVERIFY(torch::equal(to[name][2], from[name][1]));
        }
    }
    void configurationMistakesAreNamed_data() {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QByteArray>("words");
        QTest::newRow("misspelt switch") << QByteArray(R"({"model": {"genetext": false}})")
                                         << QByteArray("the setting genetext of model is not known");
        QTest::newRow("level") << QByteArray(R"({"model": {"levels": ["wsi"]}})")
                               << QByteArray("one or more of slide, region and patch");
        QTest::newRow("one row a spot")
            << QByteArray(R"({"model": {"text_role": "key_value"}, "contrast_within_spots": true})")
            << QByteArray("contrast_within_spots should be false where text_role is key_value");
        QTest::newRow("weights and a parent")
            << QByteArray(R"({"patch_encoder_weights": "a.pth", "from": "b.safetensors"})")
            << QByteArray("patch_encoder_weights should be left out where from is given");
        QTest::newRow("weights for nothing")
            << QByteArray(R"({"patch_encoder_weights": "a.pth", "model": {"levels": ["slide"]}})")
            << QByteArray("patch_encoder_weights should be left out of a model without the level patch");
    }
    void configurationMistakesAreNamed() {
        QFETCH(QByteArray, json);
        QFETCH(QByteArray, words);
        QVERIFY(writeFileAtomically(at("c.json"), json.toStdString()).has_value());
        const auto config = readTrainingConfig(at("c.json"));
        QVERIFY(!config);
        QVERIFY2(config.error().sentence().find(words.toStdString()) != std::string::npos,
                 config.error().sentence().c_str());
        QCOMPARE(config.error().exitCode(), 3);
    }
    void pathsAreRelativeToTheConfiguration() {
        QVERIFY(
            writeFileAtomically(at("c.json"), R"({"patch_encoder_weights": "weights/a.pth"})").has_value());
        const auto config = readTrainingConfig(at("c.json"));
        QVERIFY(config.has_value());
        QCOMPARE(config->patchEncoderWeights, at("weights/a.pth"));
    }
};

QTEST_GUILESS_MAIN(TestTrainingVariants)
#include "TestTrainingVariants.moc"
