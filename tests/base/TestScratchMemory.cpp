#include "viewer/base/ScratchMemory.h"

#include <cstring>

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

class TestScratchMemory : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;

    static void fill(const ScratchMemory& memory, std::size_t bytes) {
        for (std::size_t i = 0; i < bytes; ++i)
            memory.data()[i] = static_cast<std::uint8_t>(i * 7 + i / 4096);
    }
    static bool isFilled(const ScratchMemory& memory, std::size_t bytes) {
        for (std::size_t i = 0; i < bytes; ++i)
            if (memory.data()[i] != static_cast<std::uint8_t>(i * 7 + i / 4096)) return false;
        return true;
    }

  private Q_SLOTS:
    void init() { qputenv("TMPDIR", dir_.path().toUtf8()); }

    void whatRestsComesBackAsItWas_data() {
        QTest::addColumn<bool>("inFile");
        QTest::newRow("file") << true;
        QTest::newRow("memory") << false;
    }
    void whatRestsComesBackAsItWas() {
        QFETCH(bool, inFile);
        constexpr std::size_t bytes = 1'000'003;
        const ScratchMemory memory(bytes, inFile);
        QCOMPARE(memory.isInFile(), inFile);
        fill(memory, bytes);
        memory.rest(0, bytes);
        memory.rest(5, 3);
        memory.rest(4097, 20000);
        QVERIFY(isFilled(memory, bytes));
    }
    void noFileIsLeftBehind() {
        const ScratchMemory memory(100'000, true);
        QVERIFY(memory.isInFile());
        QVERIFY(QDir(dir_.path()).isEmpty());
    }
    void withoutRoomForAFileItIsOrdinaryMemory() {
        qputenv("TMPDIR", "/nonexistent");
        const ScratchMemory nowhere(100'000, true);
        QVERIFY(!nowhere.isInFile());
        fill(nowhere, 100'000);
        QVERIFY(isFilled(nowhere, 100'000));
    }
    void itCanBeMoved() {
        ScratchMemory a(50'000, true);
        fill(a, 50'000);
        ScratchMemory b(std::move(a)), c;
        c = std::move(b);
        QVERIFY(isFilled(c, 50'000));
    }
};

QTEST_GUILESS_MAIN(TestScratchMemory)
#include "TestScratchMemory.moc"
