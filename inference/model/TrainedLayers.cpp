#include "inference/model/TrainedLayers.h"

#include "inference/model/Dropout.h"
#include "inference/model/ProductType.h"

#include <algorithm>

namespace spotglass {
namespace {

using torch::Tensor;
using Context = torch::autograd::AutogradContext;
using Gradients = torch::autograd::variable_list;

constexpr int64_t kRowsAtATime = 1024; ///< of an MLP: its hidden layer is 16 MB at the published width
constexpr double kNormEpsilon = 1e-5;

/// A probability and the seed of the masks; no seed is drawn where nothing is dropped.
struct Dropped {
    explicit Dropped(double p_) : p(p_), seed(p_ > 0 ? drawSeed() : 0) {}
    explicit Dropped(Context& context)
        : p(context.saved_data["p"].toDouble()),
          seed(static_cast<std::uint64_t>(context.saved_data["seed"].toInt())) {}
    void keep(Context& context) const {
        context.saved_data["p"] = p;
        context.saved_data["seed"] = static_cast<int64_t>(seed);
    }
    double p;
    std::uint64_t seed;
};

struct DropoutFunction : torch::autograd::Function<DropoutFunction> {
    static Tensor forward(Context* context, const Tensor& x, const Dropped& dropped) {
        dropped.keep(*context);
        auto out = x.clone(at::MemoryFormat::Contiguous);
        dropOut(out, dropped.p, dropped.seed);
        return out;
    }
    static Gradients backward(Context* context, Gradients gradients) {
        const Dropped dropped(*context);
        auto out = gradients[0].clone(at::MemoryFormat::Contiguous);
        dropOut(out, dropped.p, dropped.seed);
        return {out, Tensor()};
    }
};

/// Parameters of an MLP and the norm before it.
struct Mlp {
    Tensor normWeight, normBias, weight1, bias1, weight2, bias2;
    /// With the products' parameters in this type.
    [[nodiscard]] Mlp in(torch::ScalarType type) const {
        return {normWeight, normBias, weight1.to(type), bias1.to(type), weight2.to(type), bias2.to(type)};
    }
};

/// sum += a b, whatever type a and b have.
void addProduct(Tensor& sum, const Tensor& a, const Tensor& b) {
    if (sum.scalar_type() == a.scalar_type())
        sum.addmm_(a, b);
    else
        sum.add_(at::mm(a, b));
}

/// Some rows on their way through the MLP, as the backward pass needs them.
struct Rows {
    Tensor normed, mean, rate; ///< LayerNorm's result and statistics
    Tensor before, hidden;     ///< the hidden layer before GELU, and after it and dropout
};

std::uint64_t hiddenSeed(const Dropped& dropped) {
    return dropped.seed ^ 0x5851F42D4C957F2DULL; // the result's mask is another
}

Rows intoHidden(const Tensor& x, const Mlp& mlp, const Dropped& dropped, int64_t firstRow) {
    Rows rows;
    std::tie(rows.normed, rows.mean, rows.rate) =
        at::native_layer_norm(x, {x.size(1)}, mlp.normWeight, mlp.normBias, kNormEpsilon);
    rows.normed = rows.normed.to(mlp.weight1.scalar_type());
    rows.before = at::addmm(mlp.bias1, rows.normed, mlp.weight1.t());
    rows.hidden = at::gelu(rows.before);
    dropOut(rows.hidden, dropped.p, hiddenSeed(dropped), firstRow * rows.hidden.size(1));
    return rows;
}

/// The gradients of an MLP, added up over its rows.
struct MlpGradients {
    explicit MlpGradients(const Mlp& mlp)
        : sum{torch::zeros_like(mlp.normWeight), torch::zeros_like(mlp.normBias),
              torch::zeros_like(mlp.weight1),    torch::zeros_like(mlp.bias1),
              torch::zeros_like(mlp.weight2),    torch::zeros_like(mlp.bias2)} {}
    Mlp sum;

