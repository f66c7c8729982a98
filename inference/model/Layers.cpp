#include "inference/model/Layers.h"

#include "inference/model/ProductType.h"
#include "inference/model/TrainedLayers.h"

#include <cmath>
#include <map>

namespace spotglass {
namespace nn = torch::nn;
namespace {

constexpr double kMaskedScore = -65504; // the reference's value: the lowest 16-bit float

nn::Linear linear(int in, int out, bool bias) {
    return nn::Linear(nn::LinearOptions(in, out).bias(bias));
}

/// B x N x D -> B x heads x N x D/heads
torch::Tensor splitHeads(const torch::Tensor& x, int heads) {
    return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

torch::Tensor mergeHeads(const torch::Tensor& x) {
    return x.transpose(1, 2).reshape({x.size(0), x.size(2), x.size(1) * x.size(3)});
}

constexpr int64_t kScoresAtATime = 8 << 20; ///< elements: 32 MB of floats
constexpr int64_t kRowsAtATime = 4096;      ///< of an MLP's hidden layer

/// The scores of all of `q` at once.
torch::Tensor attendAtOnce(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                           double scale, const torch::Tensor& bias, const torch::Tensor& keyMask);

torch::Tensor maskKeys(const torch::Tensor& scores, const torch::Tensor& keyMask) {
    if (!keyMask.defined()) return scores;
    return scores.masked_fill((keyMask == 0).unsqueeze(1).unsqueeze(1), kMaskedScore);
}

torch::Tensor attendAtOnce(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                           double scale, const torch::Tensor& bias, const torch::Tensor& keyMask) {
    const bool small = q.element_size() < 4;
    auto scores = torch::matmul(q * scale, k.transpose(-1, -2));
    if (small) scores = scores.to(torch::kFloat32);
    if (bias.defined()) scores = scores + bias;
    const auto weights = torch::softmax(maskKeys(scores, keyMask), -1);
    return torch::matmul(small ? weights.to(q.scalar_type()) : weights, v);
}

torch::Tensor projected(nn::Sequential& toOut, const torch::Tensor& x) {
    if (!toOut) return x;
    return trainedDropout(product(*toOut->ptr<nn::LinearImpl>(0), x),
                          toOut->is_training() ? toOut->ptr<nn::DropoutImpl>(1)->options.p() : 0);
}

/// x + MLP(LayerNorm(x)). In training also without gradients in the trained form: a pass that is computed
/// again has to draw the same dropout.
torch::Tensor throughMlp(PreNormImpl<FeedForward>& block, const torch::Tensor& x) {
    if (torch::GradMode::is_enabled() || block.is_training()) return trainedMlp(block, x);
    return block.fn(block.norm(x)) + x;
}

/// Makes `depth` layers and registers them in `owner` as layers.<i>.0 and layers.<i>.1.
template <typename Attention, typename MakeAttention>
std::vector<AttentionBlock<Attention>> makeBlocks(nn::Module& owner, int width, int hidden, int depth,
                                                  double dropout, const MakeAttention& makeAttention) {
    std::vector<AttentionBlock<Attention>> blocks;
    nn::ModuleList layers;
    for (int i = 0; i < depth; ++i) {
        blocks.emplace_back(
            std::make_shared<PreNormImpl<Attention>>(width, makeAttention()),
            std::make_shared<PreNormImpl<FeedForward>>(width, FeedForward(width, hidden, dropout)));
        nn::ModuleList block;
        block->push_back(blocks.back().first);
        block->push_back(blocks.back().second);
        layers->push_back(block);
    }
    owner.register_module("layers", layers);
    return blocks;
}

} // namespace

torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v, double scale,
                     const torch::Tensor& bias, const torch::Tensor& keyMask) {
    const auto n = q.size(2), perQuery = q.size(0) * q.size(1) * k.size(2);
    if (torch::GradMode::is_enabled() || n * perQuery <= kScoresAtATime)
        return attendAtOnce(q, k, v, scale, bias, keyMask);
    const auto block = std::max<int64_t>(1, kScoresAtATime / perQuery);
    auto out = torch::empty({q.size(0), q.size(1), n, v.size(3)}, q.options());
    for (int64_t begin = 0; begin < n; begin += block) {
        const auto count = std::min(block, n - begin);
        out.narrow(2, begin, count)
            .copy_(attendAtOnce(q.narrow(2, begin, count), k, v, scale,
                                bias.defined() ? bias.narrow(1, begin, count) : bias, keyMask));
    }
    return out;
}

torch::Tensor product(const nn::LinearImpl& linear, const torch::Tensor& x) {
    return linearProduct(x, linear.weight, linear.bias);
}

SelfAttentionImpl::SelfAttentionImpl(int width, int heads_, double dropout, const torch::Tensor& index)
    : heads(heads_), scale(std::pow(static_cast<double>(width) / heads_, -0.5)) {
    toQkv = register_module("to_qkv", linear(width, 3 * width, false));
    if (heads > 1)
        toOut = register_module("to_out", nn::Sequential(linear(width, width, true), nn::Dropout(dropout)));
    if (index.defined()) {
        attentionBiases =
            register_parameter("attention_biases", torch::zeros({heads, index.max().item<int64_t>() + 1}));
        offsetIndex = index; // not a buffer: it follows from the grid and is not in a checkpoint
    }
}

torch::Tensor SelfAttentionImpl::forward(const torch::Tensor& x, const torch::Tensor& keyMask) {
    const auto qkv = product(*toQkv, x).chunk(3, -1);
    torch::Tensor bias;
    if (attentionBiases.defined()) {
        const auto index = offsetIndex.to(attentionBiases.device()).flatten();
        bias = attentionBiases.index_select(1, index).view({heads, x.size(1), x.size(1)});
    }
    return projected(toOut, mergeHeads(attend(splitHeads(qkv[0], heads), splitHeads(qkv[1], heads),
                                              splitHeads(qkv[2], heads), scale, bias, keyMask)))
        .to(x.scalar_type());
}

CrossAttentionImpl::CrossAttentionImpl(int width, int heads_, double dropout_)
    : heads(heads_), scale(std::pow(static_cast<double>(width) / heads_, -0.5)), dropout(dropout_) {
    toQ = register_module("to_q", linear(width, width, false));
    toKv = register_module("to_kv", linear(width, 2 * width, false));
    if (heads > 1)
        toOut = register_module("to_out", nn::Sequential(linear(width, width, true), nn::Dropout(dropout)));
}

torch::Tensor CrossAttentionImpl::forward(const torch::Tensor& queries, const torch::Tensor& keys,
                                          const torch::Tensor& keyMask) {
    const auto kv = product(*toKv, keys).chunk(2, -1);
    return projected(toOut,
                     mergeHeads(attend(splitHeads(product(*toQ, queries), heads), splitHeads(kv[0], heads),
                                       splitHeads(kv[1], heads), scale, {}, keyMask)))
        .to(queries.scalar_type());
}

torch::Tensor CrossAttentionImpl::singleKey(const torch::Tensor& key) {
    const auto width = key.size(-1);
    const auto value = linearProduct(key, toKv->weight.narrow(0, width, width));
    return (toOut ? product(*toOut->ptr<nn::LinearImpl>(0), value) : value).to(key.scalar_type());
}

FeedForwardImpl::FeedForwardImpl(int width, int hidden, double dropout) {
    net = register_module("net", nn::Sequential(linear(width, hidden, true), nn::GELU(), nn::Dropout(dropout),
                                                linear(hidden, width, true), nn::Dropout(dropout)));
}

torch::Tensor FeedForwardImpl::forward(const torch::Tensor& x) {
    const auto rows = x.reshape({-1, x.size(-1)});
    const auto apply = [&](const torch::Tensor& part) {
        auto hidden = product(first(), part);
        return product(second(), torch::gelu_(hidden)).to(x.scalar_type());
    };
    if (rows.size(0) <= kRowsAtATime) return apply(rows).view(x.sizes());
    auto out = torch::empty_like(rows);
    for (int64_t begin = 0; begin < rows.size(0); begin += kRowsAtATime) {
        const auto count = std::min(kRowsAtATime, rows.size(0) - begin);
        out.narrow(0, begin, count).copy_(apply(rows.narrow(0, begin, count)));
    }
    return out.view(x.sizes());
}

TransformerImpl::TransformerImpl(int width, int hidden, int depth, const TransformerConfig& config,
                                 const torch::Tensor& offsetIndex)
    : blocks(makeBlocks<SelfAttention>(*this, width, hidden, depth, config.dropout, [&] {
          return SelfAttention(width, config.heads, config.dropout, offsetIndex);
      })) {}

torch::Tensor TransformerImpl::forward(torch::Tensor x, const torch::Tensor& keyMask) {
    for (const auto& [attention, feedForward] : blocks) {
        x = attention->fn(attention->norm(x), keyMask) + x;
        x = throughMlp(*feedForward, x);
    }
    return x;
}

CrossTransformerImpl::CrossTransformerImpl(int width, int hidden, const TransformerConfig& config)
    : blocks(makeBlocks<CrossAttention>(*this, width, hidden, config.depth, config.dropout, [&] {
          return CrossAttention(width, config.heads, config.dropout);
      })) {}

torch::Tensor CrossTransformerImpl::forward(torch::Tensor queries, const torch::Tensor& keys,
                                            const torch::Tensor& keyMask) {
    for (const auto& [attention, feedForward] : blocks) {
        queries = attention->fn(attention->norm(queries), attention->norm(keys), keyMask) + queries;
        queries = throughMlp(*feedForward, queries);
    }
    return queries;
}

torch::Tensor CrossTransformerImpl::forwardSingleKey(torch::Tensor queries, const torch::Tensor& key) {
    for (const auto& [attention, feedForward] : blocks) {
        queries = attention->fn->singleKey(attention->norm(key)) + queries;
        queries = throughMlp(*feedForward, queries);
    }
    return queries;
}

torch::Tensor offsetIndexOfGrid(int rows, int columns) {
    const int n = rows * columns;
    auto index = torch::empty({n, n}, torch::kLong);
    auto out = index.accessor<int64_t, 2>();
    std::map<std::pair<int, int>, int64_t> numbers;
    for (int p1 = 0; p1 < n; ++p1)
        for (int p2 = 0; p2 < n; ++p2) {
            const std::pair offset(std::abs(p1 / columns - p2 / columns),
                                   std::abs(p1 % columns - p2 % columns));
            out[p1][p2] = numbers.try_emplace(offset, static_cast<int64_t>(numbers.size())).first->second;
        }
    return index;
}

} // namespace spotglass
