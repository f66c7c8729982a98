#include "inference/model/InfoNce.h"

#include <algorithm>

namespace spotglass {
namespace {

constexpr int64_t kBlock = 1024; // rows whose similarities are in memory at once

torch::Tensor unitRows(const torch::Tensor& x) {
    return torch::nn::functional::normalize(x, torch::nn::functional::NormalizeFuncOptions().dim(-1));
}

/// Mean over a's rows r of logsumexp_c(a_r . b_c / t) - a_r . b_(first + r) / t, for rows that are already
/// normalised.
struct BlockwiseCrossEntropy : torch::autograd::Function<BlockwiseCrossEntropy> {
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& a,
                                 const torch::Tensor& b, double temperature, int64_t first) {
        const auto rows = a.size(0);
        auto logSums = torch::empty({rows}, a.options());
        for (int64_t at = 0; at < rows; at += kBlock) {
            const auto n = std::min(kBlock, rows - at);
            logSums.narrow(0, at, n).copy_(
                torch::logsumexp(torch::mm(a.narrow(0, at, n), b.t()) / temperature, 1));
        }
        context->save_for_backward({a, b, logSums});
        context->saved_data["temperature"] = temperature;
        context->saved_data["first"] = first;
        return (logSums - (a * b.narrow(0, first, rows)).sum(1) / temperature).mean();
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto &a = saved[0], &b = saved[1], &logSums = saved[2];
        const double temperature = context->saved_data["temperature"].toDouble();
        const auto rows = a.size(0), first = context->saved_data["first"].toInt();
        const auto own = b.narrow(0, first, rows);
        auto gradA = torch::empty_like(a), gradB = torch::zeros_like(b);
        gradB.narrow(0, first, rows).sub_(a);
        for (int64_t at = 0; at < rows; at += kBlock) {
            const auto n = std::min(kBlock, rows - at);
            const auto part = a.narrow(0, at, n);
            auto probabilities = torch::mm(part, b.t()).div_(temperature);
            probabilities.sub_(logSums.narrow(0, at, n).unsqueeze(1)).exp_();
            gradA.narrow(0, at, n).copy_(torch::mm(probabilities, b) - own.narrow(0, at, n));
            gradB.addmm_(probabilities.t(), part);
        }
        const auto scale = gradients[0] / (temperature * static_cast<double>(rows));
        return {gradA * scale, gradB * scale, torch::Tensor(), torch::Tensor()};
    }
};

} // namespace

torch::Tensor infoNce(const torch::Tensor& a, const torch::Tensor& b, double temperature, int64_t first) {
    return BlockwiseCrossEntropy::apply(unitRows(a), unitRows(b), temperature, first);
}

torch::Tensor infoNceWithinSpots(const torch::Tensor& a, const torch::Tensor& b, double temperature) {
    const auto scores = torch::bmm(unitRows(a), unitRows(b).transpose(1, 2)) / temperature; // B x G x G
    return (torch::logsumexp(scores, 2) - scores.diagonal(0, 1, 2)).mean();
}

} // namespace spotglass
