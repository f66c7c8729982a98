#include "inference/model/Replay.h"

#include "inference/model/Dkan.h"
#include "inference/model/DkanLoss.h"
#include "inference/model/TensorConversion.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace spotglass {
namespace {

using Json = nlohmann::json;
using torch::Tensor;

struct Case {
    Json expected;
    SafeTensors tensors;
    torch::Dtype dtype = torch::kFloat32;
    Dkan network{nullptr};
    DkanLossConfig loss;
    double learningRate = 1e-4;
    std::string complaint; ///< first missing tensor

    Tensor input(const std::string& name) {
        auto tensor = toTensor(tensors, name);
        if (!tensor) {
            if (complaint.empty()) complaint = tensor.error().what;
            return torch::zeros({1, 1}, dtype);
        }
        return tensor->is_floating_point() ? tensor->to(dtype) : *tensor;
    }
};

Result<Case> loadCase(const std::filesystem::path& folder, const std::string& precision) {
    Case c;
    auto text = readFile(folder / "expected.json");
    if (!text) return Failure(text.error());
    c.expected = Json::parse(*text, nullptr, false);
    if (!c.expected.is_object())
        return badInput("this is not valid JSON", (folder / "expected.json").string());
    auto config =
        parseDkanConfig(c.expected.value("config", Json::object()), (folder / "expected.json").string());
    if (!config) return Failure(config.error());
    for (auto* t : {&config->fusion, &config->slide, &config->region, &config->image, &config->expression,
                    &config->text})
        t->dropout = 0; // the golden numbers are computed without
    config->expressionDropout = 0;
    c.loss.distillation = c.expected.value("distillation_alpha", 0.3);
    c.loss.temperature = c.expected.value("temperature", config->temperature);
    c.loss.contrastiveWeightScale = c.expected.value("contrastive_weight_scale", 3.0);
    c.learningRate = c.expected.value("optimizer", Json::object()).value("lr", 1e-4);
    auto weights = SafeTensors::read(folder / "weights.safetensors");
    if (!weights) return Failure(weights.error());
    auto tensors = SafeTensors::read(folder / "tensors.safetensors");
    if (!tensors) return Failure(tensors.error());
    c.tensors = std::move(*tensors);
    c.dtype = precision == "fp64" ? torch::kFloat64 : torch::kFloat32;
    c.network = Dkan(*config);
    c.network->to(c.dtype);
    auto ok = loadWeights(
        *c.network, [&](const std::string& name) { return toTensor(*weights, name); },
        (folder / "weights.safetensors").string());
    if (!ok) return Failure(ok.error());
    return c;
}

void runInference(Case& c, std::map<std::string, Tensor>& results) {
    const torch::NoGradGuard noGradient;
    c.network->eval();
    const auto text = c.network->encodeText(c.input("text"));
    const auto patches = c.input("infer.patches");
    DkanSpots spots{patches, c.input("infer.neighbor_features"), c.input("infer.neighbor_mask"),
                    c.network->encodeSlide(c.input("infer.slide_features"), c.input("infer.positions"))};
    const auto out = c.network->forward(spots, text);
    results["infer.out.prediction"] = out.prediction;
    results["infer.out.image_gene_embedding"] = out.imageGeneEmbedding;
    results["infer.out.fused"] = out.fused;
    results["infer.out.target"] = out.target;
    results["infer.out.neighbor"] = out.neighbor;
    results["infer.out.global"] = out.global;
    results["infer.out.image_token"] = out.imageToken;
    results["infer.out.text_tokens"] = text;
    results["infer.out.patch_feature_map_first2"] =
        c.network->encodePatches(patches.narrow(0, 0, std::min<int64_t>(2, patches.size(0))));
}

/// The spots' rows of their slides' tokens; each slide is encoded once a step.
Tensor slideTokens(Case& c, const Tensor& slideIndex, const Tensor& spotIndex) {
    auto tokens = torch::zeros({slideIndex.size(0), c.network->config.width}, c.dtype);
    for (int64_t slide = 0; slide <= slideIndex.max().item<int64_t>(); ++slide) {
        const auto rows = torch::nonzero(slideIndex == slide).flatten();
        if (rows.numel() == 0) continue;
        const std::string prefix = "train.slide" + std::to_string(slide);
        const auto encoded =
            c.network->encodeSlide(c.input(prefix + ".features"), c.input(prefix + ".positions"));
        tokens = tokens.index_copy(0, rows, encoded.index_select(0, spotIndex.index_select(0, rows)));
    }
    return tokens;
}

Json runTraining(Case& c, std::map<std::string, Tensor>& results) {
    c.network->train();
    std::map<std::string, Tensor> before;
    for (const auto& item : c.network->named_parameters())
        before[item.key()] = item.value().detach().clone();
    for (const auto& item : c.network->named_buffers())
        before[item.key()] = item.value().clone();
    torch::optim::Adam adam(c.network->parameters(), torch::optim::AdamOptions(c.learningRate));
    const auto slideIndex = c.input("train.slide_index"), spotIndex = c.input("train.spot_index");
    const auto expression = c.input("train.expression");
    Json report{{"steps", Json::array()}, {"gradient_norm_first_step", Json::object()}};
    for (int step = 0; step < 3; ++step) {
        adam.zero_grad();
        const auto text = c.network->encodeText(c.input("text"));
        const auto out =
            c.network->forward({c.input("train.patches"), c.input("train.neighbor_features"),
                                c.input("train.neighbor_mask"), slideTokens(c, slideIndex, spotIndex)},
                               text);
        const auto loss = dkanLoss(out, c.network->encodeExpression(expression, text), expression, c.loss);
        loss.total.backward();
        report["steps"].push_back({{"total", loss.total.item<double>()},
                                   {"supervised", loss.supervised},
                                   {"contrastive", loss.contrastive},
                                   {"weight_supervised", loss.weightSupervised},
                                   {"weight_contrastive", loss.weightContrastive}});
        for (const auto& item : c.network->named_parameters()) {
            if (step > 0) break;
            // Query projections of the gene paths do not enter the result: their gradient is zero
            // (section 5.1).
            const auto gradient =
                item.value().grad().defined() ? item.value().grad().clone() : torch::zeros_like(item.value());
            results["train.gradient1." + item.key()] = gradient;
            report["gradient_norm_first_step"][item.key()] = gradient.norm().item<double>();
        }
        adam.step();
    }
    for (const auto& item : c.network->named_parameters())
        results["train.update3steps." + item.key()] = item.value().detach() - before[item.key()];
    for (const auto& item : c.network->named_buffers())
        results["train.update3steps." + item.key()] = item.value() - before[item.key()];
    return report;
}

/// Relative L2 distance; absolute where the expectation is zero.
double distance(const Tensor& got, const Tensor& want) {
    if (got.sizes() != want.sizes()) return INFINITY;
    const auto w = want.to(torch::kFloat64);
    const double size = w.norm().item<double>(), gap = (got.to(torch::kFloat64) - w).norm().item<double>();
    return size > 0 ? gap / size : gap;
}

Json compare(const Case& c, const std::map<std::string, Tensor>& results, const Json& steps) {
    const bool fp64 = c.dtype == torch::kFloat64;
    const auto bound = [fp64](const std::string& group, const std::string& name) -> double {
        if (group == "outputs") return 1e-5;
        if (fp64) return 1e-4;
        if (group == "updates") return INFINITY; // float32: Adam turns rounding into whole steps
        return name.find("target_encoder") != std::string::npos ? 5e-3 : 1e-3;
    };
    Json report{{"within_bounds", true}, {"missing", Json::array()}, {"outside", Json::array()}};
    std::map<std::string, double> worst;
    for (const auto& [name, entry] : c.tensors.entries()) {
        const std::string group = name.starts_with("infer.out.")            ? "outputs"
                                  : name.starts_with("train.gradient1.")    ? "gradients"
                                  : name.starts_with("train.update3steps.") ? "updates"
                                                                            : "";
        if (group.empty()) continue;
        const auto it = results.find(name);
        if (it == results.end()) {
            report["missing"].push_back(name);
            continue;
        }
        const double gap = distance(it->second, toTensor(entry.type, entry.shape, c.tensors.bytes(name)));
        worst[group] = std::max(worst[group], gap);
        if (!(gap <= bound(group, name)))
            report["outside"].push_back({{"tensor", name}, {"relative_l2", gap}});
    }
    for (std::size_t i = 0; i < c.expected.value("steps", Json::array()).size() && i < 3; ++i)
        for (const auto& [key, value] : c.expected["steps"][i].items()) {
            const double got = steps["steps"][i].value(key, NAN), want = value.get<double>();
            const double gap = std::abs(got - want) / std::max(std::abs(want), 1e-12);
            worst["losses"] = std::max(worst["losses"], gap);
            if (!(gap <= 1e-5) && (fp64 || i == 0))
                report["outside"].push_back({{"tensor", "steps." + key}, {"relative_l2", gap}});
        }
    report["worst_relative_l2"] = worst;
    report["within_bounds"] = report["missing"].empty() && report["outside"].empty();
    return report;
}

} // namespace

