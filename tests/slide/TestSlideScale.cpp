#include "viewer/slide/SlideScale.h"

#include <QtTest>

using namespace spotglass;

class TestSlideScale : public QObject {
    Q_OBJECT
    std::vector<std::string> warnings_;

  private Q_SLOTS:
    void init() { warnings_.clear(); }

    void theMicroscopesOwnWordCounts() {
        const auto scale =
            scaleFromProperties({{"openslide.mpp-x", "0.499"}, {"openslide.mpp-y", "0.4985"}}, warnings_);
        QCOMPARE(scale.value(), (MicronsPerPixel{0.499, 0.4985}));
        QVERIFY(warnings_.empty());
    }
    void aDecimalCommaIsUnderstood() {
        QCOMPARE(
            scaleFromProperties({{"openslide.mpp-x", "0,25"}, {"openslide.mpp-y", "0,25"}}, warnings_)->x,
            0.25);
    }
    void oneAxisServesBoth() {
        QCOMPARE(scaleFromProperties({{"openslide.mpp-x", "0.25"}}, warnings_)->y, 0.25);
    }
    void tiffResolutionServesWhenItIsAMicroscopes() {
        const auto scale = scaleFromProperties({{"tiff.XResolution", "20000"},
                                                {"tiff.YResolution", "20000"},
                                                {"tiff.ResolutionUnit", "centimeter"}},
                                               warnings_);
        QCOMPARE(scale->x, 0.5);
        QVERIFY(warnings_.empty());
    }
    void printResolutionIsNoScale() {
        for (const char* dots : {"72", "96", "300", "600"})
            QVERIFY(!scaleFromProperties(
                {{"tiff.XResolution", dots}, {"tiff.YResolution", dots}, {"tiff.ResolutionUnit", "inch"}},
                warnings_));
        QCOMPARE(warnings_.size(), std::size_t{4});
    }
    void resolutionWithoutUnitIsNoScale() {
        QVERIFY(
            !scaleFromProperties({{"tiff.XResolution", "20000"}, {"tiff.YResolution", "20000"}}, warnings_));
    }
    void impossibleScalesAreRefusedWithASentence() {
        for (const char* value : {"0", "-1", "0.0001", "50", "nan"}) {
            warnings_.clear();
            QVERIFY(
                !scaleFromProperties({{"openslide.mpp-x", value}, {"openslide.mpp-y", value}}, warnings_));
            QCOMPARE(warnings_.size(), std::size_t{1});
        }
    }
    void axesThatDisagreeAreRefused() {
        QVERIFY(!scaleFromProperties({{"openslide.mpp-x", "0.25"}, {"openslide.mpp-y", "0.5"}}, warnings_));
        QCOMPARE(warnings_.size(), std::size_t{1});
    }
    void aContradictionIsRefusedWithASentence() {
        QVERIFY(!scaleFromProperties({{"openslide.mpp-x", "0.25"},
                                      {"openslide.mpp-y", "0.25"},
                                      {"tiff.XResolution", "20000"},
                                      {"tiff.YResolution", "20000"},
                                      {"tiff.ResolutionUnit", "centimeter"}},
                                     warnings_));
        QVERIFY(warnings_.at(0).find("contradicts") != std::string::npos);
    }
    void anObjectiveThatCannotBelongToTheScaleIsAContradiction() {
        const auto with = [this](const char* power, const char* scale) {
            return scaleFromProperties({{"openslide.mpp-x", scale},
                                        {"openslide.mpp-y", scale},
                                        {"openslide.objective-power", power}},
                                       warnings_);
        };
        QVERIFY(with("40", "0.25") && with("20", "0.5") && with("20", "0.25") && with("40", "0.1725"));
        QVERIFY(warnings_.empty());
        QVERIFY(!with("40", "1"));
        QVERIFY(!with("5", "0.25"));
        QCOMPARE(warnings_.size(), std::size_t{2});
        QVERIFY(warnings_.at(0).find("40x") != std::string::npos);
        QVERIFY(with("0", "0.25") && with("x", "0.25")); // says nothing
    }
    void printResolutionDoesNotContradictTheMicroscope() {
        QVERIFY(scaleFromProperties({{"openslide.mpp-x", "0.25"},
                                     {"openslide.mpp-y", "0.25"},
                                     {"tiff.XResolution", "72"},
                                     {"tiff.YResolution", "72"},
                                     {"tiff.ResolutionUnit", "inch"}},
                                    warnings_));
    }
};

QTEST_GUILESS_MAIN(TestSlideScale)
#include "TestSlideScale.moc"
