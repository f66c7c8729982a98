#include "inference/engine/DkanEngine.h"

#include "inference/engine/DkanPredictor.h"
#include "inference/engine/SpotGrid.h"
#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/TissueMask.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace spotglass {
namespace {

ModelSummary summarise(const ModelCard& card, const std::filesystem::path& file) {
    ModelSummary s;
    s.file = file;
    s.name = card.name;
    s.genes = card.genes;
    s.unit = card.unit;
    s.micronsPerPixel = card.micronsPerPixel;
    s.patchPixels = card.patchPixels;
    s.spotPitchMicrons = card.spotPitchMicrons;
    s.contextMicrons = card.contextMicrons;
    s.cardJson = toJson(card).dump(1);
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    s.heldOutPccAll = unknown;
    if (card.heldOut.is_object() && card.heldOut.contains("pcc_all") && card.heldOut["pcc_all"].is_number())
        s.heldOutPccAll = card.heldOut["pcc_all"].get<double>();
    if (card.heldOut.is_object() && card.heldOut.contains("pcc") && card.heldOut["pcc"].is_object())
        for (const auto& gene : card.genes) {
            const auto it = card.heldOut["pcc"].find(gene);
            s.heldOutPcc.push_back(it != card.heldOut["pcc"].end() && it->is_number() ? it->get<double>()
                                                                                      : unknown);
        }
    return s;
}

/// Which of the windows still to do comes next: those in view first, then the nearest to what is looked at.
std::size_t nextWindow(const std::vector<GridWindow>& windows, const std::vector<std::size_t>& open,
                       Level0Rect view) {
    const auto eye = view.center();
    const auto score = [&](std::size_t i) {
        const auto& w = windows[i].owned;
        const double distance = std::hypot(w.center().x - eye.x, w.center().y - eye.y);
        return std::pair(!view.isEmpty() && w.intersects(view) ? 0 : 1, distance);
    };
    std::size_t best = 0;
    for (std::size_t i = 1; i < open.size(); ++i)
        if (score(open[i]) < score(open[best])) best = i;
    return best;
}

/// The window's own spots, nearest to the eye first.
std::vector<std::size_t> centreOut(const GridWindow& window, Level0Rect view) {
    std::vector<std::size_t> order(window.spots.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    const auto eye = view.isEmpty() ? window.owned.center() : view.center();
    const auto key = [&](std::size_t i) {
        const auto& p = window.spots[i].center;
        return std::pair(!view.isEmpty() && !view.contains(p), std::hypot(p.x - eye.x, p.y - eye.y));
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    return order;
}

/// The slide level lays the spots out on a dense lattice, so their array coordinates must be those of one
/// array.
Result<void> checkArray(const std::vector<SpotPlace>& spots) {
    if (spots.empty()) return badInput("there are no spots to predict at");
    const auto [left, right] =
        std::minmax_element(spots.begin(), spots.end(), [](auto& a, auto& b) { return a.column < b.column; });
    const auto [top, bottom] =
        std::minmax_element(spots.begin(), spots.end(), [](auto& a, auto& b) { return a.row < b.row; });
    const double columns = static_cast<double>(right->column) - left->column + 1,
                 rows = static_cast<double>(bottom->row) - top->row + 1;
    if (columns * rows > 4e6)
        return badInput("the spots' array coordinates span " +
                            std::to_string(static_cast<long long>(columns)) + " x " +
                            std::to_string(static_cast<long long>(rows)) + " places, more than any array has",
                        {}, "Check that x and y of the spot file are array coordinates, not pixels");
    return {};
}

/// LibTorch throws; nothing may leave the engine as an exception.
template <typename Work> auto guarded(const Work& work) -> decltype(work()) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return fail(ErrorKind::Device, "there is not enough memory for this prediction", {},
                    "Close other programs");
    } catch (const std::exception& error) { // c10::Error is one
        return fail(ErrorKind::Defect, std::string("the prediction failed (") + error.what() + ")");
    }
}

class DkanEngine final : public PredictionEngine {
  public:
    DkanEngine(LoadedModel model, std::unique_ptr<FrozenEncoder> encoder, const std::filesystem::path& file)
        : model_(std::move(model)), encoder_(std::move(encoder)), summary_(summarise(model_.card, file)),
          predictor_(model_) {}

    [[nodiscard]] const ModelSummary& model() const override { return summary_; }

    Result<void> predictLattice(const PredictionRequest& request, const PredictionListener& listener,
                                CancelToken cancel) override {
        return guarded([&] { return runLattice(request, listener, cancel); });
    }
    Result<std::vector<float>> predictSpots(const SlideSource& slide, MicronsPerPixel scale,
                                            const std::vector<SpotPlace>& spots,
                                            CancelToken cancel) override {
        return guarded([&] { return runSpots(slide, scale, spots, cancel); });
    }

  private:
    Result<void> runLattice(const PredictionRequest& request, const PredictionListener& listener,
                            const CancelToken& cancel);
    Result<std::vector<float>> runSpots(const SlideSource& slide, MicronsPerPixel scale,
                                        const std::vector<SpotPlace>& spots, const CancelToken& cancel);
    [[nodiscard]] PatchReader reader(const SlideSource& slide, MicronsPerPixel scale) const {
        return {slide, scale, model_.card.patchPixels, model_.card.micronsPerPixel};
    }
    Result<void> runWindow(const GridWindow& window, const PatchReader& patches, FeatureBank& bank,
                           Level0Rect view, int columns, const PredictionListener& listener,
                           const CancelToken& cancel);

