#include "training/experiment/ExperimentGrid.h"
#include "training/experiment/ExperimentTable.h"
#include "viewer/base/Files.h"

#include <limits>
#include <QTemporaryDir>
#include <QtTest>
#include <set>

using namespace spotglass;

class TestExperimentGrid : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] std::filesystem::path write(const char* name, const std::string& content) const {
        const auto file = std::filesystem::path(dir_.path().toStdString()) / name;
        std::filesystem::create_directories(file.parent_path());
        return writeFileAtomically(file, content) ? file : std::filesystem::path();
    }
    static QStringList names(const std::vector<ExperimentRow>& rows) {
        QStringList all;
        for (const auto& row : rows)
            all << QString::fromStdString(row.name);
        return all;
    }

  private Q_SLOTS:
    void rowsChangeTheBaseInTheOrderOfTheFile() {
        static_cast<void>(write("base/model.json", R"({"batch": 16, "gene_texts": "texts.tsv",
            "model": {"emb_dim": 64, "depth1": 2}, "genes": ["A", "B"]})"));
        const auto file = write("grid.json", R"({"base": "base/model.json", "rows": {
            "plain": {}, "no text": {"model": {"gene_text": false}}, "any panel": {"genes": null, "batch": 4}}})");
        const auto rows = readExperimentGrid(file);
        QVERIFY2(rows.has_value(), rows ? "" : rows.error().sentence().c_str());
        QCOMPARE(names(*rows), (QStringList{QStringLiteral("plain"), QStringLiteral("no text"),
                                            QStringLiteral("any panel")}));
        QCOMPARE((*rows)[1].config.model.geneText, false);
        QCOMPARE((*rows)[1].config.model.fusion.depth, 2); // the rest of the base is still there
        QCOMPARE((*rows)[1].config.batch, 16);
        QVERIFY((*rows)[2].config.genes.empty() && (*rows)[2].config.batch == 4);
        QCOMPARE((*rows)[0].config.geneTexts, file.parent_path() / "base/texts.tsv");
        QCOMPARE((*rows)[1].folder, std::string("no-text"));
    }
    void aGridIsEveryCombination() {
        const auto file = write("grid2.json", R"({"base": {"batch": 16}, "rows": {"a": {}, "b": {"seed": 1}},
            "grid": {"/learning_rate": [0.001, 0.01], "/model/fusion": ["sum", "concat", "cross_attention"]}})");
        const auto rows = readExperimentGrid(file);
        QVERIFY2(rows.has_value(), rows ? "" : rows.error().sentence().c_str());
        QCOMPARE(rows->size(), std::size_t{12});
        QCOMPARE(rows->front().name, std::string("a, learning_rate 0.001, fusion sum"));
        QCOMPARE(rows->back().name, std::string("b, learning_rate 0.01, fusion cross_attention"));
        QVERIFY(rows->back().config.learningRate == 0.01 && rows->back().config.seed == 1);
        std::set<std::string> folders;
        for (const auto& row : *rows)
            folders.insert(row.folder);
        QCOMPARE(folders.size(), rows->size());
    }
    void foldersOfLikeNamesDiffer() {
        const auto file =
            write("like.json", R"({"base": {}, "rows": {"a b": {}, "a/b": {}, "../a": {}, "%": {}}})");
        const auto rows = readExperimentGrid(file);
        QVERIFY(rows.has_value());
        const std::vector<std::string> wanted{"a-b", "a-b-2", "a", "row"};
        for (std::size_t i = 0; i < wanted.size(); ++i)
            QCOMPARE((*rows)[i].folder, wanted[i]);
    }
    void whatIsWrongIsNamed_data() {
        QTest::addColumn<QByteArray>("grid");
        QTest::addColumn<QString>("says");
        QTest::newRow("not JSON") << QByteArray("{") << QStringLiteral("not a JSON object");
        QTest::newRow("no base") << QByteArray(R"({"rows": {}})") << QStringLiteral("no \"base\"");
        QTest::newRow("base is a number")
            << QByteArray(R"({"base": 3})") << QStringLiteral("\"base\" should be");
        QTest::newRow("base is missing")
            << QByteArray(R"({"base": "nowhere.json"})") << QStringLiteral("nowhere.json");
        QTest::newRow("no rows") << QByteArray(R"({"base": {}, "rows": {}})") << QStringLiteral("\"rows\"");
        QTest::newRow("row is a list")
            << QByteArray(R"({"base": {}, "rows": {"x": []}})") << QStringLiteral("row x");
        QTest::newRow("setting of a row")
            << QByteArray(R"({"base": {}, "rows": {"x": {"bach": 3}}})") << QStringLiteral("row x");
        QTest::newRow("setting") << QByteArray(R"({"base": {}, "row": {}})") << QStringLiteral("setting row");
        QTest::newRow("no pointer") << QByteArray(R"({"base": {}, "grid": {"batch": [1]}})")
                                    << QStringLiteral("JSON pointer");
        QTest::newRow("no values") << QByteArray(R"({"base": {}, "grid": {"/batch": []}})")
                                   << QStringLiteral("/batch should be a list");
        QTest::newRow("value") << QByteArray(R"({"base": {}, "grid": {"/batch": [8, 1]}})")
                               << QStringLiteral("row batch 1");
    }
    void whatIsWrongIsNamed() {
        QFETCH(const QByteArray, grid);
        QFETCH(const QString, says);
        const auto rows = readExperimentGrid(write("wrong.json", grid.toStdString()));
        QVERIFY(!rows);
        QCOMPARE(rows.error().kind, ErrorKind::BadInput);
        QVERIFY2(QString::fromStdString(rows.error().sentence()).contains(says),
                 rows.error().sentence().c_str());
    }
    void theTableHasMeansAndDeviations() {
        ExperimentTableRow full{"DKAN, \"best\"", {}}, mean{"Mean", {}};
        full.metrics.mae = {0.361, 0.0125};
        full.metrics.pccAll = {-0.0304, 0.1};
        const double undefined = std::numeric_limits<double>::quiet_NaN();
        mean.metrics.pccAll = {undefined, undefined};
        const auto lines = tableLines({full, mean});
        QCOMPARE(lines.size(), std::size_t{3});
        QVERIFY(lines[0].find("PCC HVG") != std::string::npos);
        QVERIFY(lines[1].starts_with("DKAN, \"best\"  0.361 ± 0.013  0.000 ± 0.000  -0.030 ± 0.100"));
        QVERIFY2(QString::fromStdString(lines[2]).count(QStringLiteral(" - ")) == 1, lines[2].c_str());
        const auto csv = QString::fromStdString(tableCsv({full, mean})).split(QStringLiteral("\r\n"));
        QCOMPARE(csv[0].count(QLatin1Char(',')), 12);
        QVERIFY(csv[1].startsWith(QStringLiteral("\"DKAN, \"\"best\"\"\",0.361,0.0125,")));
        QVERIFY(csv[2].startsWith(QStringLiteral("Mean,0,0,0,0,,,")));
    }
    void theShippedAblationsAreConfigurations() {
        const auto rows = readExperimentGrid(SPOTGLASS_GRID);
        QVERIFY2(rows.has_value(), rows ? "" : rows.error().sentence().c_str());
        QCOMPARE(rows->size(), std::size_t{14});
        std::set<std::string> models; // each is another one
        for (const auto& row : *rows)
            models.insert(toJson(row.config.model).dump());
        QCOMPARE(models.size(), rows->size());
    }
};

QTEST_GUILESS_MAIN(TestExperimentGrid)
#include "TestExperimentGrid.moc"
