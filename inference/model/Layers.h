#pragma once

#include "inference/model/DkanConfig.h"
#include "inference/model/TorchCompat.h"

/// The transformer pieces of DKAN (spec/dkan.md section 2), with the parameter names of an official
/// checkpoint. Shapes: B batch, N tokens, K key tokens, D width. Linear weights may be of a smaller type than
/// what passes through: then the products are computed in that type, the rest is not.
namespace spotglass {

/// softmax(scale q k^T + bias) v. q: B x heads x N x d; k, v: B x heads x K x d, all of one type; bias:
/// heads x N x K or undefined; keyMask: B x K with 0 where a key is masked, or undefined. The softmax is
/// computed in 32 bits or more. Without gradients the scores are made for a block of queries at a time, so
/// memory grows with N, not with its square.
[[nodiscard]] torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                                   double scale, const torch::Tensor& bias, const torch::Tensor& keyMask);

/// x W^T + b in the type of the weights, or of a ProductTypeGuard, which is that of the result.
[[nodiscard]] torch::Tensor product(const torch::nn::LinearImpl& linear, const torch::Tensor& x);

/// Multi-head self-attention: to_qkv without bias, to_out.0 with (absent when heads == 1). With `offsets` > 0
/// it has attention_biases (heads x offsets), one for each absolute offset of the region's grid.
struct SelfAttentionImpl : torch::nn::Module {
    SelfAttentionImpl(int width, int heads, double dropout, const torch::Tensor& offsetIndex = {});
    /// x: B x N x D; keyMask: B x N with 0 where a key is masked, or undefined.
    torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& keyMask);

    int heads;
    double scale;
    torch::nn::Linear toQkv{nullptr};
    torch::nn::Sequential toOut{nullptr};
    torch::Tensor attentionBiases, offsetIndex;
};
TORCH_MODULE(SelfAttention);

/// Multi-head cross-attention: to_q, to_kv without bias, to_out.0 with.
struct CrossAttentionImpl : torch::nn::Module {
    CrossAttentionImpl(int width, int heads, double dropout);
    /// queries: B x N x D, keys: B x K x D, keyMask: B x K or undefined.
    torch::Tensor forward(const torch::Tensor& queries, const torch::Tensor& keys,
                          const torch::Tensor& keyMask);
    /// The same for a single key, where softmax is 1 (section 5.1): B x 1 x D, before dropout, to be
    /// broadcast.
    torch::Tensor singleKey(const torch::Tensor& key);

    int heads;
    double scale, dropout;
    torch::nn::Linear toQ{nullptr}, toKv{nullptr};
    torch::nn::Sequential toOut{nullptr};
};
TORCH_MODULE(CrossAttention);

/// net.0 Linear, GELU (erf), dropout, net.3 Linear, dropout. Its forward() is for inference, without dropout
/// and gradients; trainedMlp() is for training.
struct FeedForwardImpl : torch::nn::Module {
    FeedForwardImpl(int width, int hidden, double dropout);
    torch::Tensor forward(const torch::Tensor& x);
    torch::nn::Sequential net{nullptr};
    [[nodiscard]] double dropout() const { return net->ptr<torch::nn::DropoutImpl>(2)->options.p(); }
    [[nodiscard]] const torch::nn::LinearImpl& first() const { return *net->ptr<torch::nn::LinearImpl>(0); }
    [[nodiscard]] const torch::nn::LinearImpl& second() const { return *net->ptr<torch::nn::LinearImpl>(3); }
};
TORCH_MODULE(FeedForward);

/// LayerNorm `norm`, then `fn`.
template <typename Function> struct PreNormImpl : torch::nn::Module {
    PreNormImpl(int width, Function function)
        : norm(torch::nn::LayerNormOptions({width})), fn(std::move(function)) {
        register_module("norm", norm);
        register_module("fn", fn);
    }
    torch::nn::LayerNorm norm;
    Function fn;
};

/// One layer: attention, then the MLP, each behind its norm.
template <typename Attention>
using AttentionBlock =
    std::pair<std::shared_ptr<PreNormImpl<Attention>>, std::shared_ptr<PreNormImpl<FeedForward>>>;

/// `depth` layers of x = attn(x) + x; x = ff(x) + x. Keys layers.<i>.0 and layers.<i>.1.
struct TransformerImpl : torch::nn::Module {
    TransformerImpl(int width, int hidden, int depth, const TransformerConfig& config,
                    const torch::Tensor& offsetIndex = {});
    torch::Tensor forward(torch::Tensor x, const torch::Tensor& keyMask = {});
    std::vector<AttentionBlock<SelfAttention>> blocks;
};
TORCH_MODULE(Transformer);

/// `depth` layers of x = attn(x, keys) + x; x = ff(x) + x.
struct CrossTransformerImpl : torch::nn::Module {
    CrossTransformerImpl(int width, int hidden, const TransformerConfig& config);
    torch::Tensor forward(torch::Tensor queries, const torch::Tensor& keys,
                          const torch::Tensor& keyMask = {});
    /// queries B x N x D with one key a sample (B x 1 x D): exact, without query projections (section 5.1).
    /// Without dropout; trainedGenePath() is for training.
    torch::Tensor forwardSingleKey(torch::Tensor queries, const torch::Tensor& key);
    std::vector<AttentionBlock<CrossAttention>> blocks;
};
TORCH_MODULE(CrossTransformer);

/// For a rows x columns grid, row-major: N x N numbers of the absolute offsets (|dr|, |dc|) in order of first
/// appearance when looping p1, then p2.
[[nodiscard]] torch::Tensor offsetIndexOfGrid(int rows, int columns);

} // namespace spotglass
