#include "inference/model/encoders/ResNetEncoder.h"

namespace spotglass {
namespace {

using torch::Tensor;

constexpr double kEpsilon = 1e-5;                // torchvision's BatchNorm2d
constexpr int64_t kCpuPart = 16, kGpuPart = 128; // patches at a time

Result<Tensor> takeShaped(WeightFile& weights, const std::string& name, const TensorShape& shape,
                          const std::string& network) {
    auto tensor = weights.take(name);
    if (!tensor)
        return badInput(tensor.error().what, weights.where(),
                        tensor.error().hint.empty()
                            ? "The file is incomplete, or its configuration belongs to another encoder"
                            : tensor.error().hint);
    if (tensor->sizes() != at::IntArrayRef(shape))
        return badInput(name + " is " +
                            shapeText(TensorShape(tensor->sizes().begin(), tensor->sizes().end())) + ", " +
                            network + " asks for " + shapeText(shape),
                        weights.where(), "The weights belong to another encoder");
    return tensor;
}

} // namespace

std::vector<std::string> resNetLandmarks() {
    return {"layer1.0.conv1.weight", "conv1.weight", "bn1.running_mean", "layer3.0.conv1.weight"};
}

Result<std::unique_ptr<ResNetEncoder>> ResNetEncoder::make(const EncoderSpec& spec, WeightFile& weights) {
    const torch::NoGradGuard noGradient;
    std::unique_ptr<ResNetEncoder> encoder(new ResNetEncoder(spec));
    if (auto ok = encoder->load(weights); !ok) return Failure(ok.error());
    return encoder;
}

Result<ResNetEncoder::Convolution> ResNetEncoder::loadConvolution(WeightFile& weights,
                                                                  const std::string& convolution,
                                                                  const std::string& norm,
                                                                  const TensorShape& shape, int64_t stride) {
    const std::string network(spotglass::name(spec_.kind));
    auto weight = takeShaped(weights, convolution + ".weight", shape, network);
    if (!weight) return Failure(weight.error());
    std::array<Tensor, 4> numbers;
    const std::array<const char*, 4> names{".weight", ".bias", ".running_mean", ".running_var"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto one = takeShaped(weights, norm + names[i], {shape[0]}, network);
        if (!one) return Failure(one.error());
        numbers[i] = one->to(torch::kFloat64);
    }
    const auto& [scale, shift, mean, variance] = numbers;
    if ((variance < 0).any().item<bool>())
        return badInput("the weights hold a negative variance in " + norm + ".running_var", weights.where(),
                        "The file is damaged; copy it again from where it came from");
    const auto factor = scale / (variance + kEpsilon).sqrt();
    Convolution result;
    result.weight = (weight->to(torch::kFloat64) * factor.view({-1, 1, 1, 1}))
                        .to(torch::kFloat32)
                        .contiguous(torch::MemoryFormat::ChannelsLast);
    result.bias = (shift - mean * factor).to(torch::kFloat32);
    result.stride = stride;
    return result;
}

Result<ResNetEncoder::Block> ResNetEncoder::loadBlock(WeightFile& weights, const std::string& prefix,
                                                      int64_t in, int64_t width, int64_t stride) {
    const bool bottleneck = spec_.kind == EncoderKind::ResNet50;
    const int64_t out = bottleneck ? 4 * width : width;
    struct Step {
        TensorShape shape;
        int64_t stride;
    };
    const std::vector<Step> steps =
        bottleneck ? std::vector<Step>{{{width, in, 1, 1}, 1},
                                       {{width, width, 3, 3}, stride},
                                       {{out, width, 1, 1}, 1}}
                   : std::vector<Step>{{{width, in, 3, 3}, stride}, {{out, width, 3, 3}, 1}};
    Block block;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::string number = std::to_string(i + 1);
        auto step = loadConvolution(weights, prefix + "conv" + number, prefix + "bn" + number, steps[i].shape,
                                    steps[i].stride);
        if (!step) return Failure(step.error());
        block.steps.push_back(std::move(*step));
    }
    if (stride != 1 || in != out) {
        auto shortcut = loadConvolution(weights, prefix + "downsample.0", prefix + "downsample.1",
                                        {out, in, 1, 1}, stride);
        if (!shortcut) return Failure(shortcut.error());
        block.shortcut.push_back(std::move(*shortcut));
    }
    return block;
}

