#include "viewer/tiles/ColorMap.h"

#include <algorithm>
#include <span>

namespace spotglass {
namespace {

constexpr int controls = 33;
using ControlPoints = std::array<QRgb, controls>;

// viridis, magma: van der Walt and Smith. cividis: Nunez, Anderton and Renslow 2018. turbo: Mikhailov 2019.
// Every eighth entry of the published tables; linear interpolation between them is off by 2 of 255 (cividis
// 6, where its published table is not smooth itself).
constexpr ControlPoints viridis = {0x440154, 0x470D60, 0x48186A, 0x482374, 0x472D7B, 0x453781, 0x424086,
                                   0x3E4989, 0x3B528B, 0x375B8D, 0x33638D, 0x2F6B8E, 0x2C728E, 0x297A8E,
                                   0x26828E, 0x23898E, 0x21918D, 0x1F978B, 0x1F9F88, 0x21A685, 0x27AD81,
                                   0x31B57B, 0x3EBC74, 0x4DC26C, 0x5DC863, 0x6ECE58, 0x82D34D, 0x95D840,
                                   0xAADC32, 0xC0DF25, 0xD5E21A, 0xEAE51A, 0xFDE725};
constexpr ControlPoints magma = {0x000004, 0x030312, 0x0A0822, 0x130D34, 0x1D1147, 0x29115A, 0x36106B,
                                 0x440F76, 0x51127C, 0x5D177F, 0x691C81, 0x762181, 0x822681, 0x8F2A81,
                                 0x9C2E7F, 0xA9337D, 0xB6377A, 0xC33B75, 0xCF4070, 0xDB476A, 0xE65164,
                                 0xEE5C5E, 0xF46A5C, 0xF9785D, 0xFB8861, 0xFD9668, 0xFEA571, 0xFEB47B,
                                 0xFEC287, 0xFED194, 0xFDE0A1, 0xFCEEB0, 0xFCFDBF};
constexpr ControlPoints cividis = {0x00224E, 0x00285B, 0x002E6A, 0x053371, 0x1A386F, 0x273E6E, 0x32436D,
                                   0x3B496C, 0x434E6C, 0x4B546C, 0x535A6D, 0x5A5F6E, 0x61656F, 0x686A71,
                                   0x6F7073, 0x767676, 0x7D7C78, 0x838179, 0x8B8778, 0x928D78, 0x9A9376,
                                   0xA29975, 0xAAA073, 0xB3A670, 0xBBAD6D, 0xC3B369, 0xCCBA64, 0xD4C15F,
                                   0xDDC858, 0xE6D051, 0xEFD748, 0xF8DF3C, 0xFEE838};
constexpr ControlPoints turbo = {0x30123B, 0x392A73, 0x4040A2, 0x4456C7, 0x466BE3, 0x4680F6, 0x4293FF,
                                 0x37A7FA, 0x29BBEC, 0x1DCCD9, 0x18DCC3, 0x1EE8B0, 0x31F299, 0x4CF97E,
                                 0x6BFE64, 0x8AFF4C, 0xA3FD3D, 0xB8F735, 0xCCED34, 0xDEE037, 0xEDD03A,
                                 0xF7C03A, 0xFDAD35, 0xFE982C, 0xFB8022, 0xF56818, 0xEC520F, 0xE14109,
                                 0xD23105, 0xC12302, 0xAC1701, 0x950D01, 0x7A0403};
// Moreland 2009: the smooth cool-warm map, computed in Msh from (59, 76, 192) over grey 221 to (180, 4, 38).
constexpr ControlPoints coolwarm = {0x3B4CC0, 0x445ACC, 0x4E68D7, 0x5875E1, 0x6282EA, 0x6C8EF1, 0x779AF7,
                                    0x82A5FB, 0x8DB0FE, 0x98B9FF, 0xA3C2FF, 0xAEC9FD, 0xB8D0F9, 0xC2D5F4,
                                    0xCCD9EE, 0xD5DBE6, 0xDDDDDD, 0xE5D8D1, 0xECD3C6, 0xF1CCB9, 0xF5C4AD,
                                    0xF7BBA0, 0xF7B194, 0xF7A687, 0xF49A7B, 0xF18D6F, 0xEC7F63, 0xE57057,
                                    0xDE614C, 0xD55042, 0xCB3E38, 0xC0282F, 0xB40426};
constexpr std::array<QRgb, 2> grey = {0x000000, 0xFFFFFF};
// From white to the hue and on to a darker one; the lightness falls evenly.
constexpr std::array<QRgb, 3> reds = {0xFFFFFF, 0xF2705E, 0x9E0B1F};
constexpr std::array<QRgb, 3> greens = {0xFFFFFF, 0x5FB970, 0x00542A};
constexpr std::array<QRgb, 3> blues = {0xFFFFFF, 0x6BA3DB, 0x0B3F8C};

struct Published {
    const char* name;
    std::span<const QRgb> colours;
};
const std::array<Published, 9> maps = {{{"viridis", viridis},
                                        {"magma", magma},
                                        {"cividis", cividis},
                                        {"turbo", turbo},
                                        {"coolwarm", coolwarm},
                                        {"grey", grey},
                                        {"reds", reds},
                                        {"greens", greens},
                                        {"blues", blues}}};

/// The colour `fraction` (0 to 1) of the way along `colours`.
QRgb between(std::span<const QRgb> colours, double fraction) {
    const double at = fraction * static_cast<double>(colours.size() - 1);
    const auto left = std::min(static_cast<std::size_t>(at), colours.size() - 2);
    const double share = at - static_cast<double>(left);
    const auto mix = [share](int a, int b) { return static_cast<int>(std::lround(a + (b - a) * share)); };
    const QRgb a = colours[left], b = colours[left + 1];
    return qRgb(mix(qRed(a), qRed(b)), mix(qGreen(a), qGreen(b)), mix(qBlue(a), qBlue(b)));
}

std::array<QRgb, 256> interpolated(std::span<const QRgb> colours) {
    std::array<QRgb, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i)
        table[i] = between(colours, static_cast<double>(i) / 255.0);
    return table;
}

const QString reversedSuffix = QStringLiteral("_r");

} // namespace

