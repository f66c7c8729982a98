#include "inference/model/DkanInference.h"
#include "Shared.h"

#include <QtTest>

using namespace spotglass;

namespace {

DkanConfig configOf(int imageDepth, const char* patchEncoder = "resnet18") {
    DkanConfig c;
    c.patchEncoder = patchEncoder;
    c.patchWidth = c.patchEncoder == "resnet50" ? 1024 : 32;
    c.genes = 11;
    c.width = 32;
    c.textWidth = 24;
    for (auto* t : {&c.fusion, &c.slide, &c.region, &c.expression, &c.text})
        *t = {2, 4, 2, 0.3};
    c.image = {imageDepth, 4, 3, 0.3};
    return c;
}

/// Random weights with normalisations that are not the neutral ones, so that forgetting one of them shows.
LoadedModel randomModel(const DkanConfig& config, bool statistics = true) {
    torch::manual_seed(11);
    const torch::NoGradGuard noGradient;
    LoadedModel model;
    model.card.config = config;
    model.network = Dkan(config);
    model.network->eval();
    for (auto& item : model.network->named_parameters())
        if (item.key().find("norm") != std::string::npos || item.key().find("bn") != std::string::npos)
            item.value().add_(torch::randn_like(item.value()) * 0.3);
    for (auto& item : model.network->named_buffers())
        if (item.key().find("running_mean") != std::string::npos)
            item.value().normal_(0, 0.2);
        else if (item.key().find("running_var") != std::string::npos)
            item.value().uniform_(0.5, 2);
    model.geneEmbeddings = torch::randn({config.genes, config.textWidth});
    model.featureMean = statistics ? torch::randn({config.width}) * 0.1 : torch::zeros({config.width});
    model.featureScale = statistics ? torch::rand({config.width}) + 1 : torch::ones({config.width});
    return model;
}

struct Inputs {
    torch::Tensor features, positions;
    DkanSpots spots;
};

Inputs inputsFor(const DkanConfig& c, int64_t n) {
    torch::manual_seed(12);
    Inputs in;
    in.features = torch::randn({n + 9, c.width});
    const auto index = torch::arange(n + 9);
    in.positions = torch::stack({torch::div(index, 7, "floor"), torch::remainder(index, 7)}, 1);
    in.spots = {torch::randn({n, 3, 64, 64}),
                torch::randn({n, 25, c.width}),
                (torch::rand({n, 25}) > 0.2).to(torch::kFloat32),
                {}};
    return in;
}

/// What the plain network says. (Features stay below the six deviations at which DkanInference clamps.)
torch::Tensor expected(LoadedModel& model, Inputs in) {
    const torch::NoGradGuard noGradient;
    const auto usual = [&](const torch::Tensor& f) { return (f - model.featureMean) / model.featureScale; };
    in.spots.slideTokens =
        model.network->encodeSlide(usual(in.features), in.positions).narrow(0, 0, in.spots.patches.size(0));
    in.spots.neighborFeatures = usual(in.spots.neighborFeatures);
    return model.network->forward(in.spots, model.network->encodeText(model.geneEmbeddings)).prediction;
}

torch::Tensor predicted(DkanInference& inference, Inputs in) {
    in.spots.slideTokens =
        inference.slideTokens(in.features, in.positions).narrow(0, 0, in.spots.patches.size(0));
    return inference.predict(in.spots);
}

double largest(const torch::Tensor& x) {
    return x.abs().max().item<double>();
}

double correlation(const torch::Tensor& a, const torch::Tensor& b) {
    const auto x = a - a.mean(), y = b - b.mean();
    return ((x * y).sum() / (x.norm() * y.norm())).item<double>();
}

} // namespace

