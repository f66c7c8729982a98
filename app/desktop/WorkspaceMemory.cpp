#include "app/desktop/WorkspaceMemory.h"

#include "inference/store/Workspace.h"
#include "viewer/slide/SlideSource.h"

#include <QStandardPaths>
#include <spdlog/spdlog.h>
#include <utility>

namespace spotglass {
namespace {

constexpr std::size_t recentCount = 10;

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
    Result<std::vector<std::filesystem::path>> recent() override {
        return workspace_.recentSlides(recentCount).map([](const std::vector<KnownSlide>& slides) {
            std::vector<std::filesystem::path> paths;
            paths.reserve(slides.size());
            for (const auto& slide : slides)
                paths.push_back(slide.path);
            return paths;
        });
    }

  private:
    Workspace workspace_;
};

} // namespace

std::filesystem::path workspaceFile() {
    const QString set = qEnvironmentVariable("SPOTGLASS_WORKSPACE");
    if (!set.isEmpty()) return set.toStdString();
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
    return std::filesystem::path(folder.toStdString()) / "workspace.sqlite";
}

Result<std::unique_ptr<SlideMemory>> openWorkspaceMemory(const std::filesystem::path& file) {
    auto workspace = Workspace::open(file);
    if (!workspace) return tl::unexpected(workspace.error());
    for (const auto& warning : workspace->warnings())
        spdlog::warn("{}", warning);
    return std::make_unique<WorkspaceMemory>(std::move(*workspace));
}

} // namespace spotglass
