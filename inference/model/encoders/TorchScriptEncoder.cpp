#include "inference/model/encoders/TorchScriptEncoder.h"

#include "inference/model/encoders/EncoderMath.h"
#include "inference/model/encoders/WeightFile.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <torch/script.h>

namespace spotglass {
namespace {

using torch::Tensor;

const std::string kHint = "Export the encoder again, so that it takes one batch of patches and returns one "
                          "tensor with a row of features for each";

bool isHash(const std::string& text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

/// The first line of what LibTorch throws; the rest are its own source lines.
std::string firstLine(const std::exception& error) {
    const std::string text = error.what();
    return text.substr(0, std::min(text.find('\n'), std::size_t{200}));
}

std::string sidesText(const Tensor& tensor) {
    return shapeText(TensorShape(tensor.sizes().begin(), tensor.sizes().end()));
}

} // namespace

struct TorchScriptEncoder::Program {
    mutable torch::jit::Module module;
};

TorchScriptEncoder::TorchScriptEncoder(EncoderSpec spec)
    : spec_(std::move(spec)), program_(std::make_unique<Program>()) {}
TorchScriptEncoder::~TorchScriptEncoder() = default;

Result<std::unique_ptr<TorchScriptEncoder>> TorchScriptEncoder::open(const EncoderSpec& spec,
                                                                     const std::filesystem::path& file,
                                                                     const TorchScriptConsent& consent) {
    const std::string where = file.string();
    if (auto ok = checkReadable(file); !ok) return Failure(ok.error());
    if (!isHash(consent.sha256))
        return badInput("this encoder is a program, and nobody has agreed to run it", where,
                        "Agree to run it only when it comes from a source you trust");
    if (!isTorchScript(file))
        return badInput(
            "this is not a TorchScript program", where,
            "A TorchScript encoder is a file that torch.jit.save wrote; plain weights are added as "
            "a vision transformer or a ResNet");
    std::unique_ptr<TorchScriptEncoder> encoder(new TorchScriptEncoder(spec));
    try {
        encoder->program_->module = torch::jit::load(file.string(), torch::kCPU);
        encoder->program_->module.eval();
    } catch (const std::exception& error) {
        return badInput("this TorchScript program cannot be loaded: " + firstLine(error), where,
                        "It is damaged, or was written by a newer PyTorch");
    }
    if (auto ok = encoder->learnWidth(where); !ok) return Failure(ok.error());
    return encoder;
}

Result<void> TorchScriptEncoder::learnWidth(const std::string& where) {
    const torch::NoGradGuard noGradient;
    try {
        // Two patches, so that a module that drops the batch is found out.
        auto input = torch::linspace(0, 1, int64_t{6} * spec_.inputSide * spec_.inputSide);
        input = input.view({2, 3, spec_.inputSide, spec_.inputSide});
        if (!spec_.normalisesItself) input = encoderInput(input, spec_);
        const auto answer = program_->module.forward({input});
        if (!answer.isTensor())
            return badInput("this encoder returns a " + answer.type()->annotation_str() +
                                " where one tensor is wanted",
                            where, kHint);
        const auto& features = answer.toTensor();
        if (features.dim() != 2 || features.size(0) != 2 || features.size(1) < 1)
            return badInput("this encoder turns 2 patches into a tensor of " + sidesText(features) +
                                ", where 2 rows of features are wanted",
                            where, kHint);
        if (!features.is_floating_point() || !torch::isfinite(features).all().item<bool>())
            return badInput("this encoder's features are not finite numbers", where, kHint);
        width_ = static_cast<int>(features.size(1));
        return {};
    } catch (const std::exception& error) {
        return badInput("this encoder cannot take patches of " + std::to_string(spec_.inputSide) + " x " +
                            std::to_string(spec_.inputSide) + " pixels: " + firstLine(error),
                        where, kHint);
    }
}

void TorchScriptEncoder::moveTo(const torch::Device& device, Precision) {
    program_->module.to(device);
}

Tensor TorchScriptEncoder::encode(const Tensor& rgb) const {
    const torch::NoGradGuard noGradient;
    const auto input = spec_.normalisesItself ? resampled(rgb, spec_.inputSide, spec_.interpolation)
                                              : encoderInput(rgb, spec_);
    const auto features = program_->module.forward({input}).toTensor();
    TORCH_CHECK(features.dim() == 2 && features.size(0) == rgb.size(0) && features.size(1) == width_,
                spec_.name, " gave ", sidesText(features), " for ", rgb.size(0), " patches");
    return features.to(rgb.device(), torch::kFloat32);
}

} // namespace spotglass