Result<void> ResNetEncoder::load(WeightFile& weights) {
    const bool bottleneck = spec_.kind == EncoderKind::ResNet50;
    const std::vector<int> depths = bottleneck ? std::vector<int>{3, 4, 6, 3} : std::vector<int>{2, 2, 2, 2};
    const int64_t expansion = bottleneck ? 4 : 1;
    const std::size_t stages = bottleneck && spec_.stopsAtLayer3 ? 3 : 4;
    auto stem = loadConvolution(weights, "conv1", "bn1", {64, 3, 7, 7}, 2);
    if (!stem) return Failure(stem.error());
    stem_ = std::move(*stem);
    const auto inside = weights.inside();
    int64_t in = 64;
    for (std::size_t stage = 0; stage < stages; ++stage) {
        const int64_t channels = int64_t{64} << stage;
        const std::string layer = "layer" + std::to_string(stage + 1) + ".";
        for (int i = 0; i < depths[stage]; ++i) {
            auto block = loadBlock(weights, layer + std::to_string(i) + ".", in, channels,
                                   i == 0 && stage > 0 ? 2 : 1);
            if (!block) return Failure(block.error());
            blocks_.push_back(std::move(*block));
            in = channels * expansion;
        }
        const std::string more = layer + std::to_string(depths[stage]) + ".conv1.weight";
        if (inside.contains(more))
            return badInput("the weights hold " + more + ", which a " +
                                std::string(spotglass::name(spec_.kind)) + " does not have",
                            weights.where(), "They belong to a deeper network; convert it to TorchScript");
    }
    width_ = static_cast<int>(in);
    return {};
}

void ResNetEncoder::moveTo(const torch::Device& device, Precision precision) {
    const torch::NoGradGuard noGradient;
    TORCH_CHECK(holdsPrecision(precision_, precision), "the weights of ", spec_.name, " were rounded to ",
                std::string(spotglass::name(precision_)), "; open its file again for ",
                std::string(spotglass::name(precision)));
    const Arithmetic arithmetic = arithmeticOf(device, precision);
    const auto move = [&](Convolution& c) {
        c.weight = c.weight.to(device, arithmetic.stored);
        c.bias = c.bias.to(device, arithmetic.products);
        // These networks are small: they are widened once.
        if (arithmetic.stored != arithmetic.products) c.weight = c.weight.to(arithmetic.products);
    };
    move(stem_);
    for (Block& block : blocks_) {
        for (Convolution& step : block.steps)
            move(step);
        for (Convolution& step : block.shortcut)
            move(step);
    }
    precision_ = precision;
    arithmetic_ = arithmetic;
}

Tensor ResNetEncoder::convolve(const Convolution& c, const Tensor& x) const {
    return at::conv2d(x, c.weight, c.bias, c.stride, c.weight.size(2) / 2);
}

Tensor ResNetEncoder::encodePart(const Tensor& rgb) const {
    auto x = encoderInput(rgb, spec_).to(arithmetic_.products).contiguous(torch::MemoryFormat::ChannelsLast);
    x = convolve(stem_, x).relu_();
    x = at::max_pool2d(x, {3, 3}, {2, 2}, {1, 1});
    for (const Block& block : blocks_) {
        auto y = convolve(block.steps.front(), x);
        for (std::size_t i = 1; i < block.steps.size(); ++i)
            y = convolve(block.steps[i], y.relu_());
        y.add_(block.shortcut.empty() ? x : convolve(block.shortcut.front(), x));
        x = y.relu_();
    }
    return x.to(torch::kFloat32).mean({2, 3});
}

Tensor ResNetEncoder::encode(const Tensor& rgb) const {
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

} // namespace spotglass
