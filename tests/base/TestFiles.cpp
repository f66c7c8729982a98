#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

class TestFiles : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }

  private Q_SLOTS:
    void writesIntoNewFoldersAndReadsBack() {
        QVERIFY(writeFileAtomically(at("a/b/c.txt"), "tissue").has_value());
        QCOMPARE(readFile(at("a/b/c.txt")).value(), std::string("tissue"));
    }
    void aFailedWriteKeepsTheOldFileAndLeavesNothingBehind() {
        QVERIFY(writeFileAtomically(at("keep/m"), "old").has_value());
        const auto written = writeAside(at("keep/m"), [](const fs::path& aside) -> Result<void> {
            (void)writeFileAtomically(aside, "half");
            return badInput("stopped");
        });
        QVERIFY(!written);
        QCOMPARE(readFile(at("keep/m")).value(), std::string("old"));
        QCOMPARE(std::distance(fs::directory_iterator(at("keep")), fs::directory_iterator()), 1);
    }
    void missingEmptyAndFolderAreToldApart() {
        QVERIFY(QString::fromStdString(readFile(at("none")).error().sentence())
                    .contains(QStringLiteral("does not exist")));
        QVERIFY(writeFileAtomically(at("empty"), "").has_value());
        QVERIFY(QString::fromStdString(readFile(at("empty")).error().sentence())
                    .contains(QStringLiteral("is empty")));
        QVERIFY(QString::fromStdString(readFile(dir_.path().toStdString()).error().sentence())
                    .contains(QStringLiteral("folder")));
        QCOMPARE(readFile(at("none")).error().exitCode(), 3);
    }
    void whetherAFileCanBeWrittenIsSaidBefore() {
        QVERIFY(writeFileAtomically(at("there"), "old").has_value());
        QVERIFY(checkWritable(at("there")).has_value());
        QCOMPARE(*readFile(at("there")), std::string("old"));
        QVERIFY(checkWritable(at("new/folder/t.csv")).has_value());
        QVERIFY(!std::filesystem::exists(at("new/folder/t.csv")));
        QVERIFY(std::filesystem::is_empty(at("new/folder")));
        QVERIFY(!checkWritable(dir_.path().toStdString()));
        const auto refused = checkWritable("/proc/t.csv");
        QVERIFY(!refused && refused.error().exitCode() == 4);
        QCOMPARE(refused.error().where, std::string("/proc/t.csv"));
    }
    void aFileOverTheLimitIsRefused() {
        QVERIFY(writeFileAtomically(at("big"), "123456").has_value());
        QVERIFY(!readFile(at("big"), 5));
    }
};

QTEST_GUILESS_MAIN(TestFiles)
#include "TestFiles.moc"
