#include "ProfileFiles.h"
#include "Shared.h"
#include "SlideFiles.h"
#include "viewer/slide/ColorCorrection.h"
#include "viewer/slide/IccTransform.h"

#include <algorithm>
#include <cmath>
#include <lcms2.h>
#include <limits>
#include <random>
#include <thread>

#include <QtTest>

using namespace spotglass;
using namespace spotglass::testing;

namespace {

using Pixels = std::vector<std::uint32_t>;

std::uint32_t rgb(int red, int green, int blue) {
    return 0xff000000u | static_cast<std::uint32_t>(red << 16 | green << 8 | blue);
}
int channel(std::uint32_t pixel, std::size_t index) {
    return static_cast<int>((pixel >> (16 - 8 * index)) & 255);
}

/// All greys, then colours from everywhere.
Pixels manyColors(std::size_t count = 300'000) {
    std::mt19937 random(7);
    Pixels pixels(count);
    for (std::size_t i = 0; i < count; ++i)
        pixels[i] = i < 256 ? 0xff000000u | static_cast<std::uint32_t>(i) * 0x010101u
                            : 0xff000000u | static_cast<std::uint32_t>(random());
    return pixels;
}

ColorSettings onlyProfile() {
    ColorSettings settings;
    settings.useIccProfile = true;
    return settings;
}

Pixels shown(const ColorSettings& settings, Pixels pixels, const std::optional<IccBytes>& profile = {}) {
    ColorCorrection::make(settings, profile).value().apply(pixels.data(), pixels.size());
    return pixels;
}

/// What Little CMS makes of the pixels in its everyday way: three bytes a pixel, one buffer to another.
Pixels byLittleCms(const IccBytes& profile, const Pixels& pixels) {
    std::vector<std::uint8_t> in, out(pixels.size() * 3);
    for (const std::uint32_t p : pixels)
        for (std::size_t c = 0; c < 3; ++c)
            in.push_back(static_cast<std::uint8_t>(channel(p, c)));
    cmsHPROFILE from = cmsOpenProfileFromMem(profile.data(), static_cast<cmsUInt32Number>(profile.size()));
    cmsHPROFILE to = cmsCreate_sRGBProfile();
    cmsHTRANSFORM transform =
        cmsCreateTransform(from, TYPE_RGB_8, to, TYPE_RGB_8, INTENT_RELATIVE_COLORIMETRIC, 0);
    cmsDoTransform(transform, in.data(), out.data(), static_cast<cmsUInt32Number>(pixels.size()));
    cmsDeleteTransform(transform);
    cmsCloseProfile(from);
    cmsCloseProfile(to);
    Pixels result;
    for (std::size_t i = 0; i < pixels.size(); ++i)
        result.push_back(rgb(out[3 * i], out[3 * i + 1], out[3 * i + 2]));
    return result;
}

bool changes(const Pixels& before, const Pixels& after) {
    return before != after;
}

/// Ruifrok and Johnston with plain arithmetic: the amounts by Cramer's rule.
class PlainUnmixing {
  public:
    explicit PlainUnmixing(const StainVectors& stains) {
        rows_[0] = unit(stains.hematoxylin);
        rows_[1] = unit(stains.eosin);
        const auto& [h, e, unused] = rows_;
        rows_[2] = unit({h[1] * e[2] - h[2] * e[1], h[2] * e[0] - h[0] * e[2], h[0] * e[1] - h[1] * e[0]});
    }
    /// Of one stain alone, 0 to 255 without rounding.
    [[nodiscard]] StainVector color(std::uint32_t pixel, std::size_t stain, const WhitePoint& white) const {
        const std::array<double, 3> whites{1.0 * white.red, 1.0 * white.green, 1.0 * white.blue};
        StainVector density{};
        for (std::size_t c = 0; c < 3; ++c)
            density[c] = -std::log10(std::clamp(channel(pixel, c) / whites[c], 1.0 / 255, 1.0));
        auto replaced = rows_;
        replaced[stain] = density;
        const double amount = std::max(0.0, determinant(replaced) / determinant(rows_));
        StainVector result{};
        for (std::size_t c = 0; c < 3; ++c)
            result[c] = 255 * std::min(1.0, std::pow(10, -amount * rows_[stain][c]));
        return result;
    }
    [[nodiscard]] std::uint32_t mixture(double hematoxylin, double eosin) const {
        std::array<int, 3> c{};
        for (std::size_t i = 0; i < 3; ++i)
            c[i] = static_cast<int>(
                std::lround(255 * std::pow(10, -hematoxylin * rows_[0][i] - eosin * rows_[1][i])));
        return rgb(c[0], c[1], c[2]);
    }

