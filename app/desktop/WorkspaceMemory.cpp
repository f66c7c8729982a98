#include "app/desktop/WorkspaceMemory.h"

#include "inference/store/Workspace.h"
#include "viewer/slide/SlideSource.h"

#include <QBuffer>
#include <spdlog/spdlog.h>
#include <utility>

namespace spotglass {
namespace {

constexpr std::size_t recentCount = 12;
constexpr int largestPicture = 256; // pixels of the longer side

/// A JPEG small enough for the workspace; empty where that fails.
std::string packed(const QImage& picture) {
    if (picture.isNull()) return {};
    const QImage small =
        picture.width() <= largestPicture && picture.height() <= largestPicture
            ? picture
            : picture.scaled(largestPicture, largestPicture, Qt::KeepAspectRatio, Qt::SmoothTransformation);
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    if (!small.convertToFormat(QImage::Format_RGB32).save(&buffer, "JPEG", 80)) return {};
    if (static_cast<std::size_t>(bytes.size()) > Workspace::maxPictureBytes) return {};
    return bytes.toStdString();
}

/// Null where the bytes are no picture.
QImage unpacked(const std::string& bytes) {
    return QImage::fromData(QByteArray::fromStdString(bytes), "JPEG");
}

class WorkspaceMemory final : public SlideMemory {
  public:
    explicit WorkspaceMemory(Workspace workspace) : workspace_(std::move(workspace)) {}

    Result<std::optional<MicronsPerPixel>> scale(const std::string& fingerprint) override {
        return workspace_.scale(fingerprint).map([](const std::optional<KnownScale>& known) {
            return known ? std::optional(known->micronsPerPixel) : std::nullopt;
        });
    }
    Result<void> setScale(const OpenedSlide& slide, MicronsPerPixel scale) override {
        return workspace_.rememberScale(slide.source->fingerprint(), scale);
    }
    Result<void> addRecent(const OpenedSlide& slide) override {
        return workspace_.noteOpened(slide.source->fingerprint(), slide.path, slide.path.filename().string());
    }
    Result<QList<RecentSlide>> recent() override {
        return workspace_.recentSlides(recentCount).map([](const std::vector<KnownSlide>& slides) {
            QList<RecentSlide> recent;
            for (const auto& slide : slides)
                recent.append({QString::fromStdString(slide.path.string()), unpacked(slide.picture), false});
            return recent;
        });
    }
    Result<void> setPicture(const std::string& fingerprint, const QImage& picture) override {
        return workspace_.keepPicture(fingerprint, packed(picture));
    }
    Result<QList<Bookmark>> bookmarks(const std::string& fingerprint) override {
        return workspace_.bookmarks(fingerprint).map([](const std::vector<KnownBookmark>& all) {
            QList<Bookmark> bookmarks;
            for (const auto& known : all)
                bookmarks.append({QString::fromStdString(known.id), QString::fromStdString(known.name),
                                  known.center, known.scale, known.rotation, known.mirrored,
                                  unpacked(known.picture)});
            return bookmarks;
        });
    }
    Result<void> keepBookmark(const std::string& fingerprint, const Bookmark& bookmark) override {
        return workspace_.keepBookmark(fingerprint, {bookmark.id.toStdString(), bookmark.name.toStdString(),
                                                     bookmark.center, bookmark.scale, bookmark.rotation,
                                                     bookmark.mirrored, packed(bookmark.picture)});
    }
    Result<void> removeBookmark(const QString& id) override {
        return workspace_.removeBookmark(id.toStdString());
    }

  private:
    Workspace workspace_;
};

} // namespace

Result<std::unique_ptr<SlideMemory>> openWorkspaceMemory(const std::filesystem::path& file) {
    auto workspace = Workspace::open(file);
    if (!workspace) return tl::unexpected(workspace.error());
    for (const auto& warning : workspace->warnings())
        spdlog::warn("{}", warning);
    return std::make_unique<WorkspaceMemory>(std::move(*workspace));
}

} // namespace spotglass
