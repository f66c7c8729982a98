#include "bench/PlainDkan.h"

#include <cmath>

namespace spotglass {
namespace {

using torch::Tensor;
namespace f = torch::nn::functional;

Tensor heads(const Tensor& x, int n) {
    return x.reshape({x.size(0), x.size(1), n, x.size(2) / n}).transpose(1, 2);
}

} // namespace

PlainDkan::PlainDkan(Dkan network) : network_(std::move(network)) {
    for (const auto& item : network_->named_parameters())
        weights_[item.key()] = item.value();
}

Tensor PlainDkan::linear(const std::string& name, const Tensor& x) const {
    const auto bias = weights_.find(name + ".bias");
    return torch::linear(x, weights_.at(name + ".weight"), bias == weights_.end() ? Tensor() : bias->second);
}

Tensor PlainDkan::norm(const std::string& name, const Tensor& x) const {
    return torch::layer_norm(x, {x.size(-1)}, weights_.at(name + ".weight"), weights_.at(name + ".bias"));
}

Tensor PlainDkan::drop(const Tensor& x, double p) const {
    return torch::dropout(x, p, network_->is_training());
}

Tensor PlainDkan::attend(const std::string& name, Tensor q, Tensor k, Tensor v, const TransformerConfig& c,
                         const Tensor& bias, const Tensor& mask) const {
    const auto width = q.size(2);
    q = heads(q, c.heads);
    k = heads(k, c.heads);
    v = heads(v, c.heads);
    auto scores = torch::matmul(q, k.transpose(-1, -2)) / std::sqrt(static_cast<double>(width) / c.heads);
    if (bias.defined()) scores = scores + bias;
    if (mask.defined()) scores = scores.masked_fill((mask == 0).unsqueeze(1).unsqueeze(1), -65504.0);
    const auto out =
        torch::matmul(torch::softmax(scores, -1), v).transpose(1, 2).reshape({q.size(0), q.size(2), width});
    return c.heads == 1 ? out : drop(linear(name + ".to_out.0", out), c.dropout);
}

Tensor PlainDkan::feedForward(const std::string& name, const Tensor& x, double p) const {
    const auto hidden = drop(torch::gelu(linear(name + ".fn.net.0", norm(name + ".norm", x))), p);
    return x + drop(linear(name + ".fn.net.3", hidden), p);
}

Tensor PlainDkan::selfLayers(const std::string& name, Tensor x, const TransformerConfig& c, int depth,
                             const Tensor& mask) const {
    for (int i = 0; i < depth; ++i) {
        const auto layer = name + ".layers." + std::to_string(i);
        const auto qkv = linear(layer + ".0.fn.to_qkv", norm(layer + ".0.norm", x)).chunk(3, -1);
        Tensor bias;
        if (const auto found = weights_.find(layer + ".0.fn.attention_biases"); found != weights_.end()) {
            const auto& config = network_->config;
            const auto index = offsetIndexOfGrid(config.regionRows, config.regionColumns);
            bias = found->second.index_select(1, index.flatten()).view({c.heads, x.size(1), x.size(1)});
        }
        x = attend(layer + ".0.fn", qkv[0], qkv[1], qkv[2], c, bias, mask) + x;
        x = feedForward(layer + ".1", x, c.dropout);
    }
    return x;
}

Tensor PlainDkan::crossLayers(const std::string& name, Tensor x, const Tensor& keys,
                              const TransformerConfig& c, const Tensor& mask) const {
    for (int i = 0; i < c.depth; ++i) {
        const auto layer = name + ".layers." + std::to_string(i);
        const auto q = linear(layer + ".0.fn.to_q", norm(layer + ".0.norm", x));
        const auto kv = linear(layer + ".0.fn.to_kv", norm(layer + ".0.norm", keys)).chunk(2, -1);
        x = attend(layer + ".0.fn", q, kv[0], kv[1], c, {}, mask) + x;
        x = feedForward(layer + ".1", x, c.dropout);
    }
    return x;
}

Tensor PlainDkan::slide(const PlainSection& section) const {
    const auto& c = network_->config.slide;
    auto x = selfLayers("global_encoder.layer1", section.features.unsqueeze(0), c, 1).squeeze(0);
    const auto at = section.positions - std::get<0>(section.positions.min(0, true));
    const auto row = at.select(1, 0), column = at.select(1, 1);
    const auto rows = row.max().item<int64_t>() + 1, columns = column.max().item<int64_t>() + 1;
    const auto cell = column * rows + row;
    const auto lattice = torch::zeros({columns * rows, x.size(1)}, x.options()).index_copy(0, cell, x);
    const auto& kernel = weights_.at("global_encoder.pos_layer.proj1.weight");
    const auto convolved = torch::conv2d(lattice.t().reshape({1, x.size(1), columns, rows}), kernel,
                                         weights_.at("global_encoder.pos_layer.proj1.bias"), 1,
                                         kernel.size(2) / 2, 1, x.size(1));
    x = x + convolved.reshape({x.size(1), columns * rows}).t().index_select(0, cell);
    x = selfLayers("global_encoder.layer2", x.unsqueeze(0), c, c.depth - 1).squeeze(0);
    return norm("global_encoder.norm", x);
}

Tensor PlainDkan::genes(const Tensor& text, int64_t spots) const {
    const auto& config = network_->config;
    const bool projects = weights_.contains("text_fc.weight");
    auto x = text.unsqueeze(0).repeat({spots, 1, 1});
    if (projects && config.projectTextFirst) x = linear("text_fc", x);
    x = selfLayers("text_encoder", x, config.text, config.text.depth);
    return projects && !config.projectTextFirst ? linear("text_fc", x) : x;
}

Tensor PlainDkan::loss(const Tensor& patches, const Tensor& neighbours, const Tensor& mask,
                       const std::vector<PlainSection>& sections, const Tensor& text,
                       const Tensor& expression, const DkanLossConfig& config) {
    const auto& c = network_->config;
    const auto spots = patches.size(0);
    auto tokens = torch::zeros({spots, c.width}, neighbours.options());
    for (const auto& section : sections)
        tokens = tokens.index_copy(0, section.rows, slide(section).index_select(0, section.spots));
    auto patch = network_->encodePatches(patches).flatten(2).transpose(1, 2);
    if (weights_.contains("target_transform.weight")) patch = linear("target_transform", patch);
    const auto region = norm("neighbor_encoder.norm", selfLayers("neighbor_encoder.layer", neighbours,
                                                                 c.region, c.region.depth, mask));
    const auto query = tokens.unsqueeze(1);
    const std::string fusion = "fusion_encoder.fusion_layer";
    const auto token =
        norm("fusion_encoder.norm", crossLayers(fusion, query, patch, c.fusion) +
                                        crossLayers(c.separateFusionWeights ? fusion + "_region" : fusion,
                                                    query, region, c.fusion, mask));
    const auto image = crossLayers("img_fusion_encoder", genes(text, spots), token, c.image);
    const auto prediction = linear("fc_final_img", image).squeeze(-1);
    const auto projected = linear("exp_encoder.projection", expression);
    const auto hidden = drop(linear("exp_encoder.fc", torch::gelu(projected)), c.expressionDropout);
    const auto measured = norm("exp_encoder.layer_norm", hidden + projected).unsqueeze(1);
    const auto expressed = crossLayers("exp_fusion_encoder", genes(text, spots), measured, c.expression);

    auto supervised = torch::mse_loss(prediction, expression);
    for (const auto& d : {linear("fc", token.squeeze(1)), linear("fc_target", patch.mean(1)),
                          linear("fc_neighbor", region.mean(1)), linear("fc_global", tokens)})
        supervised = supervised + (1 - config.distillation) * torch::mse_loss(d, expression) +
                     config.distillation * torch::mse_loss(d, prediction);
    const auto unit = [](const Tensor& x) {
        return f::normalize(x.flatten(0, 1), f::NormalizeFuncOptions().dim(1));
    };
    const auto similarity = torch::mm(unit(image), unit(expressed).t()) / config.temperature;
    const auto contrastive = f::cross_entropy(similarity, torch::arange(similarity.size(0), torch::kInt64));
    const double a = 1 / supervised.item<double>(),
                 b = config.contrastiveWeightScale / contrastive.item<double>();
    return a / (a + b) * supervised + b / (a + b) * contrastive;
}

} // namespace spotglass
