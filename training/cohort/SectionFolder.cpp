#include "training/cohort/SectionFolder.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace spotglass {
namespace fs = std::filesystem;

bool sectionNameBefore(const std::string& a, const std::string& b) {
    std::size_t i = 0, j = 0;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    while (i < a.size() && j < b.size()) {
        if (!digit(a[i]) || !digit(b[j])) {
            if (a[i] != b[j]) return a[i] < b[j];
            ++i, ++j;
            continue;
        }
        std::size_t p = i, q = j;
        while (p < a.size() && digit(a[p]))
            ++p;
        while (q < b.size() && digit(b[q]))
            ++q;
        if (p - i != q - j) return p - i < q - j;
        if (const int order = a.compare(i, p - i, b, j, q - j); order != 0) return order < 0;
        i = p, j = q;
    }
    return a.size() - i < b.size() - j;
}

bool hasImageName(const fs::path& file) {
    static const std::set<std::string> endings = {".svs",  ".tif", ".tiff", ".btf", ".ndpi",
                                                  ".mrxs", ".scn", ".bif",  ".vms", ".jpg",
                                                  ".jpeg", ".png", ".bmp",  ".jp2", ".dcm"};
    std::string ending = file.extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return endings.contains(ending) && !file.filename().string().starts_with('.');
}

std::vector<fs::path> imagesIn(const fs::path& folder) {
    std::vector<fs::path> images;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(folder, problem))
        if (entry.is_regular_file(problem) && hasImageName(entry.path())) images.push_back(entry.path());
    std::sort(images.begin(), images.end());
    return images;
}

std::vector<fs::path> foldersIn(const fs::path& folder) {
    std::vector<fs::path> folders;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(folder, problem))
        if (entry.is_directory(problem) && !entry.path().filename().string().starts_with('.'))
            folders.push_back(entry.path());
    std::sort(folders.begin(), folders.end(), [](const fs::path& a, const fs::path& b) {
        return sectionNameBefore(a.filename().string(), b.filename().string());
    });
    return folders;
}

std::string lastName(const fs::path& path) {
    std::error_code problem;
    fs::path whole = fs::absolute(path, problem).lexically_normal();
    if (!whole.has_filename()) whole = whole.parent_path();
    return whole.filename().string();
}

std::string patientOf(const std::string& name) {
    const auto end =
        std::find_if_not(name.begin(), name.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
    return end == name.begin() ? name : std::string(name.begin(), end);
}

} // namespace spotglass
