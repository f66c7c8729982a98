#include "inference/engine/PrecisionComparison.h"

#include "inference/engine/DkanEngine.h"
#include "inference/engine/SpotGrid.h"
#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/SyntheticSlideSource.h"
#include "viewer/slide/TissueMask.h"

#include <algorithm>
#include <cmath>

namespace spotglass {
namespace {

/// A square of so many spots: enough for a correlation, few enough for a slow processor.
constexpr int kSide = 6;

double correlation(const std::vector<float>& a, const std::vector<float>& b, std::size_t first,
                   std::size_t step) {
    double n = 0, sa = 0, sb = 0;
    for (std::size_t i = first; i < a.size(); i += step) {
        ++n;
        sa += a[i];
        sb += b[i];
    }
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = first; i < a.size(); i += step) {
        const double x = a[i] - sa / n, y = b[i] - sb / n;
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 1; // constant in both: they agree
}

/// Spots on the model's lattice around the middle of the tissue.
Result<std::vector<SpotPlace>> sampleSpots(const SlideSource& slide, MicronsPerPixel scale, double pitch,
                                           CancelToken cancel) {
    const auto mask = TissueMask::compute(slide, std::move(cancel));
    if (!mask) return Failure(mask.error());
    const auto all = level0Bounds(*slide.info());
    const auto around = mask->bounds().isEmpty() ? all.center() : mask->bounds().center();
    std::vector<SpotPlace> spots;
    for (int r = 0; r < kSide; ++r)
        for (int c = 0; c < kSide; ++c) {
            const Level0Point at{around.x + (c - kSide / 2 + 0.5) * pitch / scale.x,
                                 around.y + (r - kSide / 2 + 0.5) * pitch / scale.y};
            if (all.contains(at)) spots.push_back({"", c, r, at});
        }
    if (spots.size() < 4) return badInput("this slide is too small to compare precisions on");
    return spots;
}

} // namespace

Result<std::vector<PrecisionReport>> comparePrecisions(const std::filesystem::path& model,
                                                       const EngineSettings& settings,
                                                       std::shared_ptr<const SlideSource> slide,
                                                       MicronsPerPixel scale, CancelToken cancel) {
    if (!slide) {
        SyntheticSlideOptions options;
        options.allTissue = true;
        slide = std::make_shared<SyntheticSlideSource>(options);
        scale = {0.5, 0.5};
    }
    std::vector<PrecisionReport> reports;
    std::vector<float> wanted;
    for (const auto precision : {Precision::Float32, Precision::BFloat16, Precision::Float16}) {
        auto with = settings;
        with.precision = precision;
        with.cacheFolder.clear(); // what is compared must be computed
        auto engine = openDkanEngine(model, with);
        if (!engine) return Failure(engine.error());
        const auto& summary = (*engine)->model();
        const auto spots = sampleSpots(*slide, scale, summary.spotPitchMicrons, cancel);
        if (!spots) return Failure(spots.error());
        const auto predicted = (*engine)->predictSpots(*slide, scale, *spots, {}, cancel);
        PrecisionReport report;
        report.precision = precision;
        if (!predicted) {
            // Without 32 bits there is nothing to compare with; another precision may be missing here.
            if (precision == Precision::Float32 || predicted.error().kind == ErrorKind::Cancelled)
                return Failure(predicted.error());
            report.sentence = predicted.error().sentence();
            reports.push_back(report);
            continue;
        }
        const auto& values = predicted->values;
        if (precision == Precision::Float32) wanted = values;
        report.usable = std::ranges::all_of(values, [](float v) { return std::isfinite(v); });
        if (!report.usable)
            report.sentence = "Some values of this slide cannot be computed in this precision";
        report.agreement = correlation(values, wanted, 0, 1);
        report.worstGeneAgreement = 1;
        for (std::size_t g = 0; g < summary.genes.size(); ++g)
            report.worstGeneAgreement =
                std::min(report.worstGeneAgreement, correlation(values, wanted, g, summary.genes.size()));
        for (std::size_t i = 0; i < values.size(); ++i)
            report.largestDifference =
                std::max(report.largestDifference, std::abs(static_cast<double>(values[i]) - wanted[i]));
        report.spotsPerSecond = static_cast<double>(predicted->report.spots) / predicted->report.seconds;
        if (precision == Precision::Float16 && predicted->report.device == "cpu")
            report.sentence = "This processor has no 16-bit products in LibTorch: weights are rounded to 16 "
                              "bits, the arithmetic is 32-bit and no faster.";
        reports.push_back(report);
    }
    return reports;
}

} // namespace spotglass
