#include "training/experiment/HeldOutReport.h"

#include <QtTest>

using namespace spotglass;
using Json = nlohmann::json;

/// The verdict on a trained model, from its report alone.
class TestHeldOutReport : public QObject {
    Q_OBJECT
    static Json report(double model, double ridge, int below, int genes) {
        return {{"model", {{"pcc_all", model}}},
                {"ridge", {{"pcc_all", ridge}}},
                {"not_better_than_ridge", below},
                {"compared_with_ridge", genes}};
    }
    static QString verdict(const Json& of) { return QString::fromStdString(verdictOf(of)); }

  private Q_SLOTS:
    void besideRidge() {
        QCOMPARE(verdict(report(0.6, 0.5, 9, 250)),
                 QStringLiteral("Not better than ridge regression on 9 of 250 genes."));
        QCOMPARE(verdict(report(0.6, 0.5, 0, 250)),
                 QStringLiteral("Better than ridge regression on every gene."));
        QVERIFY(
            verdict(report(0.4, 0.5, 200, 250)).startsWith(QStringLiteral("Worse than ridge regression")));
        QVERIFY(verdict(report(0.4, 0.5, 200, 250)).contains(QStringLiteral("0.400 against 0.500")));
    }
    void besideItsParent() {
        auto of = report(0.6, 0.5, 9, 250);
        of["better_than_parent"] = 212;
        of["compared_with_parent"] = 240;
        QCOMPARE(verdict(of),
                 QStringLiteral("Better than its parent on 212 of 240 genes; not better than ridge "
                                "regression on 9 of 250 genes."));
    }
    void nothingToCompare() {
        auto of = report(0, 0, 0, 0);
        of["model"]["pcc_all"] = of["ridge"]["pcc_all"] = nullptr;
        QVERIFY(verdict(of).contains(QStringLiteral("nothing could be compared")));
    }
};

QTEST_GUILESS_MAIN(TestHeldOutReport)
#include "TestHeldOutReport.moc"
