// What a training step costs: the program's against the plain one, at the same weights and batch.
// bench_training
// [--spots 8] [--sections 2] [--section-spots 300] [--genes 250] [--width 1024] [--patch 224] [--repeats 3]
// [--dropout 0.3] [--part 0] [--bf16] [--skip-plain]. One JSON document on standard output. With --dropout 0
// the two steps' losses and gradients are compared as well. With --part the batch is computed so many spots
// at a time, with --bf16 the program's products are 16-bit.
#include "bench/PlainDkan.h"
#include "inference/model/ModelBench.h"
#include "inference/model/Parallel.h"
#include "training/Adam.h"
#include "training/BatchGradients.h"
#include "viewer/base/Process.h"
#include "viewer/base/Processors.h"

#include <algorithm>
#include <atomic>
#include <c10/core/CPUAllocator.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unistd.h>

using namespace spotglass;
using Json = nlohmann::json;
using torch::Tensor;

namespace {

/// Counts the bytes of tensors, those alive and the most there were. Each block begins with its size.
class CountingAllocator final : public at::Allocator {
  public:
    at::DataPtr allocate(std::size_t n) const override {
        auto* block =
            static_cast<std::byte*>(std::aligned_alloc(kAlign, (n + 2 * kAlign - 1) / kAlign * kAlign));
        if (!block) throw std::bad_alloc();
        std::memcpy(block, &n, sizeof n);
        const auto now = bytes_ += n;
        for (auto most = peak_.load(); most < now && !peak_.compare_exchange_weak(most, now);) {
        }
        auto* data = block + kAlign;
        return {data, data, &release, at::Device(at::kCPU)};
    }
    at::DeleterFnPtr raw_deleter() const override { return &release; }
    static std::size_t alive() { return bytes_; }
    static std::size_t peakSince() { return peak_.exchange(bytes_); }

