#include "viewer/tiles/TileCache.h"

#include <QtTest>

using namespace spotglass;

class TestTileCache : public QObject {
    Q_OBJECT

    static constexpr qsizetype tileBytes = 64 * 64 * 4;
    static QImage tile() { return QImage(64, 64, QImage::Format_RGB32); }
    static TileKey key(int column, int level = 0) { return {level, column, 0}; }

  private Q_SLOTS:
    void staysWithinItsBytes() {
        TileCache cache(10 * tileBytes + 5);
        for (int i = 0; i < 500; ++i) {
            cache.insert(key(i), tile());
            QVERIFY(cache.bytes() <= cache.byteLimit());
            QCOMPARE(cache.bytes(), qsizetype(cache.count()) * tileBytes);
            QVERIFY(cache.contains(key(i)));
        }
        QCOMPARE(cache.count(), 10U);
        cache.setByteLimit(3 * tileBytes);
        QCOMPARE(cache.count(), 3U);
    }
    void theLeastRecentlyUsedGoesFirst() {
        TileCache cache(3 * tileBytes);
        for (int i = 0; i < 3; ++i)
            cache.insert(key(i), tile());
        QVERIFY(cache.find(key(0)));
        cache.insert(key(3), tile());
        QVERIFY(cache.contains(key(0)) && !cache.contains(key(1)) && cache.contains(key(2)));
        QVERIFY(!cache.find(key(1)));
    }
    void pinnedAndDrawnTilesStay() {
        TileCache cache(4 * tileBytes);
        cache.insert(key(0, 5), tile(), true);
        cache.insert(key(1), tile());
        cache.insert(key(2), tile());
        cache.setOnScreen({key(1), key(2)});
        for (int i = 10; i < 60; ++i)
            cache.insert(key(i), tile());
        QVERIFY(cache.contains(key(0, 5)) && cache.contains(key(1)) && cache.contains(key(2)));
        QCOMPARE(cache.count(), 4U);
        cache.setOnScreen({});
        for (int i = 60; i < 70; ++i)
            cache.insert(key(i), tile());
        QVERIFY(cache.contains(key(0, 5)) && !cache.contains(key(1)) && !cache.contains(key(2)));
    }
    void aPinnedTileStaysPinnedWhenReplaced() {
        TileCache cache(2 * tileBytes);
        cache.insert(key(0), tile(), true);
        cache.insert(key(0), tile());
        QCOMPARE(cache.bytes(), tileBytes);
        for (int i = 1; i < 9; ++i)
            cache.insert(key(i), tile());
        QVERIFY(cache.contains(key(0)));
    }
    void clearForgetsEverything() {
        TileCache cache(9 * tileBytes);
        cache.insert(key(0), tile(), true);
        cache.clear();
        QCOMPARE(cache.bytes(), 0);
        QVERIFY(!cache.contains(key(0)));
    }
};

QTEST_GUILESS_MAIN(TestTileCache)
#include "TestTileCache.moc"