    LoadedModel model_;
    std::unique_ptr<FrozenEncoder> encoder_;
    ModelSummary summary_;
    DkanPredictor predictor_;
};

Result<void> DkanEngine::runLattice(const PredictionRequest& request, const PredictionListener& listener,
                                    const CancelToken& cancel) {
    if (!request.slide || !request.micronsPerPixel.isValid())
        return badInput("this slide has no scale, so physical distances are not known", {},
                        "Give its micrometres per pixel (--mpp on the command line)");
    const auto bounds = level0Bounds(*request.slide->info());
    auto grid =
        SpotGrid::plan({bounds.width, bounds.height, request.micronsPerPixel, model_.card.spotPitchMicrons,
                        model_.card.contextMicrons, request.pitchMicrons});
    if (!grid) return Failure(grid.error());
    auto mask = TissueMask::compute(*request.slide, cancel);
    if (!mask) return Failure(mask.error());
    // A spot is predicted where at least half of a square of half the pitch around its centre is tissue.
    const double w = model_.card.spotPitchMicrons / request.micronsPerPixel.x / 2;
    const double h = model_.card.spotPitchMicrons / request.micronsPerPixel.y / 2;
    const auto windows = grid->windows([&](Level0Point p) {
        return mask->coverage({p.x - w / 2, p.y - h / 2, w, h}) >= 0.5;
    });
    PredictionLattice lattice{grid->columns(), grid->rows(), grid->latticeToLevel0(), 0, {}};
    lattice.tissue = std::make_shared<TissueOutline>(
        TissueOutline{mask->width(), mask->height(), mask->cellWidth(), mask->cellHeight(), mask->cells()});
    for (const auto& window : windows)
        lattice.tissueSpots += window.spots.size();
    if (listener.planned) listener.planned(lattice);

    const PatchReader patches = reader(*request.slide, request.micronsPerPixel);
    FeatureBank bank(patches, *encoder_);
    std::vector<std::size_t> open(windows.size());
    for (std::size_t i = 0; i < open.size(); ++i)
        open[i] = i;
    while (!open.empty()) {
        if (cancel.isCancelled()) return cancelled();
        const Level0Rect view = request.visibleRegion ? request.visibleRegion() : request.first;
        const auto next = nextWindow(windows, open, view);
        const auto& window = windows[open[next]];
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(next));
        if (auto ok = runWindow(window, patches, bank, view, grid->columns(), listener, cancel); !ok)
            return ok;
    }
    return {};
}

Result<void> DkanEngine::runWindow(const GridWindow& window, const PatchReader& patches, FeatureBank& bank,
                                   Level0Rect view, int columns, const PredictionListener& listener,
                                   const CancelToken& cancel) {
    std::vector<PredictorSpot> context;
    for (const auto& spot : window.context)
        context.push_back({spot.center, spot.row, spot.column});
    const auto order = centreOut(window, view);
    std::vector<std::size_t> wanted;
    for (const auto i : order)
        wanted.push_back(window.tokenOf[i]);
    const auto deliver = [&](const std::vector<std::size_t>& done, const torch::Tensor& values) {
        PredictionBatch batch;
        for (const auto i : done) {
            const auto& spot = window.spots[order[i]];
            batch.cells.push_back(static_cast<std::int64_t>(spot.row) * columns + spot.column);
        }
        batch.values.assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
        if (listener.batch) listener.batch(batch);
    };
    return predictor_.predict(bank, patches, context, wanted, cancel, deliver, 16);
}

Result<std::vector<float>> DkanEngine::runSpots(const SlideSource& slide, MicronsPerPixel scale,
                                                const std::vector<SpotPlace>& spots,
                                                const CancelToken& cancel) {
    if (!scale.isValid())
        return badInput("this slide has no scale, so physical distances are not known", {},
                        "Give its micrometres per pixel (--mpp on the command line)");
    if (auto ok = checkArray(spots); !ok) return Failure(ok.error());
    const PatchReader patches = reader(slide, scale);
    FeatureBank bank(patches, *encoder_);
    std::vector<PredictorSpot> context;
    std::vector<std::size_t> wanted;
    for (const auto& spot : spots) {
        wanted.push_back(context.size());
        context.push_back({spot.center, spot.row, spot.column});
    }
    const auto genes = summary_.genes.size();
    std::vector<float> result(spots.size() * genes, ExpressionField::missing);
    const auto deliver = [&](const std::vector<std::size_t>& done, const torch::Tensor& values) {
        const float* row = values.data_ptr<float>();
        for (const auto i : done) {
            std::copy(row, row + genes, result.begin() + static_cast<std::ptrdiff_t>(i * genes));
            row += genes;
        }
    };
    if (auto ok = predictor_.predict(bank, patches, context, wanted, cancel, deliver); !ok)
        return Failure(ok.error());
    return result;
}

} // namespace

Result<std::unique_ptr<PredictionEngine>> openDkanEngine(const std::filesystem::path& file) {
    auto model = loadModel(file);
    if (!model) return Failure(model.error());
    auto encoder = makeFrozenEncoder(model->card.imageEncoder);
    if (!encoder)
        return badInput("this model reads tissue with the encoder \"" + model->card.imageEncoder +
                            "\", which this version of Spotglass does not have",
                        file.string(), "Use a model that was trained with a built-in encoder");
    if (encoder->width() != model->card.config.width)
        return badInput("its width is " + std::to_string(model->card.config.width) + ", its encoder gives " +
                            std::to_string(encoder->width()),
                        file.string(), "The model card belongs to another model");
    return std::make_unique<DkanEngine>(std::move(*model), std::move(encoder), file);
}

} // namespace spotglass