  private:
    static constexpr std::size_t kAlign = 64;
    static void release(void* data) {
        auto* block = static_cast<std::byte*>(data) - kAlign;
        std::size_t n = 0;
        std::memcpy(&n, block, sizeof n);
        bytes_ -= n;
        std::free(block);
    }
    static inline std::atomic<std::size_t> bytes_{0}, peak_{0};
};

struct Settings {
    int spots = 8, sections = 2, sectionSpots = 300, genes = 250, width = 1024, patch = 224, repeats = 3,
        part = 0;
    double dropout = -1; ///< that of the published configuration
    bool plain = true, brainFloats = false;
};

Settings settingsOf(int count, char** arguments) {
    Settings s;
    for (int i = 1; i < count; ++i) {
        const std::string name = arguments[i];
        if (name == "--skip-plain") {
            s.plain = false;
            continue;
        }
        if (name == "--bf16") {
            s.brainFloats = true;
            continue;
        }
        const double value = i + 1 < count ? std::atof(arguments[++i]) : 0;
        for (const auto& [key, field] : {std::pair{"--spots", &s.spots},
                                         {"--sections", &s.sections},
                                         {"--section-spots", &s.sectionSpots},
                                         {"--genes", &s.genes},
                                         {"--width", &s.width},
                                         {"--patch", &s.patch},
                                         {"--repeats", &s.repeats},
                                         {"--part", &s.part}})
            if (name == key) *field = static_cast<int>(value);
        if (name == "--dropout") s.dropout = value;
    }
    return s;
}

/// A batch of made-up spots, evenly from made-up sections.
struct Batch {
    Tensor patches, neighbours, mask, text, expression;
    std::vector<PlainSection> sections;
};

Batch batchOf(const Settings& s, const DkanConfig& c) {
    torch::manual_seed(3);
    Batch b{torch::randn({s.spots, 3, s.patch, s.patch}), torch::randn({s.spots, c.regionCells(), c.width}),
            torch::ones({s.spots, c.regionCells()}),      torch::randn({c.genes, c.textWidth}),
            torch::rand({s.spots, c.genes}) * 3,          {}};
    const auto side = static_cast<int64_t>(std::ceil(std::sqrt(s.sectionSpots)));
    const auto index = torch::arange(s.sectionSpots);
    for (int i = 0; i < s.sections; ++i) {
        const auto rows = torch::arange(i, s.spots, s.sections);
        b.sections.push_back({torch::randn({s.sectionSpots, c.width}),
                              torch::stack({index.div(side, "floor"), index.remainder(side)}, 1), rows,
                              torch::randint(s.sectionSpots, {rows.size(0)}, torch::kLong)});
    }
    return b;
}

Tensor ourLoss(Dkan& net, const Batch& b, const DkanLossConfig& config) {
    auto tokens = torch::zeros({b.patches.size(0), net->config.width});
    for (const auto& section : b.sections)
        tokens = tokens.index_copy(
            0, section.rows,
            net->encodeSlide(section.features, section.positions).index_select(0, section.spots));
    const auto text = net->encodeText(b.text);
    const auto out = net->forward({b.patches, b.neighbours, b.mask, tokens}, text);
    return dkanLoss(out, net->encodeExpression(b.expression, text), b.expression, config).total;
}

/// The same spots for BatchGradients, but for their pixels.
TrainingBatch inParts(const Batch& b, int patch) {
    TrainingBatch batch;
    const auto spots = b.patches.size(0);
    batch.patches = torch::randint(0, 255, {spots, 3, patch, patch}, torch::kUInt8);
    batch.neighbours = b.neighbours;
    batch.mask = b.mask;
    batch.expression = b.expression;
    batch.spots.resize(static_cast<std::size_t>(spots));
    for (std::size_t s = 0; s < b.sections.size(); ++s)
        for (int64_t i = 0; i < b.sections[s].rows.size(0); ++i)
            batch.spots[static_cast<std::size_t>(b.sections[s].rows[i].item<int64_t>())] = {
                s, b.sections[s].spots[i].item<int64_t>()};
    return batch;
}

/// One way of doing the step, and what it took.
struct Way {
    std::function<double()> gradientsOf; ///< adds to the network's gradients; gives the loss
    double loss = 0;
    std::vector<double> seconds, ofOptimiser;
    std::size_t activations = 0; ///< bytes of tensors at most, beyond weights, gradients and Adam's
    std::vector<Tensor> gradients;
};

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void step(Dkan& net, Adam& adam, Way& way, bool counts) {
    const auto before = CountingAllocator::alive();
    CountingAllocator::peakSince();
    const auto start = std::chrono::steady_clock::now();
    adam.zeroGradients();
    way.loss = way.gradientsOf();
    const auto peak = CountingAllocator::peakSince();
    const auto middle = std::chrono::steady_clock::now();
    if (!counts) { // the first makes the gradients
        for (const auto& p : net->parameters())
            way.gradients.push_back(p.grad().defined() ? p.grad().clone() : torch::zeros_like(p));
        return;
    }
    adam.step(1e-9);
    way.seconds.push_back(secondsSince(start));
    way.ofOptimiser.push_back(secondsSince(middle));
    way.activations = std::max(way.activations, peak - before);
}

/// All ways in turns, so that what else the machine does hits them alike.
void measure(Dkan& net, std::vector<Way*> ways, int repeats) {
    Adam adam(net->parameters(), {});

    for (auto* way : ways)
        step(net, adam, *way, false);
    adam.step(1e-9);
    for (int i = 0; i < repeats; ++i)
        for (auto* way : ways)
            step(net, adam, *way, true);
}

Json spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return {{"median", values[values.size() / 2]},
            {"low", values.front()},
            {"high", values.back()},
            {"repeats", values.size()}};
}

std::int64_t weightsOf(const Dkan& net) {
    std::int64_t count = 0;
    for (const auto& p : net->parameters())
        count += p.numel();
    return count;
}

Json toJson(const Way& way) {
    return {{"seconds_a_step", spread(way.seconds)},
            {"of_it_optimiser", spread(way.ofOptimiser)},
            {"activation_bytes", way.activations},
            {"loss", way.loss}};
}

