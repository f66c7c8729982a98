#include "training/Adam.h"

#include <QtTest>

using namespace spotglass;

namespace {

std::vector<torch::Tensor> parameters(torch::ScalarType type) {
    torch::manual_seed(4);
    std::vector<torch::Tensor> made;
    for (const auto& shape : std::vector<std::vector<int64_t>>{{300, 400}, {7}, {3, 5, 2, 2}, {4}})
        made.push_back(torch::randn(shape, type).requires_grad_(true));
    return made;
}

/// Gradients of some function of the parameters, of very different sizes; the last one gets none.
void setGradients(const std::vector<torch::Tensor>& all) {
    for (std::size_t i = 0; i + 1 < all.size(); ++i)
        all[i].mutable_grad() =
            (all[i].detach().sin() * std::pow(10.0, -static_cast<double>(i) * 3)).contiguous();
}

} // namespace

class TestAdam : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void stepsAreThoseOfLibTorch_data() {
        QTest::addColumn<bool>("wide");
        QTest::addColumn<double>("decay");
        QTest::newRow("double") << true << 0.0;
        QTest::newRow("double, weight decay") << true << 0.01;
        QTest::newRow("float") << false << 0.0;
    }
    void stepsAreThoseOfLibTorch() {
        QFETCH(bool, wide);
        QFETCH(double, decay);
        const auto type = wide ? torch::kFloat64 : torch::kFloat32;
        auto ours = parameters(type), theirs = parameters(type);
        Adam adam(ours, {.weightDecay = decay});
        torch::optim::Adam reference(theirs, torch::optim::AdamOptions(1e-2).weight_decay(decay));
        for (int step = 0; step < 20; ++step) {
            setGradients(ours);
            setGradients(theirs);
            adam.step(1e-2);
            reference.step();
        }
        for (std::size_t i = 0; i < ours.size(); ++i) {
            const double gap = (ours[i] - theirs[i]).abs().max().item<double>();
            QVERIFY2(gap < (wide ? 1e-13 : 2e-6), qPrintable(QString::number(gap)));
        }
        QCOMPARE(adam.steps(), std::int64_t(20));
    }
    void aRateOfItsOwnForEachParameter() {
        auto all = parameters(torch::kFloat32);
        std::vector<torch::Tensor> before;
        for (const auto& p : all)
            before.push_back(p.detach().clone());
        Adam adam(all, {});
        setGradients(all);
        adam.step({1e-2, 0, 1e-3, 1e-2});
        const auto moved = [&](std::size_t i) { return (all[i] - before[i]).abs().max().item<double>(); };
        QVERIFY(std::abs(moved(0) - 1e-2) < 1e-4); // Adam's first step is the rate itself
        QCOMPARE(moved(1), 0.0);
        QVERIFY(moved(2) > 0 && moved(2) < 2e-3);
        QCOMPARE(moved(3), 0.0); // no gradient
    }
    void zeroedGradientsStayDefined() {
        auto all = parameters(torch::kFloat32);
        Adam adam(all, {});
        setGradients(all);
        adam.zeroGradients();
        QCOMPARE(all[0].grad().abs().sum().item<double>(), 0.0);
        QVERIFY(!all[3].grad().defined());
    }
};

QTEST_GUILESS_MAIN(TestAdam)
#include "TestAdam.moc"
