#include "viewer/slide/PlainImageSource.h"

#include "viewer/base/CancelToken.h"
#include "viewer/slide/Fingerprint.h"
#include "viewer/slide/ImagePyramid.h"
#include "viewer/slide/PlainImageDecoder.h"

#include <algorithm>
#include <fmt/format.h>
#include <new>
#include <thread>

namespace spotglass {
namespace {

constexpr std::int64_t atOncePixels = 4'000'000; ///< decoded before open() returns: some 50 ms
constexpr int tileSize = 256;

Result<void> checkSize(const PlainImageHeader& header, const std::filesystem::path& path) {
    if (header.width < 1 || header.height < 1) return damagedImage(header.format, path, "it has no pixels");
    const bool fits = header.width <= PlainImageSource::maxSide &&
                      header.height <= PlainImageSource::maxSide &&
                      header.width * header.height <= PlainImageSource::maxPixels;
    if (fits) return {};
    return badInput(
        fmt::format("this {} image has {} x {} pixels and no overview levels: too large to be shown as it is",
                    header.format, header.width, header.height),
        path.string(), "Convert it to a pyramidal TIFF");
}

/// Copies an image stored with EXIF/TIFF orientation `o` (5 to 8 exchange rows and columns) the way it is to
/// be seen.
void applyOrientation(const std::uint8_t* stored, std::int64_t width, std::int64_t height, int o,
                      ImagePyramid& pyramid) {
    const bool exchanged = o >= 5;
    const bool fromRight = o == 2 || o == 3 || o == 7 || o == 8; // of the stored columns
    const bool fromBottom = o == 3 || o == 4 || o == 6 || o == 7;
    for (std::int64_t y = 0; y < pyramid.levels()[0].height; ++y) {
        std::uint8_t* out = pyramid.row(0, y);
        for (std::int64_t x = 0; x < pyramid.levels()[0].width; ++x) {
            const std::int64_t column = exchanged ? y : x, line = exchanged ? x : y;
            const std::uint8_t* from = stored + 3 * ((fromBottom ? height - 1 - line : line) * width +
                                                     (fromRight ? width - 1 - column : column));
            out = std::copy_n(from, 3, out);
        }
    }
}

} // namespace

/// Everything the decoding thread shares with the readers.
struct PlainImageSource::Builder {
    std::filesystem::path path;
    std::string fingerprint;
    std::unique_ptr<PlainImageDecoder> decoder; ///< the decoding thread's, once it runs
    std::unique_ptr<ImagePyramid> pyramid;
    CancelToken stop;
    mutable std::mutex infoMutex; ///< guards info
    std::shared_ptr<const SlideInfo> info;
    std::mutex listenerMutex; ///< guards listener, and is held while it runs
    std::function<void()> listener;
    std::thread thread;

