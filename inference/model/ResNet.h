#pragma once

#include "inference/model/TorchCompat.h"

#include <memory>
#include <string>

namespace spotglass {

/// A torchvision ResNet without its head, as a sequence of children (0 conv1, 1 bn1, 2 relu, 3 maxpool, 4..
/// the stages), so that parameters are named 0.weight, 4.0.conv1.weight, ... as in an official DKAN
/// checkpoint. "resnet18": four stages of two basic blocks, `outputWidth` channels at the end (512 in the
/// published model; all widths scale with it). "resnet50": three stages of bottleneck blocks, 1024 channels.
/// Input B x 3 x H x W, normalised; output B x C x H/32 x W/32 (resnet50: H/16).
[[nodiscard]] torch::nn::Sequential makePatchEncoder(const std::string& architecture, int outputWidth);

/// The same network for prediction only: batch normalisation folded into the convolutions, which is one pass
/// over the pixels less each. A copy, in `type` on `device`. Not trainable.
class FoldedResNet {
  public:
    FoldedResNet(torch::nn::Sequential& network, const torch::Device& device, torch::ScalarType type);
    ~FoldedResNet();
    /// patches: B x 3 x H x W, normalised. Returns B x C x h x w in the patches' type.
    [[nodiscard]] torch::Tensor forward(const torch::Tensor& patches) const;

  private:
    struct Network;
    std::unique_ptr<Network> network_;
};

} // namespace spotglass
