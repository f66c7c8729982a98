#include "layers/LayerCheck.h"
#include "layers/SourceText.h"

#include <QtTest>

using namespace spotglass::layers;

namespace {

/// Stands in for the installed Qt, so that the rules are tested without it.
std::string someQtModule(std::string_view header) {
    if (header == "QString" || header == "QObject") return "QtCore";
    if (header == "QImage") return "QtGui";
    if (header == "QLabel") return "QtWidgets";
    if (header == "QPrinter") return "QtPrintSupport";
    if (header == "QNetworkReply") return "QtNetwork";
    return {};
}

/// A tree of one file beside the headers that the made-up snippets name.
Tree treeWith(const QByteArray& path, const QByteArray& text) {
    Tree tree = {
        {"viewer/base/Result.h", "#pragma once\n/// doc\n"},
        {"viewer/slide/SlideSource.h", "#pragma once\n/// doc\n#include \"viewer/base/Result.h\"\n"},
        {"viewer/tiles/TileKey.h", "#pragma once\n/// doc\n"},
        {"viewer/canvas/SlideView.h", "#pragma once\n/// doc\n#include <QLabel>\n"},
        {"inference/model/Dkan.h", "#pragma once\n/// doc\n#include <torch/torch.h>\n"},
        {"inference/engine/PredictionEngine.h", "#pragma once\n/// doc\n"},
        {"inference/engine/Batches.h", "#pragma once\n/// doc\n#include \"inference/model/Dkan.h\"\n"},
        {"inference/store/Workspace.h", "#pragma once\n/// doc\n"},
        {"training/Trainer.h", "#pragma once\n/// doc\n#include \"inference/engine/Batches.h\"\n"},
        {"training/Metrics.h", "#pragma once\n/// doc\n"},
        {"training/cohort/Cohort.h", "#pragma once\n/// doc\n"},
        {"ui/MainWindow.h", "#pragma once\n/// doc\n"},
        {"tests/Shared.h", "#pragma once\n"}};
    tree[path.toStdString()] = text.toStdString();
    return tree;
}

QString join(const std::vector<Violation>& violations) {
    QStringList lines;
    for (const Violation& violation : violations)
        lines << QString::fromStdString(violation.sentence());
    return lines.join(QLatin1Char('\n'));
}

QByteArray lines(int count) {
    return QByteArray("int x;\n").repeated(count);
}

} // namespace

class TestLayers : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    /// The rule itself: what the checkout holds today obeys the table.
    void theSourcesObeyTheLayers() {
        const Tree tree = readSources(SPOTGLASS_SOURCE_DIR);
        QVERIFY2(tree.contains("viewer/base/Result.h"), "the sources were not found");
        const auto violations = checkAll(tree, installedQtModuleOf);
        QVERIFY2(violations.empty(), qPrintable(QStringLiteral("\n") + join(violations)));
    }

    void aMadeUpViolationIsFound_data();
    void aMadeUpViolationIsFound() {
        QFETCH(QByteArray, path);
        QFETCH(QByteArray, text);
        QFETCH(QString, rule);
        const auto found = checkAll(treeWith(path, text), someQtModule);
        QCOMPARE(join(found).count(QLatin1Char('\n')), 0);
        QVERIFY2(found.size() == 1, "nothing was found");
        QCOMPARE(QString::fromStdString(found[0].rule), rule);
        QCOMPARE(QByteArray::fromStdString(found[0].file), path);
    }

    void whatTheTableAllowsIsNotAViolation_data();
    void whatTheTableAllowsIsNotAViolation() {
        QFETCH(QByteArray, path);
        QFETCH(QByteArray, text);
        QCOMPARE(join(checkAll(treeWith(path, text), someQtModule)), QString());
    }

    void aViolationNamesItsLine() {
        const auto found = checkAll(treeWith("viewer/slide/A.cpp", "\n\n#include <QString>\n"), someQtModule);
        QCOMPARE(join(found),
                 QStringLiteral("viewer/slide/A.cpp:3: viewer/slide may not use QtCore (QString) [library]"));
    }

    void commentsAndStringsAreNotCode() {
        const std::string code = withoutCommentsAndStrings(
            "a // std::cout\nb /* QPixmap\n*/ c \"puts\" 'p' d R\"x(\n)\" )x\" 1'000 e");
        for (const char* word : {"std::cout", "QPixmap", "puts", "p"})
            QVERIFY2(!hasWord(code, word), word);
        for (const char* word : {"a", "b", "c", "d", "e"})
            QVERIFY2(hasWord(code, word), word);
        QCOMPARE(std::count(code.begin(), code.end(), '\n'), 3);
    }

    void includesAreReadAsThePreprocessorReadsThem() {
        const auto found =
            includesOf("#include <a>\n  # include \"b/c.h\" // why\n// #include <d>\n/*\n#include <e>\n*/\n"
                       "auto s = R\"(\n#include <f>\n)\";\nconst char* t = \"#include <g>\";\n");
        const std::vector<Include> expected = {{1, "a", false}, {2, "b/c.h", true}};
        QVERIFY(found == expected);
    }

    void theInstalledQtKnowsItsModules() {
        QCOMPARE(installedQtModuleOf("QLabel"), std::string("QtWidgets"));
        QCOMPARE(installedQtModuleOf("QtTest"), std::string("QtTest"));
        QCOMPARE(installedQtModuleOf("vector"), std::string());
    }
};

