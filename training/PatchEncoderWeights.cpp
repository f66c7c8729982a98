#include "training/PatchEncoderWeights.h"

#include "inference/model/encoders/WeightFile.h"
#include "inference/model/TensorConversion.h"

namespace spotglass {
namespace {

/// How many blocks the network's stages have; a file that holds one more is of a deeper network.
Result<void> checkDepth(const torch::nn::Sequential& encoder, const DkanConfig& config,
                        const WeightFile& weights) {
    const auto inside = weights.inside();
    for (std::size_t stage = 4; stage < encoder->size(); ++stage) {
        const std::string next = "layer" + std::to_string(stage - 3) + "." +
                                 std::to_string(encoder->ptr(stage)->children().size()) + ".conv1.weight";
        if (inside.contains(next))
            return badInput("the weights hold " + next + ", which a " + config.patchEncoder +
                                " does not have",
                            weights.where(), "They belong to a deeper network");
    }
    return {};
}

Result<void> copyTensor(const std::string& name, torch::Tensor target, const DkanConfig& config,
                        WeightFile& weights) {
    auto found = weights.take(name);
    if (!found)
        return badInput(found.error().what, weights.where(),
                        found.error().hint.empty()
                            ? "The file is incomplete, or of another network than " + config.patchEncoder
                            : found.error().hint);
    if (found->sizes() != target.sizes())
        return badInput(
            "the weights hold " + name + " as " + shapeText(*found) + ", a " + config.patchEncoder +
                " with emb_dim_target " + std::to_string(config.patchWidth) + " asks for " +
                shapeText(target),
            weights.where(),
            "Set target_encoder_name and emb_dim_target to those of the weights (512 for a published "
            "ResNet-18)");
    target.copy_(*found);
    return {};
}

} // namespace

std::string torchvisionName(const std::string& parameter) {
    const auto dot = parameter.find('.');
    const int child = std::stoi(parameter.substr(0, dot));
    const std::string first = child == 0 ? "conv1" : child == 1 ? "bn1" : "layer" + std::to_string(child - 3);
    return first + parameter.substr(dot);
}

Result<void> startPatchEncoder(torch::nn::Sequential& encoder, const DkanConfig& config,
                               const std::filesystem::path& file) {
    const torch::NoGradGuard noGradient;
    auto weights = WeightFile::open(file);
    if (!weights) return Failure(weights.error());
    if (auto ok =
            weights->enter({"layer1.0.conv1.weight", "conv1.weight"}, "a ResNet with torchvision's names");
        !ok)
        return ok;
    if (auto ok = checkDepth(encoder, config, *weights); !ok) return ok;
    for (auto& item : encoder->named_parameters())
        if (auto ok = copyTensor(torchvisionName(item.key()), item.value(), config, *weights); !ok) return ok;
    for (auto& item : encoder->named_buffers()) {
        if (item.key().ends_with("num_batches_tracked")) continue; // counts for nothing
        if (auto ok = copyTensor(torchvisionName(item.key()), item.value(), config, *weights); !ok) return ok;
    }
    return {};
}

} // namespace spotglass
