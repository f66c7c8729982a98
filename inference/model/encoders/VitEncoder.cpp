#include "inference/model/encoders/VitEncoder.h"

#include "inference/model/encoders/TimmConfig.h"

namespace spotglass {
namespace {

using torch::Tensor;

constexpr int64_t kCpuPart = 8, kGpuPart = 64; ///< patches at a time: more gain nothing and cost memory

/// timm's resample_abs_pos_embed: bicubic with antialiasing. positions: 1 x stored * stored x D.
Tensor resamplePositions(const Tensor& positions, int64_t stored, int64_t grid) {
    if (stored == grid) return positions;
    const auto square = positions.view({1, stored, stored, -1}).permute({0, 3, 1, 2}).contiguous();
    const std::array<int64_t, 2> size{grid, grid};
    const auto other = at::_upsample_bicubic2d_aa(square, size, false);
    return other.permute({0, 2, 3, 1}).reshape({1, grid * grid, -1}).contiguous();
}

Result<void> takeInto(WeightFile& weights, const std::string& name, Tensor& target) {
    auto tensor = weights.take(name);
    if (!tensor) return Failure(tensor.error());
    target = std::move(*tensor);
    return {};
}

} // namespace

template <typename Change> void VitEncoder::forEachTensor(const Change& change) {
    const auto linear = [&](EncoderLinear& l) {
        change(l.weight, true, false);
        change(l.bias, false, true);
    };
    const auto norm = [&](Norm& n) {
        change(n.weight, false, false);
        change(n.bias, false, false);
    };
    linear(patches_);
    change(prefix_, false, false);
    change(positions_, false, false);
    norm(preNorm_);
    norm(norm_);
    for (Block& block : blocks_) {
        for (EncoderLinear* l : {&block.qkv, &block.proj, &block.fc1, &block.fc2})
            linear(*l);
        for (Norm* n : {&block.norm1, &block.norm2, &block.queryNorm, &block.keyNorm})
            norm(*n);
        change(block.scale1, false, false);
        change(block.scale2, false, false);
    }
}

Result<std::unique_ptr<VitEncoder>> VitEncoder::make(const EncoderSpec& spec, WeightFile& weights) {
    if (auto ok = checkVitShapes(*spec.vit, weights.inside(), weights.where()); !ok)
        return Failure(ok.error());
    std::unique_ptr<VitEncoder> encoder(new VitEncoder(spec));
    if (auto ok = encoder->load(weights); !ok) return Failure(ok.error());
    return encoder;
}

Result<void> VitEncoder::load(WeightFile& weights) {
    const torch::NoGradGuard noGradient;
    const VitArchitecture& v = *spec_.vit;
    blocks_.resize(static_cast<std::size_t>(v.depth));
    for (int i = 0; i < v.depth; ++i)
        if (auto ok = loadBlock(weights, i); !ok) return ok;
    for (const auto& [name, norm] :
         {std::pair{"norm_pre", &preNorm_}, {v.poolNorm ? "fc_norm" : "norm", &norm_}}) {
        if (norm == &preNorm_ && !v.preNorm) continue;
        if (auto ok = takeInto(weights, std::string(name) + ".weight", norm->weight); !ok) return ok;
        if (auto ok = takeInto(weights, std::string(name) + ".bias", norm->bias); !ok) return ok;
    }
    if (auto ok = takeInto(weights, "patch_embed.proj.weight", patches_.weight); !ok) return ok;
    patches_.weight = patches_.weight.flatten(1);
    if (!v.preNorm)
        if (auto ok = takeInto(weights, "patch_embed.proj.bias", patches_.bias); !ok) return ok;
    return loadTokens(weights);
}

Result<void> VitEncoder::loadTokens(WeightFile& weights) {
    const VitArchitecture& v = *spec_.vit;
    const int stored = storedGrid(v, weights.inside());
    std::vector<Tensor> tokens;
    for (const auto& [name, present] :
         {std::pair{"cls_token", v.classToken}, {"reg_token", v.registerTokens > 0}}) {
        if (!present) continue;
        if (auto ok = takeInto(weights, name, tokens.emplace_back()); !ok) return ok;
    }
    if (!tokens.empty()) prefix_ = torch::cat(tokens, 1);
    Tensor positions;
    if (auto ok = takeInto(weights, "pos_embed", positions); !ok) return ok;
    const int64_t before = v.prefixPosition ? v.prefixTokens() : 0;
    if (before > 0) prefix_ = prefix_ + positions.narrow(1, 0, before);
    positions_ = resamplePositions(positions.narrow(1, before, positions.size(1) - before).contiguous(),
                                   stored, spec_.inputSide / v.patchSize);
    return {};
}

Result<void> VitEncoder::loadBlock(WeightFile& weights, int index) {
    const VitArchitecture& v = *spec_.vit;
    Block& b = blocks_[static_cast<std::size_t>(index)];
    const std::string prefix = "blocks." + std::to_string(index) + ".";
    std::vector<std::pair<std::string, Tensor*>> wanted = {
        {"norm1.weight", &b.norm1.weight},  {"norm1.bias", &b.norm1.bias},
        {"norm2.weight", &b.norm2.weight},  {"norm2.bias", &b.norm2.bias},
        {"attn.qkv.weight", &b.qkv.weight}, {"attn.proj.weight", &b.proj.weight},
        {"attn.proj.bias", &b.proj.bias},   {"mlp.fc1.weight", &b.fc1.weight},
        {"mlp.fc1.bias", &b.fc1.bias},      {"mlp.fc2.weight", &b.fc2.weight},
        {"mlp.fc2.bias", &b.fc2.bias}};
    if (v.qkvBias) wanted.emplace_back("attn.qkv.bias", &b.qkv.bias);
    if (v.layerScale) {
        wanted.emplace_back("ls1.gamma", &b.scale1);
        wanted.emplace_back("ls2.gamma", &b.scale2);
    }
    if (v.qkNorm) {
        wanted.emplace_back("attn.q_norm.weight", &b.queryNorm.weight);
        wanted.emplace_back("attn.q_norm.bias", &b.queryNorm.bias);
        wanted.emplace_back("attn.k_norm.weight", &b.keyNorm.weight);
        wanted.emplace_back("attn.k_norm.bias", &b.keyNorm.bias);
    }
    for (const auto& [name, target] : wanted)
        if (auto ok = takeInto(weights, prefix + name, *target); !ok) return ok;
    return {};
}

void VitEncoder::moveTo(const torch::Device& device, Precision precision) {
    const torch::NoGradGuard noGradient;
    TORCH_CHECK(holdsPrecision(precision_, precision), "the weights of ", spec_.name, " were rounded to ",
                std::string(spotglass::name(precision_)), "; open its file again for ",
                std::string(spotglass::name(precision)));
    const Arithmetic arithmetic = arithmeticOf(device, precision);
    forEachTensor([&](Tensor& tensor, bool matrix, bool bias) {
        if (!tensor.defined()) return;
        const auto type = matrix ? arithmetic.stored : bias ? arithmetic.products : torch::kFloat32;
        tensor = tensor.to(device, type);
    });
    precision_ = precision;
    arithmetic_ = arithmetic;
}

Tensor VitEncoder::normalised(const Tensor& x, const Norm& norm) const {
    return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, spec_.vit->epsilon);
}

