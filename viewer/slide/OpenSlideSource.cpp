#include "viewer/slide/OpenSlideSource.h"

#include "viewer/slide/Fingerprint.h"
#include "viewer/slide/OpenSlideCompat.h"
#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/SlideScale.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <string_view>
#include <tiffio.h>

namespace spotglass {
namespace {

constexpr std::size_t cacheBytes = 128u << 20;
constexpr std::int64_t maxRegionPixels = 1ll << 28; ///< 1 GiB as a raster; nobody needs more at once
constexpr int maxTileSide = 4096;                   ///< a longer one is an untiled level, which says nothing

std::map<std::string, std::string> propertiesOf(openslide_t* handle) {
    std::map<std::string, std::string> properties;
    const char* const* names = openslide_get_property_names(handle);
    for (; names && *names; ++names)
        if (const char* value = openslide_get_property_value(handle, *names)) properties[*names] = value;
    return properties;
}

template <typename T>
std::optional<T> numberIn(const std::map<std::string, std::string>& properties, const std::string& name) {
    const auto found = properties.find(name);
    if (found == properties.end()) return std::nullopt;
    T value{};
    const char* end = found->second.data() + found->second.size();
    return std::from_chars(found->second.data(), end, value).ec == std::errc() ? std::optional(value)
                                                                               : std::nullopt;
}

std::vector<SlideLevel> levelsOf(openslide_t* handle, const std::map<std::string, std::string>& properties) {
    std::vector<SlideLevel> levels;
    for (int i = 0; i < openslide_get_level_count(handle); ++i) {
        SlideLevel level;
        openslide_get_level_dimensions(handle, i, &level.width, &level.height);
        level.downsample = openslide_get_level_downsample(handle, i);
        const auto side = [&](const char* what) {
            const auto stated =
                numberIn<int>(properties, fmt::format("openslide.level[{}].tile-{}", i, what));
            return stated && *stated >= 64 && *stated <= maxTileSide ? *stated : 256;
        };
        level.tileWidth = side("width");
        level.tileHeight = side("height");
        levels.push_back(level);
    }
    return levels;
}

/// How many levels, finest first, are at least as wide and high as the tiles they are stored in.
int soundLevelsOf(openslide_t* handle, const std::vector<SlideLevel>& levels) {
    const auto properties = propertiesOf(handle);
    const auto exceeds = [&](int level, const char* what, std::int64_t size) {
        const auto tile =
            numberIn<std::int64_t>(properties, fmt::format("openslide.level[{}].tile-{}", level, what));
        return tile && *tile > size;
    };
    int sound = 1;
    for (; static_cast<std::size_t>(sound) < levels.size(); ++sound) {
        const SlideLevel& level = levels[static_cast<std::size_t>(sound)];
        if (exceeds(sound, "width", level.width) || exceeds(sound, "height", level.height)) break;
    }
    return sound;
}

/// OpenSlide reports what goes wrong by itself; libtiff beneath it would print it as well.
void silenceTiff() {
    TIFFSetErrorHandler(nullptr);
    TIFFSetWarningHandler(nullptr);
}

std::shared_ptr<const SlideInfo> infoOf(openslide_t* handle) {
    const auto properties = propertiesOf(handle);
    auto info = std::make_shared<SlideInfo>();
    if (const auto vendor = properties.find("openslide.vendor"); vendor != properties.end())
        info->vendor = vendor->second;
    info->levels = levelsOf(handle, properties);
    info->micronsPerPixel = scaleFromProperties(properties, info->warnings);
    info->objectivePower = numberIn<double>(properties, "openslide.objective-power");
    for (const char* const* names = openslide_get_associated_image_names(handle); names && *names; ++names)
        info->associatedImages.emplace_back(*names);
    const SlideLevel& coarsest = info->levels.back();
    if (static_cast<double>(coarsest.width) * static_cast<double>(coarsest.height) > 64e6)
        info->warnings.emplace_back(
            "The file has no overview levels, so zooming out is slow. Convert it to a pyramidal TIFF.");
    return info;
}

/// OpenSlide gives premultiplied ARGB: adding what is missing to full opacity puts white behind it.
void blendWithWhite(Raster& raster) {
    for (std::uint32_t& pixel : raster.pixels) {
        const std::uint32_t missing = 255 - (pixel >> 24);
        if (missing) pixel = (pixel + missing * 0x00010101u) | 0xff000000u;
    }
}

} // namespace

struct OpenSlideSource::Cache : openslide_compat::SharedCache {
    Cache() : SharedCache(cacheBytes) {}
};

void OpenSlideSource::Closer::operator()(_openslide* handle) const {
    openslide_close(handle);
}

OpenSlideSource::OpenSlideSource(std::filesystem::path path)
    : path_(std::move(path)), cache_(std::make_unique<Cache>()) {}
OpenSlideSource::~OpenSlideSource() = default;

std::optional<std::string> OpenSlideSource::detectVendor(const std::filesystem::path& path) {
    silenceTiff();
    const char* vendor = openslide_detect_vendor(path.string().c_str());
    return vendor ? std::optional<std::string>(vendor) : std::nullopt;
}

bool OpenSlideSource::readsDicom() {
    return openslide_compat::readsDicom;
}

Result<std::shared_ptr<OpenSlideSource>> OpenSlideSource::open(const std::filesystem::path& path) {
    auto fingerprint = fileFingerprint(path);
    if (!fingerprint) return Failure(fingerprint.error());
    silenceTiff();
    std::shared_ptr<OpenSlideSource> source(new OpenSlideSource(path));
    source->fingerprint_ = std::move(*fingerprint);
    auto handle = source->openHandle();
    if (!handle) return Failure(handle.error());
    if (openslide_get_level_count(handle->get()) < 1)
        return badInput("this slide holds no image", path.string(), "Export it from the scanner again");
    source->info_ = infoOf(handle->get());
    const auto properties = propertiesOf(handle->get());
    source->properties_.assign(properties.begin(), properties.end());
    source->soundLevels_ = soundLevelsOf(handle->get(), source->info_->levels);
    source->idle_.push_back(std::move(*handle));
    return source;
}

Result<OpenSlideSource::Handle> OpenSlideSource::openHandle() const {
    Handle handle(openslide_open(path_.string().c_str()));
    if (!handle)
        return badInput("this is not a slide in a format that OpenSlide knows", path_.string(),
                        "Convert it to a pyramidal TIFF");
    if (const char* reason = openslide_get_error(handle.get())) {
        if (std::string_view(reason).find("nsupported") != std::string_view::npos)
            return badInput(fmt::format("this slide is of a kind that cannot be read ({})", reason),
                            path_.string(), "Convert it to a pyramidal TIFF");
        return badInput(fmt::format("this slide is damaged or incomplete ({})", reason), path_.string(),
                        "Copy it again from where it came from");
    }
    cache_->attach(handle.get());
    return handle;
}

Result<OpenSlideSource::Handle> OpenSlideSource::borrow() const {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            Handle handle = std::move(idle_.back());
            idle_.pop_back();
            return handle;
        }
    }
    return openHandle();
}

