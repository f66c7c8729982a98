#include "inference/model/GenePath.h"

#include "inference/model/Dropout.h"

#include <algorithm>
#include <array>

namespace spotglass {
namespace {

using torch::Tensor;
using Context = torch::autograd::AutogradContext;

constexpr int64_t kRowsAtATime = 1024; ///< of an MLP: its hidden layer is 16 MB at the published width

/// What decides the masks of one layer: after the attention, in the hidden layer, after the MLP.
struct LayerDropout {
    double attention = 0, feedForward = 0;
    std::array<std::uint64_t, 3> seeds{};
};

/// Parameters of one layer's MLP and the norm before it.
struct Mlp {
    Tensor normWeight, normBias, weight1, bias1, weight2, bias2;
};

/// Some rows on their way through the MLP, as the backward pass needs them.
struct Rows {
    Tensor normed, mean, rate; ///< LayerNorm's result and statistics
    Tensor before, hidden;     ///< the hidden layer before GELU, and after it and dropout
};

Rows intoHidden(const Tensor& x, const Mlp& mlp, const LayerDropout& dropout, int64_t firstRow) {
    Rows rows;
    std::tie(rows.normed, rows.mean, rows.rate) =
        at::native_layer_norm(x, {x.size(1)}, mlp.normWeight, mlp.normBias, 1e-5);
    rows.before = at::addmm(mlp.bias1, rows.normed, mlp.weight1.t());
    rows.hidden = at::gelu(rows.before);
    dropOut(rows.hidden, dropout.feedForward, dropout.seeds[1], firstRow * rows.hidden.size(1));
    return rows;
}

/// x + dropout(answer): x (G or B*G) x D, answer B x D -> B*G x D.
Tensor addAnswer(const Tensor& x, const Tensor& answer, int64_t genes, const LayerDropout& dropout) {
    const auto spots = answer.size(0), width = answer.size(1);
    const auto spread = answer.unsqueeze(1).expand({spots, genes, width});
    const auto tokens = x.view({-1, genes, width}); // 1 or B of them
    if (dropout.attention <= 0) return (tokens + spread).view({spots * genes, width});
    auto sum = spread.contiguous();
    dropOut(sum, dropout.attention, dropout.seeds[0]);
    return sum.add_(tokens).view({spots * genes, width});
}

/// The gradients of one layer's backward pass, added up over its rows.
struct MlpGradients {
    explicit MlpGradients(const Mlp& mlp)
        : sum{torch::zeros_like(mlp.normWeight), torch::zeros_like(mlp.normBias),
              torch::zeros_like(mlp.weight1),    torch::zeros_like(mlp.bias1),
              torch::zeros_like(mlp.weight2),    torch::zeros_like(mlp.bias2)} {}
    Mlp sum;