void TestLayers::aMadeUpViolationIsFound_data() {
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("rule");
    const auto row = [](const char* name, const char* path, const QByteArray& text, const char* rule) {
        QTest::newRow(name) << QByteArray(path) << text << QString::fromLatin1(rule);
    };
    row("base uses Qt", "viewer/base/A.cpp", "#include <QString>", "library");
    row("base uses slide", "viewer/base/A.cpp", "#include \"viewer/slide/SlideSource.h\"", "folder");
    row("slide uses Qt", "viewer/slide/A.cpp", "#include <QImage>", "library");
    row("slide uses Torch", "viewer/slide/A.cpp", "#include <torch/torch.h>", "library");
    row("slide asks the system", "viewer/slide/A.cpp", "#include <unistd.h>", "library");
    row("tiles use widgets", "viewer/tiles/A.cpp", "#include <QLabel>", "library");
    row("tiles use widgets by module", "viewer/tiles/A.cpp", "#include <QtWidgets/QLabel>", "library");
    row("tiles use OpenSlide", "viewer/tiles/A.cpp", "#include <openslide/openslide.h>", "library");
    row("tiles use the canvas", "viewer/tiles/A.cpp", "#include \"viewer/canvas/SlideView.h\"", "folder");
    row("canvas uses the engine", "viewer/canvas/A.cpp", "#include \"inference/engine/PredictionEngine.h\"",
        "folder");
    row("canvas uses training", "viewer/canvas/A.cpp", "#include \"training/cohort/Cohort.h\"", "folder");
    row("model uses Qt", "inference/model/A.cpp", "#include <QString>", "library");
    row("model uses slides", "inference/model/A.cpp", "#include \"viewer/slide/SlideSource.h\"", "folder");
    row("engine uses Qt", "inference/engine/A.cpp", "#include <QImage>", "library");
    row("engine uses training", "inference/engine/A.cpp", "#include \"training/cohort/Cohort.h\"", "folder");
    row("engine uses SQLite", "inference/engine/A.cpp", "#include <sqlite3.h>", "library");
    row("engine uses libcrypto", "inference/engine/A.cpp", "#include <openssl/evp.h>", "library");
    row("store uses Torch", "inference/store/A.cpp", "#include <ATen/ATen.h>", "library");
    row("knowledge uses Qt's network", "inference/knowledge/A.cpp", "#include <QNetworkReply>", "library");
    row("training uses Qt", "training/A.cpp", "#include <QObject>", "library");
    row("training uses OpenSlide", "training/A.cpp", "#include <openslide.h>", "library");
    row("cohort uses training", "training/cohort/A.cpp", "#include \"training/Metrics.h\"", "folder");
    row("cohort uses Torch", "training/cohort/A.cpp", "#include <c10/core/Device.h>", "library");
    row("ui uses SQLite", "ui/A.cpp", "#include <sqlite3.h>", "library");
    row("ui uses the engine", "ui/A.cpp", "#include \"inference/engine/PredictionEngine.h\"", "folder");
    row("ui uses the application", "viewer/canvas/A.cpp", "#include \"ui/MainWindow.h\"", "folder");
    row("command line uses widgets", "app/cli/A.cpp", "#include <QLabel>", "library");
    row("window uses Torch", "app/desktop/A.cpp", "#include <torch/script.h>", "library");
    row("window uses the trainer", "app/desktop/A.cpp", "#include \"inference/engine/Batches.h\"",
        "private-library");
    row("engine module uses Qt", "app/engine_module/A.cpp", "#include <QString>", "library");
    row("sources use tests", "viewer/slide/A.cpp", "#include \"tests/Shared.h\"", "folder");
    row("slide test uses widgets", "tests/slide/TestA.cpp", "#include <QLabel>", "library");
    row("a header of no library", "viewer/slide/A.cpp", "#include <boost/any.hpp>", "unknown-header");
    row("a header that was forgotten", "viewer/slide/A.cpp", "#include \"viewer/slide/B.h\"",
        "unknown-header");
    row("OpenCV's windows", "viewer/slide/A.cpp", "#include <opencv2/highgui.hpp>", "unknown-header");
    row("a folder of no layer", "viewer/extra/A.cpp", "", "no-row");
    row("spins the event loop", "ui/A.cpp", "void f() { QCoreApplication::processEvents(); }", "ban");
    row("names everything", "viewer/base/A.cpp", "using namespace std;", "ban");
    row("prints", "inference/engine/A.cpp", "void f() { std::cout << 1; }", "ban");
    row("prints as in C", "training/A.cpp", "void f() { std::printf(\"1\"); }", "ban");
    row("pixmap off the GUI side", "viewer/tiles/A.cpp", "class QPixmap;", "ban");
    row("a test sleeps", "tests/tiles/TestA.cpp", "void f() { QThread::msleep(10); }", "ban");
    row("a test sleeps with Qt Test", "tests/tiles/TestA.cpp", "void f() { QTest::qSleep(10); }", "ban");
    row("too long", "viewer/slide/A.cpp", lines(501), "length");
    row("undocumented header", "viewer/slide/A.h", "#pragma once\nclass A;\n", "comment");
    row("header without a guard", "viewer/slide/A.h", "/// A slide.\nclass A;\n", "pragma-once");
}