double distance(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double size = b[i].norm().item<double>();
        if (size > 0) worst = std::max(worst, (a[i] - b[i]).norm().item<double>() / size);
    }
    return worst;
}

} // namespace

int main(int count, char** arguments) {
    if (!std::getenv("OPENBLAS_CORETYPE")) { // which the library has read by now
        chooseFastMatrixLibrary(MatrixChoice::Now);
        if (std::getenv("OPENBLAS_CORETYPE")) execv("/proc/self/exe", arguments);
    }
    static CountingAllocator allocator;
    c10::SetCPUAllocator(&allocator, 100);
    at::set_num_threads(availableProcessors());
    setMatrixThreads(partsAtOnce());
    const auto s = settingsOf(count, arguments);
    DkanConfig config;
    config.genes = s.genes;
    config.width = config.textWidth = s.width;
    if (s.dropout >= 0) {
        for (auto* t :
             {&config.fusion, &config.slide, &config.region, &config.image, &config.expression, &config.text})
            t->dropout = s.dropout;
        config.expressionDropout = s.dropout;
    }
    torch::manual_seed(7);
    Dkan net(config);
    net->train();
    const auto batch = batchOf(s, config);
    const DkanLossConfig loss{0.3, config.temperature, 3, false};
    Json document{{"spots", s.spots},
                  {"sections", s.sections},
                  {"spots_a_section", s.sectionSpots},
                  {"genes", s.genes},
                  {"width", s.width},
                  {"spots_at_once", s.part > 0 ? s.part : s.spots},
                  {"precision", s.brainFloats ? "bf16" : "fp32"},
                  {"weights_gradients_adam_bytes", 16 * weightsOf(net)},
                  {"threads", at::get_num_threads()},
                  {"dropout", config.image.dropout},
                  {"floor", {{"matrix_gflops", matrixRate(torch::kCPU, Precision::Float32)}}}};
    PlainDkan plain(net);
    Way ours, theirs;
    const auto ofLoss = [](const Tensor& value) {
        value.backward();
        return value.item<double>();
    };
    LoadedModel model;
    model.network = net;
    model.geneEmbeddings = batch.text;
    const Ranks alone;
    BatchGradients gradients(
        model, {loss, s.part, 0, s.brainFloats ? std::optional(torch::kBFloat16) : std::nullopt}, alone);
    const auto parts = inParts(batch, s.patch);
    const auto section = [&](std::size_t i) {
        return std::pair(batch.sections[i].features, batch.sections[i].positions);
    };
    ours.gradientsOf = [&] {
        if (s.part > 0 || s.brainFloats) return gradients.add(parts, section, 0).total.item<double>();
        return ofLoss(ourLoss(net, batch, loss));
    };
    theirs.gradientsOf = [&] {
        return ofLoss(plain.loss(batch.patches, batch.neighbours, batch.mask, batch.sections, batch.text,
                                 batch.expression, loss));
    };
    measure(net, s.plain ? std::vector<Way*>{&ours, &theirs} : std::vector<Way*>{&ours}, s.repeats);
    document["step"] = toJson(ours);
    if (s.plain) {
        document["plain"] = toJson(theirs);
        std::vector<double> ratios;
        for (std::size_t i = 0; i < ours.seconds.size(); ++i)
            ratios.push_back(theirs.seconds[i] / ours.seconds[i]);
        document["times_faster"] = spread(ratios);
        document["activation_share"] =
            static_cast<double>(ours.activations) / static_cast<double>(theirs.activations);
        if (config.image.dropout == 0 && s.part == 0 && !s.brainFloats) {
            document["loss_differs_by"] = std::abs(ours.loss / theirs.loss - 1);
            document["gradients_differ_by"] = distance(ours.gradients, theirs.gradients);
        }
    }
    std::fprintf(stdout, "%s\n", document.dump(1).c_str());
    return 0;
}