Tensor VitEncoder::toProducts(const Tensor& x) const {
    return x.to(arithmetic_.products);
}

/// B x 3 x side x side -> B x N x D, 32-bit: tokens with their positions.
Tensor VitEncoder::embed(const Tensor& rgb) const {
    const VitArchitecture& v = *spec_.vit;
    const auto pixels = encoderInput(rgb, spec_);
    const int64_t batch = rgb.size(0), grid = spec_.inputSide / v.patchSize, p = v.patchSize;
    const auto cut = pixels.view({batch, 3, grid, p, grid, p})
                         .permute({0, 2, 4, 1, 3, 5})
                         .reshape({batch * grid * grid, 3 * p * p});
    const auto tokens =
        patches_.forward(toProducts(cut)).to(torch::kFloat32).view({batch, grid * grid, v.width});
    const int64_t before = v.prefixTokens();
    auto x = torch::empty({batch, before + grid * grid, v.width}, tokens.options());
    if (before > 0) x.narrow(1, 0, before).copy_(prefix_.expand({batch, -1, -1}));
    auto rest = x.narrow(1, before, grid * grid);
    at::add_out(rest, tokens, positions_);
    return v.preNorm ? normalised(x, preNorm_) : x;
}

/// x: B x N x D, normalised. The attention's answer for the first `queries` tokens: B * queries x D.
Tensor VitEncoder::attend(const Block& block, const Tensor& x, int64_t queries) const {
    const int64_t batch = x.size(0), n = x.size(1), d = x.size(2), heads = spec_.vit->heads;
    const auto flat = toProducts(x).view({batch * n, d});
    const auto split = [&](const Tensor& y, int64_t tokens, int64_t parts) {
        return y.view({batch, tokens, parts, heads, d / heads}).permute({2, 0, 3, 1, 4});
    };
    Tensor q, k, v;
    if (queries == n) {
        const auto all = split(block.qkv.forward(flat), n, 3);
        q = all[0], k = all[1], v = all[2];
    } else {
        const auto first = flat.view({batch, n, d}).narrow(1, 0, queries).reshape({batch * queries, d});
        q = split(block.qkv.rows(0, d).forward(first), queries, 1)[0];
        const auto both = split(block.qkv.rows(d, 2 * d).forward(flat), n, 2);
        k = both[0], v = both[1];
    }
    if (spec_.vit->qkNorm) {
        q = toProducts(normalised(q.to(torch::kFloat32), block.queryNorm));
        k = toProducts(normalised(k.to(torch::kFloat32), block.keyNorm));
    }
    const auto out = attention(q, k, v).transpose(1, 2).reshape({batch * queries, d});
    return block.proj.forward(out);
}

