#include "inference/model/Dropout.h"
#include "inference/model/TrainedLayers.h"

#include <QtTest>

using namespace spotglass;

namespace {

constexpr int64_t kSpots = 3, kGenes = 500, kWidth = 8; // more rows than are computed at a time

CrossTransformer path(int depth, double dropout, int heads = 2) {
    CrossTransformer made(static_cast<int>(kWidth), 20, TransformerConfig{depth, heads, 2, dropout});
    made->to(torch::kFloat64);
    return made;
}

torch::Tensor mask(at::IntArrayRef shape, double p, std::uint64_t seed) {
    auto ones = torch::ones(shape, torch::kFloat64);
    dropOut(ones, p, seed);
    return ones;
}

torch::Tensor plainMlp(PreNormImpl<FeedForward>& block, const torch::Tensor& x, double p) {
    const std::uint64_t seed = p > 0 ? drawSeed() : 0;
    const auto &first = block.fn->first(), &second = block.fn->second();
    const auto hidden = torch::gelu(torch::linear(block.norm(x), first.weight, first.bias));
    const auto dropped = hidden * mask(hidden.sizes(), p, seed ^ 0x5851F42D4C957F2DULL);
    const auto out = torch::linear(dropped, second.weight, second.bias);
    return x + out * mask(out.sizes(), p, seed);
}

/// The same layers from LibTorch's own operations, with the masks that the seeds stand for.
torch::Tensor plain(CrossTransformer& layers, const torch::Tensor& text, const torch::Tensor& key, double p) {
    auto x = text.unsqueeze(0).expand({key.size(0), -1, -1});
    for (const auto& [attention, feedForward] : layers->blocks) {
        const double q = attention->fn->toOut ? p : 0;
        const std::uint64_t seed = q > 0 ? drawSeed() : 0;
        const auto answer = attention->fn(x, attention->norm(key).unsqueeze(1), torch::Tensor());
        x = plainMlp(*feedForward, x + answer * mask(answer.sizes(), q, seed), p);
    }
    return x;
}

double relative(const torch::Tensor& got, const torch::Tensor& want) {
    return ((got - want).norm() / want.norm().clamp_min(1e-300)).item<double>();
}

} // namespace