    Result<void> prepare();
    Result<void> decodeAll();
    void run();
    void refreshInfo(const std::string& warning);
};

/// Header, memory, and what there is to show at once.
Result<void> PlainImageSource::Builder::prepare() {
    const PlainImageHeader& header = decoder->header();
    if (auto ok = checkSize(header, path); !ok) return ok;
    const bool exchanged = header.orientation >= 5;
    pyramid = std::make_unique<ImagePyramid>(exchanged ? header.height : header.width,
                                             exchanged ? header.width : header.height, tileSize);
    auto fresh = std::make_shared<SlideInfo>();
    fresh->vendor = "plain image";
    fresh->levels = pyramid->levels();
    fresh->micronsPerPixel = header.micronsPerPixel;
    if (exchanged && fresh->micronsPerPixel) std::swap(fresh->micronsPerPixel->x, fresh->micronsPerPixel->y);
    fresh->warnings = header.warnings;
    if (!fresh->micronsPerPixel)
        fresh->warnings.emplace_back(
            "The file does not say how many micrometres a pixel is wide. Set the scale by hand.");
    info = std::move(fresh);
    const bool hasLevel = pyramid->levels().size() > static_cast<std::size_t>(ImagePyramid::previewLevel);
    if (header.width * header.height <= atOncePixels) {
        if (auto ok = decodeAll(); !ok) return ok;
    } else if (header.hasPreview && hasLevel) {
        if (auto ok = decoder->decodePreview(pyramid->row(ImagePyramid::previewLevel, 0)); !ok) return ok;
        pyramid->publishPreview();
    }
    refreshInfo({});
    return {};
}

Result<void> PlainImageSource::Builder::decodeAll() {
    const PlainImageHeader& header = decoder->header();
    if (header.orientation == 1)
        return decoder->decode({pyramid->row(0, 0), [this](std::int64_t rows) {
                                    pyramid->publishRows(rows);
                                    return !stop.isCancelled();
                                }});
    // A second copy of the picture for a moment, freed before the coarser levels are touched.
    auto stored = std::make_unique_for_overwrite<std::uint8_t[]>(
        static_cast<std::size_t>(header.width * header.height * 3));
    auto done = decoder->decode({stored.get(), [this](std::int64_t) { return !stop.isCancelled(); }});
    if (!done) return done;
    applyOrientation(stored.get(), header.width, header.height, header.orientation, *pyramid);
    stored.reset();
    pyramid->publishRows(pyramid->levels()[0].height);
    return {};
}

void PlainImageSource::Builder::run() {
    Result<void> done;
    try {
        done = decodeAll();
    } catch (const std::bad_alloc&) {
        done = fail(ErrorKind::Device, "there is not enough memory for this image", path.string());
    }
    decoder.reset();
    if (!done) pyramid->close(done.error());
    if (stop.isCancelled()) return;
    refreshInfo(done ? std::string() : done.error().sentence());
    const std::lock_guard lock(listenerMutex);
    if (listener) listener();
}

void PlainImageSource::Builder::refreshInfo(const std::string& warning) {
    const std::lock_guard lock(infoMutex);
    auto fresh = std::make_shared<SlideInfo>(*info);
    for (std::size_t n = 0; n < fresh->levels.size(); ++n)
        fresh->levels[n].ready = pyramid->isReady(static_cast<int>(n));
    if (!warning.empty()) fresh->warnings.push_back(warning);
    info = std::move(fresh);
}

PlainImageSource::PlainImageSource(std::unique_ptr<Builder> builder) : builder_(std::move(builder)) {}

PlainImageSource::~PlainImageSource() {
    builder_->stop.cancel();
    if (builder_->thread.joinable()) builder_->thread.join();
}

Result<std::shared_ptr<PlainImageSource>> PlainImageSource::open(const std::filesystem::path& path) try {
    auto fingerprint = fileFingerprint(path);
    if (!fingerprint) return Failure(fingerprint.error());
    auto decoder = makePlainImageDecoder(path);
    if (!decoder) return Failure(decoder.error());
    auto builder = std::make_unique<Builder>();
    builder->path = path;
    builder->fingerprint = std::move(*fingerprint);
    builder->decoder = std::move(*decoder);
    if (auto ok = builder->prepare(); !ok) return Failure(ok.error());
    std::shared_ptr<PlainImageSource> source(new PlainImageSource(std::move(builder)));
    Builder& shared = *source->builder_;
    if (!shared.info->levels.front().ready) shared.thread = std::thread([&shared] { shared.run(); });
    return source;
} catch (const std::bad_alloc&) {
    return fail(ErrorKind::Device, "there is not enough memory for this image", path.string(),
                "Close other programs, or convert it to a pyramidal TIFF");
}

std::shared_ptr<const SlideInfo> PlainImageSource::info() const {
    const std::lock_guard lock(builder_->infoMutex);
    return builder_->info;
}

Result<Raster> PlainImageSource::readRegion(int level, LevelRect rect) const {
    return builder_->pyramid->read(level, rect);
}

Result<Raster> PlainImageSource::readAssociatedImage(const std::string& name) const {
    return badInput("this slide has no image named " + name, builder_->path.string());
}

std::string PlainImageSource::fingerprint() const {
    return builder_->fingerprint;
}

void PlainImageSource::setChangeListener(std::function<void()> listener) {
    const std::lock_guard lock(builder_->listenerMutex);
    builder_->listener = std::move(listener);
}

Result<void> PlainImageSource::waitUntilComplete() const {
    return builder_->pyramid->waitUntilComplete();
}

} // namespace spotglass