  private:
    using Rows = std::array<StainVector, 3>;
    static StainVector unit(const StainVector& v) {
        const double length = std::hypot(v[0], v[1], v[2]);
        return {v[0] / length, v[1] / length, v[2] / length};
    }
    static double determinant(const Rows& m) {
        return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
               m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
               m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
    }
    Rows rows_{};
};

} // namespace

class TestColorCorrection : public QObject {
    Q_OBJECT

    static std::string complaint(const IccBytes& profile) {
        const auto made = ColorCorrection::make(onlyProfile(), profile);
        return made || made.error().kind != ErrorKind::BadInput ? "" : made.error().sentence();
    }

  private Q_SLOTS:
    void nothingSetChangesNothing() {
        const Pixels before{0x00123456u, 0xff123456u};
        ColorSettings plain;
        plain.whitePoint = WhitePoint{};
        for (const ColorSettings& settings : {ColorSettings{}, plain}) {
            const auto correction = ColorCorrection::make(settings, wideProfile());
            QVERIFY(correction && correction->isIdentity());
            QCOMPARE(shown(settings, before), before);
        }
        QVERIFY(ColorCorrection().isIdentity());
        QVERIFY(ColorCorrection::make(onlyProfile())->isIdentity()); // asked for, but the slide has none
        QVERIFY(!ColorCorrection::make(onlyProfile(), wideProfile())->isIdentity());
    }

