#include "SlideFiles.h"
#include "viewer/slide/Fingerprint.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::testing;
namespace fs = std::filesystem;

class TestFingerprint : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }

  private Q_SLOTS:
    void isStableOverRenamesAndDiffersBetweenContents() {
        writeText(at("a"), std::string(5000, 'x'));
        writeText(at("b"), std::string(4999, 'x') + 'y');
        const std::string before = fileFingerprint(at("a")).value();
        QVERIFY(before != fileFingerprint(at("b")).value());
        fs::rename(at("a"), at("renamed.svs"));
        QCOMPARE(fileFingerprint(at("renamed.svs")).value(), before);
        QCOMPARE(before.size(), std::size_t{32});
    }
    void aByteMoreOrLessChangesIt() {
        writeText(at("long"), std::string(8, '\0'));
        writeText(at("longer"), std::string(9, '\0'));
        QVERIFY(fileFingerprint(at("long")).value() != fileFingerprint(at("longer")).value());
    }
    void largeFilesThatDifferAtTheEndOrInTheHeadDiffer() {
        std::string bytes(3 << 20, 'x');
        writeText(at("large"), bytes);
        const std::string before = fileFingerprint(at("large")).value();
        for (const std::size_t place : {std::size_t{100}, bytes.size() - 1}) {
            std::string changed = bytes;
            changed[place] = 'y';
            writeText(at("changed"), changed);
            QVERIFY(fileFingerprint(at("changed")).value() != before);
        }
    }
    void missingAndEmptyFilesHaveNone() {
        writeText(at("empty"), "");
        QVERIFY(!fileFingerprint(at("none")));
        QVERIFY(!fileFingerprint(at("empty")));
    }
};

QTEST_GUILESS_MAIN(TestFingerprint)
#include "TestFingerprint.moc"