class TestDkanInference : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void equalsThePlainNetwork_data() {
        QTest::addColumn<int>("depth");
        QTest::addColumn<QString>("patchEncoder");
        for (const int depth : {1, 2, 4})
            QTest::addRow("image path of %d layers", depth) << depth << QStringLiteral("resnet18");
        QTest::newRow("resnet50") << 2 << QStringLiteral("resnet50");
    }
    void equalsThePlainNetwork() {
        QFETCH(int, depth);
        QFETCH(QString, patchEncoder);
        auto model = randomModel(configOf(depth, patchEncoder.toUtf8().constData()));
        const auto in = inputsFor(model.card.config, 6);
        const auto wanted = expected(model, in);
        DkanInference inference(std::move(model), torch::kCPU, Precision::Float32);
        const auto values = predicted(inference, in);
        QVERIFY(largest(wanted) > 0.05);
        QVERIFY2(largest(values - wanted) < 1e-5, qPrintable(QString::number(largest(values - wanted))));
    }
    void someGenesAreTheSameAsAmongAll() {
        auto model = randomModel(configOf(3));
        const auto in = inputsFor(model.card.config, 4);
        const auto all = expected(model, in);
        DkanInference inference(std::move(model), torch::kCPU, Precision::Float32);
        inference.chooseGenes({7, 2});
        const auto some = predicted(inference, in);
        QCOMPARE(some.size(1), int64_t{2});
        QVERIFY(largest(some.select(1, 0) - all.select(1, 7)) < 1e-5);
        QVERIFY(largest(some.select(1, 1) - all.select(1, 2)) < 1e-5);
        inference.chooseGenes({});
        QVERIFY(largest(predicted(inference, in) - all) < 1e-5);
    }
    /// The features of an imported model have neither mean nor scale, and large ones are not cut.
    void featuresOfAnImportedModelAreTakenAsTheyAre() {
        auto model = randomModel(configOf(1), false);
        auto in = inputsFor(model.card.config, 4);
        in.features *= 20;
        in.spots.neighborFeatures *= 20;
        const auto wanted = expected(model, in);
        DkanInference inference(std::move(model), torch::kCPU, Precision::Float32);
        QVERIFY(largest(predicted(inference, in) - wanted) < 1e-5);
    }
    void theBatchDoesNotMatter() {
        auto model = randomModel(configOf(3));
        const auto in = inputsFor(model.card.config, 9);
        DkanInference inference(std::move(model), torch::kCPU, Precision::Float32);
        const auto tokens = inference.slideTokens(in.features, in.positions);
        const auto part = [&](int64_t begin, int64_t count) {
            return inference.predict(
                {in.spots.patches.narrow(0, begin, count), in.spots.neighborFeatures.narrow(0, begin, count),
                 in.spots.neighborMask.narrow(0, begin, count), tokens.narrow(0, begin, count)});
        };
        const auto all = part(0, 9);
        for (int64_t i = 0; i < 9; ++i)
            QVERIFY(largest(part(i, 1) - all.narrow(0, i, 1)) < 1e-5);
    }
    void smallerNumbersAgree_data() {
        QTest::addColumn<int>("precision");
        QTest::newRow("bf16") << static_cast<int>(Precision::BFloat16);
        QTest::newRow("fp16") << static_cast<int>(Precision::Float16);
    }
    void smallerNumbersAgree() {
        QFETCH(int, precision);
        auto model = randomModel(configOf(3));
        const auto in = inputsFor(model.card.config, 40);
        const auto wanted = expected(model, in);
        DkanInference inference(std::move(model), torch::kCPU, static_cast<Precision>(precision));
        const auto values = predicted(inference, in);
        QVERIFY2(correlation(values, wanted) > 0.999,
                 qPrintable(QString::number(correlation(values, wanted))));
        QVERIFY(!torch::equal(values, wanted)); // it did compute in another precision
    }
    void attentionInBlocksEqualsAttentionAtOnce() {
        torch::manual_seed(13);
        // 3000 queries and keys in 4 heads are 36 M scores: several blocks.
        const auto q = torch::randn({1, 4, 3000, 8}), k = torch::randn({1, 4, 3000, 8}),
                   v = torch::randn({1, 4, 3000, 8});
        auto mask = torch::ones({1, 3000});
        mask.narrow(1, 100, 50).zero_();
        const auto atOnce = attend(q, k, v, 0.35, {}, mask);
        const torch::NoGradGuard noGradient;
        const auto inBlocks = attend(q, k, v, 0.35, {}, mask);
        QVERIFY(largest(inBlocks - atOnce) < 1e-5);
    }
};

QTEST_GUILESS_MAIN(TestDkanInference)
#include "TestDkanInference.moc"
