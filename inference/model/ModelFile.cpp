#include "inference/model/ModelFile.h"

#include "inference/model/TensorConversion.h"
#include "viewer/base/Files.h"

namespace spotglass {
namespace {

constexpr const char* kCardKey = "spotglass";
constexpr const char* kGeneEmbeddings = "gene_embeddings";
constexpr const char* kFeatureMean = "frozen_encoder.feature_mean";
constexpr const char* kFeatureScale = "frozen_encoder.feature_scale";

Result<torch::Tensor> extra(const SafeTensors& file, const std::string& name,
                            const std::vector<int64_t>& shape, const std::string& where) {
    auto tensor = toTensor(file, name);
    if (!tensor) return badInput("it lacks " + name, where, "The file is incomplete");
    if (tensor->sizes().vec() != shape)
        return badInput("its " + name + " is " + shapeText(*tensor) +
                            ", its gene list and configuration ask for " + shapeText(torch::empty(shape)),
                        where, "The gene list or the configuration belongs to another model");
    return tensor->to(torch::kFloat32);
}

/// What the tensors of a member begin with; nothing for the first.
std::string prefixOf(std::size_t member) {
    return member == 0 ? std::string() : "member" + std::to_string(member + 1) + ".";
}

/// One network and what it needs beside its weights. `model` has its card.
Result<void> readMember(LoadedModel& model, const SafeTensors& file, const std::string& prefix,
                        const std::string& where) {
    const auto& config = model.card.config;
    for (auto [tensor, name, shape] :
         {std::tuple(&model.geneEmbeddings, kGeneEmbeddings,
                     std::vector<int64_t>{config.genes, config.textWidth}),
          std::tuple(&model.featureMean, kFeatureMean, std::vector<int64_t>{config.width}),
          std::tuple(&model.featureScale, kFeatureScale, std::vector<int64_t>{config.width})}) {
        if (name == kGeneEmbeddings && !config.geneText) continue;
        auto found = extra(file, prefix + name, shape, where);
        if (!found) return Failure(found.error());
        *tensor = *found;
    }
    model.network = Dkan(config);
    if (auto ok = loadWeights(
            *model.network, [&](const std::string& name) { return toTensor(file, prefix + name); }, where);
        !ok)
        return ok;
    model.network->eval();
    return {};
}

void addMember(SafeTensorsWriter& writer, const LoadedModel& model, const std::string& prefix) {
    for (const auto& item : model.network->named_parameters())
        add(writer, prefix + item.key(), item.value());
    for (const auto& item : model.network->named_buffers())
        add(writer, prefix + item.key(), item.value());
    if (model.geneEmbeddings.defined() && model.network->config.geneText)
        add(writer, prefix + kGeneEmbeddings, model.geneEmbeddings);
    add(writer, prefix + kFeatureMean, model.featureMean);
    add(writer, prefix + kFeatureScale, model.featureScale);
}

bool sameWeights(const LoadedModel& a, const LoadedModel& b) {
    const auto written = b.network->named_parameters();
    for (const auto& item : a.network->named_parameters())
        if (!torch::equal(item.value(), written[item.key()].to(torch::kCPU))) return false;
    return true;
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
    model.others.resize(static_cast<std::size_t>(model.card.members) - 1);
    if (auto ok = readMember(model, *file, prefixOf(0), where); !ok) return Failure(ok.error());
    for (std::size_t i = 0; i < model.others.size(); ++i) {
        model.others[i].card.config = model.card.config;
        if (auto ok = readMember(model.others[i], *file, prefixOf(i + 1), where); !ok)
            return Failure(ok.error());
    }
    return model;
}

Result<void> saveModel(const LoadedModel& model, const std::filesystem::path& path) {
    SafeTensorsWriter writer;
    writer.setMetadata("format", "pt");
    writer.setMetadata(kCardKey, toJson(model.card).dump());
    addMember(writer, model, prefixOf(0));
    for (std::size_t i = 0; i < model.others.size(); ++i)
        addMember(writer, model.others[i], prefixOf(i + 1));
    return writeAside(path, [&](const std::filesystem::path& aside) -> Result<void> {
        if (auto ok = writer.write(aside); !ok) return ok;
        auto again = loadModel(aside);
        if (!again) return Failure(again.error());
        bool same = again->others.size() == model.others.size() && sameWeights(*again, model);
        for (std::size_t i = 0; same && i < model.others.size(); ++i)
            same = sameWeights(again->others[i], model.others[i]);
        if (!same)
            return fail(ErrorKind::Device, "the model file does not read back as it was written",
                        path.string(), "Check the disk");
        return {};
    });
}

} // namespace spotglass
