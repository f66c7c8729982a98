#include "inference/engine/LatticeRun.h"
#include "viewer/base/Processors.h"

#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/TissueMask.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <thread>

namespace spotglass {
namespace {

constexpr std::size_t kLoaderBytes = std::size_t{192}
                                     << 20;                ///< patches read ahead, and kept for a second look
constexpr std::size_t kBankBytes = std::size_t{384} << 20; ///< features in memory
constexpr std::size_t kSlideSample = 192; ///< spots that stand for a slide; about a training section
constexpr double kTooFar = 4;             ///< times that a slide's scale may be off

std::string text(const char* format, auto... values) {
    char buffer[400];
    std::snprintf(buffer, sizeof buffer, format, values...);
    return buffer;
}

/// Tissue from all over the slide, evenly. `windows`: at the model's own pitch.
std::vector<PredictorSpot> evenSample(const std::vector<GridWindow>& windows) {
    std::map<std::pair<int, int>, PredictorSpot> tissue; // by row and column
    for (const auto& window : windows)
        for (const auto token : window.tokenOf) {
            const auto& spot = window.context[token];
            tissue.try_emplace({spot.row, spot.column}, spot.center, spot.row, spot.column);
        }
    const auto wanted = std::min(tissue.size(), kSlideSample);
    std::vector<PredictorSpot> sample;
    std::size_t at = 0;
    for (const auto& item : tissue)
        if (at++ * wanted / tissue.size() == sample.size()) sample.push_back(item.second);
    return sample;
}

int readersOf(const EngineSettings& settings) {
    return settings.readers > 0 ? settings.readers : std::min(availableProcessors(), 32);
}

} // namespace

PatchStream::PatchStream(const RunParts& parts, const SlideSource& slide, MicronsPerPixel scale,
                         FeatureStore* store)
    : reader(slide, scale, parts.card.patchPixels, parts.card.micronsPerPixel),
      loader(reader, readersOf(parts.settings), kLoaderBytes),
      bank(loader, parts.runner, parts.patchBatch, parts.card.patchPixels, parts.featureWidth, store) {}

WindowPredictor::Parts PatchStream::predictorParts(const RunParts& parts) {
    return {reader, loader, parts.runner, bank, parts.spotBatch, parts.card.config};
}

Result<void> useSlideScale(DeviceRunner& runner, const ModelCard& card, PatchStream& stream,
                           const std::vector<PredictorSpot>& spots, const CancelToken& cancel) {
    if (!usesSlideScale(card)) return {};
    std::vector<PatchKey> patches;
    for (const auto& spot : spots)
        patches.push_back(stream.reader.patchAt(spot.center));
    stream.bank.recall(patches);
    stream.loader.schedule(patches);
    if (auto known = stream.bank.ensure(patches, cancel); !known) return Failure(known.error());
    std::erase_if(patches, [&](const PatchKey& patch) { return !stream.bank.isReadable(patch); });
    runner.useSlide(patches.empty() ? torch::Tensor() : stream.bank.features(patches));
    return {};
}

Result<std::string> resamplingNote(MicronsPerPixel slide, const ModelCard& card) {
    if (!slide.isValid())
        return badInput("this slide has no scale, so physical distances are not known", {},
                        "Give its micrometres per pixel (--mpp on the command line)");
    const double model = card.micronsPerPixel, ratio = model / slide.mean();
    const double finest = card.finestImageMicrons > 0 ? std::min(model, card.finestImageMicrons) : model;
    if (slide.mean() < finest / kTooFar ||
        slide.mean() > std::max(model, card.coarsestImageMicrons) * kTooFar)
        return badInput(text("its scale is %.3g um per pixel, the model was trained at %.3g, more than four "
                             "times off",
                             slide.x, model),
                        {}, "Check the slide's scale, or use a model of another magnification");
    if (std::abs(ratio - 1) <= 0.05) return std::string();
    return text("The slide has %.3g um per pixel; its patches are resampled to the model's %.3g.", slide.x,
                model) +
           (ratio < 1 ? " They cannot become sharper than the slide." : "");
}

LatticeRun::LatticeRun(const RunParts& parts, const PredictionRequest& request,
                       const PredictionListener& listener, CancelToken cancel, RunCache* cache)
    : parts_(parts), request_(request), listener_(listener), cancel_(std::move(cancel)), cache_(cache) {}

Level0Rect LatticeRun::view() const {
    return request_.visibleRegion ? request_.visibleRegion() : request_.first;
}

/// Those of all genes, as long as everything they are computed from could be read.
bool LatticeRun::keepsPredictions() const {
    return cache_ && request_.genes.empty() && (!bank_ || bank_->unreadable() == 0);
}

void LatticeRun::note(const std::string& sentence) {
    if (sentence.empty()) return;
    report_.notes.push_back(sentence);
    if (listener_.note) listener_.note(sentence);
}

void LatticeRun::passNotesOn() {
    for (const auto& sentence : parts_.runner.takeNotes())
        note(sentence);
    if (!cache_) return;
    for (const auto& sentence : cache_->takeNotes())
        note(sentence);
}

Result<void> LatticeRun::plan() {
    if (!request_.slide) return fail(ErrorKind::Defect, "a prediction was asked for without a slide");
    const auto resampling = resamplingNote(request_.micronsPerPixel, parts_.card);
    if (!resampling) return Failure(resampling.error());
    note(*resampling);
    const auto bounds = level0Bounds(*request_.slide->info());
    const auto& scale = request_.micronsPerPixel;
    const double pitch = parts_.card.spotPitchMicrons;
    const double context = request_.wholeSlideContext
                               ? 2 * std::max(bounds.width * scale.x, bounds.height * scale.y) + 2 * pitch
                               : parts_.card.contextMicrons;
    const bool hexagonal = parts_.card.arrayGeometry == "hexagonal";
    auto grid = SpotGrid::plan(
        {bounds.width, bounds.height, scale, pitch, context, request_.pitchMicrons, hexagonal});
    if (!grid) return Failure(grid.error());
    auto mask = TissueMask::compute(*request_.slide, cancel_);
    if (!mask) return Failure(mask.error());
    // A spot is predicted where at least half of a square of half the pitch around its centre is tissue.
    const double w = pitch / scale.x / 2, h = pitch / scale.y / 2;
    const auto isTissue = [&](Level0Point p) {
        return mask->coverage({p.x - w / 2, p.y - h / 2, w, h}) >= 0.5;
    };
    auto windows = grid->windows(isTissue);
    if (usesSlideScale(parts_.card)) { // the same spots however fine the output and wide the context
        const auto own = SpotGrid::plan({bounds.width, bounds.height, scale, pitch, context, 0, hexagonal});
        if (!own) return Failure(own.error());
        slideSample_ = evenSample(own->windows(isTissue));
    }
    lattice_ = {grid->columns(), grid->rows(), grid->latticeToLevel0(), 0, {}, {}};
    lattice_.tissue = std::make_shared<TissueOutline>(
        TissueOutline{mask->width(), mask->height(), mask->cellWidth(), mask->cellHeight(), mask->cells()});
    for (auto& window : windows) {
        const auto count = window.spots.size();
        lattice_.tissueSpots += count;
        windows_.push_back({std::move(window), std::vector<bool>(count), count});
    }
    if (request_.wholeSlideContext) lattice_.costNote = contextCost();
    if (listener_.planned) listener_.planned(lattice_);
    return {};
}

/// The model's slide level compares every spot of a context with every other: work grows with the square.
std::string LatticeRun::contextCost() const {
    double tokens = 0;
    for (const auto& open : windows_)
        tokens = std::max(tokens, static_cast<double>(open.window.context.size()));
    const auto& c = parts_.card.config;
    const double width = c.width,
                 usual = std::pow(parts_.card.contextMicrons / parts_.card.spotPitchMicrons, 2);
    const double layer = 4 * width * width + 2.0 * c.slide.mlpRatio * width * width;
    const double perSpot = c.slide.depth * (layer + 2 * tokens * width);
    const double windowed = 4 * c.slide.depth * (layer + 2 * std::min(usual, tokens) * width);
    // Queries, keys, values, what passes through, an MLP's rows; the lattice that positions are convolved on,
    // and two copies of it; features of neighbours off the lattice, where the pitch is not the patches'.
    const double cells = static_cast<double>(lattice_.columns) * lattice_.rows;
    const double bytes = (tokens * 9 + std::min(cells, 4 * tokens) * 3) * width * 4 +
                         std::min(tokens * c.regionCells() * width * 2, static_cast<double>(kBankBytes));
    return text("Whole-slide context: each of %.0f spots attends to all of them, about %.1f times the "
                "context work of windows (%.3g million million products) and %.2g GB of memory. The model "
                "was trained on contexts of about %.0f spots.",
                tokens, perSpot / windowed, perSpot * tokens * 1e-12, bytes * 1e-9, usual);
}

void LatticeRun::takeFromCache() {
    if (!cache_) return;
    std::unordered_map<std::int64_t, std::pair<std::size_t, std::size_t>> places;
    for (std::size_t w = 0; w < windows_.size(); ++w)
        for (std::size_t i = 0; i < windows_[w].done.size(); ++i) {
            const auto& spot = windows_[w].window.spots[i];
            places[static_cast<std::int64_t>(spot.row) * lattice_.columns + spot.column] = {w, i};
        }
    PredictionBatch batch;
    const auto flush = [&] {
        if (!batch.cells.empty() && listener_.batch) listener_.batch(batch);
        batch = {};
    };
    const auto genes = parts_.card.genes.size();
    cache_->loadPredictions([&](std::int64_t cell, const float* values) {
        const auto place = places.find(cell);
        if (place == places.end()) return;
        auto& open = windows_[place->second.first];
        if (open.done[place->second.second]) return;
        open.done[place->second.second] = true;
        --open.left;
        batch.cells.push_back(cell);
        if (request_.genes.empty()) batch.values.insert(batch.values.end(), values, values + genes);
        for (const auto gene : request_.genes)
            batch.values.push_back(values[gene]);
        if (batch.cells.size() == 1024) flush();
        ++report_.spotsFromCache;
    });
    flush();
    report_.spots = report_.spotsFromCache;
    if (keepsPredictions()) cache_->begin(lattice_.tissueSpots);
}

Result<PredictionReport> LatticeRun::run() {
    if (auto ok = plan(); !ok) return Failure(ok.error());
    takeFromCache();
    if (nextWindow(windows_, {}) == windows_.size()) {
        if (keepsPredictions()) cache_->complete();
        fillReport(nullptr);
        return report_;
    }
    PatchStream stream(parts_, *request_.slide, request_.micronsPerPixel, cache_);
    bank_ = &stream.bank;
    const auto done = predictAll(stream);
    if (const auto missing = stream.bank.unreadable(); missing > 0)
        note(std::to_string(missing) + (missing == 1 ? " place" : " places") +
             " of the slide could not be read. What is predicted around them is provisional and not kept.");
    if (done && keepsPredictions()) cache_->complete();
    if (cache_) cache_->waitUntilWritten();
    passNotesOn();
    fillReport(&stream);
    if (!done) return Failure(done.error());
    return report_;
}

Result<void> LatticeRun::predictAll(PatchStream& stream) {
    if (auto ok = useSlideScale(parts_.runner, parts_.card, stream, slideSample_, cancel_); !ok)
        return Failure(ok.error());
    WindowPredictor predictor(stream.predictorParts(parts_));
    for (;;) {
        if (cancel_.isCancelled()) return cancelled();
        const Level0Rect looked = view();
        const auto index = nextWindow(windows_, looked);
        if (index == windows_.size()) return {};
        const auto done = predictWindow(predictor, index, looked);
        report_.contexts = predictor.contexts();
        report_.contextTokens = predictor.contextTokens();
        passNotesOn();
        if (!done) return Failure(done.error());
        if (*done) windows_[index].left = 0; // what is still left there cannot be read
        boundMemory(stream);
    }
}

Result<bool> LatticeRun::predictWindow(WindowPredictor& predictor, std::size_t index, Level0Rect looked) {
    auto& open = windows_[index];
    std::vector<PredictorSpot> context;
    for (const auto& spot : open.window.context)
        context.push_back({spot.center, spot.row, spot.column});
    const auto order = centreOut(open, looked);
    std::vector<std::size_t> wanted;
    for (const auto i : order)
        wanted.push_back(open.window.tokenOf[i]);
    const auto afterwards = patchesOfNextWindow(predictor, index, looked);
    const auto interrupted = [&] { return request_.visibleRegion && !(request_.visibleRegion() == looked); };
    return predictor.predict({index, context, wanted, afterwards}, cancel_, interrupted,
                             [&](const std::vector<std::size_t>& done, const torch::Tensor& values) {
                                 std::vector<std::size_t> spots;
                                 for (const auto i : done)
                                     spots.push_back(order[i]);
                                 deliver(open, spots, values);
                             });
}

void LatticeRun::deliver(OpenWindow& open, const std::vector<std::size_t>& spots,
                         const torch::Tensor& values) {
    PredictionBatch batch;
    for (const auto i : spots) {
        const auto& spot = open.window.spots[i];
        batch.cells.push_back(static_cast<std::int64_t>(spot.row) * lattice_.columns + spot.column);
        open.done[i] = true;
        --open.left;
    }
    const float* first = values.data_ptr<float>();
    batch.values.assign(first, first + values.numel());
    report_.spots += spots.size();
    if (keepsPredictions()) cache_->savePredictions(batch.cells, first);
    if (listener_.batch) listener_.batch(batch);
}

/// So that reading goes on while the last spots of a window are computed.
std::vector<PatchKey> LatticeRun::patchesOfNextWindow(const WindowPredictor& predictor, std::size_t current,
                                                      Level0Rect looked) const {
    std::vector<OpenWindow> others;
    others.reserve(windows_.size());
    for (std::size_t i = 0; i < windows_.size(); ++i) // without spots: the order needs the place alone
        others.push_back({{windows_[i].window.owned, {}, {}, {}}, {}, i == current ? 0 : windows_[i].left});
    const auto next = nextWindow(others, looked);
    if (next == others.size()) return {};
    std::vector<PredictorSpot> context;
    for (const auto& spot : windows_[next].window.context)
        context.push_back({spot.center, spot.row, spot.column});
    return predictor.unknownPatches(context);
}

/// Features of patches that no open window's context needs again go when they are many; those of neighbours
/// off the lattice are wanted by few spots.
void LatticeRun::boundMemory(PatchStream& stream) const {
    if (stream.bank.bytes() <= kBankBytes) return;
    std::unordered_set<PatchKey> needed;
    for (const auto& open : windows_)
        if (open.left > 0)
            for (const auto& spot : open.window.context)
                needed.insert(stream.reader.patchAt(spot.center));
    stream.bank.keepOnly(needed);
}

void LatticeRun::fillReport(const PatchStream* stream) {
    auto& r = report_;
    r.device = parts_.runner.compute().device();
    r.precision = std::string(name(parts_.settings.precision));
    r.patchBatch = parts_.patchBatch.next();
    r.spotBatch = parts_.spotBatch.next();
    if (stream) {
        r.encoderPasses = stream->bank.encoderPasses();
        r.featuresFromCache = stream->bank.fromStore();
    }
    r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

} // namespace spotglass
