#include "inference/engine/FeatureBank.h"

#include <cstring>

namespace spotglass {
namespace {

const std::uint16_t* halves(const torch::Tensor& contiguous) {
    return reinterpret_cast<const std::uint16_t*>(contiguous.data_ptr<at::Half>());
}

} // namespace

torch::Tensor patchTensor(const std::vector<std::uint8_t>& rgb, int side) {
    auto bytes = torch::from_blob(const_cast<std::uint8_t*>(rgb.data()), {1, side, side, 3}, torch::kUInt8);
    return unitRgb(bytes).squeeze(0);
}

FeatureBank::FeatureBank(PatchLoader& loader, DeviceRunner& runner, BatchSize& batch, int side, int width,
                         FeatureStore* store)
    : loader_(loader), runner_(runner), batch_(batch), side_(side), width_(width), store_(store),
      masked_(runner.onDevice([&](Compute& compute) { return compute.encodeMasked(side); }).contiguous()) {}

std::vector<PatchKey> FeatureBank::missing(const std::vector<PatchKey>& patches) {
    std::vector<PatchKey> unknown;
    std::unordered_set<PatchKey> asked;
    for (const PatchKey patch : patches)
        if (!rows_.contains(patch) && asked.insert(patch).second) unknown.push_back(patch);
    if (!store_ || unknown.empty()) return unknown;
    store_->load(unknown, [this](PatchKey patch, const std::uint16_t* row) {
        keep(patch, row);
        ++fromStore_;
    });
    std::erase_if(unknown, [this](PatchKey patch) { return rows_.contains(patch); });
    return unknown;
}

void FeatureBank::keep(PatchKey patch, const std::uint16_t* row) {
    auto copy = std::make_unique_for_overwrite<std::uint16_t[]>(static_cast<std::size_t>(width_));
    std::memcpy(copy.get(), row, static_cast<std::size_t>(width_) * sizeof *row);
    rows_[patch] = std::move(copy);
}

DevicePipe<FeatureBank::Job>::Work FeatureBank::work() {
    return {[](const Job& job) { return static_cast<int>(job.patches.size()); },
            [](Compute& compute, const Job& job) { return compute.encode(job.input); },
            [](const Job& job) {
                const auto half = job.patches.size() / 2;
                const auto middle = job.patches.begin() + static_cast<std::ptrdiff_t>(half);
                const auto count = static_cast<int64_t>(half);
                return std::pair(
                    Job{{job.patches.begin(), middle}, job.input.narrow(0, 0, count)},
                    Job{{middle, job.patches.end()}, job.input.narrow(0, count, job.input.size(0) - count)});
            },
            [this](Job& job, const torch::Tensor& result) {
                const auto rows = result.contiguous();
                for (std::size_t i = 0; i < job.patches.size(); ++i)
                    keep(job.patches[i], halves(rows) + i * static_cast<std::size_t>(width_));
                passes_ += job.patches.size();
                if (store_) store_->save(job.patches, halves(rows));
            }};
}

void FeatureBank::recall(const std::vector<PatchKey>& patches) {
    if (store_) static_cast<void>(missing(patches));
}

Result<bool> FeatureBank::ensure(const std::vector<PatchKey>& patches, const CancelToken& cancel,
                                 const std::function<bool()>& interrupted) {
    const auto unknown = missing(patches);
    DevicePipe<Job> pipe(runner_, batch_, work());
    const auto bytes = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_) * 3;
    for (std::size_t next = 0; next < unknown.size();) {
        if (cancel.isCancelled()) return cancelled();
        if (next > 0 && interrupted && interrupted()) {
            pipe.drain();
            return false;
        }
        Job job;
        const auto room = static_cast<std::size_t>(batch_.next());
        auto input = runner_.onDevice([&](Compute& compute) {
            return compute.staging({static_cast<int64_t>(room), side_, side_, 3});
        });
        for (; next < unknown.size() && job.patches.size() < room; ++next) {
            const PatchPixels pixels = loader_.get(unknown[next]);
            if (!pixels) {
                rows_[unknown[next]] = nullptr;
                ++unreadable_;
                continue;
            }
            std::memcpy(input.data_ptr<std::uint8_t>() + job.patches.size() * bytes, pixels->data(), bytes);
            job.patches.push_back(unknown[next]);
        }
        if (job.patches.empty()) continue;
        job.input = input.narrow(0, 0, static_cast<int64_t>(job.patches.size()));
        pipe.push(std::move(job));
    }
    pipe.drain();
    return true;
}

void FeatureBank::copyTo(PatchKey patch, std::uint16_t* out) const {
    const auto& row = rows_.at(patch);
    std::memcpy(out, row ? row.get() : halves(masked_), static_cast<std::size_t>(width_) * sizeof *out);
}

torch::Tensor FeatureBank::features(const std::vector<PatchKey>& patches) const {
    auto all = torch::empty({static_cast<int64_t>(patches.size()), width_}, torch::kHalf);
    auto* out = reinterpret_cast<std::uint16_t*>(all.data_ptr<at::Half>());
    for (std::size_t i = 0; i < patches.size(); ++i)
        copyTo(patches[i], out + i * static_cast<std::size_t>(width_));
    return all;
}

std::size_t FeatureBank::bytes() const {
    constexpr std::size_t overhead = 64; // of a map's node and an allocation
    return rows_.size() * (static_cast<std::size_t>(width_) * sizeof(std::uint16_t) + overhead);
}

void FeatureBank::keepOnly(const std::unordered_set<PatchKey>& patches) {
    std::erase_if(rows_, [&](const auto& row) { return !patches.contains(row.first); });
}

std::pair<torch::Tensor, torch::Tensor> FeatureBank::snapshot() const {
    std::vector<PatchKey> patches;
    for (const auto& [patch, row] : rows_)
        if (row) patches.push_back(patch);
    auto centres = torch::empty({static_cast<int64_t>(patches.size()), 2}, torch::kInt64);
    auto at = centres.accessor<int64_t, 2>();
    for (int64_t i = 0; i < centres.size(0); ++i) {
        at[i][0] = patches[static_cast<std::size_t>(i)].x;
        at[i][1] = patches[static_cast<std::size_t>(i)].y;
    }
    return {centres, features(patches)};
}

void FeatureBank::restore(const torch::Tensor& centres, const torch::Tensor& features) {
    if (features.size(1) != width_) return;
    const auto rows = asStoredFeatures(features).contiguous();
    const auto at = centres.accessor<int64_t, 2>();
    for (int64_t i = 0; i < centres.size(0); ++i)
        keep({at[i][0], at[i][1]}, halves(rows) + i * width_);
}

} // namespace spotglass