    /// `gradient` of the rows' results -> of their inputs. x: the inputs.
    Tensor add(const Tensor& x, const Tensor& gradient, const Mlp& mlp, const Dropped& dropped,
               int64_t firstRow) {
        const auto rows = intoHidden(x, mlp, dropped, firstRow);
        auto out = gradient;
        if (dropped.p > 0) {
            out = gradient.clone();
            dropOut(out, dropped.p, dropped.seed, firstRow * out.size(1));
        }
        sum.bias2.add_(out.sum(0));
        out = out.to(mlp.weight2.scalar_type());
        addProduct(sum.weight2, out.t(), rows.hidden);
        auto hidden = at::mm(out, mlp.weight2);
        dropOut(hidden, dropped.p, hiddenSeed(dropped), firstRow * hidden.size(1));
        hidden = at::gelu_backward(hidden, rows.before);
        addProduct(sum.weight1, hidden.t(), rows.normed);
        sum.bias1.add_(hidden.sum(0, false, sum.bias1.scalar_type()));
        const auto [toInput, toWeight, toBias] = at::native_layer_norm_backward(
            at::mm(hidden, mlp.weight1).to(x.scalar_type()), x, {x.size(1)}, rows.mean, rows.rate,
            mlp.normWeight, mlp.normBias, {true, true, true});
        sum.normWeight.add_(toWeight);
        sum.normBias.add_(toBias);
        return gradient + toInput;
    }
};

/// x + dropout(MLP(LayerNorm(x))) for rows x D. Keeps x alone.
struct MlpFunction : torch::autograd::Function<MlpFunction> {
    static Tensor forward(Context* context, const Tensor& x, const Tensor& normWeight, const Tensor& normBias,
                          const Tensor& weight1, const Tensor& bias1, const Tensor& weight2,
                          const Tensor& bias2, const Dropped& dropped) {
        const auto type = productType(weight1);
        const auto mlp = Mlp{normWeight, normBias, weight1, bias1, weight2, bias2}.in(type);
        auto out = torch::empty_like(x);
        for (int64_t begin = 0; begin < x.size(0); begin += kRowsAtATime) {
            const auto count = std::min(kRowsAtATime, x.size(0) - begin);
            const auto part = x.narrow(0, begin, count);
            auto result = at::addmm(mlp.bias2, intoHidden(part, mlp, dropped, begin).hidden, mlp.weight2.t());
            dropOut(result, dropped.p, dropped.seed, begin * x.size(1));
            auto place = out.narrow(0, begin, count);
            at::add_out(place, part, result);
        }
        context->save_for_backward({x, normWeight, normBias, weight1, bias1, weight2, bias2});
        context->saved_data["type"] = static_cast<int64_t>(type);
        dropped.keep(*context);
        return out;
    }
    static Gradients backward(Context* context, Gradients gradients) {
        const auto saved = context->get_saved_variables();
        const auto& x = saved[0];
        const Mlp own{saved[1], saved[2], saved[3], saved[4], saved[5], saved[6]};
        const auto mlp = own.in(static_cast<torch::ScalarType>(context->saved_data["type"].toInt()));
        const Dropped dropped(*context);
        const auto given = gradients[0].contiguous();
        MlpGradients sums(own);
        auto toX = torch::empty_like(x);
        for (int64_t begin = 0; begin < x.size(0); begin += kRowsAtATime) {
            const auto count = std::min(kRowsAtATime, x.size(0) - begin);
            toX.narrow(0, begin, count)
                .copy_(
                    sums.add(x.narrow(0, begin, count), given.narrow(0, begin, count), mlp, dropped, begin));
        }
        auto& sum = sums.sum;
        return {toX, sum.normWeight, sum.normBias, sum.weight1, sum.bias1, sum.weight2, sum.bias2, Tensor()};
    }
};

/// tokens + dropout(answer), drawn for each gene: tokens 1 or B x G x D, answer B x D -> B x G x D. Keeps
/// nothing.
struct AnswerFunction : torch::autograd::Function<AnswerFunction> {
    static Tensor forward(Context* context, const Tensor& tokens, const Tensor& answer,
                          const Dropped& dropped) {
        dropped.keep(*context);
        context->saved_data["shared"] = tokens.size(0) == 1;
        const auto spread = answer.unsqueeze(1).expand({-1, tokens.size(1), -1});
        if (dropped.p <= 0) return tokens + spread;
        auto sum = spread.contiguous();
        dropOut(sum, dropped.p, dropped.seed);
        return sum.add_(tokens);
    }
    static Gradients backward(Context* context, Gradients gradients) {
        const Dropped dropped(*context);
        const auto given = gradients[0].contiguous();
        const bool shared = context->saved_data["shared"].toBool();
        const auto toTokens = shared ? given.sum(0, true) : given;
        if (dropped.p <= 0) return {toTokens, given.sum(1), Tensor()};
        auto masked = given.clone();
        dropOut(masked, dropped.p, dropped.seed);
        return {toTokens, masked.sum(1), Tensor()};
    }
};

} // namespace

Tensor trainedDropout(const Tensor& x, double p) {
    return p > 0 ? DropoutFunction::apply(x, Dropped(p)) : x;
}

Tensor trainedMlp(const PreNormImpl<FeedForward>& block, const Tensor& x) {
    const Dropped dropped(block.is_training() ? block.fn->dropout() : 0);
    const auto &first = block.fn->first(), &second = block.fn->second();
    return MlpFunction::apply(x.reshape({-1, x.size(-1)}), block.norm->weight, block.norm->bias, first.weight,
                              first.bias, second.weight, second.bias, dropped)
        .view(x.sizes());
}

Tensor trainedGenePath(const CrossTransformerImpl& path, const Tensor& text, const Tensor& key) {
    auto x = text.unsqueeze(0);
    for (const auto& [attention, feedForward] : path.blocks) {
        const auto& cross = *attention->fn;
        const Dropped dropped(path.is_training() && cross.toOut ? cross.dropout : 0);
        x = AnswerFunction::apply(x, attention->fn->singleKey(attention->norm(key)), dropped);
        x = trainedMlp(*feedForward, x);
    }
    return x;
}

} // namespace spotglass
