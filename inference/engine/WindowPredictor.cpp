#include "inference/engine/WindowPredictor.h"

#include <algorithm>
#include <cstring>

namespace spotglass {

/// Of a model without a region level no neighbour is wanted.
PatchRegion WindowPredictor::regionOf(const PredictorSpot& spot) const {
    auto region = parts_.reader.regionAt(spot.center, parts_.config.regionRows, parts_.config.regionColumns);
    if (!parts_.config.levels.region) std::fill(region.mask.begin(), region.mask.end(), 0.0F);
    return region;
}

/// What the slide level is made of: none without one.
std::vector<PatchKey> WindowPredictor::contextPatches(const std::vector<PredictorSpot>& spots) const {
    std::vector<PatchKey> patches;
    if (!parts_.config.levels.slide) return patches;
    for (const auto& spot : spots)
        patches.push_back(parts_.reader.patchAt(spot.center));
    return patches;
}

std::vector<PatchKey> WindowPredictor::unknownPatches(const std::vector<PredictorSpot>& spots) const {
    auto patches = contextPatches(spots);
    std::erase_if(patches, [&](const PatchKey& patch) { return parts_.bank.isKnown(patch); });
    return patches;
}

/// Everything in the order in which it will be asked for: the context, then spot by spot the neighbours and
/// the patch itself.
void WindowPredictor::scheduleReads(const Request& request) {
    auto order = unknownPatches(request.context);
    std::unordered_set<PatchKey> planned(order.begin(), order.end());
    for (const auto index : request.wanted) {
        const auto& spot = request.context[index];
        const auto region = regionOf(spot);
        for (std::size_t n = 0; n < region.patches.size(); ++n)
            if (region.mask[n] > 0 && !parts_.bank.isKnown(region.patches[n]) &&
                planned.insert(region.patches[n]).second)
                order.push_back(region.patches[n]);
        order.push_back(parts_.reader.patchAt(spot.center));
    }
    order.insert(order.end(), request.readAfterwards.begin(), request.readAfterwards.end());
    parts_.loader.schedule(order);
}

std::vector<PatchKey> WindowPredictor::withNeighbours(const Request& request,
                                                      std::vector<PatchKey> patches) const {
    for (const auto index : request.wanted) {
        const auto region = regionOf(request.context[index]);
        for (std::size_t n = 0; n < region.patches.size(); ++n)
            if (region.mask[n] > 0) patches.push_back(region.patches[n]);
    }
    return patches;
}

const torch::Tensor& WindowPredictor::slideTokens(const Request& request) {
    if (tokensGeneration_ == parts_.runner.generation()) return tokens_;
    const auto count = static_cast<int64_t>(request.context.size());
    if (!parts_.config.levels.slide) return tokens_ = torch::empty({count, 0});
    auto positions = torch::empty({count, 2}, torch::kInt64);
    auto at = positions.accessor<int64_t, 2>();
    for (int64_t i = 0; i < count; ++i) {
        const auto& spot = request.context[static_cast<std::size_t>(i)];
        at[i][0] = spot.row;
        at[i][1] = spot.column;
    }
    tokens_ =
        parts_.runner.compute().slideTokens(parts_.bank.features(contextPatches(request.context)), positions);
    tokensGeneration_ = parts_.runner.generation();
    ++contexts_;
    contextTokens_ += request.context.size();
    return tokens_;
}

DevicePipe<WindowPredictor::Job>::Work WindowPredictor::work(const Request& request, const Deliver& deliver) {
    return {[](const Job& job) { return static_cast<int>(job.wanted.size()); },
            [this, &request](Compute& compute, const Job& job) {
                const auto& tokens = slideTokens(request); // anew, where the device has changed
                SpotInputs inputs = job.inputs;
                const auto rows = torch::tensor(at::ArrayRef<int64_t>(job.tokens), torch::kInt64);
                inputs.slideTokens = tokens.index_select(0, rows.to(tokens.device()));
                return compute.predict(inputs);
            },
            [](const Job& job) {
                const auto all = job.wanted.size(), half = all / 2;
                const auto part = [&job](std::size_t begin, std::size_t end) {
                    const auto cut = [&](const torch::Tensor& x) {
                        return x.narrow(0, static_cast<int64_t>(begin), static_cast<int64_t>(end - begin));
                    };
                    const auto b = static_cast<std::ptrdiff_t>(begin), e = static_cast<std::ptrdiff_t>(end);
                    return Job{
                        {job.wanted.begin() + b, job.wanted.begin() + e},
                        {job.tokens.begin() + b, job.tokens.begin() + e},
                        {cut(job.inputs.patches), cut(job.inputs.neighbours), cut(job.inputs.mask), {}}};
                };
                return std::pair(part(0, half), part(half, all));
            },
            [&deliver](Job& job, const torch::Tensor& values) { deliver(job.wanted, values.contiguous()); }};
}

Result<bool> WindowPredictor::ensureNeighbours(const Request& request, std::size_t begin, std::size_t end,
                                               const CancelToken& cancel,
                                               const std::function<bool()>& interrupted) {
    std::vector<PatchKey> inside;
    for (std::size_t i = begin; i < end; ++i) {
        const auto region = regionOf(request.context[request.wanted[i]]);
        for (std::size_t n = 0; n < region.patches.size(); ++n)
            if (region.mask[n] > 0) inside.push_back(region.patches[n]);
    }
    return parts_.bank.ensure(inside, cancel, interrupted);
}

WindowPredictor::Job WindowPredictor::makeJob(const Request& request, std::size_t begin, std::size_t end) {
    const int side = parts_.reader.patchPixels(), cells = parts_.config.regionCells();
    const auto count = static_cast<int64_t>(end - begin);
    const auto width = static_cast<std::size_t>(parts_.bank.width());
    const auto bytes = static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3;
    Job job;
    auto patches = parts_.runner.onDevice([&](Compute& compute) {
        return compute.staging({count, side, side, 3});
    });
    auto neighbours = torch::empty({count, cells, parts_.bank.width()}, torch::kHalf);
    auto mask = torch::zeros({count, cells});
    auto* rows = reinterpret_cast<std::uint16_t*>(neighbours.data_ptr<at::Half>());
    const auto* masked =
        reinterpret_cast<const std::uint16_t*>(parts_.bank.maskedFeatures().data_ptr<at::Half>());
    for (std::size_t i = begin; i < end; ++i) {
        const auto& spot = request.context[request.wanted[i]];
        const PatchPixels own = parts_.loader.get(parts_.reader.patchAt(spot.center));
        if (!own) continue;
        const auto slot = job.wanted.size();
        std::memcpy(patches.data_ptr<std::uint8_t>() + slot * bytes, own->data(), bytes);
        const auto region = regionOf(spot);
        auto* row = rows + slot * static_cast<std::size_t>(cells) * width;
        for (std::size_t n = 0; n < region.patches.size(); ++n, row += width) {
            if (region.mask[n] == 0) {
                std::copy_n(masked, width, row);
                continue;
            }
            parts_.bank.copyTo(region.patches[n], row);
            if (parts_.bank.isReadable(region.patches[n]))
                mask[static_cast<int64_t>(slot)][static_cast<int64_t>(n)] = 1.0F;
        }
        job.wanted.push_back(i);
        job.tokens.push_back(static_cast<int64_t>(request.wanted[i]));
    }
    const auto kept = static_cast<int64_t>(job.wanted.size());
    job.inputs = {patches.narrow(0, 0, kept), neighbours.narrow(0, 0, kept), mask.narrow(0, 0, kept), {}};
    return job;
}

Result<bool> WindowPredictor::predict(const Request& request, const CancelToken& cancel,
                                      const std::function<bool()>& interrupted, const Deliver& deliver) {
    if (request.wanted.empty()) return true;
    if (request.id != tokensId_) tokensGeneration_ = -1;
    tokensId_ = request.id;
    const auto own = contextPatches(request.context);
    parts_.bank.recall(withNeighbours(request, own));
    scheduleReads(request);
    if (auto known = parts_.bank.ensure(own, cancel, interrupted); !known || !*known) return known;
    DevicePipe<Job> pipe(parts_.runner, parts_.spotBatch, work(request, deliver));
    for (std::size_t begin = 0; begin < request.wanted.size();) {
        // What is under way when the user cancels is dropped; it costs one batch to do again.
        if (cancel.isCancelled()) return cancelled();
        if (begin > 0 && interrupted && interrupted()) {
            pipe.drain();
            return false;
        }
        const auto end =
            std::min(request.wanted.size(), begin + static_cast<std::size_t>(parts_.spotBatch.next()));
        if (auto known = ensureNeighbours(request, begin, end, cancel, interrupted); !known || !*known) {
            if (known) pipe.drain();
            return known;
        }
        auto job = makeJob(request, begin, end);
        if (!job.wanted.empty()) pipe.push(std::move(job));
        begin = end;
    }
    pipe.drain();
    return true;
}

} // namespace spotglass
