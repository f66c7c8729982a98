#include "inference/model/CheckpointImporter.h"

#include "inference/model/PyTorchArchive.h"
#include "inference/model/TensorConversion.h"
#include "viewer/base/Files.h"

#include <sstream>

namespace spotglass {
namespace {

using Json = nlohmann::json;

Result<std::vector<std::string>> readGenes(const std::filesystem::path& file) {
    auto content = readFile(file);
    if (!content) return Failure(content.error());
    std::vector<std::string> genes;
    std::istringstream in(*content);
    for (std::string line; std::getline(in, line);) {
        const auto begin = line.find_first_not_of(" \t\r"), end = line.find_last_not_of(" \t\r");
        if (begin != std::string::npos) genes.push_back(line.substr(begin, end - begin + 1));
    }
    if (genes.empty())
        return badInput("this file lists no genes", file.string(), "Give one gene symbol a line");
    return genes;
}

Result<torch::Tensor> readText(const std::filesystem::path& path, int64_t genes) {
    auto file = SafeTensors::read(path);
    if (!file) return Failure(file.error());
    std::string name = file->contains("text")              ? "text"
                       : file->contains("gene_embeddings") ? "gene_embeddings"
                                                           : "";
    if (name.empty() && file->entries().size() == 1) name = file->entries().begin()->first;
    if (name.empty()) return badInput("this file holds no tensor named \"text\"", path.string());
    auto text = toTensor(*file, name);
    if (!text) return text;
    if (text->dim() != 2 || text->size(0) != genes)
        return badInput("its gene embeddings are " + shapeText(*text) + ", the gene list has " +
                            std::to_string(genes) + " genes",
                        path.string(), "Give one row of embeddings for each gene, in the same order");
    return text->to(torch::kFloat32);
}

/// Fills what hyper_parameters leave open from the weights themselves.
Json configuration(const PyTorchArchive& archive, const std::string& prefix) {
    Json config = archive.values.value("hyper_parameters", Json::object());
    if (!config.is_object()) config = Json::object();
    for (const char* inner : {"config", "MODEL", "model"})
        if (config.contains(inner) && config[inner].is_object()) config.update(Json(config[inner]));
    // Words of ours: an official checkpoint is always the reference's DKAN, whatever it calls its settings.
    for (const char* ours : {"design", "levels", "fusion", "gene_text", "text_role", "contrastive"})
        config.erase(ours);
    const auto side = [&](const std::string& tensor, std::size_t axis, const char* key) {
        const auto it = archive.tensors.find(prefix + tensor);
        if (it != archive.tensors.end() && axis < it->second.shape.size() && !config.contains(key))
            config[key] = it->second.shape[axis];
    };
    side("fc.weight", 0, "num_genes");
    side("fc.weight", 1, "emb_dim");
    side("text_encoder.layers.0.0.norm.weight", 0, "emb_dim_text");
    side("target_transform.weight", 1, "emb_dim_target");
    return config;
}

} // namespace

Result<LoadedModel> importCheckpoint(const std::filesystem::path& checkpoint,
                                     const std::filesystem::path& genesFile,
                                     const std::filesystem::path& textFile) {
    const std::string where = checkpoint.string();
    auto genes = readGenes(genesFile);
    if (!genes) return Failure(genes.error());
    auto archive = readPyTorchArchive(checkpoint);
    if (!archive) return Failure(archive.error());
    std::string prefix;
    for (const char* candidate : {"state_dict.", "state_dict.model.", "model.", ""}) {
        prefix = candidate;
        if (archive->tensors.contains(prefix + "fc_final_img.weight")) break;
    }
    if (!archive->tensors.contains(prefix + "fc_final_img.weight"))
        return badInput("this checkpoint does not hold a DKAN (there is no fc_final_img.weight)", where);
    auto config = parseDkanConfig(configuration(*archive, prefix), where);
    if (!config) return Failure(config.error());
    if (config->genes != static_cast<int>(genes->size()))
        return badInput("the gene list has " + std::to_string(genes->size()) +
                            " genes, the checkpoint predicts " + std::to_string(config->genes),
                        genesFile.string(), "Give the gene list that the checkpoint was trained with");
    auto text = readText(textFile, config->genes);
    if (!text) return Failure(text.error());
    if (text->size(1) != config->textWidth)
        return badInput("its gene embeddings have " + std::to_string(text->size(1)) +
                            " numbers a gene, the checkpoint expects " + std::to_string(config->textWidth),
                        textFile.string());
    LoadedModel model;
    model.card.name = checkpoint.stem().string();
    model.card.config = *config;
    model.card.genes = *genes;
    model.card.ensemblIds.assign(genes->size(), "");
    // The published scale: 224 px at the 0.69 um per pixel of the HER2+ images, UNI features.
    model.card.micronsPerPixel = 0.69;
    model.card.imageEncoder = "uni";
    model.card.textEncoder = "biobert-large";
    model.card.training = {{"imported_from", checkpoint.filename().string()}};
    model.card.licence = "as the imported checkpoint";
    model.geneEmbeddings = *text;
    model.featureMean = torch::zeros({config->width});
    model.featureScale = torch::ones({config->width});
    model.network = Dkan(*config);
    const auto find = [&](const std::string& name) -> Result<torch::Tensor> {
        const auto it = archive->tensors.find(prefix + name);
        if (it == archive->tensors.end()) return badInput("tensor " + name + " is missing");
        return toTensor(it->second.type, it->second.shape, it->second.bytes);
    };
    if (auto ok = loadWeights(*model.network, find, where); !ok) return Failure(ok.error());
    model.network->eval();
    return model;
}

} // namespace spotglass
