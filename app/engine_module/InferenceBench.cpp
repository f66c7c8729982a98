#include "app/engine_module/Commands.h"
#include "inference/engine/Devices.h"
#include "inference/engine/EncoderRegistry.h"
#include "inference/engine/LatticeRun.h"
#include "inference/engine/PredictionTable.h"
#include "inference/model/encoders/VitEncoder.h"
#include "inference/model/ModelBench.h"
#include "inference/model/Parallel.h"
#include "viewer/base/Process.h"
#include "viewer/base/Processors.h"
#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <thread>

namespace spotglass {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

Json spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return {{"median", values[values.size() / 2]},
            {"low", values.front()},
            {"high", values.back()},
            {"repeats", values.size()}};
}

/// The networks, in memory, where they are measured.
struct Subject {
    LoadedModel model;
    std::unique_ptr<FrozenEncoder> encoder;
    double operationsPerPatch = 0; ///< 0: not known
};

Result<Subject> subjectOf(const InferenceBenchOptions& options) {
    Subject s;
    if (!options.model.empty()) {
        auto model = loadModel(options.model);
        if (!model) return Failure(model.error());
        s.model = std::move(*model);
        auto opened = openNamedEncoder(s.model.card.imageEncoder, options.workspace);
        if (!opened) return Failure(opened.error());
        s.encoder = std::move(opened->encoder);
    } else if (auto random = randomVit(options.encoder)) {
        s.encoder = std::move(*random);
    } else {
        auto opened = openNamedEncoder(options.encoder, options.workspace);
        if (!opened) return Failure(opened.error());
        s.encoder = std::move(opened->encoder);
    }
    if (!s.model.network) {
        DkanConfig config; // the published size, for features of that width
        config.width = s.encoder->width();
        s.model = randomModel(config);
    }
    if (const auto* vit = dynamic_cast<const VitEncoder*>(s.encoder.get()))
        s.operationsPerPatch = vit->operationsPerPatch();
    return s;
}

/// A square of tissue of about so many spots.
struct Ground {
    std::shared_ptr<const SlideSource> slide;
    MicronsPerPixel scale;
};

Result<Ground> groundOf(const InferenceBenchOptions& options, const ModelCard& card) {
    if (!options.slide.empty()) {
        auto slide = openSlide(options.slide);
        if (!slide) return Failure(slide.error());
        const auto scale = (*slide)->info()->micronsPerPixel;
        return Ground{*slide, scale.value_or(MicronsPerPixel{card.micronsPerPixel, card.micronsPerPixel})};
    }
    SyntheticSlideOptions made;
    const double pitch = card.spotPitchMicrons / card.micronsPerPixel;
    made.width = made.height = static_cast<int>(pitch * (std::ceil(std::sqrt(options.spots)) + 0.5));
    made.allTissue = true;
    return Ground{std::make_shared<SyntheticSlideSource>(made),
                  MicronsPerPixel{card.micronsPerPixel, card.micronsPerPixel}};
}

/// Runs of the whole pipeline: slide to values.
class Pipeline {
  public:
    Pipeline(Subject subject, const torch::Device& device, Precision precision, Ground ground, int spots)
        : card_(subject.model.card), width_(subject.encoder->width()), ground_(std::move(ground)),
          most_(spots),
          runner_(makeCompute(std::move(subject.model), std::move(subject.encoder), device, precision), {}),
          patches_(256, 0, kLongestBatch, partsAtOnce()), spots_(64, 0, kLongestBatch, partsAtOnce()) {
        settings_.precision = precision;
    }

