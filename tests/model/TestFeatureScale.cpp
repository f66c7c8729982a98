#include "inference/model/FeatureScale.h"

#include <QtTest>

using namespace spotglass;
using torch::Tensor;

class TestFeatureScale : public QObject {
    Q_OBJECT

    static LoadedModel model(const char* by) {
        LoadedModel model;
        model.card.featureScale = by;
        model.featureMean = torch::full({5}, 2.0);
        model.featureScale = torch::full({5}, 4.0);
        return model;
    }
    static double largest(const Tensor& x) { return x.abs().max().item<double>(); }

  private Q_SLOTS:
    void initTestCase() { torch::manual_seed(3); }
    void theTrainingsScaleUnlessTheCardSaysOtherwise() {
        const auto x = torch::randn({40, 5});
        const auto scale = featureScaleOf(model("training"), x);
        QVERIFY(largest(scale.apply(x) - (x - 2) / 4) < 1e-6);
        const auto withoutSlide = featureScaleOf(model("slide"));
        QVERIFY(largest(withoutSlide.apply(x) - (x - 2) / 4) < 1e-6);
    }
    void importedModelsTakeFeaturesAsTheyAre() {
        auto raw = model("training");
        raw.featureMean.zero_();
        raw.featureScale.fill_(1);
        const auto x = torch::randn({4, 5}) * 100;
        QVERIFY(torch::equal(featureScaleOf(raw).apply(x), x));
    }
    /// What another stain or scanner does to the features of a whole slide is taken out.
    void aSlidesOwnScaleTakesOutItsShift() {
        const auto x = torch::randn({2000, 5});
        const auto shifted = x * 1.5 + 0.7;
        const auto a = featureScaleOf(model("slide"), x).apply(x),
                   b = featureScaleOf(model("slide"), shifted).apply(shifted);
        QVERIFY2(largest(a - b) < 0.15, std::to_string(largest(a - b)).c_str());
        QVERIFY(largest(a.mean(0)) < 0.05 && largest(a.std(0) - 1) < 0.05);
        const auto fixed = featureScaleOf(model("training"));
        QVERIFY(largest(fixed.apply(x) - fixed.apply(shifted)) > 0.4);
    }
    void fewSpotsAreWeighedAgainstTheTraining() {
        const auto one = torch::full({1, 5}, 10.0);
        const auto scale = featureScaleOf(model("slide"), one);
        QVERIFY(largest(scale.mean - (10.0 / 9 + 2.0 * 8 / 9)) < 1e-5);
        QVERIFY(largest(scale.deviation - std::sqrt(16.0 * 8 / 9)) < 1e-5);
        QVERIFY(largest(featureScaleOf(model("slide"), torch::empty({0, 5})).mean - 2) < 1e-6);
    }
    void whatDoesNotVaryIsNotBlownUp() {
        const auto flat = torch::full({5000, 5}, 2.0);
        QVERIFY(featureScaleOf(model("slide"), flat).deviation.min().item<double>() > 0.19);
    }
    void halfPrecisionFeaturesAreTaken() {
        const auto x = torch::randn({300, 5});
        const auto a = featureScaleOf(model("slide"), x),
                   b = featureScaleOf(model("slide"), x.to(torch::kHalf));
        QVERIFY(largest(a.mean - b.mean) < 1e-3 && a.mean.scalar_type() == torch::kFloat32);
    }
};

QTEST_GUILESS_MAIN(TestFeatureScale)
#include "TestFeatureScale.moc"
