#include "ui/GeneListModel.h"

#include <cmath>
#include <QAbstractItemModelTester>
#include <QtTest>

using namespace spotglass;

class TestGeneListModel : public QObject {
    Q_OBJECT
    GeneListModel model_;

  private Q_SLOTS:
    void init() { model_.setGenes({{QStringLiteral("FN1"), 0.614}, {QStringLiteral("SCD"), std::nan("")}}); }
    void keepsTheRulesOfItemModels() {
        const QAbstractItemModelTester tester(&model_,
                                              QAbstractItemModelTester::FailureReportingMode::QtTest);
        model_.setGenes({{QStringLiteral("GNAS"), 0.1}});
        QCOMPARE(model_.rowCount(), 1);
    }
    void showsSymbolAndCorrelation() {
        QCOMPARE(model_.index(0, 0).data().toString(), QStringLiteral("FN1"));
        QCOMPARE(model_.index(0, 1).data().toString(), QStringLiteral("0.61"));
        QCOMPARE(model_.index(1, 1).data().toString(), QStringLiteral("not known"));
    }
    void anUnknownCorrelationSortsBelowEveryKnownOne() {
        QVERIFY(model_.index(1, 1).data(Qt::UserRole).toDouble() < -1);
    }
    void findsSymbolsWhateverTheCase() {
        QCOMPARE(model_.rowOf(QStringLiteral("scd")), 1);
        QCOMPARE(model_.rowOf(QStringLiteral("XYZ")), -1);
    }
    void saysWhatACorrelationMeans_data() {
        QTest::addColumn<double>("pcc");
        QTest::addColumn<QString>("words");
        QTest::newRow("negative") << -0.2 << QStringLiteral("hardly agreed");
        QTest::newRow("weak") << 0.2 << QStringLiteral("agreed weakly");
        QTest::newRow("moderate") << 0.4 << QStringLiteral("agreed moderately");
        QTest::newRow("well") << 0.6 << QStringLiteral("agreed well");
        QTest::newRow("very well") << 0.8 << QStringLiteral("agreed very well");
        QTest::newRow("unknown") << std::nan("") << QStringLiteral("not known");
    }
    void saysWhatACorrelationMeans() {
        QFETCH(double, pcc);
        QFETCH(QString, words);
        const QString said = GeneListModel::agreementInWords({QStringLiteral("FN1"), pcc});
        QVERIFY2(said.contains(words), qPrintable(said));
        QVERIFY(said.contains(QStringLiteral("FN1")));
    }
};

QTEST_GUILESS_MAIN(TestGeneListModel)
#include "TestGeneListModel.moc"
