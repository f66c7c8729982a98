// The networks alone, on a machine with nothing but LibTorch (preset model-only): rates beside the matrix
// rate, and whether the device gives what the CPU gives. One JSON document on standard output.
#include "inference/model/encoders/VitEncoder.h"
#include "inference/model/ModelBench.h"
#include "viewer/base/Processors.h"

#include <cstdio>
#include <thread>

using namespace spotglass;
using Json = nlohmann::json;

namespace {

/// Largest difference from the CPU, relative to the largest value.
double difference(const torch::Tensor& here, const torch::Tensor& there) {
    return ((there.to(torch::kCPU) - here).abs().max() / here.abs().max()).item<double>();
}

torch::Tensor dkanValues(const torch::Device& device) {
    DkanConfig config;
    config.genes = 50;
    torch::manual_seed(3);
    DkanInference dkan(randomModel(config), device, Precision::Float32);
    torch::manual_seed(4);
    const auto patches = torch::randn({4, 3, 224, 224}), neighbours = torch::randn({4, 25, config.width});
    const auto features = torch::randn({9, config.width});
    const auto at = torch::arange(9, torch::kInt64);
    const auto positions = torch::stack({torch::div(at, 3, "floor"), torch::remainder(at, 3)}, 1);
    const auto tokens = dkan.slideTokens(features, positions).narrow(0, 0, 4);
    return dkan.predict({patches, neighbours, torch::ones({4, 25}), tokens});
}

Json agreement(const torch::Device& device, const std::string& architecture) {
    const torch::NoGradGuard noGradient;
    Json result;
    result["dkan_fp32"] = difference(dkanValues(torch::kCPU), dkanValues(device));
    const auto features = [&](const torch::Device& where, Precision precision) {
        torch::manual_seed(5);
        auto encoder = std::move(*randomVit(architecture));
        encoder->moveTo(where, precision);
        torch::manual_seed(6);
        return encoder->encode(torch::rand({4, 3, 224, 224}).to(where)).cpu();
    };
    const auto plain = features(torch::kCPU, Precision::Float32);
    for (const auto precision : {Precision::Float32, Precision::BFloat16, Precision::Float16})
        result["encoder_" + std::string(name(precision))] = difference(plain, features(device, precision));
    return result;
}

Json bench(const torch::Device& device, const std::string& architecture, const BenchSettings& settings) {
    const bool cpu = device.is_cpu();
    const std::vector<int> batches =
        cpu ? std::vector<int>{2, 4, 8, 16} : std::vector<int>{16, 32, 64, 128, 256};
    Json result;
    for (const auto precision : {Precision::Float32, Precision::BFloat16, Precision::Float16}) {
        if (cpu && precision != Precision::Float32)
            continue; // no processor is faster with them in LibTorch 1.13
        std::fprintf(stderr, "Measuring %s on %s ...\n", std::string(name(precision)).c_str(),
                     device.str().c_str());
        const double matrix = matrixRate(device, cpu ? Precision::Float32 : precision, cpu ? 2048 : 8192);
        auto encoder = std::move(*randomVit(architecture));
        const double operations = dynamic_cast<const VitEncoder&>(*encoder).operationsPerPatch();
        encoder->moveTo(device, precision);
        auto& j = result[std::string(name(precision))];
        j["matrix_gflops"] = matrix;
        j["encoder"] = benchEncoder(*encoder, device, 224, operations, batches, matrix, settings);
        encoder.reset();
        const DkanConfig published;
        DkanInference dkan(randomModel(published), device, precision);
        for (const int genes : {250, 10, 1}) {
            std::vector<int64_t> chosen;
            for (int g = 0; genes < published.genes && g < genes; ++g)
                chosen.push_back(g);
            dkan.chooseGenes(chosen);
            j["dkan"][std::to_string(genes) + " genes"] =
                benchDkan(dkan, published, 224, batches, matrix, settings);
        }
    }
    return result;
}

} // namespace

int main(int argc, char** argv) {
    const std::string architecture = argc > 1 ? argv[1] : "vit_large_patch16_224";
    const BenchSettings settings{argc > 2 ? std::atoi(argv[2]) : 5, argc > 3 ? std::atof(argv[3]) : 1};
    try {
        if (!randomVit(architecture)) {
            std::fprintf(stderr, "Usage: spotglass-model-bench [ARCHITECTURE [REPEATS [SECONDS]]]\n");
            return 2;
        }
        at::set_num_threads(availableProcessors());
        const torch::Device device =
            torch::cuda::is_available() ? torch::Device(torch::kCUDA, 0) : torch::Device(torch::kCPU);
        Json document{{"device", device.str()}, {"libtorch", TORCH_VERSION}, {"architecture", architecture}};
        if (!device.is_cpu()) document["difference_from_cpu"] = agreement(device, architecture);
        document["rates"] = bench(device, architecture, settings);
        std::fprintf(stdout, "%s\n", document.dump(1).c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
