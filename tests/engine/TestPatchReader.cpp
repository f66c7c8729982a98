#include "inference/engine/PatchReader.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <QtTest>

using namespace spotglass;

class TestPatchReader : public QObject {
    Q_OBJECT
    SyntheticSlideSource slide_{[] {
        SyntheticSlideOptions o;
        o.width = 4000;
        o.height = 3000;
        o.micronsPerPixel = MicronsPerPixel{0.5, 0.5};
        return o;
    }()};

  private Q_SLOTS:
    void unscaledPatchesAreThePixelsOfTheSpecification() {
        const PatchReader reader(slide_, {0.5, 0.5}, 224, 0.5);
        QCOMPARE(reader.sideX(), 224.0);
        const auto key = reader.patchAt({1000.9, 700.2});
        QCOMPARE(key, (PatchKey{1000, 700}));
        const auto rgb = reader.read(key).value();
        const auto raster = slide_.readRegion(0, {1000 - 112, 700 - 112, 224, 224}).value();
        for (std::size_t i = 0; i < raster.pixels.size(); ++i) {
            QCOMPARE(rgb[3 * i], static_cast<std::uint8_t>(raster.pixels[i] >> 16));
            QCOMPARE(rgb[3 * i + 2], static_cast<std::uint8_t>(raster.pixels[i]));
        }
    }
    void physicalSizeFollowsTheSlidesScale() {
        QCOMPARE(PatchReader(slide_, {0.25, 0.25}, 224, 0.5).sideX(), 448.0);
        QCOMPARE(PatchReader(slide_, {0.25, 0.25}, 224, 0.5).read({1000, 1000})->size(),
                 std::size_t(224 * 224 * 3));
        const PatchReader uneven(slide_, {0.5, 0.25}, 100, 0.5);
        QCOMPARE(uneven.sideX(), 100.0);
        QCOMPARE(uneven.sideY(), 200.0);
    }
    /// spec/dkan.md section 1: row 0 is masked when cy - 2.5 * 224 < 0, row 1 when cy - 1.5 * 224 < 0; the
    /// others likewise.
    void maskFollowsTheImagesEdges_data() {
        QTest::addColumn<double>("x");
        QTest::addColumn<double>("y");
        QTest::addColumn<QString>("rows");
        QTest::addColumn<QString>("columns");
        QTest::newRow("middle") << 2000.0 << 1500.0 << "11111"
                                << "11111";
        QTest::newRow("just inside") << 560.0 << 560.0 << "11111"
                                     << "11111";
        QTest::newRow("just outside") << 559.9 << 559.0 << "01111"
                                      << "01111";
        QTest::newRow("corner") << 10.0 << 10.0 << "00111"
                                << "00111";
        QTest::newRow("far corner") << 3999.0 << 2700.0 << "11100"
                                    << "11100";
        QTest::newRow("far edge") << 3440.0 << 2440.0 << "11111"
                                  << "11111";
    }
    void maskFollowsTheImagesEdges() {
        QFETCH(double, x);
        QFETCH(double, y);
        QFETCH(QString, rows);
        QFETCH(QString, columns);
        const auto region = PatchReader(slide_, {0.5, 0.5}, 224, 0.5).regionAt({x, y}, 5, 5);
        for (int r = 0; r < 5; ++r)
            for (int c = 0; c < 5; ++c)
                QCOMPARE(region.mask[static_cast<std::size_t>(5 * r + c)] > 0,
                         rows[r] == QLatin1Char('1') && columns[c] == QLatin1Char('1'));
    }
    void neighboursAtThePatchPitchAreOtherSpotsPatches() {
        const PatchReader reader(slide_, {0.69, 0.69}, 224, 200.0 / 224);
        const double pitch = 200 / 0.69;
        const Level0Point a{pitch * 4.5, pitch * 3.5}, b{pitch * 5.5, pitch * 3.5};
        QCOMPARE(reader.regionAt(a, 5, 5).patches[13], reader.patchAt(b));
        QCOMPARE(reader.regionAt(a, 5, 5).patches[12], reader.patchAt(a));
    }
    void brokenPlacesGiveASentence() {
        SyntheticSlideOptions options;
        options.broken = {{900, 900, 200, 200}};
        const SyntheticSlideSource broken(options);
        const PatchReader reader(broken, {0.5, 0.5}, 224, 0.5);
        QVERIFY(!reader.read({1000, 1000}));
        QVERIFY(reader.read({3000, 1000}).has_value());
    }
};

QTEST_GUILESS_MAIN(TestPatchReader)
#include "TestPatchReader.moc"
