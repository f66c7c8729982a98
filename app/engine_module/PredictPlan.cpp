#include "app/engine_module/PredictPlan.h"

#include <charconv>
#include <map>
#include <string_view>
#include <system_error>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

std::optional<int> wholeNumber(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

} // namespace

Result<Shard> parseShard(const std::string& text) {
    const auto slash = text.find('/');
    const auto part = wholeNumber(std::string_view(text).substr(0, slash));
    const auto parts =
        slash == std::string::npos ? std::nullopt : wholeNumber(std::string_view(text).substr(slash + 1));
    if (!part || !parts)
        return fail(ErrorKind::Usage, "a shard is written as I/N, for example 2/4 for the second of four",
                    text);
    if (*parts < 1 || *part < 1 || *part > *parts)
        return fail(ErrorKind::Usage, "in a shard I/N, I counts from 1 to N", text);
    return Shard{*part, *parts};
}

std::vector<fs::path> shardOf(const std::vector<fs::path>& slides, int part, int parts) {
    std::vector<fs::path> mine;
    for (auto i = static_cast<std::size_t>(part - 1); i < slides.size(); i += static_cast<std::size_t>(parts))
        mine.push_back(slides[i]);
    return mine;
}

Result<PredictPlan> planPredictions(const PredictOptions& options) {
    const bool intoFolder = options.slides.size() > 1 || options.intoFolder;
    if (!intoFolder && options.output.extension() != ".csv")
        return fail(ErrorKind::Usage, "the output should be a .csv file", options.output.string());
    const auto tableOf = [&](const fs::path& slide) {
        return intoFolder ? options.output / (slide.stem().string() + ".csv") : options.output;
    };
    // All slides are compared, not this shard's alone: the shards write into the same folder.
    std::map<fs::path, fs::path> slideOfTable;
    for (const auto& slide : options.slides) {
        const auto [other, isNew] = slideOfTable.emplace(tableOf(slide), slide);
        if (!isNew)
            return fail(ErrorKind::Usage,
                        "this slide and " + other->second.string() + " would be written to the same table, " +
                            other->first.string(),
                        slide.string(),
                        "Give one of them another name, or predict them into different folders");
    }
    PredictPlan plan;
    std::error_code ec;
    for (const auto& slide : shardOf(options.slides, options.shard, options.shards)) {
        // Tables are written aside and renamed: one that is there is whole.
        if (options.skipExisting && fs::exists(tableOf(slide), ec))
            ++plan.alreadyThere;
        else
            plan.slides.push_back({slide, tableOf(slide)});
    }
    return plan;
}

} // namespace spotglass