    void profilesGiveWhatLittleCmsGives() {
        const Pixels before = manyColors();
        for (const IccBytes& profile : {srgbProfile(), wideProfile(), tableProfile()})
            QCOMPARE(shown(onlyProfile(), before, profile), byLittleCms(profile, before));
        QVERIFY(changes(before, shown(onlyProfile(), before, wideProfile())));
        QVERIFY(changes(before, shown(onlyProfile(), before, tableProfile())));
        const std::uint32_t white = shown(onlyProfile(), {0xffffffffu}, wideProfile())[0];
        QCOMPARE(white, 0xffffffffu);
    }
    void realProfilesGiveWhatLittleCmsGives() {
        SPOTGLASS_NEED_SHARED(folder, "data/slides");
        const Pixels before = manyColors();
        for (const char* name : {"openslide-python/boxes.tiff", "negative/truncated.jpg"}) {
            const IccBytes profile = readIccProfile(folder / name).value().value();
            QCOMPARE(shown(onlyProfile(), before, profile), byLittleCms(profile, before));
        }
        const IccBytes adobe = readIccProfile(folder / "negative/truncated.jpg").value().value();
        QVERIFY(changes(before, shown(onlyProfile(), before, adobe)));
        QCOMPARE(IccTransform::make(adobe)->profileName(), std::string("Artifex Software A98 ICC Profile "));
    }
    void severalThreadsMayUseOne() {
        const Pixels before = manyColors(100'000);
        ColorSettings settings = onlyProfile();
        settings.whiteBackground = true;
        settings.stain = StainView::Eosin;
        const auto correction = ColorCorrection::make(settings, tableProfile()).value();
        std::vector<Pixels> results(4, before);
        std::vector<std::thread> threads;
        for (Pixels& mine : results)
            threads.emplace_back([&correction, &mine] { correction.apply(mine.data(), mine.size()); });
        for (std::thread& thread : threads)
            thread.join();
        for (const Pixels& result : results)
            QCOMPARE(result, shown(settings, before, tableProfile()));
    }

    void profilesThatCannotBeUsed() {
        QVERIFY(complaint(greyProfile()).find("it is for grey pictures, not for RGB") != std::string::npos);
        QVERIFY(complaint(inkProfile()).find("printing inks (CMYK), not for RGB") != std::string::npos);
        QVERIFY(complaint(labProfile()).find("it is for Lab colours, not for RGB") != std::string::npos);
        QVERIFY(complaint(linkProfile()).find("does not describe a scanner") != std::string::npos);
        QVERIFY(complaint({}).find("too short") != std::string::npos);
        QVERIFY(complaint(madeUpProfile(4000)).find("cannot be used") != std::string::npos);
        QVERIFY(ColorCorrection::make(ColorSettings{}, IccBytes{}).has_value()); // not asked for
    }
    void damagedProfilesAreRefusedOrUsable() {
        Pixels pixels = manyColors(300);
        const auto attempt = [&pixels](const IccBytes& profile) {
            const auto made = ColorCorrection::make(onlyProfile(), profile);
            if (made) made->apply(pixels.data(), pixels.size());
            return made.has_value();
        };
        std::mt19937 random(3);
        for (const IccBytes& whole : {wideProfile(), tableProfile()}) {
            for (std::size_t size = 0; size < whole.size(); size += 1 + size / 8) {
                IccBytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
                QVERIFY(!attempt(cut));
                cut.resize(whole.size()); // as long as it says, but empty from there on
                attempt(cut);
            }
            for (int i = 0; i < 60; ++i) {
                IccBytes bad = whole;
                const std::size_t reach = i % 2 ? std::min<std::size_t>(bad.size(), 700) : bad.size();
                for (int k = 0; k < 1 + i % 5; ++k)
                    bad[random() % reach] = static_cast<std::uint8_t>(random());
                attempt(bad);
            }
        }
    }

    void brightnessContrastAndGamma() {
        ColorSettings settings;
        settings.brightness = 0.1;
        settings.contrast = 1.5;
        settings.gamma = 1.8;
        const Pixels before = manyColors(), after = shown(settings, before);
        for (std::size_t i = 0; i < before.size(); ++i)
            for (std::size_t c = 0; c < 3; ++c) {
                const double straight = (channel(before[i], c) / 255.0 - 0.5) * 1.5 + 0.6;
                const double wanted = 255 * std::pow(std::clamp(straight, 0.0, 1.0), 1 / 1.8);
                QCOMPARE(channel(after[i], c), static_cast<int>(std::lround(wanted)));
            }
    }
    void numbersOutsideTheirRange() {
        const double none = std::numeric_limits<double>::quiet_NaN(), much = 1e300;
        ColorSettings odd;
        odd.brightness = odd.contrast = odd.gamma = none;
        QVERIFY(ColorCorrection::make(odd)->isIdentity());
        ColorSettings wild, ends;
        wild.brightness = -much;
        ends.brightness = -1;
        wild.contrast = much;
        ends.contrast = 10;
        wild.gamma = much;
        ends.gamma = 10;
        QCOMPARE(shown(wild, manyColors(1000)), shown(ends, manyColors(1000)));
    }
    void theWhitePointBecomesWhite() {
        ColorSettings settings;
        settings.whitePoint = WhitePoint{250, 200, 100};
        const Pixels after =
            shown(settings, {rgb(250, 200, 100), rgb(255, 255, 255), rgb(125, 100, 50), rgb(0, 0, 0)});
        QCOMPARE(after, (Pixels{rgb(255, 255, 255), rgb(255, 255, 255), rgb(128, 128, 128), rgb(0, 0, 0)}));
    }
    void glassBecomesWhiteAndTissueStays() {
        ColorSettings settings;
        settings.whiteBackground = true;
        QCOMPARE(shown(settings, {rgb(244, 246, 243)})[0], 0xffffffffu);
        for (const std::uint32_t tissue :
             {rgb(60, 20, 120), rgb(255, 200, 255), rgb(200, 255, 255), rgb(255, 255, 200)})
            QCOMPARE(shown(settings, {tissue})[0], tissue);
        int before = 0;
        for (int v = 0; v < 256; ++v) { // neither steps nor turns
            const int now = channel(shown(settings, {rgb(v, v, v)})[0], 0);
            QVERIFY(now >= before && now - before <= 4);
            before = now;
        }
        settings.whitePoint = WhitePoint{220, 210, 230};
        QCOMPARE(shown(settings, {rgb(218, 208, 228), rgb(110, 105, 115)}),
                 (Pixels{rgb(255, 255, 255), rgb(128, 128, 128)}));
    }

    void stainsAreSeparatedAsPublished() {
        ColorSettings settings;
        settings.whitePoint = WhitePoint{240, 235, 245};
        StainVectors others;
        others.hematoxylin = {0.651, 0.701, 0.290};
        others.eosin = {2 * 0.216, 2 * 0.801, 2 * 0.558}; // the length does not matter
        const Pixels before = manyColors(50'000);
        for (const StainVectors& stains : {StainVectors{}, others})
            for (std::size_t stain = 0; stain < 3; ++stain) {
                settings.stains = stains;
                settings.stain = static_cast<StainView>(stain + 1);
                const Pixels after = shown(settings, before);
                const PlainUnmixing plain(stains);
                for (std::size_t i = 0; i < before.size(); ++i) {
                    const StainVector wanted = plain.color(before[i], stain, *settings.whitePoint);
                    for (std::size_t c = 0; c < 3; ++c)
                        QVERIFY(std::abs(channel(after[i], c) - wanted[c]) < 0.8);
                }
            }
    }
    void aStainAloneLooksAsItIsAndTheOtherIsAbsent() {
        const PlainUnmixing plain{StainVectors{}};
        const auto view = [](std::uint32_t pixel, StainView stain) {
            ColorSettings settings;
            settings.stain = stain;
            return shown(settings, {pixel})[0];
        };
        for (const double amount : {0.0, 0.2, 0.5, 1.0}) {
            const std::uint32_t h = plain.mixture(amount, 0), e = plain.mixture(0, amount);
            QVERIFY(difference(view(h, StainView::Hematoxylin), h) <= 2);
            QVERIFY(difference(view(h, StainView::Eosin), 0xffffffffu) <= 4);
            QVERIFY(difference(view(e, StainView::Eosin), e) <= 2);
            QVERIFY(difference(view(e, StainView::Hematoxylin), 0xffffffffu) <= 4);
            QVERIFY(difference(view(plain.mixture(amount, 0.3), StainView::Residual), 0xffffffffu) <= 4);
        }
    }
    void stainsCombineWithTheRest() {
        ColorSettings stain, tone, both;
        both.stain = stain.stain = StainView::Hematoxylin;
        both.brightness = tone.brightness = 0.2;
        const Pixels before = manyColors(20'000), inSteps = shown(tone, shown(stain, before));
        const Pixels atOnce = shown(both, before);
        for (std::size_t i = 0; i < before.size(); ++i)
            QVERIFY(difference(inSteps[i], atOnce[i]) <= 1);
        const Pixels profiled = shown(onlyProfile(), before, wideProfile());
        both.useIccProfile = true;
        const Pixels all = shown(both, before, wideProfile());
        both.useIccProfile = false;
        QCOMPARE(all, shown(both, profiled));
    }
    void stainsThatCannotBeToldApart() {
        ColorSettings settings;
        settings.stain = StainView::Eosin;
        const double none = std::numeric_limits<double>::quiet_NaN();
        for (const StainVector& eosin : {settings.stains.hematoxylin, StainVector{1.3, 1.4, 0.58},
                                         StainVector{}, StainVector{none, 1, 1}}) {
            settings.stains.eosin = eosin;
            const auto made = ColorCorrection::make(settings);
            QVERIFY(!made);
            QCOMPARE(made.error().kind, ErrorKind::Usage);
        }
    }

    void theWhitePointIsTheCommonestGlass() {
        std::mt19937 random(5);
        std::normal_distribution<double> noise(0, 1.5);
        const auto near = [&](int value) {
            return std::clamp(static_cast<int>(value + noise(random)), 0, 255);
        };
        Pixels pixels;
        for (int i = 0; i < 3000; ++i)
            pixels.push_back(rgb(near(238), near(233), near(241)));
        for (int i = 0; i < 20'000; ++i)
            pixels.push_back(rgb(near(200), near(120), near(180))); // tissue
        for (int i = 0; i < 4000; ++i)
            pixels.push_back(0xffffffffu); // never scanned
        const auto white = estimateWhitePoint(pixels.data(), pixels.size());
        QVERIFY(white);
        QVERIFY(difference(rgb(white->red, white->green, white->blue), rgb(238, 233, 241)) <= 1);
        QVERIFY(estimateWhitePoint(pixels.data() + 23'000, 4000) == WhitePoint{});
        QVERIFY(!estimateWhitePoint(pixels.data() + 3000, 20'000));
        QVERIFY(!estimateWhitePoint(nullptr, 0));
    }
    void theGlassOfARealSlideTurnsWhite() {
        SPOTGLASS_NEED_SHARED(path, "data/slides/CMU-1-Small-Region.svs");
        const auto slide = openSlide(path).value();
        const SlideLevel level = slide->info()->levels.front();
        const auto width = static_cast<std::int32_t>(level.width),
                   height = static_cast<std::int32_t>(level.height);
        Pixels pixels = slide->readRegion(0, {0, 0, width, height}).value().pixels;
        const auto white = estimateWhitePoint(pixels.data(), pixels.size());
        QVERIFY(white);
        const std::uint32_t color = rgb(white->red, white->green, white->blue);
        QVERIFY2(difference(color, rgb(242, 243, 242)) <= 4, qPrintable(QString::number(color, 16)));
        ColorSettings settings;
        settings.whitePoint = white;
        settings.whiteBackground = true;
        const auto share = [&pixels](auto fits) {
            return static_cast<double>(std::count_if(pixels.begin(), pixels.end(), fits)) /
                   static_cast<double>(pixels.size());
        };
        const double glass = share([&](std::uint32_t p) { return difference(p, color) <= 5; });
        pixels = shown(settings, pixels);
        QVERIFY(glass > 0.05);
        QVERIFY(share([](std::uint32_t p) { return p == 0xffffffffu; }) >= glass);
        QVERIFY(share([](std::uint32_t p) { return difference(p, 0xffffffffu) > 60; }) >
                0.1); // tissue is there
    }
};

QTEST_GUILESS_MAIN(TestColorCorrection)
#include "TestColorCorrection.moc"
