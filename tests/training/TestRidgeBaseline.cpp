#include "TinyTraining.h"
#include "training/RidgeBaseline.h"
#include "training/RidgeTeacher.h"

#include <QtTest>

using namespace spotglass;
using torch::Tensor;

namespace {

double error(const RidgeBaseline& baseline, const SectionTensors& section) {
    return torch::mse_loss(baseline.predict(section), section.expression).item<double>();
}

double errorOfMean(const SectionTensors& section) {
    return (section.expression - section.expression.mean(0)).square().mean().item<double>();
}

} // namespace

class TestRidgeBaseline : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void contextIsOwnPatchRegionAndRings() {
        auto s = section("A1", 25, 1); // 5 x 5, the spot in the middle is number 12
        const auto x = ridgeFeatures(s, RidgeView::Context);
        QCOMPARE(x.size(1), int64_t{(2 + RidgeBaseline::kReach) * 8});
        const auto part = [&](int64_t spot, int64_t number) { return x[spot].narrow(0, number * 8, 8); };
        const auto own = s.features.to(torch::kFloat64);
        QVERIFY(torch::equal(part(12, 0), own[12]));
        QVERIFY(torch::allclose(part(12, 1), own[12])); // its neighbours are copies of it here
        Tensor sum = torch::zeros({8}, torch::kFloat64);
        for (const int spot : {6, 7, 8, 11, 13, 16, 17, 18})
            sum += own[spot];
        QVERIFY(torch::allclose(part(12, 2), sum / 8));
        QVERIFY(torch::allclose(part(12, 3), (own.sum(0) - sum - own[12]) / 16));
        QVERIFY(torch::equal(part(12, 4), part(12, 3))); // no third ring: the second stands for it
    }
    void positionKnowsNothingOfTheImage() {
        auto s = section("A1", 12, 1);
        const auto before = ridgeFeatures(s, RidgeView::Position);
        QCOMPARE(before.size(1), int64_t{9});
        shuffleImages(s, 3);
        QVERIFY(torch::equal(ridgeFeatures(s, RidgeView::Position), before));
        s.positions = s.positions * 2 + 7; // another place on a finer array is the same place in the section
        QVERIFY(torch::allclose(ridgeFeatures(s, RidgeView::Position), before));
    }
    void contextPredictsWhatTheImageSays() {
        const auto test = section("C1", 40, 3);
        const auto baseline =
            RidgeBaseline::fit({section("A1", 60, 1), section("B1", 50, 2)}, RidgeView::Context);
        QVERIFY2(error(baseline, test) < 0.1 * errorOfMean(test),
                 std::to_string(error(baseline, test) / errorOfMean(test)).c_str());
    }
    void positionPredictsWhatThePlaceSays() {
        const auto placed = [](const char* name, int64_t spots, int seed) {
            auto s = section(name, spots, seed);
            const auto at = ridgeFeatures(s, RidgeView::Position);
            s.expression = (at.narrow(1, 0, 4) * 2 + 1).to(torch::kFloat32);
            return s;
        };
        const auto test = placed("C1", 49, 3);
        const std::vector training{placed("A1", 64, 1), placed("B1", 81, 2)};
        const auto place = RidgeBaseline::fit(training, RidgeView::Position);
        QVERIFY2(error(place, test) < 0.2 * errorOfMean(test),
                 std::to_string(error(place, test) / errorOfMean(test)).c_str());
        QVERIFY(error(RidgeBaseline::fit(training, RidgeView::Context), test) > 0.5 * errorOfMean(test));
    }
    void aTeacherStandsBetweenMeasurementAndRidge() {
        LoadedModel model;
        model.featureMean = torch::full({8}, 0.5);
        model.featureScale = torch::full({8}, 2.0);
        auto sections = std::vector{section("A1", 60, 1), section("B1", 50, 2)};
        for (auto& s : sections)
            s.expression = s.expression + 0.5 * torch::randn_like(s.expression);
        const auto measured = taughtExpression(model, sections, 0);
        const auto half = taughtExpression(model, sections, 0.5);
        const auto ridge = taughtExpression(model, sections, 1);
        const auto fit = RidgeBaseline::fit(
            {asTheModelSees(model, sections[0]), asTheModelSees(model, sections[1])}, RidgeView::Context);
        for (std::size_t i = 0; i < sections.size(); ++i) {
            QVERIFY(torch::equal(measured[i], sections[i].expression));
            QVERIFY(torch::allclose(ridge[i], fit.predict(asTheModelSees(model, sections[i]))));
            QVERIFY(torch::allclose(half[i], (measured[i] + ridge[i]) / 2));
            QCOMPARE(half[i].scalar_type(), torch::kFloat32);
            const auto truth = sections[i].features.narrow(1, 0, 4) * 0.5 + 1; // without the noise
            QVERIFY(torch::mse_loss(half[i], truth).item<double>() <
                    0.5 * torch::mse_loss(measured[i], truth).item<double>());
        }
    }
    /// Noise wants a large penalty, a clear relation a small one: chosen among the training sections.
    void thePenaltyFollowsTheSections() {
        auto clear = std::vector{section("A1", 60, 1), section("B1", 60, 2)};
        auto noise = clear;
        for (auto& s : noise)
            s.expression = torch::randn_like(s.expression);
        QVERIFY(RidgeBaseline::fit(clear, RidgeView::Context).penalty() <
                RidgeBaseline::fit(noise, RidgeView::Context).penalty());
    }
    /// More features than spots are solved in the other form, to the same result.
    void fewSpotsAreEnough() {
        const auto one = section("A1", 12, 1), other = section("B1", 12, 2);
        const auto few = RidgeBaseline::fit({one}, RidgeView::Context); // 12 spots, 40 features
        const auto x = ridgeFeatures(one, RidgeView::Context);
        const auto z = (x - x.mean(0)) / (x.std(0, false) + 1e-9);
        const auto y = one.expression.to(torch::kFloat64);
        const auto gram = torch::mm(z.t(), z) + few.penalty() * torch::eye(40, torch::kFloat64);
        const auto weights = torch::mm(torch::inverse(gram), torch::mm(z.t(), y - y.mean(0)));
        const auto zOther = (ridgeFeatures(other, RidgeView::Context) - x.mean(0)) / (x.std(0, false) + 1e-9);
        const auto expected = torch::mm(zOther, weights) + y.mean(0);
        QVERIFY(torch::allclose(few.predict(other).to(torch::kFloat64), expected, 1e-4, 1e-5));
    }
};

QTEST_GUILESS_MAIN(TestRidgeBaseline)
#include "TestRidgeBaseline.moc"
