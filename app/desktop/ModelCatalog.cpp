#include "app/desktop/ModelCatalog.h"

#include "app/desktop/ModelHead.h"

#include <algorithm>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

ModelListing listingOf(const fs::path& file) {
    ModelListing listing{file, QString::fromStdString(file.stem().string()), {}};
    const auto head = readModelHead(file);
    if (!head) return listing; // opening it says what is wrong
    if (const auto name = head->card.find("name");
        name != head->card.end() && name->is_string() && *name != "")
        listing.name = QString::fromStdString(name->get<std::string>());
    listing.warning = warningOf(head->card);
    return listing;
}

} // namespace

QList<ModelListing> modelsInFolder(const fs::path& folder) {
    QList<ModelListing> models;
    std::error_code ec;
    for (fs::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec))
        if (it->path().extension() == ".safetensors") models.append(listingOf(it->path()));
    std::ranges::sort(models, {}, &ModelListing::name);
    return models;
}

} // namespace spotglass
