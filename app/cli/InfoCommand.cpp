#include "app/cli/InfoCommand.h"

#include "viewer/slide/SlideSource.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace spotglass {

Result<void> runInfo(const std::filesystem::path& file, bool json) {
    auto slide = openSlide(file);
    if (!slide) return Failure(slide.error());
    const auto info = (*slide)->info();
    nlohmann::json levels = nlohmann::json::array();
    for (const auto& level : info->levels)
        levels.push_back({{"width", level.width},
                          {"height", level.height},
                          {"downsample", level.downsample},
                          {"tile_width", level.tileWidth},
                          {"tile_height", level.tileHeight}});
    const auto scale = info->micronsPerPixel;
    const nlohmann::json none;
    const nlohmann::json document{
        {"file", file.string()},
        {"vendor", info->vendor},
        {"width", info->levels.front().width},
        {"height", info->levels.front().height},
        {"levels", levels},
        {"mpp_x", scale ? nlohmann::json(scale->x) : none},
        {"mpp_y", scale ? nlohmann::json(scale->y) : none},
        {"objective_power", info->objectivePower ? nlohmann::json(*info->objectivePower) : none},
        {"associated_images", info->associatedImages},
        {"fingerprint", (*slide)->fingerprint()},
        {"warnings", info->warnings}};
    if (json) {
        std::printf("%s\n", document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
        return {};
    }
    std::printf("%s\n  format      %s\n  size        %lld x %lld px\n", file.string().c_str(),
                info->vendor.c_str(), static_cast<long long>(info->levels.front().width),
                static_cast<long long>(info->levels.front().height));
    if (scale)
        std::printf("  scale       %.4f x %.4f um per pixel\n", scale->x, scale->y);
    else
        std::printf("  scale       not in the file; give it with --mpp where it is needed\n");
    if (info->objectivePower) std::printf("  objective   %gx\n", *info->objectivePower);
    for (std::size_t i = 0; i < info->levels.size(); ++i)
        std::printf("  level %-5zu %lld x %lld px, downsample %.4g\n", i,
                    static_cast<long long>(info->levels[i].width),
                    static_cast<long long>(info->levels[i].height), info->levels[i].downsample);
    for (const auto& name : info->associatedImages)
        std::printf("  image       %s\n", name.c_str());
    for (const auto& warning : info->warnings)
        std::printf("  note        %s\n", warning.c_str());
    return {};
}

} // namespace spotglass