/// Gives a healthy handle back; closes one that has met an error, which would fail every read from now on.
Result<Raster> OpenSlideSource::finish(Handle handle, Raster raster, const std::string& place) const {
    if (const char* reason = openslide_get_error(handle.get()))
        return badInput(fmt::format("{} is damaged ({})", place, reason), path_.string(),
                        "The rest of the slide stays readable; copy the file again if you need this part");
    {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(handle));
    }
    blendWithWhite(raster);
    return raster;
}

std::shared_ptr<const SlideInfo> OpenSlideSource::info() const {
    return info_;
}
std::string OpenSlideSource::fingerprint() const {
    return fingerprint_;
}

std::vector<std::pair<std::string, std::string>> OpenSlideSource::properties() const {
    return properties_;
}

std::size_t OpenSlideSource::idleHandles() const {
    const std::lock_guard lock(mutex_);
    return idle_.size();
}

Result<Raster> OpenSlideSource::readRegion(int level, LevelRect rect) const {
    if (level < 0 || static_cast<std::size_t>(level) >= info_->levels.size())
        return badInput(fmt::format("the slide has no level {}", level), path_.string());
    if (rect.width < 0 || rect.height < 0 ||
        static_cast<std::int64_t>(rect.width) * rect.height > maxRegionPixels)
        return fail(ErrorKind::Usage,
                    fmt::format("a region of {} x {} pixels cannot be read at once", rect.width, rect.height),
                    path_.string());
    // OpenSlide 3.4 with libtiff 4.5 garbles levels that are narrower than a tile, and shifts those that are
    // lower; they are made from the next finer one.
    if (level >= soundLevels_ && rect.width > 0 && rect.height > 0)
        return resampleLevel(*this, soundLevels_ - 1, toLevel0Rect(*info_, level, rect), rect.width,
                             rect.height);
    auto handle = borrow();
    if (!handle) return Failure(handle.error());
    Raster raster{rect.width, rect.height, {}};
    raster.pixels.resize(static_cast<std::size_t>(rect.width) * static_cast<std::size_t>(rect.height));
    const double scale = info_->levels[static_cast<std::size_t>(level)].downsample;
    const std::int64_t x = std::llround(static_cast<double>(rect.x) * scale);
    const std::int64_t y = std::llround(static_cast<double>(rect.y) * scale);
    openslide_read_region(handle->get(), raster.pixels.data(), x, y, level, rect.width, rect.height);
    return finish(std::move(*handle), std::move(raster),
                  fmt::format("the slide around x {}, y {} (level {})", x, y, level));
}

Result<Raster> OpenSlideSource::readAssociatedImage(const std::string& name) const {
    const auto& names = info_->associatedImages;
    if (std::find(names.begin(), names.end(), name) == names.end())
        return badInput(fmt::format("this slide has no image named {}", name), path_.string());
    auto handle = borrow();
    if (!handle) return Failure(handle.error());
    std::int64_t width = -1, height = -1;
    openslide_get_associated_image_dimensions(handle->get(), name.c_str(), &width, &height);
    Raster raster;
    if (width > 0 && height > 0 && width <= maxRegionPixels / height) {
        raster = {static_cast<int>(width), static_cast<int>(height), {}};
        raster.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
        openslide_read_associated_image(handle->get(), name.c_str(), raster.pixels.data());
    }
    return finish(std::move(*handle), std::move(raster), fmt::format("the {} image", name));
}

} // namespace spotglass
