#include "viewer/slide/ColorCorrection.h"

#include "viewer/slide/IccTransform.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

using Channel = std::uint8_t;
using Levels = std::array<double, 256>; ///< for each stored value what it means, 1 being white
using Matrix = std::array<StainVector, 3>;

constexpr std::uint32_t opaque = 0xff000000u;
constexpr std::size_t pixelsAtOnce = 2048; ///< stay in the processor's nearest cache from step to step

// White background: shares of white between which it sets in.
constexpr double untouched = 0.85, plainWhite = 0.95;

// A stain's amount is a whole number of steps, so that its colour is looked up. A step is at most 0.4 of a
// level of 8 bits. Amounts above the last are black in all but very odd stains.
constexpr int amountSteps = 8192;
constexpr double stepsPerDensity = 1600;
constexpr int fractionBits = 8;

double within(double value, double least, double most, double otherwise) {
    return std::isnan(value) ? otherwise : std::clamp(value, least, most);
}

Channel toByte(double value) {
    return static_cast<Channel>(std::lround(255 * std::clamp(value, 0.0, 1.0)));
}

/// A table for each channel, already in its place in the pixel.
struct ChannelTables {
    std::array<std::uint32_t, 256> red, green, blue;

    template <typename Of> static ChannelTables of(const Of& byteOf) {
        ChannelTables tables{};
        for (std::size_t v = 0; v < 256; ++v) {
            tables.red[v] = opaque | static_cast<std::uint32_t>(byteOf(0, v)) << 16;
            tables.green[v] = static_cast<std::uint32_t>(byteOf(1, v)) << 8;
            tables.blue[v] = byteOf(2, v);
        }
        return tables;
    }
    void apply(std::uint32_t* pixels, std::size_t count) const {
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint32_t p = pixels[i];
            pixels[i] = red[(p >> 16) & 255] | green[(p >> 8) & 255] | blue[p & 255];
        }
    }
    [[nodiscard]] bool isIdentity() const {
        for (std::uint32_t v = 0; v < 256; ++v)
            if (red[v] != (opaque | v << 16) || green[v] != v << 8 || blue[v] != v) return false;
        return true;
    }
};

/// White background: by how much of 256 a pixel moves to white, for its darkest channel.
struct WhiteTable {
    std::array<std::uint16_t, 256> weight;

    static WhiteTable make() {
        WhiteTable table{};
        for (std::size_t v = 0; v < 256; ++v) {
            const double t =
                std::clamp((static_cast<double>(v) / 255 - untouched) / (plainWhite - untouched), 0.0, 1.0);
            table.weight[v] = static_cast<std::uint16_t>(std::lround(256 * t * t * (3 - 2 * t)));
        }
        return table;
    }
    void apply(std::uint32_t* pixels, std::size_t count) const {
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint32_t p = pixels[i], red = (p >> 16) & 255, green = (p >> 8) & 255, blue = p & 255;
            const std::uint32_t w = weight[std::min({red, green, blue})];
            pixels[i] = opaque | (red + ((255 - red) * w >> 8)) << 16 |
                        (green + ((255 - green) * w >> 8)) << 8 | (blue + ((255 - blue) * w >> 8));
        }
    }
};

/// One stain: the logarithm, one column of the inverse matrix and the way back to a colour, all in tables.
struct StainTables {
    std::array<std::int32_t, 256> red, green, blue; ///< shares of the amount, steps << fractionBits
    std::array<std::uint32_t, amountSteps> colors;

    void apply(std::uint32_t* pixels, std::size_t count) const {
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint32_t p = pixels[i];
            const std::int32_t amount =
                (red[(p >> 16) & 255] + green[(p >> 8) & 255] + blue[p & 255]) >> fractionBits;
            pixels[i] = colors[static_cast<std::size_t>(std::clamp(amount, 0, amountSteps - 1))];
        }
    }
};

