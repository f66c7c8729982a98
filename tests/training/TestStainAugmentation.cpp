#include "TinyTraining.h"
#include "training/StainAugmentation.h"

#include <QtTest>

using namespace spotglass;
using torch::Tensor;

namespace {

OpenedEncoder builtIn() {
    OpenedEncoder opened;
    opened.encoder = makeFrozenEncoder("spotglass-morphology-1");
    opened.id = "spotglass-morphology-1";
    return opened;
}

double relativeDifference(const Tensor& a, const Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
}

std::vector<SectionTensors> withViews(int views) {
    std::vector<SectionTensors> sections{section("A1", 30, 1), section("B1", 25, 2)};
    for (auto& s : sections)
        addStains(s, views);
    return sections;
}

Tensor firstWeights(int views, std::uint64_t seed) {
    auto config = tinyConfig();
    config.fixedEpochs = 3;
    config.seed = seed;
    ModelCard card;
    card.config = config.model;
    card.genes = {"A", "B", "C", "D"};
    torch::manual_seed(1);
    const auto text = torch::randn({4, 8});
    TrainingHooks hooks;
    hooks.event = [](const nlohmann::json&) {};
    hooks.best = [](const LoadedModel&) -> Result<void> { return {}; };
    const auto model = train(config, card, withViews(views), {}, text, nullptr, {}, false, hooks, {});
    if (!model) return {};
    std::vector<Tensor> all;
    for (const auto& parameter : model->network->parameters())
        all.push_back(parameter.detach().flatten());
    return torch::cat(all);
}

} // namespace

class TestStainAugmentation : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void whiteStaysWhiteAndBlackBlack() {
        const auto patch = torch::tensor({0, 255}, torch::kUInt8).repeat({3, 4, 4});
        QVERIFY(torch::equal(stained(patch, {1.4, 0.7, 1.1}), patch));
    }
    void theOpticalDensityIsMultiplied() {
        const auto patch = torch::full({3, 2, 2}, 128, torch::kUInt8);
        const auto out = stained(patch, {1, 2, 0.5});
        QCOMPARE(out[0][0][0].item<int>(), 128);
        QCOMPARE(out[1][0][0].item<int>(), 64);  // 255 (128 / 255)^2
        QCOMPARE(out[2][1][1].item<int>(), 181); // 255 (128 / 255)^0.5
    }
    void factorsStayWithinTheStrength() {
        PortableRandom random(1);
        double least = 10, most = 0;
        for (int i = 0; i < 2000; ++i)
            for (const double factor : drawnStain(0.2, random)) {
                least = std::min(least, factor);
                most = std::max(most, factor);
            }
        QVERIFY(most <= std::exp(0.3) && least >= std::exp(-0.3));
        QVERIFY(most > std::exp(0.25) && least < std::exp(-0.25));
    }
    void viewsDifferAndAreAlikeInEveryRun() {
        QVERIFY(stainOfView(1, 0.2) == stainOfView(1, 0.2));
        QVERIFY(stainOfView(1, 0.2) != stainOfView(2, 0.2));
        const auto encoder = builtIn();
        const auto one = withStain(encoder, stainOfView(1, 0.2)),
                   two = withStain(encoder, stainOfView(2, 0.2)),
                   stronger = withStain(encoder, stainOfView(1, 0.3));
        QVERIFY(one.id != encoder.id && one.id != two.id && one.id != stronger.id); // keys of the cache
        QCOMPARE(one.encoder->width(), encoder.encoder->width());
    }
    /// The encoder in another stain sees what a slide in that stain would show it, to the rounding to bytes.
    void theEncoderSeesTheOtherStain() {
        torch::manual_seed(4);
        const auto encoder = builtIn();
        const StainFactors factors{1.3, 0.8, 1.1};
        const auto patch = torch::randint(60, 250, {3, 64, 64}, torch::kUInt8);
        const auto unit = [](const Tensor& bytes) { return bytes.to(torch::kFloat32).div(255).unsqueeze(0); };
        const auto seen = withStain(encoder, factors).encoder->encode(unit(patch)),
                   wanted = encoder.encoder->encode(unit(stained(patch, factors))),
                   plain = encoder.encoder->encode(unit(patch));
        QVERIFY(relativeDifference(seen, wanted) < 0.01);
        QVERIFY(relativeDifference(plain, wanted) > 0.05);
    }
    void aShuffledSectionIsShuffledInEveryStain() {
        auto s = withViews(2).front();
        shuffleImages(s, 9);
        const auto shift = torch::linspace(-0.3, 0.3, 8);
        QVERIFY(torch::allclose(s.otherStains[1].own, s.features + 2 * shift, 1e-5, 1e-5));
        QVERIFY(torch::allclose(s.otherStains[0].neighbors, s.neighborFeatures + shift, 1e-5, 1e-5));
    }
    void aRunLearnsFromTheViewsAsItsSeedDraws() {
        const auto first = firstWeights(2, 7), again = firstWeights(2, 7), without = firstWeights(0, 7);
        QVERIFY(first.defined() && torch::equal(first, again));
        QVERIFY(!torch::equal(first, without));
    }
};

QTEST_GUILESS_MAIN(TestStainAugmentation)
#include "TestStainAugmentation.moc"
