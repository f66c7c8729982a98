#include "viewer/slide/SlideFolder.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <system_error>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

char lower(char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::string extensionOf(const fs::path& file) {
    std::string extension = file.extension().string();
    if (!extension.empty()) extension.erase(0, 1);
    std::ranges::transform(extension, extension.begin(), lower);
    return extension;
}

/// Takes the digits off the front of `text`, without leading zeros.
std::string_view takeNumber(std::string_view& text) {
    const auto end = std::ranges::find_if_not(text, isDigit);
    std::string_view number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(number.size());
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
    return number;
}

bool nameLess(const fs::path& a, const fs::path& b) {
    const std::string first = a.filename().string(), second = b.filename().string();
    if (naturalLess(first, second)) return true;
    return !naturalLess(second, first) && first < second;
}

} // namespace

bool canBeSlide(const fs::path& file) {
    const std::string name = file.filename().string();
    if (name.empty() || name.front() == '.') return false;
    return std::ranges::find(slideExtensions, extensionOf(file)) != slideExtensions.end();
}

bool naturalLess(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        if (isDigit(a.front()) && isDigit(b.front())) {
            const std::string_view first = takeNumber(a), second = takeNumber(b);
            if (first.size() != second.size()) return first.size() < second.size();
            if (first != second) return first < second;
            continue;
        }
        const char first = lower(a.front()), second = lower(b.front());
        if (first != second) return static_cast<unsigned char>(first) < static_cast<unsigned char>(second);
        a.remove_prefix(1);
        b.remove_prefix(1);
    }
    return a.empty() && !b.empty();
}

Result<std::vector<fs::path>> slidesIn(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> slides;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        std::error_code unknown; // a link to nowhere is no file
        if (canBeSlide(entry->path()) && extensionOf(entry->path()) != "dcm" &&
            entry->is_regular_file(unknown))
            slides.push_back(entry->path());
    }
    if (error)
        return badInput("this folder cannot be read (" + error.message() + ")", folder.string(),
                        "Check that its drive is connected");
    std::ranges::sort(slides, nameLess);
    return slides;
}

Result<std::optional<fs::path>> neighbourOf(const fs::path& file, int step) {
    const auto slides = slidesIn(file.parent_path());
    if (!slides) return Failure(slides.error());
    auto at = std::ranges::lower_bound(*slides, file, nameLess) - slides->begin();
    const auto count = static_cast<std::ptrdiff_t>(slides->size());
    const bool present = at < count && (*slides)[static_cast<std::size_t>(at)].filename() == file.filename();
    if (!present && step > 0) --at; // the place where it was is one step before the next
    at += step;
    if (at < 0 || at >= count) return std::nullopt;
    return (*slides)[static_cast<std::size_t>(at)];
}

} // namespace spotglass
