#include "app/desktop/Options.h"

#include <QtTest>

using namespace spotglass;

class TestOptions : public QObject {
    Q_OBJECT
    template <typename... Words> static ParsedOptions parse(Words... words) {
        const char* argv[] = {"spotglass", words...};
        return parseOptions(int(1 + sizeof...(words)), argv);
    }

  private Q_SLOTS:
    void everyOptionIsRead() {
        const auto parsed =
            parse("a.svs", "--model", "m.safetensors", "--gene", "FN1", "--view", "100,200.5,0.25", "--mpp",
                  "0.69", "--presentation", "--screenshot", "o.png", "--spots", "s.tsv");
        QVERIFY(!parsed.exitCode);
        const Options& o = parsed.options;
        QCOMPARE(o.slide, std::filesystem::path("a.svs"));
        QCOMPARE(o.model, std::filesystem::path("m.safetensors"));
        QCOMPARE(o.gene, std::string("FN1"));
        QCOMPARE(o.screenshot, std::filesystem::path("o.png"));
        QCOMPARE(o.spots, std::filesystem::path("s.tsv"));
        QVERIFY(o.view && o.view->center == (Level0Point{100, 200.5}));
        QCOMPARE(o.view->scale, 0.25);
        QCOMPARE(o.micronsPerPixel.value(), 0.69);
        QVERIFY(o.presentation && o.wantsPrediction());
    }
    void theSlideMayFollowThePlace() {
        const auto parsed = parse("--presentation", "--view", "50000,40000,0.864", "a.svs");
        QVERIFY(!parsed.exitCode);
        QCOMPARE(parsed.options.slide, std::filesystem::path("a.svs"));
        QVERIFY(parsed.options.view && parsed.options.view->scale == 0.864);
    }
    void nothingIsNeeded() {
        const auto parsed = parse();
        QVERIFY(!parsed.exitCode && !parsed.options.wantsPrediction() && !parsed.options.view);
    }
    void mistakesEndWithTwo_data() {
        QTest::addColumn<QStringList>("words");
        const auto row = [](const char* name, const QStringList& words) { QTest::newRow(name) << words; };
        row("unknown option", {QStringLiteral("--bogus")});
        row("no place", {QStringLiteral("a.svs"), QStringLiteral("--view"), QStringLiteral("1,2")});
        row("scale of nothing", {QStringLiteral("a.svs"), QStringLiteral("--view"), QStringLiteral("1,2,0")});
        row("no number", {QStringLiteral("a.svs"), QStringLiteral("--view"), QStringLiteral("1,2,x")});
        row("impossible scale", {QStringLiteral("a.svs"), QStringLiteral("--mpp"), QStringLiteral("50")});
        row("gene without slide", {QStringLiteral("--gene"), QStringLiteral("FN1")});
        row("two slides", {QStringLiteral("a.svs"), QStringLiteral("b.svs")});
    }
    void mistakesEndWithTwo() {
        QFETCH(QStringList, words);
        std::vector<std::string> kept = {"spotglass"};
        for (const QString& word : words)
            kept.push_back(word.toStdString());
        std::vector<const char*> argv;
        for (const auto& word : kept)
            argv.push_back(word.c_str());
        QCOMPARE(parseOptions(static_cast<int>(argv.size()), argv.data()).exitCode.value_or(-1), 2);
    }
    void helpAndVersionAreNoMistakes() {
        QCOMPARE(parse("--help").exitCode.value_or(-1), 0);
        QCOMPARE(parse("--version").exitCode.value_or(-1), 0);
    }
};

QTEST_GUILESS_MAIN(TestOptions)
#include "TestOptions.moc"
