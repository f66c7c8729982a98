#include "inference/model/ResNet.h"

namespace spotglass {
namespace nn = torch::nn;
namespace {

nn::Conv2d convolution(int in, int out, int kernel, int stride = 1) {
    return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

struct ResidualBlockImpl : nn::Module {
    /// expansion 1: basic block of two 3 x 3 convolutions; 4: bottleneck 1 x 1, 3 x 3 (strided, as
    /// torchvision), 1 x 1.
    ResidualBlockImpl(int in, int width, int stride, int expansion) : bottleneck(expansion > 1) {
        const int out = width * expansion;
        conv1 = register_module("conv1",
                                bottleneck ? convolution(in, width, 1) : convolution(in, width, 3, stride));
        bn1 = register_module("bn1", nn::BatchNorm2d(width));
        conv2 = register_module("conv2", bottleneck ? convolution(width, width, 3, stride)
                                                    : convolution(width, width, 3));
        bn2 = register_module("bn2", nn::BatchNorm2d(width));
        if (bottleneck) {
            conv3 = register_module("conv3", convolution(width, out, 1));
            bn3 = register_module("bn3", nn::BatchNorm2d(out));
        }
        if (stride != 1 || in != out)
            downsample = register_module(
                "downsample", nn::Sequential(convolution(in, out, 1, stride), nn::BatchNorm2d(out)));
    }
    torch::Tensor forward(const torch::Tensor& x) {
        auto y = bn2(conv2(torch::relu(bn1(conv1(x)))));
        if (bottleneck) y = bn3(conv3(torch::relu(y)));
        return torch::relu(y + (downsample ? downsample->forward(x) : x));
    }
    bool bottleneck;
    nn::Conv2d conv1{nullptr}, conv2{nullptr}, conv3{nullptr};
    nn::BatchNorm2d bn1{nullptr}, bn2{nullptr}, bn3{nullptr};
    nn::Sequential downsample{nullptr};
};
TORCH_MODULE(ResidualBlock);

/// A stage's blocks; the non-template forward lets it stand inside another sequence.
struct StageImpl : nn::SequentialImpl {
    torch::Tensor forward(torch::Tensor x) { return nn::SequentialImpl::forward(std::move(x)); }
};
TORCH_MODULE(Stage);

} // namespace

nn::Sequential makePatchEncoder(const std::string& architecture, int outputWidth) {
    const bool bottleneck = architecture == "resnet50";
    const int expansion = bottleneck ? 4 : 1;
    const int base = bottleneck ? 64 : outputWidth / 8;
    const std::vector<int> depths = bottleneck ? std::vector<int>{3, 4, 6} : std::vector<int>{2, 2, 2, 2};
    nn::Sequential net(nn::Conv2d(nn::Conv2dOptions(3, base, 7).stride(2).padding(3).bias(false)),
                       nn::BatchNorm2d(base), nn::ReLU(),
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
        if (auto* conv = module->as<nn::Conv2d>())
            nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
    return net;
}

} // namespace spotglass
