#pragma once

#include "viewer/slide/IccProfile.h"

#include <array>
#include <memory>

namespace spotglass {

/// The colour of bare glass, 1 to 255 a channel.
struct WhitePoint {
    std::uint8_t red = 255, green = 255, blue = 255;
    bool operator==(const WhitePoint&) const = default;
};

/// Which stain to show alone, in its own colour on white.
enum class StainView : std::uint8_t { None, Hematoxylin, Eosin, Residual };

/// How much a stain absorbs of red, green and blue: optical densities of any length.
using StainVector = std::array<double, 3>;

/// The colours of the two stains; by default those that Ruifrok and Johnston measured (Anal. Quant. Cytol.
/// Histol. 23, 2001). The residual is what is at right angles to both.
struct StainVectors {
    StainVector hematoxylin{0.65, 0.70, 0.29}, eosin{0.07, 0.99, 0.11};
    bool operator==(const StainVectors&) const = default;
};

/// How colours are shown; the default changes nothing. Numbers outside their range count as its nearest end,
/// those that are none as the default.
struct ColorSettings {
    bool useIccProfile = false;           ///< where the slide has one; otherwise does nothing
    std::optional<WhitePoint> whitePoint; ///< becomes white; a colour after the profile's correction
    /// Glass becomes plain white and tissue stays as it is: what absorbs at most 5 % of every colour turns
    /// white, what absorbs 15 % of any is left alone, smoothly between. Measured against the white point, or
    /// 255 without one.
    bool whiteBackground = false;
    StainView stain = StainView::None; ///< measured against the white point as well
    StainVectors stains;
    double brightness = 0; ///< -1 to 1: is added, 1 being white
    double contrast = 1;   ///< 0 to 10: the slope at middle grey
    double gamma = 1;      ///< 0.1 to 10: above 1 makes the middle brighter
    bool operator==(const ColorSettings&) const = default;
};

/// Changes the colours of pixels for showing them, in this order: the slide's ICC profile to sRGB
/// (IccTransform), white point, white background, stain, brightness with contrast, gamma. Immutable, cheap to
/// copy; any thread, several at once.
///
/// Values count as light that came through the slide, as is customary for stain separation, although sRGB
/// is not linear. A stain's amount is never below 0, and colours brighter than white are cut off.
class ColorCorrection {
  public:
    /// Changes nothing.
    ColorCorrection() = default;

    /// Up to a tenth of a second with a profile. BadInput when the profile is asked for and cannot be used,
    /// Usage when two stains have the same colour or one has none.
    [[nodiscard]] static Result<ColorCorrection> make(const ColorSettings& settings,
                                                      const std::optional<IccBytes>& profile = {});

    [[nodiscard]] bool isIdentity() const { return !data_; }
    /// Changes opaque pixels of Raster's form in place. Costs nothing when isIdentity().
    void apply(std::uint32_t* pixels, std::size_t count) const {
        if (data_) applyAll(pixels, count);
    }

  private:
    struct Data;
    void applyAll(std::uint32_t* pixels, std::size_t count) const;
    std::shared_ptr<const Data> data_;
};

/// The colour of the glass in a picture that shows some: the commonest colour that is bright (150 and more)
/// and nearly grey (channels within an eighth of each other). Plain white is a border unless there is nothing
/// else. Nothing when less than 0.5 % of the picture is like that. Pixels as in Raster, with the profile's
/// correction already applied where it is to be used. Pure.
[[nodiscard]] std::optional<WhitePoint> estimateWhitePoint(const std::uint32_t* pixels, std::size_t count);

} // namespace spotglass
