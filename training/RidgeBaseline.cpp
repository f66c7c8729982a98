#include "training/RidgeBaseline.h"

#include <array>
#include <limits>

namespace spotglass {
namespace {

using torch::Tensor;

constexpr std::array kPenalties{30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0};

struct Fit {
    Tensor mean, scale, weights, offset;
};

Tensor designOf(const Tensor& features, const Fit& fit) {
    return (features - fit.mean) / fit.scale;
}

/// Features of all spots, one section after the other, and their expression.
struct Table {
    Tensor features, expression;
};

Table tableOf(const std::vector<Tensor>& features, const std::vector<SectionTensors>& sections,
              std::size_t without) {
    std::vector<Tensor> x, y;
    for (std::size_t i = 0; i < sections.size(); ++i) {
        if (i == without) continue;
        x.push_back(features[i]);
        y.push_back(sections[i].expression.to(torch::kFloat64));
    }
    return {torch::cat(x), torch::cat(y)};
}

/// The smaller of the two forms: features x features, or spots x spots.
Fit solve(const Table& table, double penalty) {
    Fit fit;
    fit.mean = table.features.mean(0);
    fit.scale = table.features.std(0, false) + 1e-9;
    fit.offset = table.expression.mean(0);
    const auto x = designOf(table.features, fit), y = table.expression - fit.offset;
    const auto wide = torch::kFloat64;
    if (x.size(1) <= x.size(0))
        fit.weights = torch::linalg_solve(torch::mm(x.t(), x) + penalty * torch::eye(x.size(1), wide),
                                          torch::mm(x.t(), y));
    else
        fit.weights = torch::mm(
            x.t(), torch::linalg_solve(torch::mm(x, x.t()) + penalty * torch::eye(x.size(0), wide), y));
    return fit;
}

Tensor predicted(const Tensor& features, const Fit& fit) {
    return torch::mm(designOf(features, fit), fit.weights) + fit.offset;
}

double choosePenalty(const std::vector<Tensor>& features, const std::vector<SectionTensors>& sections) {
    if (sections.size() < 2) return kPenalties[kPenalties.size() / 2];
    double best = 0, least = std::numeric_limits<double>::infinity();
    for (const double penalty : kPenalties) {
        double error = 0;
        for (std::size_t i = 0; i < sections.size(); ++i)
            error += torch::mse_loss(predicted(features[i], solve(tableOf(features, sections, i), penalty)),
                                     sections[i].expression.to(torch::kFloat64))
                         .item<double>();
        if (error >= least) continue;
        least = error;
        best = penalty;
    }
    return best;
}

constexpr int64_t kRowsAtOnce = 1024;

Tensor contextOf(const SectionTensors& section) {
    const auto own = section.features.to(torch::kFloat64);
    std::vector<Tensor> parts{own, section.neighborFeatures.to(torch::kFloat64).mean(1)};
    std::vector<std::vector<Tensor>> rings(RidgeBaseline::kReach), counts(RidgeBaseline::kReach);
    // Some rows at a time: all at once a section of 15,000 spots would take gigabytes.
    for (const auto& rows : section.positions.split(kRowsAtOnce)) {
        const auto apart = (section.positions.unsqueeze(0) - rows.unsqueeze(1)).abs();
        const auto distance = std::get<0>(apart.max(2)); // rows x n array steps
        for (std::size_t ring = 0; ring < rings.size(); ++ring) {
            const auto members = (distance == static_cast<int64_t>(ring) + 1).to(torch::kFloat64);
            counts[ring].push_back(members.sum(1, true));
            rings[ring].push_back(torch::mm(members, own));
        }
    }
    for (std::size_t ring = 0; ring < rings.size(); ++ring) {
        const auto count = torch::cat(counts[ring]);
        const auto mean = torch::cat(rings[ring]) / count.clamp_min(1);
        parts.push_back(torch::where(count > 0, mean, ring == 0 ? own : parts.back()));
    }
    return torch::cat(parts, 1);
}

Tensor placeOf(const SectionTensors& section) {
    constexpr int kDegree = 3;
    const auto at = section.positions.to(torch::kFloat64);
    const auto least = std::get<0>(at.min(0)), size = (std::get<0>(at.max(0)) - least).clamp_min(1);
    const auto unit = (at - least) / size * 2 - 1;
    std::vector<Tensor> monomials;
    for (int i = 0; i <= kDegree; ++i)
        for (int j = i == 0 ? 1 : 0; i + j <= kDegree; ++j)
            monomials.push_back(unit.select(1, 0).pow(i) * unit.select(1, 1).pow(j));
    return torch::stack(monomials, 1);
}

} // namespace

Tensor ridgeFeatures(const SectionTensors& section, RidgeView view) {
    return view == RidgeView::Position ? placeOf(section) : contextOf(section);
}

RidgeBaseline RidgeBaseline::fit(const std::vector<SectionTensors>& sections, RidgeView view) {
    std::vector<Tensor> features;
    for (const auto& section : sections)
        features.push_back(ridgeFeatures(section, view));
    RidgeBaseline baseline;
    baseline.view_ = view;
    baseline.penalty_ = choosePenalty(features, sections);
    const auto fit = solve(tableOf(features, sections, sections.size()), baseline.penalty_);
    baseline.mean_ = fit.mean;
    baseline.scale_ = fit.scale;
    baseline.weights_ = fit.weights;
    baseline.offset_ = fit.offset;
    return baseline;
}

Tensor RidgeBaseline::predict(const SectionTensors& section) const {
    return predicted(ridgeFeatures(section, view_), {mean_, scale_, weights_, offset_}).to(torch::kFloat32);
}

} // namespace spotglass
