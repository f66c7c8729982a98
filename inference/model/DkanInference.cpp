#include "inference/model/DkanInference.h"

namespace spotglass {
namespace nn = torch::nn;
namespace {

using torch::Tensor;

constexpr int64_t kHiddenAtATime = 4 << 20; ///< elements of the image path's hidden layer: 16 MB of floats

torch::ScalarType productType(const torch::Device& device, Precision precision) {
    if (precision == Precision::BFloat16) return torch::kBFloat16;
    return precision == Precision::Float16 && !device.is_cpu() ? torch::kHalf : torch::kFloat32;
}

Tensor imageNet(double red, double green, double blue, const Tensor& like) {
    return torch::tensor({red, green, blue}, torch::kFloat64).to(like.options()).view({3, 1, 1});
}

void convertWeight(Tensor& weight, torch::ScalarType type, Precision precision) {
    if (precision == Precision::Float16 && type == torch::kFloat32)
        weight.set_data(weight.to(torch::kHalf).to(type)); // rounded, so that it agrees with other devices
    else
        weight.set_data(weight.to(type));
}

} // namespace

Tensor imageNetNormalised(const Tensor& rgb) {
    return (rgb - imageNet(0.485, 0.456, 0.406, rgb)) / imageNet(0.229, 0.224, 0.225, rgb);
}

torch::ScalarType setPrecision(nn::Module& module, const torch::Device& device, Precision precision) {
    const torch::NoGradGuard noGradient;
    const auto type = productType(device, precision);
    if (precision == Precision::Float32) return type;
    for (auto& child : module.modules()) {
        auto* linear = child->as<nn::Linear>();
        if (!linear) continue;
        convertWeight(linear->weight, type, precision);
        if (linear->bias.defined()) convertWeight(linear->bias, type, precision);
    }
    return type;
}

DkanInference::DkanInference(LoadedModel model, const torch::Device& device, Precision precision)
    : model_(std::move(model)), device_(device), precision_(precision) {
    const torch::NoGradGuard noGradient;
    auto& network = model_.network;
    network->eval();
    network->to(device);
    const auto& texts = model_.geneEmbeddings;
    panel_ =
        network->encodeText(texts.defined() ? texts.to(device, torch::kFloat32) : texts); // once, in 32 bits
    if (asksByGene()) prepareImagePath();
    chooseGenes({});
    const auto type = setPrecision(*network, device, precision);
    if (network->patchEncoder()) patchEncoder_.emplace(network->patchEncoder(), device, type);
    for (auto* statistics : {&model_.featureMean, &model_.featureScale})
        *statistics = statistics->to(device);
    useSlide({});
}

void DkanInference::prepareImagePath() {
    const auto& blocks = model_.network->imagePath().blocks;
    const auto& firstNorm = *blocks.front().second->norm;
    const auto& first = blocks.front().second->fn->first();
    const auto& last = blocks.back().second->fn->second();
    firstWeight_ = first.weight.detach() * firstNorm.weight.detach();
    firstBias_ = first.bias.detach() + torch::mv(first.weight.detach(), firstNorm.bias.detach());
    head_ = model_.network->finalHead().weight.detach().view({-1});
    lastWeight_ = torch::mv(last.weight.detach().t(), head_);
    lastBias_ = (torch::dot(last.bias.detach(), head_) + model_.network->finalHead().bias.detach().squeeze())
                    .item<double>();
}

void DkanInference::chooseGenes(const std::vector<int64_t>& genes) {
    const torch::NoGradGuard noGradient;
    chosen_ = genes.empty() ? Tensor() : torch::tensor(genes, torch::kInt64).to(device_);
    if (!asksByGene()) return;
    text_ = genes.empty() ? panel_ : panel_.index_select(0, chosen_);
    textCentred_ = text_ - text_.mean(1, true);
    textVariance_ = textCentred_.square().mean(1);
    textHidden_ = torch::mm(textCentred_, firstWeight_.t());
}

void DkanInference::useSlide(const Tensor& sample) {
    featureScale_ = featureScaleOf(model_, sample);
}

Tensor DkanInference::usual(const Tensor& features) const {
    return featureScale_.apply(features.to(device_, torch::kFloat32));
}

Tensor DkanInference::slideTokens(const Tensor& features, const Tensor& positions) {
    const torch::NoGradGuard noGradient;
    return model_.network->encodeSlide(usual(features), positions.to(device_));
}

Tensor DkanInference::predict(const DkanSpots& spots) {
    const torch::NoGradGuard noGradient;
    const auto& levels = model_.card.config.levels;
    DkanSpots here;
    if (levels.region) {
        here.neighborFeatures = usual(spots.neighborFeatures);
        here.neighborMask = spots.neighborMask.to(device_);
    }
    if (levels.slide) here.slideTokens = spots.slideTokens.to(device_);
    const auto map = levels.patch ? patchEncoder_->forward(spots.patches.to(device_)) : Tensor();
    const auto token = model_.network->imageToken(here, map);
    if (asksByGene()) return imagePath(token);
    const auto values = model_.network->predict(token, panel_);
    return chosen_.defined() ? values.index_select(1, chosen_) : values;
}

/// The first layer's hidden numbers without its Linear: LayerNorm subtracts the mean, so of t + a only the
/// centred parts remain, which pass the Linear apart; and its deviation follows from the two variances and
/// one covariance a pair. answer: b x D. tokens: b x G x D, hidden: b x G x H.
void DkanInference::firstLayer(const Tensor& answer, Tensor& tokens, Tensor& hidden) const {
    const auto& norm = *model_.network->imagePath().blocks.front().second->norm;
    const auto width = static_cast<double>(answer.size(1));
    const auto centred = answer - answer.mean(1, true);
    const auto covariance = torch::mm(centred, textCentred_.t()) / width; // b x G
    const auto variance =
        (centred.square().mean(1, true) + textVariance_.unsqueeze(0) + 2 * covariance).clamp_min_(0);
    const auto rate = torch::rsqrt(variance + norm.options.eps()).unsqueeze(2);
    const auto own = torch::mm(centred, firstWeight_.t()).unsqueeze(1); // b x 1 x H
    hidden = (textHidden_.unsqueeze(0) + own).mul_(rate).add_(firstBias_);
    torch::gelu_(hidden);
    if (model_.network->imagePath().blocks.size() > 1) tokens = text_.unsqueeze(0) + answer.unsqueeze(1);
}

Tensor DkanInference::imagePath(const Tensor& imageToken) const {
    const auto& blocks = model_.network->imagePath().blocks;
    std::vector<Tensor> answers; // the only key never changes, so every layer's answer is known beforehand
    for (const auto& [attention, feedForward] : blocks)
        answers.push_back(attention->fn->singleKey(attention->norm(imageToken)));
    auto out = torch::empty({imageToken.size(0), text_.size(0)}, imageToken.options());
    const auto perSpot = text_.size(0) * firstBias_.size(0);
    const auto block = std::max<int64_t>(1, kHiddenAtATime / perSpot);
    for (int64_t begin = 0; begin < imageToken.size(0); begin += block) {
        const auto count = std::min(block, imageToken.size(0) - begin);
        Tensor x, hidden;
        firstLayer(answers[0].narrow(0, begin, count), x, hidden);
        for (std::size_t layer = 1; layer < blocks.size(); ++layer) {
            const auto& before = *blocks[layer - 1].second->fn;
            x.add_(product(before.second(), hidden));
            x.add_(answers[layer].narrow(0, begin, count).unsqueeze(1));
            hidden = product(blocks[layer].second->fn->first(), blocks[layer].second->norm(x));
            torch::gelu_(hidden);
        }
        // x of a single layer is text + answer, whose product with the head separates too.
        const auto kept = blocks.size() > 1
                              ? torch::matmul(x, head_)
                              : torch::mv(text_, head_).unsqueeze(0) +
                                    torch::mv(answers[0].narrow(0, begin, count), head_).unsqueeze(1);
        out.narrow(0, begin, count)
            .copy_(kept + torch::matmul(hidden.to(lastWeight_.scalar_type()), lastWeight_) + lastBias_);
    }
    return out;
}

double DkanInference::multiplicationsPerSpot(int pixels) const {
    const auto& c = model_.card.config;
    const double d = c.width, region = c.regionCells();
    const auto genes = static_cast<double>(chosen_.defined() ? chosen_.size(0) : c.genes);
    // ResNet-18 does 1.814 G on 224 x 224 at 512 channels, ResNet-50 without its last stage 3.27 G.
    const double area = pixels * static_cast<double>(pixels) / (224.0 * 224);
    const double narrow = c.patchWidth / 512.0;
    const double patchTokens = (c.patchEncoder == "resnet50" ? 196 : 49) * area;
    double sum = 0, keys = 0;
    if (c.levels.patch) {
        sum += c.patchEncoder == "resnet50" ? 3.27e9 * area : 1.814e9 * area * narrow * narrow;
        if (c.design == Design::StNet) return sum + c.patchWidth * genes;
        if (c.patchWidth != c.width) sum += patchTokens * c.patchWidth * d;
        keys += patchTokens;
    }
    if (c.levels.region) {
        sum += c.region.depth * region * (4 * d * d + 2 * region * d + 2 * d * d * c.region.mlpRatio);
        keys += region;
    }
    if (c.fusionForm ==
        Fusion::CrossAttention) // one query attends once to each of the two levels of many tokens
        sum += c.levels.count() == 1
                   ? 0
                   : c.fusion.depth * (keys * 2 * d * d + (int(c.levels.patch) + int(c.levels.region)) *
                                                              (2 * d * d + 2 * d * d * c.fusion.mlpRatio));
    else // at most three tokens
        sum += c.levels.count() * d * d * (1 + c.fusion.depth * (4 + 2.0 * c.fusion.mlpRatio));
    const double hidden = d * c.image.mlpRatio;
    if (c.design == Design::ImageOnly) return sum + genes * d;
    if (!asksByGene())
        return sum + c.image.depth * (2 * d * d + 2 * d * hidden + 2.0 * c.genes * d) + genes * d;
    return sum + c.image.depth * 2 * d * d + d * hidden + genes * (2 * d + hidden) +
           genes * 2.0 * (c.image.depth - 1) * d * hidden;
}

double DkanInference::multiplicationsOfContext(double n) const {
    const auto& c = model_.card.config;
    const double d = c.width;
    return c.levels.slide ? c.slide.depth * n * (4 * d * d + 2 * n * d + 2 * d * d * c.slide.mlpRatio) : 0;
}

} // namespace spotglass
