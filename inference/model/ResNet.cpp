#include "inference/model/ResNet.h"

#include "inference/model/ProductType.h"
#include "inference/model/SharedBatchNorm.h"

#include <cmath>
#include <optional>
#include <vector>

namespace spotglass {
namespace nn = torch::nn;
namespace {

/// Padded to keep the size, without bias. In productType(), which nn::Conv2d cannot.
struct ConvolutionImpl : nn::Module {
    ConvolutionImpl(int in, int out, int kernel, int step = 1)
        : weight(register_parameter("weight", torch::empty({out, in, kernel, kernel}))), stride(step),
          padding(kernel / 2) {
        nn::init::kaiming_uniform_(weight, std::sqrt(5)); // the draws that nn::Conv2d makes
    }
    torch::Tensor forward(const torch::Tensor& x) {
        const auto type = productType(weight);
        return torch::conv2d(x.to(type), weight.to(type), {}, stride, padding);
    }
    torch::Tensor weight;
    int64_t stride, padding;
};
TORCH_MODULE(Convolution);

struct ResidualBlockImpl : nn::Module {
    /// expansion 1: basic block of two 3 x 3 convolutions; 4: bottleneck 1 x 1, 3 x 3 (strided, as
    /// torchvision), 1 x 1.
    ResidualBlockImpl(int in, int width, int stride, int expansion) : bottleneck(expansion > 1) {
        const int out = width * expansion;
        conv1 = register_module("conv1",
                                bottleneck ? Convolution(in, width, 1) : Convolution(in, width, 3, stride));
        bn1 = register_module("bn1", SharedBatchNorm(width));
        conv2 = register_module("conv2", bottleneck ? Convolution(width, width, 3, stride)
                                                    : Convolution(width, width, 3));
        bn2 = register_module("bn2", SharedBatchNorm(width));
        if (bottleneck) {
            conv3 = register_module("conv3", Convolution(width, out, 1));
            bn3 = register_module("bn3", SharedBatchNorm(out));
        }
        if (stride != 1 || in != out)
            downsample = register_module(
                "downsample", nn::Sequential(Convolution(in, out, 1, stride), SharedBatchNorm(out)));
    }
    torch::Tensor forward(const torch::Tensor& x) {
        auto y = bn2(conv2(torch::relu(bn1(conv1(x)))));
        if (bottleneck) y = bn3(conv3(torch::relu(y)));
        return torch::relu(y + (downsample ? downsample->forward(x) : x));
    }
    bool bottleneck;
    Convolution conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
    SharedBatchNorm bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
    nn::Sequential downsample{nullptr};
};
TORCH_MODULE(ResidualBlock);

/// A stage's blocks; the non-template forward lets it stand inside another sequence.
struct StageImpl : nn::SequentialImpl {
    torch::Tensor forward(torch::Tensor x) { return nn::SequentialImpl::forward(std::move(x)); }
};
TORCH_MODULE(Stage);

} // namespace

struct FoldedResNet::Network {
    struct Folded {
        torch::Tensor weight, bias;
        int64_t stride = 1, padding = 0;
        [[nodiscard]] torch::Tensor operator()(const torch::Tensor& x) const {
            return torch::conv2d(x, weight, bias, stride, padding);
        }
    };
    struct Block {
        std::vector<Folded> chain; ///< with relu between
        std::optional<Folded> shortcut;
    };
    torch::Device device;
    torch::ScalarType type;
    Folded stem;
    std::vector<Block> blocks;

    Network(const torch::Device& d, torch::ScalarType t) : device(d), type(t) {}
    [[nodiscard]] Folded fold(const ConvolutionImpl& c, const SharedBatchNormImpl& n) const {
        // In 64 bits: rounding twice would show at the 1e-5 that results must agree to.
        const auto wide = [](const torch::Tensor& x) { return x.detach().to(torch::kFloat64); };
        const auto factor = wide(n.weight) / torch::sqrt(wide(n.running_var) + SharedBatchNormImpl::epsilon);
        const auto weight = wide(c.weight) * factor.view({-1, 1, 1, 1});
        const auto bias = wide(n.bias) - wide(n.running_mean) * factor;
        return {weight.to(device, type).contiguous(torch::MemoryFormat::ChannelsLast), bias.to(device, type),
                c.stride, c.padding};
    }
};

FoldedResNet::FoldedResNet(nn::Sequential& network, const torch::Device& device, torch::ScalarType type)
    : network_(std::make_unique<Network>(device, type)) {
    const torch::NoGradGuard noGradient;
    auto& folded = *network_;
    folded.stem = folded.fold(*network->ptr(0)->as<Convolution>(), *network->ptr(1)->as<SharedBatchNorm>());
    for (std::size_t stage = 4; stage < network->size(); ++stage)
        for (auto& child : network->ptr(stage)->children()) {
            const auto& block = *child->as<ResidualBlockImpl>();
            Network::Block out{{folded.fold(*block.conv1, *block.bn1), folded.fold(*block.conv2, *block.bn2)},
                               std::nullopt};
            if (block.bottleneck) out.chain.push_back(folded.fold(*block.conv3, *block.bn3));
            if (block.downsample)
                out.shortcut = folded.fold(*block.downsample->ptr(0)->as<Convolution>(),
                                           *block.downsample->ptr(1)->as<SharedBatchNorm>());
            folded.blocks.push_back(std::move(out));
        }
}

FoldedResNet::~FoldedResNet() = default;

torch::Tensor FoldedResNet::forward(const torch::Tensor& patches) const {
    auto x = patches.to(network_->type).contiguous(torch::MemoryFormat::ChannelsLast);
    x = torch::max_pool2d(network_->stem(x).relu_(), 3, 2, 1);
    for (const auto& block : network_->blocks) {
        auto y = block.chain.front()(x);
        for (std::size_t i = 1; i < block.chain.size(); ++i)
            y = block.chain[i](y.relu_());
        x = y.add_(block.shortcut ? (*block.shortcut)(x) : x).relu_();
    }
    return x.to(patches.scalar_type());
}

nn::Sequential makePatchEncoder(const std::string& architecture, int outputWidth) {
    const bool bottleneck = architecture == "resnet50";
    const int expansion = bottleneck ? 4 : 1;
    const int base = bottleneck ? 64 : outputWidth / 8;
    const std::vector<int> depths = bottleneck ? std::vector<int>{3, 4, 6} : std::vector<int>{2, 2, 2, 2};
    nn::Sequential net(Convolution(3, base, 7, 2), SharedBatchNorm(base), nn::ReLU(),
                       nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(2).padding(1)));
    int in = base;
    for (std::size_t stage = 0; stage < depths.size(); ++stage) {
        const int width = base << stage;
        Stage blocks;
        for (int i = 0; i < depths[stage]; ++i) {
            blocks->push_back(ResidualBlock(in, width, i == 0 && stage > 0 ? 2 : 1, expansion));
            in = width * expansion;
        }
        net->push_back(blocks);
    }
    for (auto& module : net->modules(false)) // as torchvision starts them
        if (auto* conv = module->as<Convolution>())
            nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
    return net;
}

} // namespace spotglass