class TestTrainedLayers : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void init() { torch::manual_seed(11); }

    void valuesAndGradientsAreThoseOfPlainOperations_data() {
        QTest::addColumn<double>("dropout");
        QTest::addColumn<int>("depth");
        QTest::addColumn<int>("spots");
        QTest::addColumn<int>("heads");
        QTest::newRow("without dropout") << 0.0 << 3 << 3 << 2;
        QTest::newRow("with dropout") << 0.3 << 3 << 3 << 2;
        QTest::newRow("one spot") << 0.3 << 2 << 1 << 2;
        QTest::newRow("one head has no output projection") << 0.3 << 2 << 2 << 1;
    }
    void valuesAndGradientsAreThoseOfPlainOperations() {
        QFETCH(double, dropout);
        QFETCH(int, depth);
        QFETCH(int, spots);
        QFETCH(int, heads);
        auto layers = path(depth, dropout, heads);
        layers->train();
        // The plain form's own dropout of the attention's answer would come on top.
        for (const auto& [attention, feedForward] : layers->blocks)
            if (attention->fn->toOut) attention->fn->toOut->ptr<torch::nn::DropoutImpl>(1)->options.p(0);
        const auto wide = torch::dtype(torch::kFloat64).requires_grad(true);
        const auto text = torch::randn({kGenes, kWidth}, wide), key = torch::randn({spots, kWidth}, wide);
        const auto weights = torch::randn({spots, kGenes, kWidth}, torch::kFloat64);
        std::vector<torch::Tensor> inputs{text, key};
        std::vector<std::string> names{"text", "key"};
        for (const auto& item : layers->named_parameters())
            if (item.key().find("to_q") == std::string::npos) {
                inputs.push_back(item.value());
                names.push_back(item.key());
            }
        torch::manual_seed(5);
        const auto ours = trainedGenePath(*layers, text, key);
        const auto gradients = torch::autograd::grad({(ours * weights).sum()}, inputs);
        torch::manual_seed(5);
        const auto expected = plain(layers, text, key, dropout);
        const auto wanted = torch::autograd::grad({(expected * weights).sum()}, inputs);
        QVERIFY(relative(ours, expected) < 1e-12);
        for (std::size_t i = 0; i < inputs.size(); ++i)
            QVERIFY2(relative(gradients[i], wanted[i]) < 1e-10, names[i].c_str());
    }
    void anMlpKeepsOnlyItsInput_data() {
        QTest::addColumn<double>("dropout");
        QTest::newRow("without dropout") << 0.0;
        QTest::newRow("with dropout") << 0.25;
    }
    void anMlpKeepsOnlyItsInput() {
        QFETCH(double, dropout);
        PreNormImpl<FeedForward> block(static_cast<int>(kWidth),
                                       FeedForward(static_cast<int>(kWidth), 12, dropout));
        block.to(torch::kFloat64);
        const auto x = torch::randn({3, 700, kWidth}, torch::dtype(torch::kFloat64).requires_grad(true));
        auto inputs = block.parameters();
        inputs.push_back(x);
        const auto weights = torch::randn_like(x);
        torch::manual_seed(2);
        const auto ours = trainedMlp(block, x);
        const auto gradients = torch::autograd::grad({(ours * weights).sum()}, inputs);
        torch::manual_seed(2);
        const auto expected = plainMlp(block, x, dropout);
        const auto wanted = torch::autograd::grad({(expected * weights).sum()}, inputs);
        QVERIFY(relative(ours, expected) < 1e-12);
        for (std::size_t i = 0; i < inputs.size(); ++i)
            QVERIFY(relative(gradients[i], wanted[i]) < 1e-10);
    }
    void dropoutHasTheSameMaskBothWays() {
        const auto x = torch::randn({40, 50}, torch::dtype(torch::kFloat64).requires_grad(true));
        const auto out = trainedDropout(x.t(), 0.4);
        const auto gradient = torch::autograd::grad({out.sum()}, {x})[0];
        QVERIFY(relative(out, x.t() * gradient.t()) < 1e-12);
        const double dropped = (gradient == 0).to(torch::kFloat64).mean().item<double>();
        QVERIFY(std::abs(dropped - 0.4) < 0.05);
    }
    void withoutTrainingNothingIsDropped() {
        auto layers = path(2, 0.5);
        layers->eval();
        const auto text = torch::randn({6, kWidth}, torch::kFloat64),
                   key = torch::randn({kSpots, kWidth}, torch::kFloat64);
        const auto ours = trainedGenePath(*layers, text, key);
        const torch::NoGradGuard noGradient;
        const auto expected =
            layers->forwardSingleKey(text.unsqueeze(0).expand({kSpots, -1, -1}), key.unsqueeze(1));
        QVERIFY(relative(ours, expected) < 1e-12);
    }
    void theSeedDecidesTheMask() {
        auto layers = path(1, 0.4);
        layers->train();
        const auto text = torch::randn({6, kWidth}, torch::kFloat64),
                   key = torch::randn({kSpots, kWidth}, torch::kFloat64);
        torch::manual_seed(1);
        const auto a = trainedGenePath(*layers, text, key), other = trainedGenePath(*layers, text, key);
        torch::manual_seed(1);
        QVERIFY(torch::equal(trainedGenePath(*layers, text, key), a));
        QVERIFY(!torch::equal(other, a));
    }
    void aMaskDropsItsShareAndKeepsTheMean() {
        constexpr int64_t n = 1 << 20;
        auto values = torch::ones({n});
        dropOut(values, 0.3, 42);
        const double dropped = (values == 0).sum().item<double>() / n;
        QVERIFY2(std::abs(dropped - 0.3) < 0.003, qPrintable(QString::number(dropped)));
        QVERIFY(std::abs(values.mean().item<double>() - 1) < 0.005);
        // Neighbours are independent: pairs of dropped values are as frequent as chance has it.
        const auto zero = (values == 0).to(torch::kFloat64);
        for (const int64_t step : {1, 2, 3, 4, 8, 1024}) {
            const double pairs =
                (zero.narrow(0, 0, n - step) * zero.narrow(0, step, n - step)).mean().item<double>();
            QVERIFY2(std::abs(pairs - 0.09) < 0.002, qPrintable(QString::number(pairs)));
        }
        auto again = torch::ones({n}), different = torch::ones({n}), untouched = torch::ones({n});
        dropOut(again, 0.3, 42);
        dropOut(different, 0.3, 43);
        dropOut(untouched, 0, 42);
        QVERIFY(torch::equal(again, values));
        QVERIFY(!torch::equal(different, values));
        QVERIFY(torch::equal(untouched, torch::ones({n})));
    }
    void aPartGetsItsPartOfTheMask() {
        for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16}) {
            auto whole = torch::ones({50000}, type);
            dropOut(whole, 0.5, 7);
            for (const int64_t first : {0, 1, 2, 3, 4, 8191, 33333}) {
                auto part = torch::ones({9001}, type);
                dropOut(part, 0.5, 7, first);
                QVERIFY(torch::equal(part, whole.narrow(0, first, 9001)));
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestTrainedLayers)
#include "TestTrainedLayers.moc"
