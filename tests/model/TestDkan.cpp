#include "inference/model/Dkan.h"
#include "inference/model/InfoNce.h"
#include "inference/model/Replay.h"
#include "Shared.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

namespace {

DkanConfig smallConfig() {
    DkanConfig c;
    c.patchWidth = 16;
    c.genes = 5;
    c.width = 8;
    c.textWidth = 12;
    for (auto* t : {&c.fusion, &c.slide, &c.region, &c.image, &c.expression, &c.text})
        *t = {2, 2, 2, 0.0};
    return c;
}

DkanSpots someSpots(int64_t n, const DkanConfig& c) {
    return {torch::randn({n, 3, 64, 64}), torch::randn({n, 25, c.width}), torch::ones({n, 25}),
            torch::randn({n, c.width})};
}

double relative(const torch::Tensor& a, const torch::Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
}

} // namespace

class TestDkan : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void init() { torch::manual_seed(3); }

    void goldenNumbers_data() {
        QTest::addColumn<QString>("precision");
        QTest::newRow("float64") << QStringLiteral("fp64");
        QTest::newRow("float32") << QStringLiteral("fp32");
    }
    void goldenNumbers() {
        SPOTGLASS_NEED_SHARED(folder, "reference/dkan");
        QFETCH(QString, precision);
        QTemporaryDir out;
        const auto report = replay(folder, precision.toStdString(), out.path().toStdString());
        QVERIFY2(report.has_value(), report ? "" : report.error().sentence().c_str());
        qInfo("%s", (*report)["worst_relative_l2"].dump().c_str());
        QVERIFY2((*report)["within_bounds"].get<bool>(), (*report)["outside"].dump(1).c_str());
        QVERIFY(QFile::exists(out.filePath(QStringLiteral("outputs.safetensors"))));
        QVERIFY(QFile::exists(out.filePath(QStringLiteral("steps.json"))));
    }
    /// Identity 1 of section 5: with one key, attention is that key's value, whatever the query.
    void singleKeyAttentionEqualsFullAttention() {
        const torch::NoGradGuard noGradient;
        CrossTransformer path(8, 16, TransformerConfig{3, 4, 2, 0.0});
        const auto queries = torch::randn({4, 6, 8}), key = torch::randn({4, 1, 8});
        QVERIFY(relative(path->forwardSingleKey(queries, key), path->forward(queries, key)) < 1e-6);
    }
    /// Identity 2: text tokens do not depend on the spot, so a spot's values do not depend on the batch.
    void aSpotsPredictionDoesNotDependOnTheBatch() {
        const torch::NoGradGuard noGradient;
        const auto config = smallConfig();
        Dkan net(config);
        net->eval();
        const auto text = net->encodeText(torch::randn({config.genes, config.textWidth}));
        const auto all = someSpots(7, config);
        const auto together = net->forward(all, text).prediction;
        for (int64_t i = 0; i < 7; ++i) {
            const auto alone =
                net->forward({all.patches.narrow(0, i, 1), all.neighborFeatures.narrow(0, i, 1),
                              all.neighborMask.narrow(0, i, 1), all.slideTokens.narrow(0, i, 1)},
                             text)
                    .prediction;
            QVERIFY((alone - together.narrow(0, i, 1)).abs().max().item<double>() < 1e-5);
        }
    }
    void slideTokensFollowTheirSpotsInAnyOrder() {
        const torch::NoGradGuard noGradient;
        const auto config = smallConfig();
        Dkan net(config);
        net->eval();
        const auto features = torch::randn({6, config.width});
        const auto positions = torch::tensor({{3, 1}, {4, 1}, {3, 2}, {7, 9}, {5, 5}, {4, 2}}, torch::kLong);
        const auto order = torch::tensor({5, 0, 3, 1, 4, 2}, torch::kLong);
        const auto tokens = net->encodeSlide(features, positions);
        const auto shuffled =
            net->encodeSlide(features.index_select(0, order), positions.index_select(0, order));
        QVERIFY(relative(shuffled, tokens.index_select(0, order)) < 1e-5);
    }
    /// The positional kernel's first axis runs along the column (section 2).
    void positionalKernelIsTransposed() {
        const torch::NoGradGuard noGradient;
        const auto config = smallConfig();
        Dkan net(config);
        net->eval();
        auto weights = net->named_parameters()["global_encoder.pos_layer.proj1.weight"];
        net->named_parameters()["global_encoder.pos_layer.proj1.bias"].zero_();
        const auto features = torch::randn({2, config.width});
        const auto alongColumn = torch::tensor({{0, 0}, {0, 1}}, torch::kLong),
                   alongRow = torch::tensor({{0, 0}, {1, 0}}, torch::kLong);
        weights.zero_();
        const auto plain = net->encodeSlide(features, alongRow);
        weights.select(2, 2).select(2, 1).fill_(1); // reaches the next column only
        QVERIFY(relative(net->encodeSlide(features, alongRow), plain) < 1e-6);
        QVERIFY(relative(net->encodeSlide(features, alongColumn), plain) > 1e-3);
    }
    void maskedNeighboursAreNotAttendedTo() {
        const torch::NoGradGuard noGradient;
        const auto config = smallConfig();
        Transformer region(8, 16, 2, TransformerConfig{2, 2, 2, 0.0}, offsetIndexOfGrid(5, 5));
        auto tokens = torch::randn({1, 25, 8});
        auto mask = torch::ones({1, 25});
        mask[0][3] = 0;
        const auto before = region->forward(tokens, mask);
        tokens[0][3] += 5;
        const auto after = region->forward(tokens, mask);
        auto rest = torch::ones({25}, torch::kBool);
        rest[3] = false;
        QVERIFY(relative(after[0].index({rest}), before[0].index({rest})) < 1e-6);
    }
    void offsetsAreNumberedByFirstAppearance() {
        const auto index = offsetIndexOfGrid(5, 5);
        QCOMPARE(index.max().item<int64_t>(), int64_t(24));
        QCOMPARE(index[0][0].item<int64_t>(), int64_t(0));
        QCOMPARE(index[0][1].item<int64_t>(), int64_t(1));
        QCOMPARE(index[0][5].item<int64_t>(), int64_t(5));
        QVERIFY(torch::equal(index, index.t()));
    }
    void infoNceEqualsCrossEntropyAndItsGradient() {
        const auto make = [] { return torch::randn({2500, 6}, torch::kFloat64).requires_grad_(); };
        const auto a = make(), b = make();
        infoNce(a, b, 0.1).backward();
        const auto ga = a.grad().clone(), gb = b.grad().clone();
        a.mutable_grad() = torch::Tensor();
        b.mutable_grad() = torch::Tensor();
        namespace F = torch::nn::functional;
        const auto unit = [](const torch::Tensor& x) {
            return F::normalize(x, F::NormalizeFuncOptions().dim(-1));
        };
        const auto loss = F::cross_entropy(torch::mm(unit(a), unit(b).t()) / 0.1, torch::arange(2500));
        loss.backward();
        QVERIFY(std::abs(infoNce(a, b, 0.1).item<double>() - loss.item<double>()) < 1e-10);
        QVERIFY(relative(ga, a.grad()) < 1e-9);
        QVERIFY(relative(gb, b.grad()) < 1e-9);
    }
    void configurationsOfTheThreeCohortsBuild() {
        for (const char* text :
             {"{}", R"({"depth1":3,"depth2":3,"num_heads1":16,"num_heads3":8,"mlp_ratio2":2})",
              R"({"target_encoder_name":"resnet50"})", R"({"text_project_first":true})"}) {
            auto json = nlohmann::json::parse(text);
            json["emb_dim"] = 64;
            json["emb_dim_text"] = 32;
            json["num_genes"] = 3;
            const auto config = parseDkanConfig(json, "test");
            QVERIFY(config.has_value());
            Dkan net(*config);
            QVERIFY(
                net->named_parameters().contains("neighbor_encoder.layer.layers.0.0.fn.attention_biases"));
        }
    }
    void missingKeysTakeTheHer2Values() {
        const auto config = parseDkanConfig(nlohmann::json::object(), "test");
        QCOMPARE(config->width, 1024);
        QCOMPARE(config->slide.depth, 5);
        QCOMPARE(config->slide.heads, 8);
        QCOMPARE(config->fusion.dropout, 0.4);
        QCOMPARE(config->genes, 250);
    }
    void impossibleConfigurationsAreRefused() {
        for (const char* text :
             {R"({"emb_dim":100,"num_heads2":8})", R"({"depth1":"two"})", R"({"target_encoder_name":"vgg"})",
              R"({"kernel_size":4})", R"({"num_genes":0})", R"({"res_neighbor":[5]})"}) {
            const auto config = parseDkanConfig(nlohmann::json::parse(text), "model.json");
            QVERIFY2(!config, text);
            QCOMPARE(config.error().exitCode(), 3);
            QVERIFY(config.error().sentence().find("model.json") == 0);
        }
    }
};

QTEST_GUILESS_MAIN(TestDkan)
#include "TestDkan.moc"
