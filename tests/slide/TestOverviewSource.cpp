#include "SlideFiles.h"
#include "viewer/slide/OverviewSource.h"
#include "viewer/slide/SlidePyramid.h"

#include <atomic>
#include <QTemporaryDir>
#include <QtTest>
#include <set>
#include <thread>

using namespace spotglass;
using namespace spotglass::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t width = 33000, height = 20100;

/// One level whose colours follow the place, which can be damaged or away.
class OneLevel : public SlideSource {
  public:
    mutable std::atomic<int> reads{0};
    std::atomic<int> dieAfter{1 << 30}; ///< reads
    LevelRect damage{-1, -1, 0, 0};     ///< reading anything of it fails

    static std::uint32_t colorAt(double x, double y) {
        return static_cast<std::uint32_t>(x * 255 / width) << 16 |
               static_cast<std::uint32_t>(y * 255 / height) << 8;
    }
    [[nodiscard]] std::shared_ptr<const SlideInfo> info() const override {
        SlideInfo info;
        info.levels = {{width, height, 1, 256, 256}};
        return std::make_shared<const SlideInfo>(info);
    }
    [[nodiscard]] Result<Raster> readRegion(int, LevelRect) const override {
        return badInput("not asked for");
    }
    [[nodiscard]] Result<void> readReduced(int, LevelRect rect, int reduction,
                                           PixelTarget out) const override {
        if (++reads > dieAfter) return badInput("the drive is away");
        if (rect.x < damage.x + damage.width && damage.x < rect.x + rect.width &&
            rect.y < damage.y + damage.height && damage.y < rect.y + rect.height)
            return badInput("a tile is damaged");
        const double side = 1 << reduction;
        for (int y = 0; y < out.height; ++y)
            for (int x = 0; x < out.width; ++x)
                out.row(y)[x] = colorAt(static_cast<double>(rect.x) + side * (x + 0.5),
                                        static_cast<double>(rect.y) + side * (y + 0.5));
        return {};
    }
    [[nodiscard]] Result<Raster> readAssociatedImage(const std::string&) const override {
        return badInput("none");
    }
    [[nodiscard]] std::string fingerprint() const override { return "one"; }
};

} // namespace

