#pragma once

#include "viewer/slide/IccProfile.h"

#include <memory>

namespace spotglass {

/// From the colours of an RGB profile to sRGB, by Little CMS. Immutable, cheap to copy; any thread, several
/// at once.
///
/// Relative colorimetric: white stays white and other colours stay as measured. No black-point compensation,
/// which would darken what the scanner saw as dark grey; other slide viewers leave it off as well. They take
/// the intent from the profile, which gives the same wherever it holds a single matrix or table.
class IccTransform {
  public:
    /// Up to a tenth of a second. BadInput when the profile is damaged, or not one for RGB pictures.
    [[nodiscard]] static Result<IccTransform> make(const IccBytes& profile);

    /// Changes opaque pixels of Raster's form in place, exactly as cmsDoTransform does with 8 bits a channel.
    void apply(std::uint32_t* pixels, std::size_t count) const;

    /// The name that the profile gives itself, for a tool tip; may be empty.
    [[nodiscard]] const std::string& profileName() const;

  private:
    struct Data;
    std::shared_ptr<const Data> data_;
};

} // namespace spotglass