void TestLayers::whatTheTableAllowsIsNotAViolation_data() {
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char* name, const char* path, const QByteArray& text) {
        QTest::newRow(name) << QByteArray(path) << text;
    };
    row("the standard library", "viewer/base/A.cpp",
        "#include <vector>\n#include <spdlog/spdlog.h>\n#include <unistd.h>");
    row("slide reads slides", "viewer/slide/A.cpp",
        "#include <openslide/openslide.h>\n#include <opencv2/imgproc.hpp>");
    row("a header beside the file", "viewer/slide/A.cpp", "#include \"SlideSource.h\"");
    row("tiles paint images", "viewer/tiles/A.cpp",
        "#include <QImage>\n#include \"viewer/slide/SlideSource.h\"");
    row("canvas is a widget", "viewer/canvas/A.cpp", "#include <QLabel>\nQPixmap p;");
    row("engine computes", "inference/engine/A.cpp",
        "#include \"inference/engine/Batches.h\"\n#include <torch/torch.h>");
    row("store hashes", "inference/store/A.cpp", "#include <openssl/evp.h>\n#include <sqlite3.h>");
    row("the window sees the interface", "app/desktop/A.cpp",
        "#include \"inference/engine/PredictionEngine.h\"");
    row("the command line prints", "app/cli/A.cpp", "#include <CLI/CLI.hpp>\nvoid f() { std::cout << 1; }");
    row("a test has Qt", "tests/slide/TestA.cpp",
        "#include \"Shared.h\"\n#include <QObject>\n#include \"TestA.moc\"");
    row("a test of training has Torch", "tests/training/TestA.cpp", "#include \"training/Trainer.h\"");
    row("literals of the standard library", "viewer/base/A.cpp", "using namespace std::chrono_literals;");
    row("words inside words", "viewer/slide/A.cpp",
        "void f() { snprintf(b, 1, \"QPixmap\"); outputs(); } // processEvents");
    row("as long as may be", "viewer/slide/A.cpp", lines(500));
}

QTEST_GUILESS_MAIN(TestLayers)
#include "TestLayers.moc"
