#include "app/desktop/EnglishPlurals.h"

#include <QCoreApplication>
#include <QtTest>

using namespace spotglass;

class TestEnglishPlurals : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void oneAndMany() {
        EnglishPlurals english;
        QVERIFY(QCoreApplication::installTranslator(&english));
        const auto said = [](const char* text, int n) {
            return QCoreApplication::translate("Any", text, nullptr, n);
        };
        QCOMPARE(said("%n section(s) of %1", 1), QStringLiteral("1 section of %1"));
        QCOMPARE(said("%n section(s) of %1", 4), QStringLiteral("4 sections of %1"));
        QCOMPARE(said("%n section(s)", 0), QStringLiteral("0 sections"));
        QCOMPARE(said("spot(s)", -1), QStringLiteral("spot(s)")); // no number
        QCOMPARE(said("Training", 2), QStringLiteral("Training"));
        QCoreApplication::removeTranslator(&english);
    }
};

QTEST_GUILESS_MAIN(TestEnglishPlurals)
#include "TestEnglishPlurals.moc"