/// The level that a huge slide without small levels is given.
class TestOverviewSource : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;

    static bool isRight(const Raster& raster, LevelRect rect, int factor) {
        for (int y = 0; y < raster.height; ++y)
            for (int x = 0; x < raster.width; ++x)
                if (difference(pixel(raster, x, y),
                               OneLevel::colorAt(static_cast<double>(rect.x + x) * factor + factor / 2.0,
                                                 static_cast<double>(rect.y + y) * factor + factor / 2.0)) >
                    1)
                    return false;
        return true;
    }

  private Q_SLOTS:
    void aSlideWithASmallLevelStaysAsItIs() {
        const fs::path path = fs::path(dir_.path().toStdString()) / "small.tif";
        writeTiff(path, {.width = 600, .height = 400, .tile = 128}, squares(32));
        const auto slide = openSlide(path).value();
        QCOMPARE(OverviewSource::wrap(slide), slide);
        QCOMPARE(slide->info()->levels.size(), std::size_t{1});
    }
    void theLevelIsTheMeanAndIsReadOnce() {
        const auto inner = std::make_shared<OneLevel>();
        const auto slide = OverviewSource::wrap(inner);
        QCOMPARE(slide->info()->levels.size(), std::size_t{2});
        const SlideLevel level = slide->info()->levels[1];
        QCOMPARE(level.downsample, 16.0);
        QCOMPARE(level.width, std::int64_t{2063});
        QCOMPARE(inner->reads.load(), 0);
        const LevelRect part{1000, 700, 300, 200}, all{0, 0, 2063, 1257};
        QVERIFY(isRight(slide->readRegion(1, part).value(), part, 16));
        QVERIFY(inner->reads <= 12);
        const auto whole = slide->readRegion(1, all).value();
        QVERIFY(isRight(slide->readRegion(1, {0, 0, 2062, 1256}).value(), {0, 0, 2062, 1256}, 16));
        QCOMPARE(inner->reads.load(), 17 * 10);
        const auto beyond = slide->readRegion(1, {-5, -5, 2100, 1300}).value();
        QCOMPARE(pixel(beyond, 0, 0), 0xffffffffu);
        QCOMPARE(pixel(beyond, 5, 5), pixel(whole, 0, 0));
        QCOMPARE(pixel(beyond, 2099, 1299), 0xffffffffu);
        Raster small = emptyRaster(258, 158); // an eighth
        QVERIFY(slide->readReduced(1, {0, 0, 2063, 1257}, 3, targetOf(small)).has_value());
        QVERIFY(difference(pixel(small, 100, 80), OneLevel::colorAt(100.5 * 128, 80.5 * 128)) <= 1);
        QCOMPARE(inner->reads.load(), 17 * 10);
    }
    void severalThreadsMakeItTogether() {
        const auto inner = std::make_shared<OneLevel>();
        const auto slide = OverviewSource::wrap(inner);
        std::atomic<int> wrong{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 16; ++i) {
                    const LevelRect rect{(i + 4 * t) % 16 * 128, i % 9 * 128, 128, 128};
                    const auto got = slide->readRegion(1, rect);
                    wrong += !got || !isRight(*got, rect, 16);
                }
            });
        for (auto& thread : threads)
            thread.join();
        QCOMPARE(wrong.load(), 0);
        QVERIFY(inner->reads <= 17 * 10);
    }
    void aDamagedPartIsGreyAndItsNeighboursAreThere() {
        const auto inner = std::make_shared<OneLevel>();
        inner->damage = {5000, 5000, 10, 10};
        const auto slide = OverviewSource::wrap(inner);
        const LevelRect rect{256, 256, 256, 256};
        const auto got = slide->readRegion(1, rect).value();
        QCOMPARE(pixel(got, 5000 / 16 - 256, 5000 / 16 - 256), 0xffb4b4b4u);
        QVERIFY(difference(pixel(got, 100, 100), OneLevel::colorAt(356.5 * 16, 356.5 * 16)) <= 1);
    }
    void whatADriveThatIsAwayDidNotGiveIsAskedForAgain_data() {
        QTest::addColumn<int>("reads");
        for (const int reads : {0, 1, 2, 3, 20, 60, 64})
            QTest::addRow("after %d reads", reads) << reads;
    }
    void whatADriveThatIsAwayDidNotGiveIsAskedForAgain() {
        QFETCH(int, reads);
        const auto inner = std::make_shared<OneLevel>();
        inner->damage = {100, 1900, 1, 1}; // so that the first block is read in parts
        inner->dieAfter = reads;
        const auto slide = OverviewSource::wrap(inner);
        const LevelRect rect{0, 0, 128, 100};
        QVERIFY(!slide->readRegion(1, rect));
        inner->dieAfter = 1 << 30;
        QVERIFY(isRight(slide->readRegion(1, rect).value(), rect, 16));
    }
    void aHugeTiffOfOneLevelIsShownFromOurs_data() {
        QTest::addColumn<bool>("big");
        QTest::addColumn<int>("everyNth");
        QTest::newRow("TIFF") << false << 1;
        QTest::newRow("BigTIFF") << true << 1;
        QTest::newRow("sparse BigTIFF") << true << 5;
    }
    void aHugeTiffOfOneLevelIsShownFromOurs() {
        QFETCH(bool, big);
        QFETCH(int, everyNth);
        const fs::path path = fs::path(dir_.path().toStdString()) / "huge.tif";
        writeHugeTiff(path, {.width = 60000, .height = 50000, .tile = 256, .big = big, .everyNth = everyNth},
                      [](int x, int) { return x < 128 ? 0x804060u : 0xa060c0u; });
        const auto slide = openSlide(path).value();
        QCOMPARE(slide->info()->levels.size(), std::size_t{2});
        QCOMPARE(slide->info()->levels[1].width, std::int64_t{3750});
        const auto got = slide->readRegion(1, {0, 0, 256, 32}).value();
        for (int tile = 0; tile < 16; ++tile) {
            const bool there = tile % everyNth == 0;
            QVERIFY(difference(pixel(got, 16 * tile + 4, 8), there ? 0x804060u : 0xffffffu) <= 4);
            QVERIFY(difference(pixel(got, 16 * tile + 12, 8), there ? 0xa060c0u : 0xffffffu) <= 4);
        }
        QVERIFY(slide->readRegion(0, {59000, 49000, 1000, 1000}).has_value());
    }
};

QTEST_GUILESS_MAIN(TestOverviewSource)
#include "TestOverviewSource.moc"
