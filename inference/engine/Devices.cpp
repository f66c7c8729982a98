#include "inference/engine/Devices.h"

#include "inference/model/DkanInference.h"
#include "inference/model/ModelBench.h"

#include <charconv>
#include <filesystem>

namespace spotglass {
namespace {

using torch::Tensor;

/// Looser than two correct devices are (1e-5 is usual, 1e-3 with the shortened numbers some cards multiply
/// with), far tighter than a broken one is.
constexpr double kAgreement = 5e-3;

LoadedModel testModel() {
    DkanConfig c;
    c.patchWidth = 64;
    c.genes = 8;
    c.width = c.textWidth = 64;
    for (auto* t : {&c.fusion, &c.slide, &c.region, &c.image, &c.expression, &c.text})
        *t = {2, 4, 2, 0.0};
    LoadedModel model;
    model.card.config = c;
    model.network = Dkan(c);
    model.geneEmbeddings = torch::randn({c.genes, c.textWidth});
    model.featureMean = torch::zeros({c.width});
    model.featureScale = torch::ones({c.width});
    return model;
}

struct TestBatch {
    Tensor patches = torch::randn({4, 3, 64, 64}), neighbours = torch::randn({4, 25, 64}),
           features = torch::randn({9, 64});
};

Tensor answer(const torch::Device& device, const TestBatch& batch) {
    torch::manual_seed(20);
    DkanInference dkan(testModel(), device, Precision::Float32);
    const auto at = torch::arange(9, torch::kInt64);
    const auto positions = torch::stack({torch::div(at, 3, "floor"), torch::remainder(at, 3)}, 1);
    const auto tokens = dkan.slideTokens(batch.features, positions).narrow(0, 0, 4);
    return dkan.predict({batch.patches, batch.neighbours, torch::ones({4, 25}), tokens}).cpu();
}

int cudaDevices() {
    return torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
}

} // namespace

DeviceReport examineDevice(const torch::Device& device, bool measure) {
    DeviceReport report;
    report.name = device.str();
    report.description = device.is_cpu()
                             ? "main processor, " + std::to_string(at::get_num_threads()) + " threads"
                             : "graphics processor " + std::to_string(device.index());
    try {
        const torch::NoGradGuard noGradient;
        torch::manual_seed(21);
        const TestBatch batch;
        const auto here = answer(torch::kCPU, batch);
        const auto there = device.is_cpu() ? here : answer(device, batch);
        report.agreement = ((there - here).abs().max() / here.abs().max()).item<double>();
        report.usable = report.agreement <= kAgreement; // false for NaN too
        if (!report.usable) report.sentence = "It computes wrong results, so it is not used";
        if (!report.usable || !measure) return report;
        report.rateFp32 = matrixRate(device, Precision::Float32, 2048);
        report.rateBf16 = matrixRate(device, Precision::BFloat16, 2048);
        report.rateFp16 = matrixRate(device, Precision::Float16, 2048);
    } catch (const c10::Error& error) {
        report.sentence = std::string("It does not answer: ") + error.what_without_backtrace();
    } catch (const std::exception& error) {
        report.sentence = std::string("It does not answer: ") + error.what();
    }
    return report;
}

std::vector<DeviceReport> examineDevices(bool measure) {
    std::vector<DeviceReport> all{examineDevice(torch::kCPU, measure)};
    for (int i = 0; i < cudaDevices(); ++i)
        all.push_back(examineDevice(torch::Device(torch::kCUDA, static_cast<c10::DeviceIndex>(i)), measure));
    return all;
}

std::string whyNoCuda() {
    if (cudaDevices() > 0) return {};
    std::error_code ignored;
    const bool driver = std::filesystem::exists("/proc/driver/nvidia/version", ignored);
    const bool library = at::detail::getCUDAHooks().hasCUDART();
    if (!driver && !library)
        return "No NVIDIA graphics processor was found: there is no NVIDIA driver on this machine";
    if (!driver)
        return "The NVIDIA driver is not running; install it, or start the machine again after its "
               "installation";
    if (!library)
        return "There is an NVIDIA driver, but this Spotglass was built against a LibTorch without CUDA; "
               "build it "
               "against a CUDA build of LibTorch (pytorch.org) to use the graphics processor";
    return "The NVIDIA driver runs, but offers no graphics processor that this LibTorch can use; it may be "
           "too "
           "old, or taken by another program";
}

Result<torch::Device> chooseDevice(const std::string& wanted, std::string& note) {
    if (wanted == "cpu") return torch::Device(torch::kCPU);
    int index = 0;
    const bool automatic = wanted == "auto";
    if (!automatic && wanted != "cuda") {
        const char* end = wanted.data() + wanted.size();
        const auto prefix = std::string_view("cuda:").size();
        if (!wanted.starts_with("cuda:") || std::from_chars(wanted.data() + prefix, end, index).ptr != end ||
            prefix == wanted.size())
            return fail(ErrorKind::Usage, "there is no device \"" + wanted + "\"", {},
                        "Choose auto, cpu, cuda, or cuda:0, cuda:1, ...");
    }
    const int count = cudaDevices();
    if (count == 0 || index >= count) {
        const auto reason = count == 0 ? whyNoCuda()
                                       : "this machine has " + std::to_string(count) +
                                             " graphics processors, "
                                             "numbered from 0";
        if (!automatic) return fail(ErrorKind::Device, reason, wanted, "Use --device cpu");
        if (std::filesystem::exists("/proc/driver/nvidia/version")) note = reason + ".";
        return torch::Device(torch::kCPU);
    }
    const int last = automatic ? count - 1 : index;
    for (; index <= last; ++index) {
        const torch::Device device(torch::kCUDA, static_cast<c10::DeviceIndex>(index));
        const auto report = examineDevice(device, false);
        if (report.usable) return device;
        if (!automatic) return fail(ErrorKind::Device, report.sentence, wanted, "Use --device cpu");
        note += (note.empty() ? "" : " ") + ("The graphics processor " + device.str() + " is not used. ") +
                report.sentence + ".";
    }
    return torch::Device(torch::kCPU);
}

} // namespace spotglass
