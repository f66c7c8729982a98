#include "app/engine_module/Commands.h"
#include "app/engine_module/PredictPlan.h"
#include "app/engine_module/SpotTable.h"
#include "inference/engine/DkanEngine.h"
#include "inference/store/Workspace.h"
#include "training/cohort/LegacyCohort.h"
#include "training/cohort/SpotFile.h"
#include "viewer/base/Files.h"
#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

namespace spotglass {
namespace {
namespace fs = std::filesystem;

/// Columns of the output: indices into the model's panel.
Result<std::vector<std::size_t>> chosenGenes(const ModelSummary& model,
                                             const std::vector<std::string>& wanted) {
    std::vector<std::size_t> columns;
    if (wanted.empty())
        for (std::size_t i = 0; i < model.genes.size(); ++i)
            columns.push_back(i);
    for (const auto& gene : wanted) {
        const auto it = std::find(model.genes.begin(), model.genes.end(), gene);
        if (it == model.genes.end())
            return badInput("this model does not predict " + gene, model.file.string(),
                            "See its genes with: spotglass-cli model info");
        columns.push_back(static_cast<std::size_t>(it - model.genes.begin()));
    }
    return columns;
}

std::vector<std::string> namesOf(const ModelSummary& model, const std::vector<std::size_t>& columns) {
    std::vector<std::string> names;
    for (const auto c : columns)
        names.push_back(model.genes[c]);
    return names;
}

Result<std::vector<CohortSpot>> spotsInside(const fs::path& file, const SlideSource& slide) {
    auto spots = readSpotFile(file);
    if (!spots) return spots;
    const auto bounds = level0Bounds(*slide.info());
    const auto before = spots->size();
    std::erase_if(*spots, [&](const CohortSpot& s) { return !bounds.contains(s.center); });
    const auto outside = before - spots->size();
    const std::string count =
        std::to_string(outside) + " of " + std::to_string(before) + " spots lie outside the image";
    if (outside * 2 > before)
        return badInput(count, file.string(),
                        "The spot file belongs to another image, or to another size of this one");
    if (outside > 0) say(file.string() + ": " + count + " and are left out.");
    return spots;
}

/// Scale: what the user gives, else what the file says, else what the spot array says; said aloud when
/// derived.
Result<MicronsPerPixel> scaleOf(const SlideSource& slide, const fs::path& file, const PredictOptions& options,
                                const std::vector<CohortSpot>& spots, const ModelSummary& model) {
    if (options.micronsPerPixel) return MicronsPerPixel{*options.micronsPerPixel, *options.micronsPerPixel};
    if (const auto scale = slide.info()->micronsPerPixel) return *scale;
    if (const auto lattice = fitLattice(spots)) {
        const double mpp = model.spotPitchMicrons / latticePitch(*lattice);
        char text[160];
        std::snprintf(text, sizeof text,
                      ": no scale in the file; %.4f um per pixel follows from the spots' pitch of %g um.",
                      mpp, model.spotPitchMicrons);
        say(file.string() + text);
        return MicronsPerPixel{mpp, mpp};
    }
    return badInput("this slide does not say its scale (micrometres per pixel)", file.string(),
                    "Give it with --mpp, for example --mpp 0.5");
}

/// One slide's run: what to do, what came of it.
struct SlideRun {
    PredictionEngine& engine;
    const PredictOptions& options;
    const std::vector<std::size_t>& columns; ///< chosen genes
    CancelToken cancel;
    PredictionReport report;
    PredictionLattice lattice; ///< of a run over the tissue

