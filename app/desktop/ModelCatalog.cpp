#include "app/desktop/ModelCatalog.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t largestHead = 64u << 20;

/// The JSON head of a safetensors file: eight bytes of length, little-endian, then the text. Empty when there
/// is none.
nlohmann::json headOf(const fs::path& file) {
    std::error_code ec;
    const std::uint64_t bytes = fs::file_size(file, ec);
    std::ifstream in(file, std::ios::binary);
    std::array<unsigned char, 8> prefix{};
    if (ec || !in.read(reinterpret_cast<char*>(prefix.data()), prefix.size())) return {};
    std::uint64_t length = 0;
    for (std::size_t i = prefix.size(); i-- > 0;)
        length = length << 8 | prefix[i];
    if (length > largestHead || length > bytes - prefix.size()) return {};
    std::string text(length, '\0');
    if (!in.read(text.data(), static_cast<std::streamsize>(length))) return {};
    return nlohmann::json::parse(text, nullptr, false);
}

/// The card is text in the metadata; its key is not fixed by the format, so the first one with a name counts.
std::string nameInCard(const nlohmann::json& head) {
    if (!head.is_object() || !head.contains("__metadata__") || !head["__metadata__"].is_object()) return {};
    for (const auto& value : head["__metadata__"]) {
        if (!value.is_string()) continue;
        const auto card = nlohmann::json::parse(value.get_ref<const std::string&>(), nullptr, false);
        if (card.is_object() && card.contains("name") && card["name"].is_string())
            return card["name"].get<std::string>();
    }
    return {};
}

} // namespace

QString modelName(const fs::path& file) {
    const std::string name = nameInCard(headOf(file));
    return QString::fromStdString(name.empty() ? file.stem().string() : name);
}

QList<ModelListing> modelsInFolder(const fs::path& folder) {
    QList<ModelListing> models;
    std::error_code ec;
    for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec))
        if (it->path().extension() == ".safetensors") models.append({it->path(), modelName(it->path())});
    std::ranges::sort(models, {}, &ModelListing::name);
    return models;
}

} // namespace spotglass
