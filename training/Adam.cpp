#include "training/Adam.h"

#include "inference/model/Parallel.h"

#include <cmath>

namespace spotglass {
namespace {

constexpr std::int64_t kLeast = 1 << 15; ///< values worth a thread

/// What is the same for all values of a step.
struct Update {
    double rate, rootOfCorrection; ///< learning rate / first correction; root of the second
    AdamSettings settings;
};

template <typename T>
void updateOnCpu(torch::Tensor& parameter, torch::Tensor& first, torch::Tensor& second, const Update& u) {
    const auto gradient = parameter.grad().contiguous();
    auto* p = parameter.data_ptr<T>();
    auto* m = first.data_ptr<T>();
    auto* v = second.data_ptr<T>();
    const auto* g = gradient.template data_ptr<T>();
    const T b1 = static_cast<T>(u.settings.beta1), b2 = static_cast<T>(u.settings.beta2);
    const T rest1 = static_cast<T>(1 - u.settings.beta1), rest2 = static_cast<T>(1 - u.settings.beta2);
    const T decay = static_cast<T>(u.settings.weightDecay), epsilon = static_cast<T>(u.settings.epsilon);
    const T rate = static_cast<T>(u.rate), root = static_cast<T>(u.rootOfCorrection);
    inThreads(parameter.numel(), kLeast, [=](std::int64_t begin, std::int64_t end) {
        for (auto i = begin; i < end; ++i) {
            const T slope = g[i] + decay * p[i];
            m[i] = b1 * m[i] + rest1 * slope;
            v[i] = b2 * v[i] + rest2 * slope * slope;
            p[i] -= rate * m[i] / (std::sqrt(v[i]) / root + epsilon);
        }
    });
}

void updateAnywhere(torch::Tensor& parameter, torch::Tensor& first, torch::Tensor& second, const Update& u) {
    const auto& s = u.settings;
    const auto slope = s.weightDecay > 0 ? parameter.grad().add(parameter, s.weightDecay) : parameter.grad();
    first.mul_(s.beta1).add_(slope, 1 - s.beta1);
    second.mul_(s.beta2).addcmul_(slope, slope, 1 - s.beta2);
    parameter.addcdiv_(first, (second.sqrt() / u.rootOfCorrection).add_(s.epsilon), -u.rate);
}

} // namespace

Adam::Adam(std::vector<torch::Tensor> parameters, const AdamSettings& settings)
    : parameters_(std::move(parameters)), settings_(settings) {
    for (const auto& p : parameters_) {
        first_.push_back(torch::zeros_like(p, at::MemoryFormat::Contiguous));
        second_.push_back(torch::zeros_like(p, at::MemoryFormat::Contiguous));
    }
}

void Adam::step(double learningRate) {
    step(std::vector<double>(parameters_.size(), learningRate));
}

void Adam::step(const std::vector<double>& learningRates) {
    const torch::NoGradGuard noGradient;
    ++steps_;
    const auto n = static_cast<double>(steps_);
    const double correction1 = 1 - std::pow(settings_.beta1, n);
    const double correction2 = 1 - std::pow(settings_.beta2, n);
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        auto& p = parameters_[i];
        if (!p.grad().defined() || learningRates.at(i) <= 0) continue;
        const Update update{learningRates[i] / correction1, std::sqrt(correction2), settings_};
        const bool plain = p.device().is_cpu() && p.is_contiguous();
        if (plain && p.scalar_type() == torch::kFloat32)
            updateOnCpu<float>(p, first_[i], second_[i], update);
        else if (plain && p.scalar_type() == torch::kFloat64)
            updateOnCpu<double>(p, first_[i], second_[i], update);
        else
            updateAnywhere(p, first_[i], second_[i], update);
    }
}

void Adam::zeroGradients() {
    for (auto& p : parameters_)
        if (p.grad().defined()) p.mutable_grad().zero_();
}

} // namespace spotglass