    /// Empty where all genes are asked for: only such predictions are kept.
    [[nodiscard]] std::vector<std::size_t> subset() const {
        return options.genes.empty() ? std::vector<std::size_t>() : columns;
    }
};

Result<std::vector<SpotRow>> predictAtSpots(SlideRun& run, const SlideSource& slide, MicronsPerPixel scale,
                                            const std::vector<CohortSpot>& spots) {
    std::vector<SpotPlace> places;
    for (const auto& s : spots)
        places.push_back({s.id, s.column, s.row, s.center});
    auto prediction = run.engine.predictSpots(slide, scale, places, run.subset(), run.cancel);
    if (!prediction) return Failure(prediction.error());
    for (const auto& sentence : prediction->report.notes)
        say(sentence);
    run.report = std::move(prediction->report);
    const auto& values = prediction->values;
    std::vector<SpotRow> rows;
    const auto genes = run.columns.size();
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto* first = values.data() + i * genes;
        if (!std::isnan(*first)) rows.push_back({places[i].id, places[i].center, {first, first + genes}});
    }
    const auto unreadable = places.size() - rows.size();
    if (unreadable > 0)
        say(std::to_string(unreadable) + " spots lie where the slide cannot be read and are left out.");
    return rows;
}

Result<std::vector<SpotRow>> predictOnLattice(SlideRun& run, std::shared_ptr<const SlideSource> slide,
                                              MicronsPerPixel scale) {
    std::vector<std::pair<std::int64_t, std::vector<float>>> rows;
    const auto genes = run.columns.size();
    PredictionListener listener;
    listener.note = say;
    listener.planned = [&](const PredictionLattice& planned) {
        run.lattice = planned;
        if (!planned.costNote.empty()) say(planned.costNote);
    };
    listener.batch = [&](const PredictionBatch& batch) {
        for (std::size_t i = 0; i < batch.cells.size(); ++i) {
            const auto* values = batch.values.data() + i * genes;
            rows.emplace_back(batch.cells[i], std::vector<float>(values, values + genes));
        }
    };
    PredictionRequest request;
    request.slide = std::move(slide);
    request.micronsPerPixel = scale;
    request.pitchMicrons = run.options.pitchMicrons.value_or(0);
    request.genes = run.subset();
    request.wholeSlideContext = run.options.wholeSlideContext;
    auto report = run.engine.predictLattice(request, listener, run.cancel);
    if (!report) return Failure(report.error());
    run.report = std::move(*report);
    if (run.lattice.tissueSpots == 0)
        say("No tissue was found on this slide; the table is empty.");
    else if (rows.size() < run.lattice.tissueSpots)
        say(std::to_string(run.lattice.tissueSpots - rows.size()) +
            " places lie where the slide cannot be read and are left out.");
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<SpotRow> table;
    for (auto& [cell, values] : rows) {
        const auto column = cell % run.lattice.columns, row = cell / run.lattice.columns;
        table.push_back(
            {std::to_string(column) + 'x' + std::to_string(row),
             run.lattice.latticeToLevel0.toLevel0(static_cast<double>(column), static_cast<double>(row)),
             std::move(values)});
    }
    return table;
}

nlohmann::json toJson(const SlideRun& run, const PlannedSlide& plan, MicronsPerPixel scale) {
    const auto& r = run.report;
    nlohmann::json j{{"slide", plan.slide.string()},
                     {"table", plan.table.string()},
                     {"microns_per_pixel", {scale.x, scale.y}},
                     {"spots", r.spots},
                     {"spots_from_cache", r.spotsFromCache},
                     {"genes", run.columns.size()},
                     {"encoder_passes", r.encoderPasses},
                     {"features_from_cache", r.featuresFromCache},
                     {"device", r.device},
                     {"precision", r.precision},
                     {"patches_at_a_time", r.patchBatch},
                     {"spots_at_a_time", r.spotBatch},
                     {"seconds", r.seconds},
                     {"notes", r.notes}};
    if (run.lattice.columns > 0) {
        const auto& a = run.lattice.latticeToLevel0;
        j["lattice"] = {{"columns", run.lattice.columns},
                        {"rows", run.lattice.rows},
                        {"to_level0", {a.xx, a.xy, a.dx, a.yx, a.yy, a.dy}}};
    }
    return j;
}

/// Opens, predicts and writes one slide. Gives its part of the report.
Result<nlohmann::json> predictSlide(SlideRun run, const PlannedSlide& plan) {
    const auto& options = run.options;
    auto slide = openSlide(plan.slide);
    if (!slide) return Failure(slide.error());
    std::vector<CohortSpot> spots;
    if (!options.spots.empty()) {
        auto spotFile = spotFileFor(plan.slide, options.spots);
        if (!spotFile) return Failure(spotFile.error());
        auto read = spotsInside(*spotFile, **slide);
        if (!read) return Failure(read.error());
        spots = std::move(*read);
    }
    auto scale = scaleOf(**slide, plan.slide, options, spots, run.engine.model());
    if (!scale) return Failure(scale.error());
    auto table = options.spots.empty() ? predictOnLattice(run, *slide, *scale)
                                       : predictAtSpots(run, **slide, *scale, spots);
    if (!table) {
        auto error = table.error();
        if (error.where.empty()) error.where = plan.slide.string();
        return Failure(error);
    }
    if (auto ok = writeSpotTable(plan.table, namesOf(run.engine.model(), run.columns), *table); !ok)
        return Failure(ok.error());
    const auto& r = run.report;
    say(plan.table.string() + ": " + std::to_string(table->size()) + " spots, " +
        std::to_string(run.columns.size()) + " genes, " + std::to_string(r.encoderPasses) +
        " encoder passes, " + threeDecimals(r.seconds) + " s. Predicted expression, research use only.");
    return toJson(run, plan, *scale);
}

/// How much the user lets slides' caches take: the window's setting, since both share the folder.
std::uint64_t cacheLimit(const PredictOptions& options) {
    const EngineSettings usual;
    std::error_code ignored;
    if (options.workspace.empty() || !fs::exists(options.workspace, ignored)) return usual.cacheBytes;
    auto workspace = Workspace::open(options.workspace);
    const auto kept = workspace ? workspace->setting("prediction") : Failure(workspace.error());
    if (!kept || !*kept) return usual.cacheBytes;
    const auto choices = nlohmann::json::parse(**kept, nullptr, false);
    const double gibibytes =
        choices.is_object() && choices.contains("cache_gib") && choices["cache_gib"].is_number()
            ? choices["cache_gib"].get<double>()
            : 0;
    return gibibytes > 0 && gibibytes < 1e6 ? static_cast<std::uint64_t>(gibibytes * (1ULL << 30))
                                            : usual.cacheBytes;
}

Result<EngineSettings> settingsOf(const PredictOptions& options) {
    const auto precision = precisionNamed(options.precision);
    if (!precision)
        return fail(ErrorKind::Usage, "there is no precision \"" + options.precision + "\"", {},
                    "Choose fp32, bf16 or fp16");
    EngineSettings settings;
    settings.device = options.device;
    settings.precision = *precision;
    settings.patchBatch = settings.spotBatch = options.batch;
    settings.cacheFolder = options.cache;
    settings.cacheBytes = cacheLimit(options);
    settings.workspace = options.workspace;
    settings.encoderWeights = options.encoder;
    return settings;
}

} // namespace

