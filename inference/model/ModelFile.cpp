#include "inference/model/ModelFile.h"

#include "inference/model/TensorConversion.h"
#include "viewer/base/Files.h"

namespace spotglass {
namespace {

constexpr const char* kCardKey = "spotglass";
constexpr const char* kGeneEmbeddings = "gene_embeddings";
constexpr const char* kFeatureMean = "frozen_encoder.feature_mean";
constexpr const char* kFeatureScale = "frozen_encoder.feature_scale";

Result<torch::Tensor> extra(const SafeTensors& file, const char* name, const std::vector<int64_t>& shape,
                            const std::string& where) {
    auto tensor = toTensor(file, name);
    if (!tensor) return badInput(std::string("it lacks ") + name, where, "The file is incomplete");
    if (tensor->sizes().vec() != shape)
        return badInput(std::string("its ") + name + " is " + shapeText(*tensor) +
                            ", its gene list and configuration ask for " + shapeText(torch::empty(shape)),
                        where, "The gene list or the configuration belongs to another model");
    return tensor->to(torch::kFloat32);
}

} // namespace

Result<LoadedModel> loadModel(const std::filesystem::path& path) {
    const std::string where = path.string();
    auto file = SafeTensors::read(path);
    if (!file) return Failure(file.error());
    const auto text = file->metadata().find(kCardKey);
    if (text == file->metadata().end())
        return badInput("this file holds weights but no Spotglass model card", where,
                        "Make a model file of it with: spotglass-cli model import");
    auto card = parseModelCard(text->second, where);
    if (!card) return Failure(card.error());
    LoadedModel model;
    model.card = std::move(*card);
    const auto& config = model.card.config;
    for (auto [tensor, name, shape] :
         {std::tuple(&model.geneEmbeddings, kGeneEmbeddings,
                     std::vector<int64_t>{config.genes, config.textWidth}),
          std::tuple(&model.featureMean, kFeatureMean, std::vector<int64_t>{config.width}),
          std::tuple(&model.featureScale, kFeatureScale, std::vector<int64_t>{config.width})}) {
        if (name == kGeneEmbeddings && !config.geneText) continue;
        auto found = extra(*file, name, shape, where);
        if (!found) return Failure(found.error());
        *tensor = *found;
    }
    model.network = Dkan(config);
    if (auto ok = loadWeights(
            *model.network, [&](const std::string& name) { return toTensor(*file, name); }, where);
        !ok)
        return Failure(ok.error());
    model.network->eval();
    return model;
}

Result<void> saveModel(const LoadedModel& model, const std::filesystem::path& path) {
    SafeTensorsWriter writer;
    writer.setMetadata("format", "pt");
    writer.setMetadata(kCardKey, toJson(model.card).dump());
    for (const auto& item : model.network->named_parameters())
        add(writer, item.key(), item.value());
    for (const auto& item : model.network->named_buffers())
        add(writer, item.key(), item.value());
    if (model.card.config.geneText) add(writer, kGeneEmbeddings, model.geneEmbeddings);
    add(writer, kFeatureMean, model.featureMean);
    add(writer, kFeatureScale, model.featureScale);
    return writeAside(path, [&](const std::filesystem::path& aside) -> Result<void> {
        if (auto ok = writer.write(aside); !ok) return ok;
        auto again = loadModel(aside);
        if (!again) return Failure(again.error());
        const auto written = model.network->named_parameters();
        for (const auto& item : again->network->named_parameters())
            if (!torch::equal(item.value(), written[item.key()].to(torch::kCPU)))
                return fail(ErrorKind::Device, "the model file does not read back as it was written",
                            path.string(), "Check the disk");
        return {};
    });
}

} // namespace spotglass