    struct Outcome {
        PredictionReport report;
        double firstCell = 0, lastCell = 0; ///< seconds until the first and last spot in view
        std::size_t inView = 0;
    };
    Result<Outcome> run(const std::vector<std::size_t>& genes, Level0Rect view = {}) {
        PredictionRequest request;
        request.slide = ground_.slide;
        request.micronsPerPixel = ground_.scale;
        request.first = view;
        request.genes = genes;
        runner_.chooseGenes({genes.begin(), genes.end()});
        Outcome outcome;
        PredictionLattice lattice;
        const CancelToken cancel;
        std::size_t done = 0;
        const auto start = Clock::now();
        PredictionListener listener;
        listener.planned = [&](const PredictionLattice& l) { lattice = l; };
        listener.batch = [&](const PredictionBatch& batch) {
            for (const auto cell : batch.cells) {
                const auto at = lattice.latticeToLevel0.toLevel0(static_cast<double>(cell % lattice.columns),
                                                                 static_cast<double>(cell / lattice.columns));
                if (!view.contains(at)) continue;
                if (outcome.inView++ == 0) outcome.firstCell = secondsSince(start);
                outcome.lastCell = secondsSince(start);
            }
            done += batch.cells.size();
            if (done >= static_cast<std::size_t>(most_)) cancel.cancel();
        };
        LatticeRun run({card_, runner_, patches_, spots_, settings_, width_}, request, listener, cancel,
                       nullptr);
        const auto report = run.run();
        if (!report && report.error().kind != ErrorKind::Cancelled) return Failure(report.error());
        outcome.report = run.soFar();
        return outcome;
    }
    /// How long the networks alone need for that work, on tensors in memory, in the same batches: measured
    /// now, for other programs change what a machine can do from minute to minute.
    double networksSeconds(const PredictionReport& report, double seconds) {
        auto& compute = runner_.compute();
        const auto side = static_cast<int64_t>(card_.patchPixels), width = static_cast<int64_t>(width_);
        const auto& config = card_.config;
        const auto spots = static_cast<int64_t>(spots_.next());
        const auto tokens = std::max<int64_t>(
            1, static_cast<int64_t>(report.contextTokens / std::max<std::size_t>(1, report.contexts)));
        const auto patches = torch::randint(256, {patches_.next(), side, side, 3}, torch::kUInt8);
        const auto positions =
            torch::stack({torch::arange(tokens).div(32, "floor"), torch::arange(tokens).remainder(32)}, 1);
        const auto features = torch::randn({tokens, width}).to(torch::kHalf);
        const SpotInputs inputs{
            torch::randint(256, {spots, side, side, 3}, torch::kUInt8),
            torch::randn({spots, config.regionCells(), width}).to(torch::kHalf),
            torch::ones({spots, config.regionCells()}),
            compute.slideTokens(features, positions).narrow(0, 0, 1).expand({spots, -1}).contiguous()};
        const BenchSettings settings{1, seconds};
        const auto rate = [&](double items, const std::function<void()>& work) {
            return measureRate(settings, items, work)["median"].get<double>();
        };
        const double encoder = rate(static_cast<double>(patches.size(0)),
                                    [&] { static_cast<void>(compute.encode(patches).get()); });
        const double dkan =
            rate(static_cast<double>(spots), [&] { static_cast<void>(compute.predict(inputs).get()); });
        const double contexts =
            rate(1, [&] { static_cast<void>(Later(compute.slideTokens(features, positions)).get()); });
        return static_cast<double>(report.encoderPasses) / encoder +
               static_cast<double>(report.spots) / dkan + static_cast<double>(report.contexts) / contexts;
    }
    [[nodiscard]] const ModelCard& card() const { return card_; }
    [[nodiscard]] bool isSettled() const { return patches_.isSettled() && spots_.isSettled(); }
    [[nodiscard]] int patchBatch() const { return patches_.next(); }
    [[nodiscard]] int spotBatch() const { return spots_.next(); }

  private:
    ModelCard card_;
    int width_;
    Ground ground_;
    int most_;
    EngineSettings settings_;
    DeviceRunner runner_;
    BatchSize patches_, spots_;
};

/// What reading alone allows: patches a second, all readers together, in the middle of the slide (glass at
/// its edges is read faster).
Json readingRate(const Ground& ground, const ModelCard& card, int patches) {
    const PatchReader reader(*ground.slide, ground.scale, card.patchPixels, card.micronsPerPixel);
    const auto middle = level0Bounds(*ground.slide->info()).center();
    const int side = static_cast<int>(std::ceil(std::sqrt(patches)));
    std::vector<PatchKey> order;
    for (int i = 0; i < side * side; ++i)
        order.push_back(reader.patchAt({middle.x + (i % side - side / 2) * reader.sideX(),
                                        middle.y + (i / side - side / 2) * reader.sideY()}));
    const int threads = std::min(availableProcessors(), 32);
    PatchLoader loader(reader, threads, std::size_t{256} << 20);
    const auto start = Clock::now();
    loader.schedule(order);
    for (const auto patch : order)
        static_cast<void>(loader.get(patch));
    return {{"patches_a_second", static_cast<double>(order.size()) / secondsSince(start)},
            {"threads", threads}};
}

std::vector<std::size_t> firstGenes(std::size_t count, std::size_t all) {
    std::vector<std::size_t> genes;
    for (std::size_t g = 0; g < std::min(count, all); ++g)
        genes.push_back(g);
    return genes.size() == all ? std::vector<std::size_t>() : genes;
}

/// Another gene of a whole slide: from all genes' predictions in memory to the field that the window paints.
Json geneSwitch(int side, std::size_t genes, int repeats) {
    PredictionTable table(genes);
    PredictionLattice lattice;
    lattice.columns = lattice.rows = side;
    table.plan(lattice);
    const std::int64_t all = static_cast<std::int64_t>(side) * side;
    for (std::int64_t cell = 0; cell < all; ++cell)
        table.add({{cell}, std::vector<float>(genes, static_cast<float>(cell))});
    ExpressionField field;
    std::vector<double> times;
    for (int i = 0; i < repeats; ++i) {
        const auto start = Clock::now();
        table.fill(field, static_cast<std::size_t>(i) * 7 % genes, 0);
        times.push_back(1000 * secondsSince(start));
    }
    const std::vector<float> row(static_cast<std::size_t>(all), 1.0F); // the floor: that many values copied
    std::vector<double> copies;
    for (int i = 0; i < repeats; ++i) {
        const auto start = Clock::now();
        field.values.assign(row.begin(), row.end());
        copies.push_back(1000 * secondsSince(start));
    }
    return {{"spots", all},
            {"genes", genes},
            {"milliseconds", spread(times)},
            {"floor_milliseconds", spread(copies)}};
}