double lengthOf(const StainVector& v) {
    return std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

StainVector cross(const StainVector& a, const StainVector& b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

StainVector scaled(const StainVector& v, double factor) {
    return {v[0] * factor, v[1] * factor, v[2] * factor};
}

/// Unit vectors of hematoxylin, eosin and the residual.
Result<Matrix> stainMatrix(const StainVectors& stains) {
    const double lengthH = lengthOf(stains.hematoxylin), lengthE = lengthOf(stains.eosin);
    const StainVector h = scaled(stains.hematoxylin, 1 / lengthH), e = scaled(stains.eosin, 1 / lengthE);
    const StainVector rest = cross(h, e);
    const double angle = lengthOf(rest);                     // its sine
    if (!(lengthH > 1e-6 && lengthE > 1e-6 && angle > 0.02)) // also when not a number
        return fail(ErrorKind::Usage,
                    "the stains cannot be told apart: their colours are the same, or missing", {},
                    "Set the colours of the stains again");
    return Matrix{h, e, scaled(rest, 1 / angle)};
}

/// What to multiply densities with to get the amount of stain `index`: a column of the inverse of `stains`.
StainVector unmixing(const Matrix& stains, std::size_t index) {
    const StainVector across = cross(stains[(index + 1) % 3], stains[(index + 2) % 3]);
    const StainVector& own = stains[index];
    return scaled(across, 1 / (own[0] * across[0] + own[1] * across[1] + own[2] * across[2]));
}

/// The settings as numbers that can be used.
struct Tone {
    double brightness, contrast, inverseGamma;

    explicit Tone(const ColorSettings& s)
        : brightness(within(s.brightness, -1, 1, 0)), contrast(within(s.contrast, 0, 10, 1)),
          inverseGamma(1 / within(s.gamma, 0.1, 10, 1)) {}
    /// 0 to 1 for a value of 0 to 1.
    [[nodiscard]] double of(double value) const {
        const double straight =
            std::clamp((std::clamp(value, 0.0, 1.0) - 0.5) * contrast + 0.5 + brightness, 0.0, 1.0);
        return inverseGamma == 1 ? straight : std::pow(straight, inverseGamma);
    }
};

/// What stored values mean when `white` is white; may be above 1.
Levels levelsFor(Channel white) {
    Levels levels{};
    for (std::size_t v = 0; v < levels.size(); ++v)
        levels[v] = static_cast<double>(v) / std::max<int>(white, 1);
    return levels;
}

StainTables stainTables(const Matrix& stains, std::size_t index, const std::array<Levels, 3>& levels,
                        const Tone& tone) {
    auto tables = StainTables();
    const StainVector share = unmixing(stains, index);
    const std::array<std::array<std::int32_t, 256>*, 3> shares{&tables.red, &tables.green, &tables.blue};
    for (std::size_t channel = 0; channel < 3; ++channel)
        for (std::size_t v = 0; v < 256; ++v) {
            const double density = -std::log10(std::clamp(levels[channel][v], 1.0 / 255, 1.0));
            const double steps = density * share[channel] * stepsPerDensity;
            (*shares[channel])[v] = static_cast<std::int32_t>(std::lround(steps * (1 << fractionBits)));
        }
    for (auto& v : tables.red)
        v += 1 << (fractionBits - 1); // rounds the sum
    for (std::size_t step = 0; step < tables.colors.size(); ++step) {
        std::uint32_t color = 0xff;
        for (const double absorbed : stains[index]) {
            const double density = static_cast<double>(step) / stepsPerDensity * absorbed;
            color = color << 8 | toByte(tone.of(std::pow(10, -density)));
        }
        tables.colors[step] = color;
    }
    return tables;
}

} // namespace

struct ColorCorrection::Data {
    std::optional<IccTransform> icc;
    std::optional<ChannelTables> whitePoint; ///< apart from `last` only where `white` stands between
    std::optional<WhiteTable> white;
    std::optional<StainTables> stain; ///< with all that comes after it
    std::optional<ChannelTables> last;
};

Result<ColorCorrection> ColorCorrection::make(const ColorSettings& settings,
                                              const std::optional<IccBytes>& profile) {
    auto data = std::make_shared<Data>();
    if (settings.useIccProfile && profile) {
        auto icc = IccTransform::make(*profile);
        if (!icc) return Failure(icc.error());
        data->icc = std::move(*icc);
    }
    const WhitePoint white = settings.whitePoint.value_or(WhitePoint{});
    std::array levels{levelsFor(white.red), levelsFor(white.green), levelsFor(white.blue)};
    if (settings.whiteBackground) {
        data->white = WhiteTable::make();
        const auto balance =
            ChannelTables::of([&](std::size_t c, std::size_t v) { return toByte(levels[c][v]); });
        if (!balance.isIdentity()) data->whitePoint = balance;
        levels.fill(levelsFor(255));
    }
    const Tone tone(settings);
    if (settings.stain != StainView::None) {
        const auto stains = stainMatrix(settings.stains);
        if (!stains) return Failure(stains.error());
        data->stain = stainTables(*stains, static_cast<std::size_t>(settings.stain) - 1, levels, tone);
    } else {
        const auto last =
            ChannelTables::of([&](std::size_t c, std::size_t v) { return toByte(tone.of(levels[c][v])); });
        if (!last.isIdentity()) data->last = last;
    }
    ColorCorrection made;
    if (data->icc || data->white || data->stain || data->last) made.data_ = std::move(data);
    return made;
}

void ColorCorrection::applyAll(std::uint32_t* pixels, std::size_t count) const {
    while (count > 0) {
        const std::size_t now = std::min(count, pixelsAtOnce);
        if (data_->icc) data_->icc->apply(pixels, now);
        if (data_->whitePoint) data_->whitePoint->apply(pixels, now);
        if (data_->white) data_->white->apply(pixels, now);
        if (data_->stain) data_->stain->apply(pixels, now);
        if (data_->last) data_->last->apply(pixels, now);
        pixels += now;
        count -= now;
    }
}

std::optional<WhitePoint> estimateWhitePoint(const std::uint32_t* pixels, std::size_t count) {
    constexpr std::uint32_t darkest = 150, plain = 254; ///< of 255
    constexpr std::size_t reach = 3; ///< levels of brightness that count as one peak, each way
    struct Bin {
        std::uint64_t pixels = 0, red = 0, green = 0, blue = 0;
    };
    std::array<Bin, 256> bins{};
    std::uint64_t bright = 0, plainOnes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t p = pixels[i], red = (p >> 16) & 255, green = (p >> 8) & 255, blue = p & 255;
        const auto [least, most] = std::minmax({red, green, blue});
        if (least < darkest || (most - least) * 8 > most) continue;
        if (least >= plain) {
            ++plainOnes;
            continue;
        }
        Bin& bin = bins[(red + green + blue) / 3];
        bin = {bin.pixels + 1, bin.red + red, bin.green + green, bin.blue + blue};
        ++bright;
    }
    if (count == 0 || std::max(bright, plainOnes) * 200 < count) return std::nullopt;
    if (bright * 200 < count) return WhitePoint{};
    Bin best;
    for (std::size_t middle = 0; middle < bins.size(); ++middle) {
        Bin peak;
        for (std::size_t k = middle - std::min(middle, reach); k < std::min(bins.size(), middle + reach + 1);
             ++k)
            peak = {peak.pixels + bins[k].pixels, peak.red + bins[k].red, peak.green + bins[k].green,
                    peak.blue + bins[k].blue};
        if (peak.pixels > best.pixels) best = peak;
    }
    const auto mean = [&best](std::uint64_t sum) {
        return static_cast<std::uint8_t>((sum + best.pixels / 2) / best.pixels);
    };
    return WhitePoint{mean(best.red), mean(best.green), mean(best.blue)};
}

} // namespace spotglass