/// x: M x D, normalised, in the type of the products. Returns M x D.
Tensor VitEncoder::mlp(const Block& block, const Tensor& x) const {
    auto hidden = block.fc1.forward(x);
    const bool silu = spec_.vit->activation == Activation::Silu;
    if (spec_.vit->mlp == MlpForm::Gated) {
        const auto halves = hidden.chunk(2, 1);
        hidden = silu ? at::silu(halves[0]) : at::gelu(halves[0]);
        hidden.mul_(halves[1]);
    } else if (silu) {
        at::silu_(hidden);
    } else {
        at::gelu_(hidden);
    }
    return block.fc2.forward(hidden);
}

Tensor VitEncoder::encodePart(const Tensor& rgb) const {
    const VitArchitecture& v = *spec_.vit;
    auto x = embed(rgb);
    const int64_t batch = x.size(0), d = x.size(2);
    const auto add = [](Tensor& to, const Tensor& what, const Tensor& scale) {
        const auto change = what.to(torch::kFloat32).view(to.sizes());
        if (scale.defined()) {
            to.addcmul_(change, scale);
        } else {
            to.add_(change);
        }
    };
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const Block& block = blocks_[i];
        // Of the last block only the class token's answer is kept where that token is the feature.
        const bool one = i + 1 == blocks_.size() && v.pooling == Pooling::Token;
        const int64_t queries = one ? 1 : x.size(1);
        const auto answer = attend(block, normalised(x, block.norm1), queries);
        if (one) x = x.narrow(1, 0, 1).contiguous();
        add(x, answer, block.scale1);
        const auto inner = toProducts(normalised(x, block.norm2)).view({batch * queries, d});
        add(x, mlp(block, inner), block.scale2);
    }
    if (v.pooling == Pooling::Token) return normalised(x.select(1, 0), norm_);
    const int64_t before = v.prefixTokens();
    if (!v.poolNorm) x = normalised(x, norm_);
    const auto mean = x.narrow(1, before, x.size(1) - before).mean(1);
    return v.poolNorm ? normalised(mean, norm_) : mean;
}