Result<void> runPredict(const PredictOptions& options) {
    const auto plan = planPredictions(options);
    if (!plan) return Failure(plan.error());
    if (plan->alreadyThere > 0)
        say(options.output.string() + ": " + std::to_string(plan->alreadyThere) +
            " slides have their tables already and are left out.");
    nlohmann::json document{{"slides", nlohmann::json::array()},
                            {"failed", nlohmann::json::array()},
                            {"already_there", plan->alreadyThere}};
    std::optional<Error> first;
    if (!plan->slides.empty()) {
        // Before hours of computing, not after them.
        if (auto ok = checkWritable(plan->slides.front().table); !ok) return ok;
        const auto settings = settingsOf(options);
        if (!settings) return Failure(settings.error());
        auto engine = openDkanEngine(options.model, *settings);
        if (!engine) return Failure(engine.error());
        auto columns = chosenGenes((*engine)->model(), options.genes);
        if (!columns) return Failure(columns.error());
        const auto cancel = cancelOnInterrupt();
        for (const auto& slide : plan->slides) {
            auto done = predictSlide({**engine, options, *columns, cancel, {}, {}}, slide);
            if (done) {
                document["slides"].push_back(std::move(*done));
                continue;
            }
            // One bad slide must not cost the others of a cohort.
            document["failed"].push_back(
                {{"slide", slide.slide.string()}, {"reason", done.error().sentence()}});
            if (!first) first = done.error();
            if (done.error().kind == ErrorKind::Cancelled) break;
            if (plan->slides.size() > 1) say(done.error().sentence());
        }
    }
    if (options.json) printJson(document);
    if (!first) return {};
    if (plan->slides.size() > 1 && first->kind != ErrorKind::Cancelled)
        first->hint = std::to_string(document["failed"].size()) + " of " +
                      std::to_string(plan->slides.size()) + " slides were not predicted";
    return Failure(*first);
}

} // namespace spotglass
