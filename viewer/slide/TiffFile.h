#pragma once

#include "viewer/base/Result.h"
#include "viewer/slide/SlideSource.h"

struct tiff;

namespace spotglass {

/// What the directory of a TIFF says about its main picture.
struct TiffSummary {
    std::int64_t width = 0, height = 0;
    int bitsPerSample = 1, samplesPerPixel = 1, photometric = 0, orientation = 1, compression = 1;
    bool tiled = false, planar = false, hasAlpha = false, isOme = false;
    int tileWidth = 0, tileHeight = 0;              ///< a strip is as wide as the picture
    int pictures = 1;                               ///< of that size in the file
    std::optional<MicronsPerPixel> micronsPerPixel; ///< from OME metadata or the resolution
    /// Why this is not one colour or grey picture (several channels, focal planes, times); empty when it is.
    std::string notOnePicture;
};

/// A TIFF file, at its largest picture. Belongs to one thread at a time. Messages of libtiff come to us
/// alone, so that nothing is printed and warnings that mean missing pixels are noticed.
class TiffFile {
  public:
    /// Blocking. BadInput when it is no TIFF, or its directory is damaged.
    [[nodiscard]] static Result<TiffFile> open(const std::filesystem::path& path);
    TiffFile(TiffFile&&) noexcept;
    TiffFile& operator=(TiffFile&&) noexcept;
    ~TiffFile();

    [[nodiscard]] const TiffSummary& summary() const { return summary_; }
    /// For calls of libtiff; owned by this object.
    [[nodiscard]] tiff* handle() const { return handle_.get(); }
    /// What libtiff said last; a damage that it only warned about counts as well.
    [[nodiscard]] const std::string& lastError() const;
    [[nodiscard]] bool sawDamage() const;
    /// Whether a picture of the file names an ICC profile that is not there.
    [[nodiscard]] bool lostIccProfile() const;
    /// Whether all strips or tiles lie within the file.
    [[nodiscard]] bool isComplete(std::uint64_t fileSize) const;

    struct Messages;

  private:
    struct Closer {
        void operator()(tiff* handle) const;
    };
    TiffFile() = default;
    std::unique_ptr<Messages> messages_; ///< libtiff holds a pointer to it; outlives handle_
    std::unique_ptr<tiff, Closer> handle_;
    TiffSummary summary_;
};

} // namespace spotglass
