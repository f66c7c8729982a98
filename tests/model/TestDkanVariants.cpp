#include "inference/model/DkanInference.h"
#include "inference/model/DkanLoss.h"

#include <nlohmann/json.hpp>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using Json = nlohmann::json;

namespace {

constexpr int64_t kSpots = 5;

struct Variant {
    const char* name;
    const char* keys;                 ///< of the configuration, beside those of small()
    std::vector<std::string> absent;  ///< prefixes of parameters that it does not have
    std::vector<std::string> present; ///< and of some that it has
};

const std::vector<std::string> kTextNames{"text_encoder.", "text_fc."};
const std::vector<std::string> kExpressionNames{"exp_encoder.", "exp_fusion_encoder."};

std::vector<Variant> variants() {
    return {
        {"reference", "{}", {"gene_tokens", "fusion_encoder.projection"}, {"target_encoder.", "fc_global."}},
        {"no slide level",
         R"({"levels": ["region", "patch"]})",
         {"global_encoder.", "fc_global."},
         {"fusion_encoder.fusion_layer.", "fc_target.", "fc_neighbor."}},
        {"no region level",
         R"({"levels": ["slide", "patch"]})",
         {"neighbor_encoder.", "fc_neighbor."},
         {"fusion_encoder.fusion_layer.", "fc_target.", "fc_global."}},
        {"no patch level",
         R"({"levels": ["slide", "region"]})",
         {"target_encoder.", "target_transform.", "fc_target."},
         {"fusion_encoder.fusion_layer."}},
        {"no patch level, separate weights",
         R"({"levels": ["slide", "region"], "separate_fusion_weights": true})",
         {"fusion_encoder.fusion_layer."},
         {"fusion_encoder.fusion_layer_region."}},
        {"separate weights",
         R"({"separate_fusion_weights": true})",
         {},
         {"fusion_encoder.fusion_layer.", "fusion_encoder.fusion_layer_region."}},
        {"slide alone",
         R"({"levels": ["slide"]})",
         {"fusion_encoder.fusion_layer", "target_encoder.", "neighbor_encoder."},
         {"fusion_encoder.norm.", "fc_global.", "fc."}},
        {"region alone",
         R"({"levels": ["region"]})",
         {"fusion_encoder.fusion_layer", "target_encoder.", "global_encoder."},
         {"fusion_encoder.norm.", "fc_neighbor."}},
        {"patch alone",
         R"({"levels": ["patch"]})",
         {"fusion_encoder.fusion_layer", "neighbor_encoder.", "global_encoder."},
         {"fusion_encoder.norm.", "fc_target."}},
        {"no gene text", R"({"gene_text": false})", kTextNames, {"gene_tokens"}},
        {"no contrastive loss", R"({"contrastive": false})", kExpressionNames, {"img_fusion_encoder."}},
        {"text as key and value", R"({"text_role": "key_value"})", {}, {"exp_fusion_encoder."}},
        {"text as key and value, learned, supervised",
         R"({"text_role": "key_value", "gene_text": false, "contrastive": false})",
         {"text_encoder.", "exp_"},
         {"gene_tokens"}},
        {"sum", R"({"fusion": "sum"})", {"fusion_encoder.fusion_layer", "fusion_encoder.projection"}, {}},
        {"concatenation",
         R"({"fusion": "concat"})",
         {"fusion_encoder.fusion_layer"},
         {"fusion_encoder.projection."}},
        {"sum and transformer",
         R"({"fusion": "sum_transformer"})",
         {"fusion_encoder.projection"},
         {"fusion_encoder.fusion_layer.layers.1."}},
        {"concatenation and transformer",
         R"({"fusion": "concat_transformer"})",
         {},
         {"fusion_encoder.fusion_layer.layers.1.", "fusion_encoder.projection."}},
        {"concatenation of two levels",
         R"({"fusion": "concat", "levels": ["region", "patch"]})",
         {"global_encoder."},
         {"fusion_encoder.projection."}},
        {"image only",
         R"({"design": "image_only"})",
         {"text_", "gene_tokens", "exp_", "img_fusion_encoder.", "fc."},
         {"fusion_encoder.fusion_layer.", "fc_final_img.", "fc_target.", "fc_neighbor.", "fc_global."}},
        {"image only, of two levels",
         R"({"design": "image_only", "levels": ["region", "patch"], "fusion": "sum_transformer"})",
         {"global_encoder.", "fc_global."},
         {"fusion_encoder.fusion_layer.", "fc_final_img."}},
        {"ST-Net",
         R"({"design": "stnet"})",
         {"target_transform.", "fusion_encoder.", "neighbor_encoder.", "global_encoder.", "fc_t", "fc_n",
          "fc_g", "fc.", "text_", "exp_", "img_"},
         {"target_encoder.", "fc_final_img."}},
        {"resnet50",
         R"({"target_encoder_name": "resnet50", "emb_dim_target": 1024})",
         {},
         {"target_encoder."}},
    };
}

Json small() {
    Json j{{"emb_dim_target", 24}, {"emb_dim", 16}, {"emb_dim_text", 12}, {"num_genes", 6}};
    for (const char* suffix : {"1", "2", "3", "_img", "_exp", "_text"}) {
        j[std::string("depth") + suffix] = 2;
        j[std::string("num_heads") + suffix] = 2;
        j[std::string("mlp_ratio") + suffix] = 2;
        j[std::string("dropout") + suffix] = 0;
    }
    j["dropout_linear_exp"] = 0;
    return j;
}

Result<DkanConfig> parsed(const char* keys) {
    auto json = small();
    json.update(Json::parse(keys));
    return parseDkanConfig(json, "model.json");
}

LoadedModel modelOf(const DkanConfig& config) {
    torch::manual_seed(21);
    const torch::NoGradGuard noGradient;
    LoadedModel model;
    model.card.name = "variant";
    model.card.config = config;
    for (int g = 0; g < config.genes; ++g)
        model.card.genes.push_back(std::string(1, static_cast<char>('A' + g)));
    model.card.micronsPerPixel = 0.5;
    model.card.imageEncoder = "none";
    model.network = Dkan(config);
    model.network->eval();
    // Norms that are not neutral and predictions that differ from gene to gene, so that what is forgotten
    // shows.
    for (auto& item : model.network->named_parameters())
        if (item.key().find("norm") != std::string::npos || item.key().find("bn") != std::string::npos)
            item.value().add_(torch::randn_like(item.value()) * 0.3);
    for (auto& item : model.network->named_buffers())
        if (item.key().find("running_mean") != std::string::npos) item.value().normal_(0, 0.2);
    model.geneEmbeddings = torch::randn({config.genes, config.textWidth});
    model.featureMean = torch::randn({config.width}) * 0.1;
    model.featureScale = torch::rand({config.width}) + 1;
    return model;
}

struct Inputs {
    torch::Tensor features, positions, expression;
    DkanSpots spots; ///< without slide tokens
};

/// What the levels that are on need, and nothing else.
Inputs inputsFor(const DkanConfig& c) {
    torch::manual_seed(22);
    Inputs in;
    in.features = torch::randn({kSpots + 4, c.width});
    const auto index = torch::arange(kSpots + 4);
    in.positions = torch::stack({torch::div(index, 3, "floor"), torch::remainder(index, 3)}, 1);
    in.expression = torch::rand({kSpots, c.genes});
    const auto patches = torch::randn({kSpots, 3, 64, 64}), neighbours = torch::randn({kSpots, 25, c.width});
    auto mask = (torch::rand({kSpots, 25}) > 0.2).to(torch::kFloat32);
    mask.select(1, 12).fill_(1);
    if (c.levels.patch) in.spots.patches = patches;
    if (c.levels.region) {
        in.spots.neighborFeatures = neighbours;
        in.spots.neighborMask = mask;
    }
    return in;
}

/// What the network makes of raw inputs.
DkanOutputs outputsOf(LoadedModel& model, const Inputs& in, const torch::Tensor& text) {
    const auto usual = [&](const torch::Tensor& f) { return (f - model.featureMean) / model.featureScale; };
    auto spots = in.spots;
    if (spots.neighborFeatures.defined()) spots.neighborFeatures = usual(spots.neighborFeatures);
    if (model.card.config.levels.slide)
        spots.slideTokens = model.network->encodeSlide(usual(in.features), in.positions).narrow(0, 0, kSpots);
    return model.network->forward(spots, text);
}

torch::Tensor expected(LoadedModel& model, const Inputs& in) {
    const torch::NoGradGuard noGradient;
    return outputsOf(model, in, model.network->encodeText(model.geneEmbeddings)).prediction;
}

bool begins(const std::string& name, const std::string& prefix) {
    return name.compare(0, prefix.size(), prefix) == 0;
}

double largest(const torch::Tensor& x) {
    return x.abs().max().item<double>();
}

} // namespace