Result<Json> benchPipeline(Pipeline& pipeline, const BenchSettings& settings) {
    Json result;
    const auto all = pipeline.card().genes.size();
    for (int i = 0; i < 4 && !(i > 0 && pipeline.isSettled()); ++i) // batch sizes settle
        if (auto warm = pipeline.run({}); !warm) return Failure(warm.error());
    for (const std::size_t genes : {all, std::size_t{10}, std::size_t{1}}) {
        if (genes > all || (genes != all && genes >= all)) continue;
        std::vector<double> rates, shares;
        std::size_t passes = 0, spots = 0;
        for (int i = 0; i < settings.repeats; ++i) {
            const auto outcome = pipeline.run(firstGenes(genes, all));
            if (!outcome) return Failure(outcome.error());
            const auto& r = outcome->report;
            rates.push_back(static_cast<double>(r.spots) / r.seconds);
            shares.push_back(pipeline.networksSeconds(r, settings.seconds) / r.seconds);
            passes = r.encoderPasses;
            spots = r.spots;
        }
        auto& j = result[std::to_string(genes) + " genes"];
        j["spots_a_second"] = spread(rates);
        j["share_of_networks_alone"] = spread(shares);
        j["spots"] = spots;
        j["encoder_passes"] = passes;
    }
    return result;
}

} // namespace

Result<void> runInferenceBench(const InferenceBenchOptions& options) {
    const auto precision = precisionNamed(options.precision);
    if (!precision) return fail(ErrorKind::Usage, "there is no precision \"" + options.precision + "\"");
    std::string note;
    const auto device = chooseDevice(options.device, note);
    if (!device) return Failure(device.error());
    auto subject = subjectOf(options);
    if (!subject) return Failure(subject.error());
    const auto card = subject->model.card;
    const auto ground = groundOf(options, card);
    if (!ground) return Failure(ground.error());
    const BenchSettings settings{options.repeats, options.seconds};
    const bool cpu = device->is_cpu();
    const double matrix = matrixRate(*device, cpu ? Precision::Float32 : *precision);
    Json document{{"device", device->str()},
                  {"threads", at::get_num_threads()},
                  {"precision", options.precision},
                  {"note", note},
                  {"floor", {{"matrix_gflops", matrix}, {"reading", readingRate(*ground, card, 256)}}}};
    say("Matrix products: " + threeDecimals(matrix) + " GFLOP/s. Measuring the encoder alone ...");
    subject->encoder->moveTo(*device, *precision);
    const std::vector<int> batches = cpu ? std::vector<int>{2, 8, 16} : std::vector<int>{16, 64, 256};
    auto& alone = document["alone"];
    alone["encoder"] = benchEncoder(*subject->encoder, *device, card.patchPixels, subject->operationsPerPatch,
                                    batches, matrix, settings);
    say("Measuring DKAN alone ...");
    {
        auto copy = options.model.empty() ? randomModel(card.config) : std::move(*loadModel(options.model));
        DkanInference dkan(std::move(copy), *device, *precision);
        for (const std::size_t genes : {card.genes.size(), std::size_t{10}, std::size_t{1}}) {
            if (genes > card.genes.size()) continue;
            const auto chosen = firstGenes(genes, card.genes.size());
            dkan.chooseGenes({chosen.begin(), chosen.end()});
            alone["dkan"][std::to_string(genes) + " genes"] =
                benchDkan(dkan, card.config, card.patchPixels, batches, matrix, settings);
        }
    }
    say("Measuring the whole pipeline ...");
    Pipeline pipeline(std::move(*subject), *device, *precision, *ground, options.spots);
    auto measured = benchPipeline(pipeline, settings);
    if (!measured) return Failure(measured.error());
    document["pipeline"] = std::move(*measured);
    document["pipeline"]["patches_at_a_time"] = pipeline.patchBatch();
    document["pipeline"]["spots_at_a_time"] = pipeline.spotBatch();
    const auto bounds = level0Bounds(*ground->slide->info());
    const double pitch = card.spotPitchMicrons / ground->scale.x;
    const auto seen =
        pipeline.run({}, {bounds.width / 2 - 2 * pitch, bounds.height / 2 - 2 * pitch, 4 * pitch, 4 * pitch});
    if (!seen) return Failure(seen.error());
    document["view"] = {{"spots_in_view", seen->inView},
                        {"seconds_to_first", seen->firstCell},
                        {"seconds_to_last", seen->lastCell}};
    document["gene_switch"] = geneSwitch(245, card.genes.size(), std::max(5, options.repeats));
    document["peak_memory_bytes"] = memoryUse().peak;
    printJson(document);
    return {};
}

} // namespace spotglass
