#include "CohortFiles.h"
#include "training/cohort/TableReader.h"

#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

class TestTableReader : public QObject {
    Q_OBJECT
    CohortFolder folder_;

    /// All lines of a table, cells joined by "|"; the sentence of the failure instead when there is one.
    [[nodiscard]] QStringList read(const std::string& content) const {
        folder_.write("t.tsv", content);
        auto table = TableReader::open(folder_.path() / "t.tsv");
        if (!table) return {sentence(table)};
        QStringList lines;
        for (;;) {
            const auto more = table->next();
            if (!more) return {sentence(more)};
            if (!*more) return lines;
            QStringList cells;
            for (const auto cell : table->cells())
                cells << QString::fromUtf8(cell.data(), static_cast<qsizetype>(cell.size()));
            lines << QString::number(table->line()) + QStringLiteral(":") + cells.join(QLatin1Char('|'));
        }
    }

    [[nodiscard]] static QStringList list(std::initializer_list<const char*> lines) {
        QStringList all;
        for (const char* line : lines)
            all << qs(line);
        return all;
    }

  private Q_SLOTS:
    void splitsTabsAndKeepsEmptyCells() { QCOMPARE(read("\ta\tb\n1\t\t2\n"), list({"1:|a|b", "2:1||2"})); }
    void readsGzipByContentNotByName() { QCOMPARE(read(gzipped("a\tb\n1\t2\n")), list({"1:a|b", "2:1|2"})); }
    void toleratesWindowsLinesMarkEmptyLinesAndNoLastLineEnd() {
        QCOMPARE(read("\xEF\xBB\xBF"
                      "a\tb\r\n\r\n1\t2"),
                 list({"1:a|b", "3:1|2"}));
    }
    void takesQuotesOffAndKeepsSeparatorsInThem() {
        QCOMPARE(read("\"a\"\tb\n\"1\t2\"\t3\n\"\"\t4\n"), list({"1:a|b", "2:1\t2|3", "3:|4"}));
    }
    void readsCommasWhereTheFirstLineHasNoTab() { QCOMPARE(read("a,b\n1,2\n"), list({"1:a|b", "2:1|2"})); }
    void linesLongerThanABlockComeWhole() {
        const std::string cell(1000000, '7');
        const QStringList lines = read(gzipped("a\t" + cell + "\n" + cell + "\tb\n"));
        QCOMPARE(lines.size(), 2);
        QCOMPARE(lines[1].size(), 1000004);
    }
    void brokenCompressionIsNoticedWhereverItIs() {
        std::string text;
        for (int i = 0; i < 200000; ++i)
            text += std::to_string(i * 7919) + "\t1\n";
        const std::string whole = gzipped(text);
        for (const std::size_t length :
             {whole.size() - 1, whole.size() - 8, whole.size() / 2, std::size_t{40}}) {
            const QStringList got = read(whole.substr(0, length));
            QVERIFY2(got.size() == 1 &&
                         got[0].contains(qs("t.tsv: the compressed data of this file end too early")),
                     qPrintable(got.join(QLatin1Char(';')).left(200)));
        }
        std::string flipped = whole;
        flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 0x55);
        QCOMPARE(read(flipped).size(), 1);
    }
    void binaryFilesAreNoTables() {
        QVERIFY(read(std::string("ab\0cd\n", 6))[0].contains(qs("not a text table (line 1 is binary)")));
    }
    void missingAndEmptyFilesAreRefused() {
        VERIFY_BAD_INPUT(TableReader::open(folder_.path() / "none.tsv"), "none.tsv", "does not exist");
        folder_.write("empty.tsv", "");
        VERIFY_BAD_INPUT(TableReader::open(folder_.path() / "empty.tsv"), "empty.tsv", "is empty");
    }
    void numbersFillTheWholeCell_data() {
        QTest::addColumn<QString>("cell");
        QTest::addColumn<bool>("isNumber");
        QTest::addColumn<double>("value");
        const std::pair<const char*, double> good[] = {
            {"7", 7},  {"12", 12}, {" 3.5 ", 3.5}, {"1e3", 1000}, {"1.5E+02", 150},
            {"+4", 4}, {"-2", -2}, {".5", 0.5},    {"0", 0},      {"1e-320", 1e-320}};
        for (const auto& [text, value] : good)
            QTest::newRow(text) << qs(text) << true << value;
        for (const char* text :
             {"", " ", "x", "1x", "1 2", "nan", "NaN", "inf", "-inf", "1e999", "+-1", "+", "0x10", "1,5"})
            QTest::newRow(*text ? text : "nothing") << qs(text) << false << 0.0;
    }
    void numbersFillTheWholeCell() {
        QFETCH(QString, cell);
        QFETCH(bool, isNumber);
        QFETCH(double, value);
        const auto number = parseNumber(cell.toStdString());
        QCOMPARE(number.has_value(), isNumber);
        if (number) QCOMPARE(*number, value);
    }
};

QTEST_GUILESS_MAIN(TestTableReader)
#include "TestTableReader.moc"
