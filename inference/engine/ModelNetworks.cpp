#include "inference/engine/ModelNetworks.h"

namespace spotglass {

Result<ModelNetworks> readNetworks(const std::filesystem::path& file, const EngineSettings& settings) {
    auto model = loadModel(file);
    if (!model) return Failure(model.error());
    auto encoder = openNamedEncoder(model->card.imageEncoder, settings.workspace, settings.encoderWeights);
    if (!encoder) {
        auto error = encoder.error();
        if (error.where.empty()) error.where = file.string();
        return Failure(error);
    }
    if (encoder->encoder->width() != model->card.config.width)
        return badInput("its width is " + std::to_string(model->card.config.width) + ", its encoder \"" +
                            model->card.imageEncoder + "\" gives " +
                            std::to_string(encoder->encoder->width()) + " numbers",
                        file.string(),
                        "The model was trained with another encoder, or its card belongs to another model");
    return ModelNetworks{std::move(*model), std::move(*encoder)};
}

} // namespace spotglass
