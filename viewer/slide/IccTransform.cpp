#include "viewer/slide/IccTransform.h"

#include <algorithm>
#include <array>
#include <bit>
#include <fmt/format.h>
#include <lcms2.h>
#include <type_traits>

namespace spotglass {
namespace {

template <auto close> struct Closer {
    void operator()(auto* handle) const { close(handle); }
};
using Context = std::unique_ptr<std::remove_pointer_t<cmsContext>, Closer<cmsDeleteContext>>;
using Profile = std::unique_ptr<std::remove_pointer_t<cmsHPROFILE>, Closer<cmsCloseProfile>>;
using Transform = std::unique_ptr<std::remove_pointer_t<cmsHTRANSFORM>, Closer<cmsDeleteTransform>>;

/// 0xFFRRGGBB in memory.
constexpr cmsUInt32Number pixelFormat =
    std::endian::native == std::endian::little ? TYPE_BGRA_8 : TYPE_ARGB_8;
constexpr std::size_t mostAtOnce = 1u << 24; ///< pixels, as Little CMS counts in 32 bits

void keepMessage(cmsContext context, cmsUInt32Number, const char* text) {
    *static_cast<std::string*>(cmsGetContextUserData(context)) = text;
}

Failure unusable(const std::string& why) {
    return badInput(fmt::format("the colour profile of this slide cannot be used ({})", why), {},
                    "The colours are shown as they are stored");
}

std::string kindOf(cmsColorSpaceSignature space) {
    switch (space) {
    case cmsSigCmykData:
        return "printing inks (CMYK)";
    case cmsSigGrayData:
        return "grey pictures";
    case cmsSigLabData:
        return "Lab colours";
    case cmsSigXYZData:
        return "XYZ colours";
    default:
        return "another kind of colours";
    }
}

/// Why the profile does not say what the colours of an RGB picture mean; empty when it does.
std::string objection(cmsHPROFILE profile) {
    const cmsColorSpaceSignature space = cmsGetColorSpace(profile), between = cmsGetPCS(profile);
    if (space != cmsSigRgbData) return "it is for " + kindOf(space) + ", not for RGB";
    const cmsProfileClassSignature kind = cmsGetDeviceClass(profile);
    if (kind == cmsSigLinkClass || kind == cmsSigAbstractClass || kind == cmsSigNamedColorClass ||
        (between != cmsSigXYZData && between != cmsSigLabData))
        return "it does not describe a scanner, camera or monitor";
    return {};
}

std::string nameOf(cmsHPROFILE profile) {
    std::array<char, 256> text{};
    cmsGetProfileInfoASCII(profile, cmsInfoDescription, "en", "US", text.data(),
                           static_cast<cmsUInt32Number>(text.size() - 1));
    return text.data();
}

} // namespace

struct IccTransform::Data {
    std::string message; ///< Little CMS writes its errors here while the transform is being made
    std::string name;
    Context context{cmsCreateContext(nullptr, &message)};
    Transform transform;
};

Result<IccTransform> IccTransform::make(const IccBytes& profile) {
    if (auto ok = checkIccHeader(profile); !ok) return Failure(ok.error());
    auto data = std::make_shared<Data>();
    if (!data->context) return fail(ErrorKind::Device, "there is not enough memory");
    cmsContext context = data->context.get();
    cmsSetLogErrorHandlerTHR(context, keepMessage);
    const auto reason = [&data] { return data->message.empty() ? "it is damaged" : data->message; };
    const Profile from(
        cmsOpenProfileFromMemTHR(context, profile.data(), static_cast<cmsUInt32Number>(profile.size())));
    if (!from) return unusable(reason());
    if (const std::string why = objection(from.get()); !why.empty()) return unusable(why);
    const Profile to(cmsCreate_sRGBProfileTHR(context));
    // Without its cache of one pixel a transform may be used on several threads at once.
    data->transform.reset(cmsCreateTransformTHR(context, from.get(), pixelFormat, to.get(), pixelFormat,
                                                INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_NOCACHE));
    if (!data->transform) return unusable(reason());
    data->name = nameOf(from.get());
    IccTransform made;
    made.data_ = std::move(data);
    return made;
}

void IccTransform::apply(std::uint32_t* pixels, std::size_t count) const {
    while (count > 0) {
        const std::size_t now = std::min(count, mostAtOnce);
        cmsDoTransform(data_->transform.get(), pixels, pixels, static_cast<cmsUInt32Number>(now));
        pixels += now;
        count -= now;
    }
}

const std::string& IccTransform::profileName() const {
    return data_->name;
}

} // namespace spotglass
