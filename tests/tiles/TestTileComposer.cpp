#include "viewer/tiles/TileComposer.h"

#include <array>
#include <cmath>
#include <QElapsedTimer>
#include <QtTest>
#include <random>
#include <unordered_map>

using namespace spotglass;

/// Every device pixel is held against its own bilinear interpolation of the whole level, as if there were no
/// tiles.
class TestTileComposer : public QObject {
    Q_OBJECT

    static constexpr int width = 1000, height = 700, side = 128;

    static SlideInfo info() {
        SlideInfo slide;
        slide.levels.push_back({width, height, 1, side, side});
        slide.levels.push_back({width / 2, height / 2, 2, side, side});
        return slide;
    }
    static std::uint32_t colour(int x, int y, int level) {
        const auto hash =
            static_cast<std::uint32_t>(x / 3 * 7919 + y / 2 * 104729 + level * 31) * 2654435761U;
        return 0xff000000U | (hash >> 8 & 0x00ffffffU);
    }
    static QImage levelImage(int level) {
        QImage image(width >> level, height >> level, QImage::Format_RGB32);
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                image.setPixel(x, y, colour(x, y, level));
        return image;
    }
    struct Tiles {
        std::unordered_map<TileKey, QImage> images;
        std::vector<TileKey> keys;
        [[nodiscard]] TilePictures pictures() const {
            return [this](const TileKey& key) {
                const auto found = images.find(key);
                return found == images.end() ? nullptr : &found->second;
            };
        }
    };
    static Tiles tilesOf(int level) {
        Tiles tiles;
        const QImage whole = levelImage(level);
        for (int row = 0; row * side < whole.height(); ++row) {
            for (int column = 0; column * side < whole.width(); ++column) {
                const TileKey key{level, column, row};
                tiles.images[key] = whole.copy(QRect(column * side, row * side, side, side) & whole.rect());
                tiles.keys.push_back(key);
            }
        }
        return tiles;
    }
    /// Bilinear in double precision, the slide's edge continuing its last pixels.
    static std::array<double, 3> expected(const QImage& level, double x, double y) {
        const double u = x - 0.5, v = y - 0.5;
        const int column = static_cast<int>(std::floor(u)), row = static_cast<int>(std::floor(v));
        const double shareX = u - column, shareY = v - row;
        std::array<double, 3> sum{};
        for (const int right : {0, 1}) {
            for (const int below : {0, 1}) {
                const QRgb pixel = level.pixel(std::clamp(column + right, 0, level.width() - 1),
                                               std::clamp(row + below, 0, level.height() - 1));
                const double weight = (right ? shareX : 1 - shareX) * (below ? shareY : 1 - shareY);
                sum[0] += weight * qRed(pixel);
                sum[1] += weight * qGreen(pixel);
                sum[2] += weight * qBlue(pixel);
            }
        }
        return sum;
    }
    static double worst(const QTransform& toDevice, int level, const QImage& drawn, QPoint origin) {
        const QImage whole = levelImage(level);
        const QTransform back = toDevice.inverted();
        const double downsample = 1 << level;
        double error = 0;
        for (int y = 0; y < drawn.height(); ++y) {
            for (int x = 0; x < drawn.width(); ++x) {
                const QPointF at = back.map(QPointF(origin.x() + x + 0.5, origin.y() + y + 0.5)) / downsample;
                const QRgb pixel = drawn.pixel(x, y);
                if (at.x() < 0 || at.y() < 0 || at.x() >= whole.width() || at.y() >= whole.height()) {
                    if (pixel != 0xff112233) error = 1000;
                    continue;
                }
                const auto want = expected(whole, at.x(), at.y());
                error = std::max({error, std::abs(want[0] - qRed(pixel)), std::abs(want[1] - qGreen(pixel)),
                                  std::abs(want[2] - qBlue(pixel))});
            }
        }
        return error;
    }
    static QTransform transform(double scale, double turn, bool mirrored, double x, double y) {
        QTransform map;
        map.translate(200 + x, 150 + y);
        map.rotate(turn);
        map.scale(mirrored ? -scale : scale, scale);
        map.translate(-width / 2.0, -height / 2.0);
        return map;
    }

