#include "inference/model/ModelBench.h"

#include "inference/model/Parallel.h"

#include "viewer/base/Process.h"

#include <algorithm>
#include <chrono>

namespace spotglass {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

torch::ScalarType matrixType(Precision precision) {
    if (precision == Precision::BFloat16) return torch::kBFloat16;
    return precision == Precision::Float16 ? torch::kHalf : torch::kFloat32;
}

/// The fastest of several batch sizes, by one short trial each.
int bestBatch(const std::vector<int>& batches, const std::function<void(int)>& run) {
    int best = batches.front();
    double bestRate = 0;
    for (const int batch : batches) {
        try {
            run(batch); // memory and kernels are made
            const auto start = Clock::now();
            run(batch);
            const double rate = batch / secondsSince(start);
            if (rate > bestRate) {
                bestRate = rate;
                best = batch;
            }
        } catch (const std::exception&) {
            break; // out of memory
        }
    }
    return best;
}

/// As the engine does it: on the CPU each thread its part, on another device all at once.
torch::Tensor inPartsOn(const torch::Device& device, int64_t items,
                        const std::function<torch::Tensor(int64_t, int64_t)>& part) {
    if (!device.is_cpu()) return part(0, items);
    keepProductsOnTheirThread();
    return inParts(items, part);
}

void addShare(Json& result, double operations, double matrix) {
    const double rate = result["median"].get<double>() * operations * 1e-9;
    result["gflops"] = rate;
    if (matrix > 0) result["share_of_matrix_rate"] = rate / matrix;
}

} // namespace

void waitFor(const torch::Device& device) {
    if (device.is_cuda()) torch::cuda::synchronize(device.index());
}

Json measureRate(const BenchSettings& settings, double items, const std::function<void()>& work) {
    std::vector<double> rates;
    work();
    for (int i = 0; i < settings.repeats; ++i) {
        const auto start = Clock::now();
        int times = 0;
        do {
            work();
            ++times;
        } while (secondsSince(start) < settings.seconds);
        rates.push_back(items * times / secondsSince(start));
    }
    std::sort(rates.begin(), rates.end());
    return {{"median", rates[rates.size() / 2]},
            {"low", rates.front()},
            {"high", rates.back()},
            {"repeats", settings.repeats}};
}

double matrixRate(const torch::Device& device, Precision precision, int side) {
    const torch::NoGradGuard noGradient;
    const int before = device.is_cpu() ? setMatrixThreads(partsAtOnce()) : 0;
    double best = 0;
    try {
        const auto options = torch::dtype(matrixType(precision)).device(device);
        const auto a = torch::randn({side, side}, torch::device(device)).to(options);
        const auto b = torch::randn({side, side}, torch::device(device)).to(options);
        auto c = torch::mm(a, b);
        waitFor(device);
        const int times = device.is_cpu() ? 1 : 40;
        for (int i = 0; i < 5; ++i) {
            const auto start = Clock::now();
            for (int k = 0; k < times; ++k)
                torch::mm_out(c, a, b);
            waitFor(device);
            best = std::max(best, 2e-9 * side * side * side * times / secondsSince(start));
        }
    } catch (const std::exception&) {
        best = 0; // this LibTorch has no such product for this device
    }
    if (device.is_cpu()) setMatrixThreads(before);
    return best;
}

Json benchEncoder(const FrozenEncoder& encoder, const torch::Device& device, int side,
                  double operationsPerPatch, const std::vector<int>& batches, double matrix,
                  const BenchSettings& settings) {
    const torch::NoGradGuard noGradient;
    const auto patches = torch::rand({batches.back(), 3, side, side}).to(device);
    const auto run = [&](int batch) {
        static_cast<void>(inPartsOn(device, batch, [&](int64_t begin, int64_t count) {
            return encoder.encode(patches.narrow(0, begin, count));
        }));
        waitFor(device);
    };
    const int batch = bestBatch(batches, run);
    auto result = measureRate(settings, batch, [&] { run(batch); });
    result["unit"] = "patches a second";
    result["batch"] = batch;
    result["name"] = encoder.name();
    if (operationsPerPatch > 0) addShare(result, operationsPerPatch, matrix);
    return result;
}

Json benchDkan(DkanInference& dkan, const DkanConfig& config, int side, const std::vector<int>& batches,
               double matrix, const BenchSettings& settings) {
    const torch::NoGradGuard noGradient;
    const auto options = torch::device(dkan.device());
    const int most = batches.back();
    const DkanSpots spots{torch::randn({most, 3, side, side}, options),
                          torch::randn({most, config.regionCells(), config.width}, options),
                          torch::ones({most, config.regionCells()}, options),
                          torch::randn({most, config.width}, options)};
    const auto run = [&](int batch) {
        static_cast<void>(inPartsOn(dkan.device(), batch, [&](int64_t begin, int64_t count) {
            return dkan.predict(
                {spots.patches.narrow(0, begin, count), spots.neighborFeatures.narrow(0, begin, count),
                 spots.neighborMask.narrow(0, begin, count), spots.slideTokens.narrow(0, begin, count)});
        }));
        waitFor(dkan.device());
    };
    const int batch = bestBatch(batches, run);
    auto result = measureRate(settings, batch, [&] { run(batch); });
    result["unit"] = "spots a second";
    result["batch"] = batch;
    addShare(result, 2 * dkan.multiplicationsPerSpot(side), matrix);
    return result;
}

LoadedModel randomModel(const DkanConfig& config) {
    torch::manual_seed(7);
    LoadedModel model;
    model.card.name = "random weights";
    model.card.config = config;
    for (int g = 0; g < config.genes; ++g)
        model.card.genes.push_back("G" + std::to_string(g));
    model.card.ensemblIds.assign(model.card.genes.size(), "");
    model.card.micronsPerPixel = 0.5;
    model.card.spotPitchMicrons = 112; // as wide as a patch: the neighbours are other spots' patches
    model.geneEmbeddings = torch::randn({config.genes, config.textWidth});
    model.featureMean = torch::zeros({config.width});
    model.featureScale = torch::ones({config.width});
    model.network = Dkan(config);
    model.network->eval();
    return model;
}

} // namespace spotglass