Result<Json> replay(const std::filesystem::path& folder, const std::string& precision,
                    const std::filesystem::path& output) {
    if (precision != "fp32" && precision != "fp64")
        return fail(ErrorKind::Usage, "the precision should be fp32 or fp64, not " + precision);
    auto loaded = loadCase(folder, precision);
    if (!loaded) return Failure(loaded.error());
    Case& c = *loaded;
    std::map<std::string, Tensor> results;
    Json steps;
    try {
        runInference(c, results);
        steps = runTraining(c, results);
    } catch (const c10::Error& error) {
        return badInput("its tensors do not fit its configuration (" +
                            std::string(error.what_without_backtrace()) + ")",
                        folder.string());
    }
    if (!c.complaint.empty()) return badInput(c.complaint, (folder / "tensors.safetensors").string());
    SafeTensorsWriter writer;
    for (const auto& [name, entry] : c.tensors.entries())
        if (const auto it = results.find(name); it != results.end())
            add(writer, name, it->second.is_floating_point() ? it->second.to(torch::kFloat32) : it->second);
    if (auto ok = writer.write(output / "outputs.safetensors"); !ok) return Failure(ok.error());
    if (auto ok = writeFileAtomically(output / "steps.json", steps.dump(1)); !ok) return Failure(ok.error());
    return compare(c, results, steps);
}

} // namespace spotglass
