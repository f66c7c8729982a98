#include "training/ModelParts.h"

#include <cmath>
#include <unordered_map>

namespace spotglass {
namespace {

struct Part {
    std::string name, prefix;
};

const std::vector<Part>& parts() {
    static const std::vector<Part> all{
        {"patch_encoder", "target_encoder."},
        {"patch_projection", "target_transform."},
        {"region", "neighbor_encoder."},
        {"slide", "global_encoder."},
        {"fusion", "fusion_encoder."},
        {"text", "text_encoder."},
        {"text", "text_fc."},
        {"text", "gene_tokens"},
        {"image_path", "img_fusion_encoder."},
        {"expression_path", "exp_encoder."},
        {"expression_path", "exp_fusion_encoder."},
    };
    return all;
}

/// Which axis of a parameter counts genes; -1: none.
int geneAxis(const std::string& parameter, const DkanConfig& config) {
    for (const char* head : {"fc.", "fc_target.", "fc_neighbor.", "fc_global.", "gene_tokens"})
        if (parameter.starts_with(head)) return 0;
    if (parameter.starts_with("fc_final_img.") && !config.predictsByGene()) return 0;
    return parameter == "exp_encoder.projection.weight" ? 1 : -1;
}

Result<void> checkFits(const ModelCard& parent, const ModelCard& child) {
    auto expected = parent.config;
    expected.genes = child.config.genes;
    if (!child.config.contrastive) expected.contrastive = false; // what it does not need is left behind
    if (!(expected == child.config))
        return badInput("the model of this configuration has another shape than the one it should start from",
                        parent.name, "Leave \"model\" out of the configuration: the parent's is used");
    if (parent.imageEncoder != child.imageEncoder)
        return badInput("the parent uses the image encoder " + parent.imageEncoder + ", not " +
                            child.imageEncoder,
                        parent.name, "Leave image_encoder out of the configuration");
    if (parent.patchPixels != child.patchPixels ||
        std::abs(parent.micronsPerPixel / child.micronsPerPixel - 1) > 0.05)
        return badInput("the parent's patches have another size or scale", parent.name,
                        "Leave patch_pixels and microns_per_pixel out of the configuration");
    return {};
}

/// Rows (or columns) of the genes that both have, from the parent's into the child's.
void carryGenes(const torch::Tensor& from, torch::Tensor to, int axis, const ModelCard& parent,
                const ModelCard& child) {
    std::unordered_map<std::string, int64_t> places;
    for (std::size_t g = 0; g < parent.genes.size(); ++g)
        places.emplace(parent.genes[g], static_cast<int64_t>(g));
    for (std::size_t g = 0; g < child.genes.size(); ++g)
        if (const auto found = places.find(child.genes[g]); found != places.end())
            to.select(axis, static_cast<int64_t>(g)).copy_(from.select(axis, found->second));
}

} // namespace

const std::vector<std::string>& modelPartNames() {
    static const std::vector<std::string> names{"patch_encoder", "patch_projection", "region",
                                                "slide",         "fusion",           "text",
                                                "image_path",    "expression_path",  "heads"};
    return names;
}

std::string modelPartOf(const std::string& parameter) {
    for (const auto& part : parts())
        if (parameter.starts_with(part.prefix)) return part.name;
    return "heads";
}

Result<LoadedModel> modelFromParent(const LoadedModel& parent, ModelCard card,
                                    const torch::Tensor& geneEmbeddings) {
    if (auto ok = checkFits(parent.card, card); !ok) return Failure(ok.error());
    const torch::NoGradGuard noGradient;
    LoadedModel child;
    child.card = std::move(card);
    child.network = Dkan(child.card.config);
    child.geneEmbeddings = geneEmbeddings;
    child.featureMean = parent.featureMean;
    child.featureScale = parent.featureScale;
    const auto weights = parent.network->named_parameters(), buffers = parent.network->named_buffers();
    for (auto& item : child.network->named_parameters()) {
        const auto& from = weights[item.key()];
        const int axis = geneAxis(item.key(), child.card.config);
        if (axis < 0)
            item.value().copy_(from);
        else
            carryGenes(from, item.value(), axis, parent.card, child.card);
    }
    for (auto& item : child.network->named_buffers())
        item.value().copy_(buffers[item.key()]);
    return child;
}

} // namespace spotglass
