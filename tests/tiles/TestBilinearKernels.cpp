#include "viewer/tiles/BilinearKernels.h"

#include <cmath>
#include <QtTest>
#include <random>
#include <vector>

using namespace spotglass;

/// Every set of kernels against the definition, and against each other to the byte.
class TestBilinearKernels : public QObject {
    Q_OBJECT

    static constexpr int width = 61, height = 47;
    std::mt19937 random_{7};

    std::vector<std::uint32_t> picture() {
        std::vector<std::uint32_t> pixels(static_cast<std::size_t>(width * height));
        for (std::uint32_t& pixel : pixels)
            pixel = static_cast<std::uint32_t>(random_()) | (random_() % 3 ? 0 : 0xffffffffU);
        return pixels;
    }
    static double channel(std::uint32_t pixel, int c) { return pixel >> (8 * c) & 255; }

    static void sets() {
        QTest::addColumn<bool>("wide");
        QTest::newRow("plain") << false;
        QTest::newRow("AVX2") << true;
    }
    static const BilinearKernels* chosen(bool wide) {
        return wide ? avx2BilinearKernels() : &plainBilinearKernels();
    }

  private Q_SLOTS:
    void alongAWay_data() { sets(); }
    void alongAWay() {
        QFETCH(bool, wide);
        const BilinearKernels* kernels = chosen(wide);
        if (!kernels) QSKIP("This processor has no AVX2.");
        constexpr double one = 4294967296.0;
        for (int round = 0; round < 400; ++round) {
            const auto pixels = picture();
            const double u = 10 + random_() % 4000 / 1000.0, v = 20 + random_() % 4000 / 1000.0;
            const double stepU = random_() % 1000 / 1000.0, stepV = (random_() % 1000 - 500.0) / 1000.0;
            const int count = static_cast<int>(random_() % 33);
            BilinearWay way{pixels.data(),
                            width,
                            std::llround(u * one),
                            std::llround(v * one),
                            std::llround(stepU * one),
                            std::llround(stepV * one)};
            std::vector<std::uint32_t> out(40, 0x12345678), plain = out;
            kernels->alongWay(way, count, out.data());
            plainBilinearKernels().alongWay(way, count, plain.data());
            QCOMPARE(out, plain);
            for (int i = count; i < 40; ++i)
                QCOMPARE(out[static_cast<std::size_t>(i)], 0x12345678U);
            for (int i = 0; i < count; ++i) {
                const double x = u + i * stepU, y = v + i * stepV;
                const int left = static_cast<int>(x), top = static_cast<int>(y);
                const std::uint32_t* at = &pixels[static_cast<std::size_t>(top * width + left)];
                for (int c = 0; c < 4; ++c) {
                    const double above = std::lerp(channel(at[0], c), channel(at[1], c), x - left);
                    const double below =
                        std::lerp(channel(at[width], c), channel(at[width + 1], c), x - left);
                    const double expected = std::lerp(above, below, y - top);
                    const double got = channel(out[static_cast<std::size_t>(i)], c);
                    QVERIFY2(std::abs(got - expected) <= 3,
                             qPrintable(QStringLiteral("%1 for %2").arg(got).arg(expected)));
                }
            }
        }
    }

    void alongARowAndBetweenTwo_data() { sets(); }
    void alongARowAndBetweenTwo() {
        QFETCH(bool, wide);
        const BilinearKernels* kernels = chosen(wide);
        if (!kernels) QSKIP("This processor has no AVX2.");
        for (int round = 0; round < 400; ++round) {
            const auto pixels = picture();
            const int count = static_cast<int>(random_() % 40);
            std::vector<std::int32_t> left(40);
            std::vector<std::uint16_t> shares(160);
            for (std::size_t i = 0; i < 40; ++i) {
                left[i] = static_cast<std::int32_t>(random_() % (width - 1));
                std::fill_n(&shares[4 * i], 4, static_cast<std::uint16_t>(random_() % 257));
            }
            std::vector<std::uint16_t> above(170, 7), below(170, 7), plain(170, 7);
            kernels->alongRow(pixels.data(), left.data(), shares.data(), count, above.data());
            kernels->alongRow(pixels.data() + width, left.data(), shares.data(), count, below.data());
            plainBilinearKernels().alongRow(pixels.data(), left.data(), shares.data(), count, plain.data());
            QCOMPARE(above, plain);
            QCOMPARE(above[static_cast<std::size_t>(4 * count)], 7);
            const int share = static_cast<int>(random_() % 257);
            std::vector<std::uint32_t> out(41, 0x12345678), plainOut = out;
            kernels->betweenRows(above.data(), below.data(), share, count, out.data());
            plainBilinearKernels().betweenRows(above.data(), below.data(), share, count, plainOut.data());
            QCOMPARE(out, plainOut);
            QCOMPARE(out[static_cast<std::size_t>(count)], 0x12345678U);
            for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
                const std::uint32_t* at = &pixels[static_cast<std::size_t>(left[i])];
                const double x = shares[4 * i] / 256.0;
                for (int c = 0; c < 4; ++c) {
                    const double top = std::lerp(channel(at[0], c), channel(at[1], c), x);
                    const double bottom = std::lerp(channel(at[width], c), channel(at[width + 1], c), x);
                    const double expected = std::lerp(top, bottom, share / 256.0);
                    QVERIFY(std::abs(channel(out[i], c) - expected) <= 1.5);
                }
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestBilinearKernels)
#include "TestBilinearKernels.moc"