    /// `gradient` of the rows' results -> of their inputs. x: the inputs.
    Tensor add(const Tensor& x, const Tensor& gradient, const Mlp& mlp, const LayerDropout& dropout,
               int64_t firstRow) {
        const auto rows = intoHidden(x, mlp, dropout, firstRow);
        auto out = gradient;
        if (dropout.feedForward > 0) {
            out = gradient.clone();
            dropOut(out, dropout.feedForward, dropout.seeds[2], firstRow * out.size(1));
        }
        sum.weight2.addmm_(out.t(), rows.hidden);
        sum.bias2.add_(out.sum(0));
        auto hidden = at::mm(out, mlp.weight2);
        dropOut(hidden, dropout.feedForward, dropout.seeds[1], firstRow * hidden.size(1));
        hidden = at::gelu_backward(hidden, rows.before);
        sum.weight1.addmm_(hidden.t(), rows.normed);
        sum.bias1.add_(hidden.sum(0));
        const auto [toInput, toWeight, toBias] =
            at::native_layer_norm_backward(at::mm(hidden, mlp.weight1), x, {x.size(1)}, rows.mean, rows.rate,
                                           mlp.normWeight, mlp.normBias, {true, true, true});
        sum.normWeight.add_(toWeight);
        sum.normBias.add_(toBias);
        return gradient + toInput;
    }
};

/// One layer: x + dropout(answer), then y + dropout(MLP(LayerNorm(y))). Keeps y alone.
struct GeneLayer : torch::autograd::Function<GeneLayer> {
    static Tensor forward(Context* context, const Tensor& x, const Tensor& answer, const Tensor& normWeight,
                          const Tensor& normBias, const Tensor& weight1, const Tensor& bias1,
                          const Tensor& weight2, const Tensor& bias2, int64_t genes,
                          const LayerDropout& dropout) {
        const Mlp mlp{normWeight, normBias, weight1, bias1, weight2, bias2};
        const auto y = addAnswer(x, answer, genes, dropout);
        auto out = torch::empty_like(y);
        for (int64_t begin = 0; begin < y.size(0); begin += kRowsAtATime) {
            const auto count = std::min(kRowsAtATime, y.size(0) - begin);
            const auto part = y.narrow(0, begin, count);
            auto result = at::addmm(bias2, intoHidden(part, mlp, dropout, begin).hidden, weight2.t());
            dropOut(result, dropout.feedForward, dropout.seeds[2], begin * y.size(1));
            auto place = out.narrow(0, begin, count);
            at::add_out(place, part, result);
        }
        context->save_for_backward({y, normWeight, normBias, weight1, bias1, weight2, bias2});
        auto& data = context->saved_data;
        data["genes"] = genes;
        data["tokens"] = x.size(0);
        data["attention"] = dropout.attention;
        data["feedForward"] = dropout.feedForward;
        for (std::size_t i = 0; i < dropout.seeds.size(); ++i)
            data["seed" + std::to_string(i)] = static_cast<int64_t>(dropout.seeds[i]);
        return out;
    }

    static torch::autograd::variable_list backward(Context* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto& y = saved[0];
        const Mlp mlp{saved[1], saved[2], saved[3], saved[4], saved[5], saved[6]};
        auto& data = context->saved_data;
        LayerDropout dropout{data["attention"].toDouble(), data["feedForward"].toDouble(), {}};
        for (std::size_t i = 0; i < dropout.seeds.size(); ++i)
            dropout.seeds[i] = static_cast<std::uint64_t>(data["seed" + std::to_string(i)].toInt());
        const auto genes = data["genes"].toInt(), width = y.size(1);
        const auto given = gradients[0].contiguous();
        MlpGradients sums(mlp);
        auto toY = torch::empty_like(y);
        for (int64_t begin = 0; begin < y.size(0); begin += kRowsAtATime) {
            const auto count = std::min(kRowsAtATime, y.size(0) - begin);
            toY.narrow(0, begin, count)
                .copy_(
                    sums.add(y.narrow(0, begin, count), given.narrow(0, begin, count), mlp, dropout, begin));
        }
        const auto bySpot = toY.view({-1, genes, width});
        const bool shared = data["tokens"].toInt() == genes && bySpot.size(0) > 1; // one set for all spots
        const auto toX = shared ? bySpot.sum(0) : dropout.attention > 0 ? toY.clone() : toY;
        dropOut(toY, dropout.attention, dropout.seeds[0]);
        auto& sum = sums.sum;
        return {toX,       bySpot.sum(1), sum.normWeight, sum.normBias,    sum.weight1,
                sum.bias1, sum.weight2,   sum.bias2,      torch::Tensor(), torch::Tensor()};
    }
};

} // namespace

Tensor trainedGenePath(const CrossTransformerImpl& path, const Tensor& text, const Tensor& key) {
    const auto genes = text.size(0);
    auto x = text;
    for (const auto& [attention, feedForward] : path.blocks) {
        LayerDropout dropout;
        if (path.is_training()) {
            dropout.attention = attention->fn->toOut ? attention->fn->dropout : 0;
            dropout.feedForward = feedForward->fn->dropout();
            for (auto& seed : dropout.seeds)
                seed = drawSeed();
        }
        const auto &first = feedForward->fn->first(), &second = feedForward->fn->second();
        x = GeneLayer::apply(x.contiguous(), attention->fn->singleKey(attention->norm(key)).contiguous(),
                             feedForward->norm->weight, feedForward->norm->bias, first.weight, first.bias,
                             second.weight, second.bias, genes, dropout);
    }
    return x.view({key.size(0), genes, text.size(1)});
}

} // namespace spotglass
