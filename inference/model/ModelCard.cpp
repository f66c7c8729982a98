#include "inference/model/ModelCard.h"

#include <set>
#include <tuple>

namespace spotglass {

using Json = nlohmann::json;

Json toJson(const ModelCard& c) {
    return {
        {"format", ModelCard::currentFormat},
        {"name", c.name},
        {"configuration", toJson(c.config)},
        {"genes", c.genes},
        {"ensembl_ids", c.ensemblIds},
        {"unit", c.unit},
        {"patch_pixels", c.patchPixels},
        {"microns_per_pixel", c.micronsPerPixel},
        {"images_microns_per_pixel", {c.finestImageMicrons, c.coarsestImageMicrons}},
        {"spot_pitch_um", c.spotPitchMicrons},
        {"array_geometry", c.arrayGeometry},
        {"context_window_um", c.contextMicrons},
        {"members", c.members},
        {"image_encoder",
         {{"name", c.imageEncoder}, {"width", c.config.width}, {"feature_scale", c.featureScale}}},
        {"text_encoder",
         {{"name", c.textEncoder}, {"width", c.config.textWidth}, {"texts_sha256", c.textHash}}},
        {"training", c.training},
        {"held_out", c.heldOut},
        {"licence", c.licence},
        {"source", c.source},
        {"date", c.date},
        {"program_version", c.programVersion},
        {"notice", "Research use only. Predicted expression is not a measurement and not for diagnosis."}};
}

Result<ModelCard> parseModelCard(const std::string& text, const std::string& where) {
    const Json j = Json::parse(text, nullptr, false);
    if (!j.is_object())
        return badInput("its model card cannot be read", where, "The file is damaged; copy it again");
    try {
        const int format = j.at("format").get<int>();
        if (format != ModelCard::currentFormat)
            return badInput("this model file has format version " + std::to_string(format) +
                                "; this program reads version " + std::to_string(ModelCard::currentFormat),
                            where,
                            format > ModelCard::currentFormat ? "Update Spotglass"
                                                              : "Train or import the model again");
        auto config = parseDkanConfig(j.at("configuration"), where);
        if (!config) return Failure(config.error());
        ModelCard c;
        c.config = *config;
        c.name = j.value("name", "");
        c.genes = j.at("genes").get<std::vector<std::string>>();
        c.ensemblIds = j.value("ensembl_ids", std::vector<std::string>{});
        c.unit = j.value("unit", c.unit);
        c.patchPixels = j.at("patch_pixels").get<int>();
        c.micronsPerPixel = j.at("microns_per_pixel").get<double>();
        std::tie(c.finestImageMicrons, c.coarsestImageMicrons) =
            j.value("images_microns_per_pixel", std::pair<double, double>{});
        c.spotPitchMicrons = j.at("spot_pitch_um").get<double>();
        c.arrayGeometry = j.value("array_geometry", c.arrayGeometry);
        c.members = j.value("members", c.members);
        c.contextMicrons = j.at("context_window_um").get<double>();
        c.imageEncoder = j.at("image_encoder").value("name", "");
        c.featureScale = j.at("image_encoder").value("feature_scale", c.featureScale);
        c.textEncoder = j.at("text_encoder").value("name", "");
        c.textHash = j.at("text_encoder").value("texts_sha256", "");
        c.training = j.value("training", Json::object());
        c.heldOut = j.value("held_out", Json::object());
        c.licence = j.value("licence", "");
        c.source = j.value("source", "");
        c.date = j.value("date", "");
        c.programVersion = j.value("program_version", "");
        if (c.genes.empty()) return badInput("its model card lists no genes", where);
        if (static_cast<int>(c.genes.size()) != c.config.genes)
            return badInput("its gene list has " + std::to_string(c.genes.size()) +
                                " genes, its weights have " + std::to_string(c.config.genes),
                            where, "The gene list belongs to another model");
        if (std::set<std::string>(c.genes.begin(), c.genes.end()).size() != c.genes.size())
            return badInput("its gene list names a gene twice", where);
        if (c.members < 1 || c.members > ModelCard::kMostMembers)
            return badInput("its model card speaks of " + std::to_string(c.members) + " networks", where);
        if (c.patchPixels < 32 || c.patchPixels > 4096 ||
            !(c.micronsPerPixel > 0.01 && c.micronsPerPixel < 100) ||
            !(c.finestImageMicrons >= 0 && c.coarsestImageMicrons >= c.finestImageMicrons &&
              c.coarsestImageMicrons < 100) ||
            !(c.spotPitchMicrons > 0 && c.spotPitchMicrons < 1e5) ||
            !(c.contextMicrons >= c.spotPitchMicrons && c.contextMicrons < 1e6))
            return badInput("its model card gives an impossible patch size, scale, pitch or context window",
                            where);
        return c;
    } catch (const Json::exception&) {
        return badInput("its model card lacks an entry or has one of the wrong kind", where,
                        "The file was not written by Spotglass, or is damaged");
    }
}

} // namespace spotglass
