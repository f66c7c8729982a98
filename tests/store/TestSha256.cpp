#include "inference/store/Sha256.h"
#include "viewer/base/Files.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

class TestSha256 : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }

  private Q_SLOTS:
    void equalsTheVectorsOfTheStandard_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("sum");
        // NIST, FIPS 180-4 examples
        QTest::newRow("nothing") << QByteArray()
                                 << QByteArray(
                                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        QTest::newRow("abc") << QByteArray("abc")
                             << QByteArray(
                                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        QTest::newRow("two blocks")
            << QByteArray("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
            << QByteArray("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        QTest::newRow("a million") << QByteArray(1'000'000, 'a')
                                   << QByteArray(
                                          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
    void equalsTheVectorsOfTheStandard() {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, sum);
        QCOMPARE(sha256OfBytes(bytes.toStdString()).value(), sum.toStdString());
        QVERIFY(writeFileAtomically(at("file"), bytes.toStdString()).has_value());
        QCOMPARE(sha256OfFile(at("file")).value(), sum.toStdString());
    }
    void equalsSha256sum() {
        // Sizes at and around the pieces in which a file is read.
        for (const std::size_t size : {1u, 63u, (1u << 20) - 1, 1u << 20, (3u << 20) + 17}) {
            std::string content(size, '\0');
            for (std::size_t i = 0; i < size; ++i)
                content[i] = static_cast<char>(i * 31 + (i >> 13));
            QVERIFY(writeFileAtomically(at("file"), content).has_value());
            QProcess theirs;
            theirs.start(QStringLiteral("sha256sum"), {dir_.filePath(QStringLiteral("file"))});
            if (!theirs.waitForFinished()) QSKIP("There is no sha256sum here.");
            QCOMPARE(QByteArray::fromStdString(sha256OfFile(at("file")).value()),
                     theirs.readAllStandardOutput().left(64));
        }
    }
    void whatCannotBeReadIsASentence() {
        const auto missing = sha256OfFile(at("missing"));
        QCOMPARE(missing.error().kind, ErrorKind::BadInput);
        QVERIFY(missing.error().sentence().find("missing: this file is not there") != std::string::npos);
        QVERIFY(sha256OfFile(at("")).error().sentence().find("this is a folder") != std::string::npos);
    }
    void stopsWhenAsked() {
        QVERIFY(writeFileAtomically(at("file"), "abc").has_value());
        const CancelToken cancel;
        cancel.cancel();
        QCOMPARE(sha256OfFile(at("file"), cancel).error().kind, ErrorKind::Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestSha256)
#include "TestSha256.moc"