ColorMap::ColorMap() : table_(interpolated(viridis)), base_(QStringLiteral("viridis")) {}

QStringList ColorMap::names() {
    QStringList all;
    for (const Published& map : maps)
        all << QString::fromLatin1(map.name);
    return all;
}

std::optional<ColorMap> ColorMap::named(const QString& name) {
    const bool backwards = name.endsWith(reversedSuffix);
    const QString plain = backwards ? name.chopped(reversedSuffix.size()) : name;
    for (const Published& map : maps) {
        if (plain != QLatin1String(map.name)) continue;
        ColorMap found;
        found.base_ = plain;
        found.table_ = interpolated(map.colours);
        return backwards ? found.reversed() : found;
    }
    return std::nullopt;
}

QString ColorMap::name() const {
    return reversed_ ? base_ + reversedSuffix : base_;
}

ColorMap ColorMap::reversed() const {
    ColorMap other = *this;
    std::reverse(other.table_.begin(), other.table_.end());
    other.reversed_ = !reversed_;
    return other;
}

std::vector<QRgb> ColorMap::ramp(std::size_t steps, float gamma) const {
    std::vector<QRgb> colours(std::max<std::size_t>(steps, 2));
    for (std::size_t i = 0; i < colours.size(); ++i) {
        const double fraction = static_cast<double>(i) / static_cast<double>(colours.size() - 1);
        colours[i] = between(table_, gamma == 1 ? fraction : std::pow(fraction, static_cast<double>(gamma)));
    }
    return colours;
}

} // namespace spotglass