Tensor VitEncoder::encode(const Tensor& rgb) const {
    const torch::NoGradGuard noGradient;
    const int64_t part = rgb.device().is_cpu() ? kCpuPart : kGpuPart;
    if (rgb.size(0) <= part && rgb.size(0) > 0) return encodePart(rgb);
    auto features = torch::empty({rgb.size(0), width()}, rgb.options());
    for (int64_t begin = 0; begin < rgb.size(0); begin += part) {
        const auto count = std::min(part, rgb.size(0) - begin);
        features.narrow(0, begin, count).copy_(encodePart(rgb.narrow(0, begin, count)));
    }
    return features;
}

double VitEncoder::operationsPerPatch() const {
    const VitArchitecture& v = *spec_.vit;
    const double d = v.width, grid = spec_.inputSide / v.patchSize, n = grid * grid + v.prefixTokens();
    const double fc2 = v.mlp == MlpForm::Gated ? v.hidden / 2.0 : v.hidden;
    const double perToken = d * d + d * (v.hidden + fc2);
    const auto block = [&](double queries) {
        return queries * (d * d + perToken + 2 * n * d) + 2 * n * d * d;
    };
    const double last = v.pooling == Pooling::Token ? block(1) : block(n);
    return 2 * (grid * grid * 3 * v.patchSize * v.patchSize * d + (v.depth - 1) * block(n) + last);
}

Result<std::unique_ptr<FrozenEncoder>> randomVit(const std::string& architecture) {
    auto spec = timmArchitecture(architecture, "benchmark");
    if (!spec) return Failure(spec.error());
    if (!spec->vit) return badInput("\"" + architecture + "\" is no vision transformer");
    spec->name = architecture;
    const torch::NoGradGuard noGradient;
    const VitArchitecture& v = *spec->vit;
    const auto random = [](at::IntArrayRef shape) { return torch::randn(shape) * 0.02; };
    const auto linear = [&](int out, int in) { return EncoderLinear{random({out, in}), random({out})}; };
    const auto norm = [&] { return VitEncoder::Norm{torch::ones({v.width}), torch::zeros({v.width})}; };
    std::unique_ptr<VitEncoder> encoder(new VitEncoder(*spec));
    encoder->patches_ = linear(v.width, 3 * v.patchSize * v.patchSize);
    if (v.preNorm) encoder->patches_.bias = torch::Tensor();
    if (v.preNorm) encoder->preNorm_ = norm();
    encoder->norm_ = norm();
    if (v.prefixTokens() > 0) encoder->prefix_ = random({1, v.prefixTokens(), v.width});
    const int grid = spec->inputSide / v.patchSize;
    encoder->positions_ = random({1, grid * grid, v.width});
    for (int i = 0; i < v.depth; ++i) {
        auto& b = encoder->blocks_.emplace_back();
        b.norm1 = norm();
        b.norm2 = norm();
        b.qkv = linear(3 * v.width, v.width);
        b.proj = linear(v.width, v.width);
        b.fc1 = linear(v.hidden, v.width);
        b.fc2 = linear(v.width, v.mlp == MlpForm::Gated ? v.hidden / 2 : v.hidden);
        if (v.layerScale) b.scale1 = b.scale2 = torch::ones({v.width});
        if (v.qkNorm) {
            b.queryNorm = b.keyNorm = {torch::ones({v.width / v.heads}), torch::zeros({v.width / v.heads})};
        }
    }
    return encoder;
}

} // namespace spotglass
