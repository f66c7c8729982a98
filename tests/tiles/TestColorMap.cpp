#include "viewer/tiles/ColorMap.h"

#include <cmath>

#include <QtTest>

using namespace spotglass;

class TestColorMap : public QObject {
    Q_OBJECT

    static ColorMap named(const char* name) { return *ColorMap::named(QString::fromLatin1(name)); }
    static double lightness(QRgb colour) {
        return 0.2126 * qRed(colour) + 0.7152 * qGreen(colour) + 0.0722 * qBlue(colour);
    }

  private Q_SLOTS:
    void everyNameAndItsReverseIsThere() {
        QCOMPARE(ColorMap::names().size(), 9);
        for (const QString& name : ColorMap::names()) {
            const auto map = ColorMap::named(name), back = ColorMap::named(name + QStringLiteral("_r"));
            QVERIFY(map && back);
            QCOMPARE(map->name(), name);
            QCOMPARE(back->name(), name + QStringLiteral("_r"));
            QCOMPARE(back->reversed().name(), name);
            for (std::size_t i = 0; i < 256; ++i)
                QCOMPARE(map->table()[i], back->table()[255 - i]);
        }
        QVERIFY(!ColorMap::named(QStringLiteral("rainbow")));
        QVERIFY(!ColorMap::named(QStringLiteral("_r")));
    }
    void endsAreThePublishedOnes() {
        QCOMPARE(named("viridis").at(0.0F), qRgb(0x44, 0x01, 0x54));
        QCOMPARE(named("viridis").at(1.0F), qRgb(0xFD, 0xE7, 0x25));
        QCOMPARE(named("magma").at(1.0F), qRgb(0xFC, 0xFD, 0xBF));
        QCOMPARE(named("coolwarm").at(0.0F), qRgb(59, 76, 192));
        QCOMPARE(named("coolwarm_r").at(0.0F), qRgb(180, 4, 38));
        QCOMPARE(named("grey").at(0.5F), qRgb(128, 128, 128));
    }
    void sequentialMapsGrowLighterAllTheWay() {
        for (const char* name : {"viridis", "magma", "cividis", "grey"}) {
            const ColorMap map = named(name);
            for (std::size_t i = 1; i < 256; ++i)
                QVERIFY2(lightness(map.table()[i]) > lightness(map.table()[i - 1]) - 0.5, name);
            QVERIFY(lightness(map.table()[255]) - lightness(map.table()[0]) > 150);
        }
    }
    void mapsOfOneHueDarkenEvenlyFromWhite() {
        for (const char* name : {"reds", "greens", "blues"}) {
            const ColorMap map = named(name);
            QCOMPARE(map.at(0.0F), qRgb(255, 255, 255));
            const double whole = lightness(map.table()[0]) - lightness(map.table()[255]);
            QVERIFY2(whole > 150, name);
            for (std::size_t i = 0; i < 256; ++i) {
                const double fallen = lightness(map.table()[0]) - lightness(map.table()[i]);
                QVERIFY2(std::abs(fallen / whole - static_cast<double>(i) / 255) < 0.1, name);
            }
        }
    }
    void everyTableIsOpaqueAndWithoutJumps() {
        for (const QString& name : ColorMap::names()) {
            const std::array<QRgb, 256> table = ColorMap::named(name)->table();
            for (std::size_t i = 0; i < 256; ++i) {
                QCOMPARE(qAlpha(table[i]), 255);
                if (i > 0) QVERIFY(std::abs(qGreen(table[i]) - qGreen(table[i - 1])) <= 6);
            }
        }
    }
    void valuesOutsideAreClampedAndNothingIsTransparent() {
        const ColorMap map;
        QCOMPARE(map.at(-3.0F, 0.0F, 2.0F), map.table()[0]);
        QCOMPARE(map.at(9.0F, 0.0F, 2.0F), map.table()[255]);
        QCOMPARE(map.at(INFINITY), map.table()[255]);
        QCOMPARE(map.at(1.0F, 0.0F, 2.0F), map.table()[128]);
        QCOMPARE(map.at(NAN, 0.0F, 2.0F), QRgb(0));
        QCOMPARE(map.at(NAN, 1.0F, 1.0F), QRgb(0));
        QCOMPARE(map.at(1.0F, 1.0F, 1.0F), map.at(0.5F));
    }
    void aRampIsFinerThanTheTableAndMeetsIt() {
        for (const QString& name : ColorMap::names()) {
            const ColorMap map = *ColorMap::named(name);
            const std::vector<QRgb> ramp = map.ramp(255 * 8 + 1);
            for (std::size_t i = 0; i < 256; ++i)
                QCOMPARE(ramp[i * 8], map.table()[i]);
        }
        const std::vector<QRgb> bent = named("grey").ramp(101, 2);
        QCOMPARE(qRed(bent[50]), 64);
        QCOMPARE(bent[100], qRgb(255, 255, 255));
        QCOMPARE(named("grey").ramp(0).size(), std::size_t(2));
    }
};

QTEST_GUILESS_MAIN(TestColorMap)
#include "TestColorMap.moc"