  private Q_SLOTS:
    void everyPixelIsTheMeanOfItsNeighbours_data() {
        QTest::addColumn<double>("scale");
        QTest::addColumn<double>("turn");
        QTest::addColumn<bool>("mirrored");
        for (const double scale : {0.31, 0.5, 0.864, 1.0, 1.7, 5.3})
            for (const double turn : {0.0, 17.0, 90.0, 180.0, 270.0, 301.5})
                for (const bool mirrored : {false, true})
                    QTest::addRow("%g, %g degrees%s", scale, turn, mirrored ? ", mirrored" : "")
                        << scale << turn << mirrored;
    }
    void everyPixelIsTheMeanOfItsNeighbours() {
        QFETCH(double, scale);
        QFETCH(double, turn);
        QFETCH(bool, mirrored);
        const SlideInfo slide = info();
        for (const int level : {0, 1}) {
            const Tiles tiles = tilesOf(level);
            for (const int threads : {1, 3}) {
                const QTransform map = transform(scale, turn, mirrored, 0.37, 0.11 * threads);
                QImage drawn(420, 330, QImage::Format_RGB32);
                drawn.fill(0xff112233);
                const QPoint origin(-7, 13);
                TileComposer(slide, map, tiles.pictures(), threads)
                    .draw(tiles.keys, QRect(origin, drawn.size()), {&drawn, origin});
                const double error = worst(map, level, drawn, origin);
                // 256 steps between pixels that differ by up to 255, along both axes, and rounding
                QVERIFY2(error <= 3.0, qPrintable(QString::number(error)));
            }
        }
    }
    void atFullResolutionThePixelsAreThoseOfTheSlide() {
        const SlideInfo slide = info();
        const Tiles tiles = tilesOf(0);
        QImage drawn(600, 500, QImage::Format_RGB32);
        TileComposer(slide, QTransform::fromTranslate(-100, -50), tiles.pictures())
            .draw(tiles.keys, drawn.rect(), {&drawn, {0, 0}});
        QCOMPARE(drawn, levelImage(0).copy(100, 50, 600, 500));
    }
    void onlyTheAreaIsTouched() {
        const SlideInfo slide = info();
        const Tiles tiles = tilesOf(0);
        for (const double turn : {0.0, 30.0}) {
            QImage all(400, 300, QImage::Format_RGB32), part(400, 300, QImage::Format_RGB32);
            part.fill(0xff112233);
            const QTransform map = transform(0.7, turn, false, 0, 0);
            const TileComposer composer(slide, map, tiles.pictures());
            all.fill(0xff112233);
            composer.draw(tiles.keys, all.rect(), {&all, {0, 0}});
            const QRect area(31, 17, 200, 150);
            composer.draw(tiles.keys, area, {&part, {0, 0}});
            for (int y = 0; y < 300; ++y)
                for (int x = 0; x < 400; ++x)
                    QCOMPARE(part.pixel(x, y), area.contains(x, y) ? all.pixel(x, y) : 0xff112233);
        }
    }
    void aMissingNeighbourLeavesTheEdgeAsItIs() {
        const SlideInfo slide = info();
        Tiles tiles = tilesOf(0);
        tiles.images.erase({0, 2, 1});
        QImage drawn(1000, 700, QImage::Format_RGB32);
        drawn.fill(0xff112233);
        for (const double turn : {0.0, 0.0001}) {
            QTransform map;
            map.rotate(turn);
            TileComposer(slide, map, tiles.pictures()).draw(tiles.keys, drawn.rect(), {&drawn, {0, 0}});
            QCOMPARE(drawn.pixel(2 * side + 5, side + 5), 0xff112233U);
            QVERIFY(drawn.pixel(2 * side - 1, side + 5) != 0xff112233U);
        }
    }
    void fillCoversWhatTilesCover() {
        const SlideInfo slide = info();
        const Tiles tiles = tilesOf(0);
        for (const double turn : {0.0, 90.0, 33.0}) {
            const QTransform map = transform(0.4, turn, true, 0.2, 0.6);
            QImage drawn(500, 420, QImage::Format_RGB32), filled = drawn;
            drawn.fill(0xff112233);
            filled.fill(0xff112233);
            const TileComposer composer(slide, map, tiles.pictures());
            composer.draw(tiles.keys, drawn.rect(), {&drawn, {0, 0}});
            composer.fill({0, 0, width, height}, 0xffabcdef, filled.rect(), {&filled, {0, 0}});
            for (int y = 0; y < drawn.height(); ++y)
                for (int x = 0; x < drawn.width(); ++x)
                    QCOMPARE(drawn.pixel(x, y) == 0xff112233, filled.pixel(x, y) == 0xff112233);
        }
    }
    void aFrameTakes() { // printed, not judged
        SlideInfo slide;
        slide.levels.push_back({100000, 80000, 1, 256, 256});
        QImage tile(256, 256, QImage::Format_RGB32);
        for (int y = 0; y < 256; ++y)
            for (int x = 0; x < 256; ++x)
                tile.setPixel(x, y, colour(x, y, 0));
        const auto picture = [&tile](const TileKey&) { return &tile; };
        for (const QSize size : {QSize(1920, 1080), QSize(3840, 2160)}) {
            QImage frame(size, QImage::Format_RGB32);
            for (const auto& [scale, turn] :
                 {std::pair(1.0, 0.0), {0.864, 0.0}, {0.6, 0.0}, {2.0, 0.0}, {0.864, 17.0}}) {
                QTransform map;
                map.rotate(turn);
                map.scale(scale, scale);
                map.translate(-50000.3, -40000.7);
                std::vector<TileKey> keys;
                const QRectF seen = map.inverted().mapRect(QRectF(frame.rect()));
                for (int row = static_cast<int>(seen.top() / 256); row <= seen.bottom() / 256; ++row)
                    for (int column = static_cast<int>(seen.left() / 256); column <= seen.right() / 256;
                         ++column)
                        keys.push_back({0, column, row});
                for (const int threads : {1, 2}) {
                    std::vector<double> times;
                    for (int i = 0; i < 15; ++i) {
                        QElapsedTimer clock;
                        clock.start();
                        TileComposer(slide, map, picture, threads).draw(keys, frame.rect(), {&frame, {0, 0}});
                        times.push_back(static_cast<double>(clock.nsecsElapsed()) / 1e6);
                    }
                    std::ranges::sort(times);
                    qInfo("%dx%d, scale %g, %g degrees, %d threads: %.2f ms", size.width(), size.height(),
                          scale, turn, threads, times[7]);
                }
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestTileComposer)
#include "TestTileComposer.moc"
