#include "inference/engine/FeatureBank.h"

namespace spotglass {
namespace {

constexpr std::size_t kBatch = 16;

torch::Tensor imageNet(std::array<double, 3> values, const torch::Tensor& like) {
    return torch::tensor({values[0], values[1], values[2]}, torch::kFloat64)
        .to(like.options())
        .view({3, 1, 1});
}
constexpr std::array<double, 3> kMean{0.485, 0.456, 0.406};
constexpr std::array<double, 3> kDeviation{0.229, 0.224, 0.225};

} // namespace

torch::Tensor patchTensor(const std::vector<std::uint8_t>& rgb, int side) {
    auto bytes = torch::from_blob(const_cast<std::uint8_t*>(rgb.data()), {side, side, 3}, torch::kUInt8);
    return bytes.permute({2, 0, 1}).to(torch::kFloat32).div_(255).contiguous();
}

torch::Tensor imageNetNormalised(const torch::Tensor& rgb) {
    return (rgb - imageNet(kMean, rgb)) / imageNet(kDeviation, rgb);
}

FeatureBank::FeatureBank(const PatchReader& reader, const FrozenEncoder& encoder)
    : reader_(reader), encoder_(encoder) {
    const auto side = reader.patchPixels();
    const auto zero = imageNet(kMean, torch::empty({1})).expand({3, side, side});
    masked_ = encoder.encode(zero.unsqueeze(0)).squeeze(0);
}

Result<void> FeatureBank::ensure(const std::vector<PatchKey>& patches, const CancelToken& cancel) {
    std::vector<PatchKey> keys;
    std::vector<torch::Tensor> pending;
    const auto flush = [&] {
        if (keys.empty()) return;
        const auto rows = encoder_.encode(torch::stack(pending));
        for (std::size_t i = 0; i < keys.size(); ++i)
            rows_[keys[i]] = rows[static_cast<int64_t>(i)].clone();
        keys.clear();
        pending.clear();
    };
    std::unordered_set<PatchKey> asked;
    for (const PatchKey patch : patches) {
        if (rows_.contains(patch) || !asked.insert(patch).second) continue;
        if (cancel.isCancelled()) return cancelled();
        const auto rgb = reader_.read(patch);
        if (!rgb) {
            unreadable_.insert(patch);
            rows_[patch] = masked_;
            continue;
        }
        keys.push_back(patch);
        pending.push_back(patchTensor(*rgb, reader_.patchPixels()));
        if (keys.size() == kBatch) flush();
    }
    flush();
    return {};
}

torch::Tensor FeatureBank::features(const std::vector<PatchKey>& patches) const {
    std::vector<torch::Tensor> rows;
    rows.reserve(patches.size());
    for (const PatchKey patch : patches)
        rows.push_back(rows_.at(patch));
    return torch::stack(rows);
}

std::pair<torch::Tensor, torch::Tensor> FeatureBank::snapshot() const {
    auto centres = torch::empty({static_cast<int64_t>(rows_.size()), 2}, torch::kInt64);
    auto at = centres.accessor<int64_t, 2>();
    std::vector<torch::Tensor> rows;
    int64_t i = 0;
    for (const auto& [key, row] : rows_) {
        at[i][0] = key.x;
        at[i++][1] = key.y;
        rows.push_back(row);
    }
    return {centres, rows.empty() ? torch::empty({0, encoder_.width()}) : torch::stack(rows)};
}

void FeatureBank::restore(const torch::Tensor& centres, const torch::Tensor& features) {
    const auto at = centres.accessor<int64_t, 2>();
    for (int64_t i = 0; i < centres.size(0); ++i)
        rows_[{at[i][0], at[i][1]}] = features[i].clone();
}

} // namespace spotglass