class TestDkanVariants : public QObject {
    Q_OBJECT

    static void everyVariant() {
        QTest::addColumn<int>("index");
        const auto all = variants();
        for (std::size_t i = 0; i < all.size(); ++i)
            QTest::newRow(all[i].name) << static_cast<int>(i);
    }
    static Variant variant(int index) { return variants()[static_cast<std::size_t>(index)]; }

  private Q_SLOTS:
    void hasTheParametersThatItShould_data() { everyVariant(); }
    void hasTheParametersThatItShould() {
        QFETCH(int, index);
        const auto v = variant(index);
        const auto config = parsed(v.keys);
        QVERIFY2(config.has_value(), config ? "" : config.error().sentence().c_str());
        const auto names = Dkan(*config)->named_parameters().keys();
        const auto count = [&](const std::string& prefix) {
            return std::count_if(names.begin(), names.end(), [&](auto& n) { return begins(n, prefix); });
        };
        for (const auto& prefix : v.absent)
            QVERIFY2(count(prefix) == 0, prefix.c_str());
        for (const auto& prefix : v.present)
            QVERIFY2(count(prefix) > 0, prefix.c_str());
    }
    void outputsHaveTheirShapes_data() { everyVariant(); }
    void outputsHaveTheirShapes() {
        QFETCH(int, index);
        const auto c = *parsed(variant(index).keys);
        auto model = modelOf(c);
        const auto text = model.network->encodeText(c.geneText ? model.geneEmbeddings : torch::Tensor());
        const bool dkan = c.design == Design::Dkan;
        QCOMPARE(text.defined(), dkan);
        if (dkan) QVERIFY((text.sizes() == at::IntArrayRef{c.genes, c.width}));
        const auto out = outputsOf(model, inputsFor(c), text);
        const std::vector<int64_t> values{kSpots, c.genes};
        QCOMPARE(out.prediction.sizes().vec(), values);
        QCOMPARE(out.fused.defined(), dkan);
        if (dkan) QCOMPARE(out.fused.sizes().vec(), values);
        QCOMPARE(out.imageToken.size(1), int64_t{c.design == Design::StNet ? c.patchWidth : c.width});
        for (const auto& [has, head] : {std::pair(c.levels.patch && c.design != Design::StNet, out.target),
                                        {c.levels.region, out.neighbor},
                                        {c.levels.slide, out.global}}) {
            QCOMPARE(head.defined(), has);
            if (has) QCOMPARE(head.sizes().vec(), values);
        }
        QCOMPARE(out.imageGeneEmbedding.defined(), dkan);
        if (!dkan) return;
        const auto image = out.imageGeneEmbedding.sizes().vec();
        QCOMPARE(image, (c.textRole == TextRole::KeyValue ? std::vector<int64_t>{kSpots, c.width}
                                                          : std::vector<int64_t>{kSpots, c.genes, c.width}));
        const auto expression = model.network->encodeExpression(torch::rand({kSpots, c.genes}), text);
        QCOMPARE(expression.defined(), c.contrastive);
        if (c.contrastive) QCOMPARE(expression.sizes().vec(), image);
        QCOMPARE(
            model.network
                ->encodeSlide(torch::randn({4, c.width}), torch::tensor({{0, 0}, {0, 1}, {1, 0}, {1, 1}}))
                .sizes()
                .vec(),
            (std::vector<int64_t>{4, c.levels.slide ? c.width : 0}));
    }
    /// All but the queries of a path whose only key answers every query alike (spec section 5.1).
    void gradientsReachEveryParameter_data() { everyVariant(); }
    void gradientsReachEveryParameter() {
        QFETCH(int, index);
        const auto c = *parsed(variant(index).keys);
        auto model = modelOf(c);
        model.network->train();
        const auto in = inputsFor(c);
        const auto text = model.network->encodeText(model.geneEmbeddings);
        const auto out = outputsOf(model, in, text);
        const auto loss = dkanLoss(out, model.network->encodeExpression(in.expression, text), in.expression,
                                   DkanLossConfig{});
        QVERIFY(std::isfinite(loss.total.item<double>()));
        if (c.design == Design::StNet)
            QCOMPARE(loss.total.item<float>(), torch::mse_loss(out.prediction, in.expression).item<float>());
        if (!c.contrastive) {
            QCOMPARE(loss.weightSupervised, 1.0);
            QCOMPARE(loss.weightContrastive, 0.0);
            QCOMPARE(static_cast<float>(loss.supervised), loss.total.item<float>());
        } else {
            QVERIFY(loss.contrastive > 0);
        }
        loss.total.backward();
        for (const auto& item : model.network->named_parameters()) {
            const auto& name = item.key();
            const bool path = begins(name, "img_fusion_encoder.") || begins(name, "exp_fusion_encoder.");
            if (c.textRole == TextRole::Query && path && name.find("to_q.") != std::string::npos) continue;
            const auto& gradient = item.value().grad();
            QVERIFY2(gradient.defined(), name.c_str());
            QVERIFY2(torch::isfinite(gradient).all().item<bool>(), name.c_str());
            QVERIFY2(gradient.abs().sum().item<double>() > 0, name.c_str());
        }
    }
    void inferenceEqualsTheNetwork_data() { everyVariant(); }
    void inferenceEqualsTheNetwork() {
        QFETCH(int, index);
        const auto c = *parsed(variant(index).keys);
        auto model = modelOf(c);
        const auto in = inputsFor(c);
        const auto wanted = expected(model, in);
        QVERIFY(largest(wanted - wanted.mean(0, true)) > 1e-3); // spots differ
        QVERIFY(largest(wanted - wanted.mean(1, true)) > 1e-3); // genes differ
        DkanInference inference(std::move(model), torch::kCPU, Precision::Float32);
        auto spots = in.spots;
        const auto tokens = inference.slideTokens(in.features, in.positions);
        QCOMPARE(tokens.size(0), kSpots + 4);
        spots.slideTokens = tokens.narrow(0, 0, kSpots);
        const auto values = inference.predict(spots);
        QVERIFY2(largest(values - wanted) < 1e-5, qPrintable(QString::number(largest(values - wanted))));
        inference.chooseGenes({4, 1});
        const auto some = inference.predict(spots);
        QCOMPARE(some.sizes().vec(), (std::vector<int64_t>{kSpots, 2}));
        QVERIFY(largest(some.select(1, 0) - wanted.select(1, 4)) < 1e-5);
        QVERIFY(largest(some.select(1, 1) - wanted.select(1, 1)) < 1e-5);
        QVERIFY(inference.multiplicationsPerSpot(64) > 0);
        QCOMPARE(inference.multiplicationsOfContext(100) > 0, c.levels.slide);
    }
    void smallerNumbersAgree_data() { everyVariant(); }
    void smallerNumbersAgree() {
        QFETCH(int, index);
        const auto c = *parsed(variant(index).keys);
        auto model = modelOf(c);
        const auto in = inputsFor(c);
        const auto wanted = expected(model, in);
        DkanInference inference(std::move(model), torch::kCPU, Precision::BFloat16);
        auto spots = in.spots;
        spots.slideTokens = inference.slideTokens(in.features, in.positions).narrow(0, 0, kSpots);
        const auto values = inference.predict(spots);
        QCOMPARE(values.scalar_type(), torch::kFloat32);
        QVERIFY2(largest(values - wanted) < 0.05 * largest(wanted) + 0.02,
                 qPrintable(QString::number(largest(values - wanted))));
        QVERIFY(!torch::equal(values, wanted));
    }
    void comesBackFromAModelFile_data() { everyVariant(); }
    void comesBackFromAModelFile() {
        QFETCH(int, index);
        const auto c = *parsed(variant(index).keys);
        auto model = modelOf(c);
        const auto in = inputsFor(c);
        const auto wanted = expected(model, in);
        QTemporaryDir dir;
        const auto file = std::filesystem::path(dir.path().toStdString()) / "m.safetensors";
        const auto saved = saveModel(model, file);
        QVERIFY2(saved.has_value(), saved ? "" : saved.error().sentence().c_str());
        auto again = loadModel(file);
        QVERIFY2(again.has_value(), again ? "" : again.error().sentence().c_str());
        QVERIFY(again->card.config == c);
        QCOMPARE(again->geneEmbeddings.defined(), c.geneText);
        QVERIFY(torch::equal(expected(*again, in), wanted));
        DkanInference inference(std::move(*again), torch::kCPU, Precision::Float32);
        auto spots = in.spots;
        spots.slideTokens = inference.slideTokens(in.features, in.positions).narrow(0, 0, kSpots);
        QVERIFY(largest(inference.predict(spots) - wanted) < 1e-5);
    }
    /// Which inputs a variant looks at: those of a level that is off must not matter, those of others must.
    void onlyTheLevelsThatAreOnMatter() {
        const torch::NoGradGuard noGradient;
        for (const char* keys : {R"({"levels": ["region", "patch"]})", R"({"levels": ["slide", "patch"]})",
                                 R"({"levels": ["slide", "region"], "fusion": "sum"})", "{}"}) {
            const auto c = *parsed(keys);
            auto model = modelOf(c);
            const auto text = model.network->encodeText(model.geneEmbeddings);
            const DkanSpots all{torch::randn({2, 3, 64, 64}), torch::randn({2, 25, c.width}),
                                torch::ones({2, 25}), torch::randn({2, c.width})};
            const auto before = model.network->forward(all, text).prediction;
            const auto changed = [&](torch::Tensor DkanSpots::*input) {
                auto other = all;
                other.*input = other.*input + 1 + torch::randn_like(other.*input);
                return !torch::equal(model.network->forward(other, text).prediction, before);
            };
            QCOMPARE(changed(&DkanSpots::slideTokens), c.levels.slide);
            QCOMPARE(changed(&DkanSpots::neighborFeatures), c.levels.region);
            QCOMPARE(changed(&DkanSpots::patches), c.levels.patch);
        }
    }
    /// Against the words of LevelFusion.h, for the forms without a transformer and for single levels.
    void fusionIsWhatIsWritten() {
        const torch::NoGradGuard noGradient;
        const LevelTokens all{torch::randn({3, 16}), torch::randn({3, 25, 16}), torch::ones({3, 25}),
                              torch::randn({3, 4, 16})};
        const auto fused = [&](const char* keys) {
            const auto c = *parsed(keys);
            LevelFusion fusion(c);
            LevelTokens some;
            if (c.levels.slide) some.slide = all.slide;
            if (c.levels.region) some.region = all.region;
            if (c.levels.region) some.regionMask = all.regionMask;
            if (c.levels.patch) some.patch = all.patch;
            const auto parameters = fusion->named_parameters();
            auto out = fusion(some);
            if (const auto* weight =
                    parameters.find("projection.weight")) // what it would give of the sum's parts
                out = out - torch::layer_norm(torch::linear(torch::cat(some.pooled(), 1), *weight,
                                                            parameters["projection.bias"]),
                                              {16});
            return out;
        };
        const auto norm = [](const torch::Tensor& x) { return torch::layer_norm(x, {16}); };
        const auto region = all.region.mean(1), patch = all.patch.mean(1);
        QVERIFY(largest(fused(R"({"fusion": "sum"})") - norm(all.slide + region + patch)) < 1e-5);
        QVERIFY(largest(fused(R"({"fusion": "sum", "levels": ["region", "patch"]})") - norm(region + patch)) <
                1e-5);
        QVERIFY(largest(fused(R"({"fusion": "concat"})")) < 1e-5);
        QVERIFY(largest(fused(R"({"levels": ["slide"]})") - norm(all.slide)) < 1e-5);
        QVERIFY(largest(fused(R"({"levels": ["region"]})") - norm(all.region.select(1, 12))) < 1e-5);
        QVERIFY(largest(fused(R"({"levels": ["patch"]})") - norm(patch)) < 1e-5);
        QVERIFY(largest(fused(R"({"fusion": "sum_transformer"})") - norm(all.slide + region + patch)) > 1e-2);
    }
    /// With text as key and value the genes' tokens decide what a spot reads, each spot on its own.
    void keysAndValuesAreTheGenes() {
        const torch::NoGradGuard noGradient;
        const auto c = *parsed(R"({"text_role": "key_value"})");
        auto model = modelOf(c);
        const auto token = torch::randn({3, c.width}), text = torch::randn({c.genes, c.width});
        const auto together = model.network->predict(token, text);
        for (int64_t i = 0; i < 3; ++i)
            QVERIFY(largest(model.network->predict(token.narrow(0, i, 1), text) - together.narrow(0, i, 1)) <
                    1e-5);
        QVERIFY(largest(model.network->predict(token, text.flip(0)) - together) < 1e-5); // keys have no order
        QVERIFY(largest(model.network->predict(token, text * 2 + torch::randn_like(text)) - together) > 1e-4);
    }
};

QTEST_GUILESS_MAIN(TestDkanVariants)
#include "TestDkanVariants.moc"
