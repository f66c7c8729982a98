#include "inference/engine/Compute.h"

#include "inference/model/Parallel.h"

#include "viewer/base/Process.h"

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace spotglass {
namespace {

using torch::Tensor;

Tensor maskedFeatures(const FrozenEncoder& encoder, int side, const torch::Device& device) {
    const torch::NoGradGuard noGradient;
    const auto zero = torch::tensor({0.485F, 0.456F, 0.406F}).view({1, 3, 1, 1}).expand({1, 3, side, side});
    return asStoredFeatures(encoder.encode(zero.contiguous().to(device))).squeeze(0).cpu();
}

class EncoderCompute final : public Compute {
  public:
    explicit EncoderCompute(const FrozenEncoder& encoder) : encoder_(encoder) {}
    [[nodiscard]] std::string device() const override { return "cpu"; }
    Later encode(const Tensor& patches) override {
        const torch::NoGradGuard noGradient;
        const int before = setMatrixThreads(1); // the parts have the threads
        auto features = inParts(patches.size(0), [&](int64_t begin, int64_t count) {
            return asStoredFeatures(encoder_.encode(unitRgb(patches.narrow(0, begin, count))));
        });
        setMatrixThreads(before);
        return Later(features);
    }
    Tensor encodeMasked(int side) override { return maskedFeatures(encoder_, side, torch::kCPU); }
    Tensor slideTokens(const Tensor&, const Tensor&) override { throw std::logic_error("features only"); }
    Later predict(const SpotInputs&) override { throw std::logic_error("features only"); }
    void chooseGenes(const std::vector<int64_t>&) override {}
    void useSlide(const Tensor&) override {}

  private:
    const FrozenEncoder& encoder_;
};

constexpr double kLargeContext = 2e9; ///< multiplications; some 20 ms of one thread

class TorchCompute final : public Compute {
  public:
    TorchCompute(LoadedModel model, std::unique_ptr<FrozenEncoder> encoder, const torch::Device& device,
                 Precision precision)
        : device_(device), encoder_(std::move(encoder)), dkan_(std::move(model), device, precision) {
        encoder_->moveTo(device, precision);
        if (precision == Precision::Float32) { // else graphics processors round products to 10 bits
            at::globalContext().setAllowTF32CuDNN(false);
            at::globalContext().setAllowTF32CuBLAS(false);
        }
    }
    [[nodiscard]] std::string device() const override { return device_.str(); }
    Later encode(const Tensor& patches) override {
        const torch::NoGradGuard noGradient;
        const auto part = [&](const Tensor& some) {
            return asStoredFeatures(encoder_->encode(unitRgb(toDevice(some))));
        };
        if (!device_.is_cpu()) return Later(part(patches));
        return Later(inParts(patches.size(0), [&](int64_t begin, int64_t count) {
            return part(patches.narrow(0, begin, count));
        }));
    }
    Tensor encodeMasked(int side) override { return maskedFeatures(*encoder_, side, device_); }
    Tensor slideTokens(const Tensor& features, const Tensor& positions) override {
        // One computation that no parts can be made of: large products may have all threads, for small ones
        // they would mostly wait for each other, and those who read have use for the time.
        const bool large =
            dkan_.multiplicationsOfContext(static_cast<double>(features.size(0))) > kLargeContext;
        const int before = device_.is_cpu() ? setMatrixThreads(large ? partsAtOnce() : 1) : 0;
        auto tokens = dkan_.slideTokens(toDevice(features), positions);
        if (device_.is_cpu()) setMatrixThreads(before);
        return tokens;
    }
    Later predict(const SpotInputs& spots) override {
        const torch::NoGradGuard noGradient;
        if (!device_.is_cpu()) return Later(predictPart(spots));
        return Later(inParts(spots.patches.size(0), [&](int64_t begin, int64_t count) {
            return predictPart({spots.patches.narrow(0, begin, count),
                                spots.neighbours.narrow(0, begin, count), spots.mask.narrow(0, begin, count),
                                spots.slideTokens.narrow(0, begin, count)});
        }));
    }
    void chooseGenes(const std::vector<int64_t>& genes) override { dkan_.chooseGenes(genes); }
    void useSlide(const Tensor& sample) override { dkan_.useSlide(sample); }
    [[nodiscard]] Tensor staging(at::IntArrayRef shape) const override {
        return torch::empty(shape, torch::dtype(torch::kUInt8).pinned_memory(device_.is_cuda()));
    }

  private:
    [[nodiscard]] Tensor predictPart(const SpotInputs& spots) {
        return dkan_.predict({imageNetNormalised(unitRgb(toDevice(spots.patches))),
                              toDevice(spots.neighbours), toDevice(spots.mask), spots.slideTokens});
    }
    [[nodiscard]] Tensor toDevice(const Tensor& x) const {
        return x.to(device_, x.scalar_type(), /*non_blocking=*/true);
    }
    torch::Device device_;
    std::unique_ptr<FrozenEncoder> encoder_;
    DkanEnsemble dkan_;
};

} // namespace

Later::Later(const Tensor& tensor) {
    if (tensor.device().is_cpu()) {
        host_ = tensor;
        return;
    }
    host_ = torch::empty(tensor.sizes(), tensor.options().device(torch::kCPU).pinned_memory(true));
    host_.copy_(tensor, /*non_blocking=*/true);
    copied_ = std::make_unique<c10::Event>(tensor.device().type());
    copied_->record(c10::impl::VirtualGuardImpl(tensor.device().type()).getStream(tensor.device()));
}

Tensor Later::get() {
    using namespace std::chrono_literals;
    while (copied_ && !copied_->query())
        std::this_thread::sleep_for(20us); // an event of LibTorch 1.13 can be asked, not waited for
    copied_.reset();
    return host_;
}

Tensor Compute::staging(at::IntArrayRef shape) const {
    return torch::empty(shape, torch::kUInt8);
}

std::unique_ptr<Compute> makeCompute(LoadedModel model, std::unique_ptr<FrozenEncoder> encoder,
                                     const torch::Device& device, Precision precision) {
    // Before the gene tokens are computed: a product that threads share rounds as their number has it.
    if (device.is_cpu()) keepProductsOnTheirThread();
    return std::make_unique<TorchCompute>(std::move(model), std::move(encoder), device, precision);
}

std::unique_ptr<Compute> makeEncoderCompute(const FrozenEncoder& encoder) {
    return std::make_unique<EncoderCompute>(encoder);
}

Tensor unitRgb(const Tensor& patches) {
    return patches.permute({0, 3, 1, 2})
        .to(torch::kFloat32, false, false, torch::MemoryFormat::Contiguous)
        .div_(255);
}

Tensor asStoredFeatures(const Tensor& features) {
    if (features.scalar_type() == torch::kHalf) return features;
    return features.clamp(-65504, 65504).to(torch::kHalf);
}

} // namespace spotglass
