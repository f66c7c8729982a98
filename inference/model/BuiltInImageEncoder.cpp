#include "inference/model/BuiltInImageEncoder.h"

#include <vector>

namespace spotglass {
namespace {

using torch::Tensor;

constexpr int kSide = 112;

Tensor opticalDensity(const Tensor& rgb) {
    return -torch::log(rgb.clamp(0.02, 1.0));
}

/// B x 2 x H x W: haematoxylin and eosin. Rows of the inverse of Ruifrok and Johnston's stain matrix.
Tensor stains(const Tensor& density) {
    const auto matrix =
        torch::tensor({{0.650, 0.704, 0.286}, {0.072, 0.990, 0.105}, {0.268, 0.570, 0.776}}, torch::kFloat64);
    const auto unmix =
        torch::inverse(matrix / matrix.norm(2, 1, true)).t().narrow(0, 0, 2).to(density.options());
    return torch::matmul(unmix, density.flatten(2))
        .reshape({density.size(0), 2, density.size(2), density.size(3)});
}

/// Box average of `size` pixels along both axes, at borders over what is inside. As products with a banded
/// matrix: many times faster here than pooling, and the same cost for every size.
Tensor blur(const Tensor& x, int size) {
    const auto at = torch::arange(kSide, x.options());
    auto band = ((at.unsqueeze(0) - at.unsqueeze(1)).abs() <= size / 2).to(x.dtype());
    band = band / band.sum(1, true);
    return torch::matmul(band, torch::matmul(x, band.t()));
}

Tensor spatialMean(const Tensor& x) {
    return x.mean({2, 3});
}
Tensor spatialStd(const Tensor& x) {
    return x.var({2, 3}, false).clamp_min(1e-12).sqrt();
}

/// Every fourth pixel, which says enough about a distribution: B x pixels.
Tensor thinned(const Tensor& x) {
    using torch::indexing::Slice;
    return x.index({Slice(), Slice(), Slice(0, {}, 2), Slice(0, {}, 2)}).flatten(1);
}

/// Soft histogram with triangular bins: B x bins.
Tensor histogram(const Tensor& x, double low, double high, int bins) {
    const double step = (high - low) / (bins - 1);
    const auto position = ((thinned(x) - low) / step).clamp(0, bins - 1).unsqueeze(1);
    const auto centres = torch::arange(bins, x.options()).view({1, bins, 1});
    return (1 - (position - centres).abs()).clamp_min(0).mean(2);
}

Tensor percentiles(const Tensor& x) {
    const auto sorted = std::get<0>(thinned(x).sort(1));
    const auto n = sorted.size(1);
    std::vector<Tensor> values;
    for (const double share : {0.1, 0.5, 0.9})
        values.push_back(sorted.narrow(1, static_cast<int64_t>(share * static_cast<double>(n - 1)), 1));
    return torch::cat(values, 1);
}

void addColour(std::vector<Tensor>& out, const Tensor& channels, const Tensor& grey) {
    out.push_back(spatialMean(channels));
    out.push_back(spatialStd(channels));
    out.push_back(percentiles(grey));
    out.push_back(percentiles(channels.narrow(1, 3, 1)));
}

/// Band-pass energies of haematoxylin, eosin and grey: fine chromatin to whole glands.
void addBands(std::vector<Tensor>& out, const Tensor& x) {
    auto finer = x;
    for (const int size : {3, 5, 9, 17, 33}) {
        const auto coarser = blur(x, size);
        const auto band = finer - coarser;
        out.push_back(spatialMean(band.abs()));
        out.push_back(spatialMean(band.clamp_min(0).square()).clamp_min(1e-12).sqrt());
        finer = coarser;
    }
}

/// How strongly, and how much in one direction, the grey values change: collagen fibres against nests.
void addOrientation(std::vector<Tensor>& out, const Tensor& grey) {
    const auto dx = grey.narrow(3, 2, kSide - 2) - grey.narrow(3, 0, kSide - 2);
    const auto dy = grey.narrow(2, 2, kSide - 2) - grey.narrow(2, 0, kSide - 2);
    const auto gx = dx.narrow(2, 1, kSide - 2), gy = dy.narrow(3, 1, kSide - 2);
    for (const int cell : {11, 22}) {
        const auto xx = torch::avg_pool2d(gx * gx, cell), yy = torch::avg_pool2d(gy * gy, cell);
        const auto xy = torch::avg_pool2d(gx * gy, cell);
        const auto energy = xx + yy;
        const auto directed = ((xx - yy).square() + 4 * xy.square()).clamp_min(1e-14).sqrt();
        out.push_back(spatialMean(directed / (energy + 1e-4)));
        out.push_back(spatialMean(directed).sqrt());
        out.push_back(spatialMean(energy).clamp_min(1e-12).sqrt());
    }
}

void addNuclei(std::vector<Tensor>& out, const Tensor& haematoxylin) {
    for (const int size : {9, 15}) {
        const auto blob = blur(haematoxylin, 3) - blur(haematoxylin, size);
        for (const double threshold : {0.05, 0.12, 0.25})
            out.push_back(spatialMean(torch::sigmoid((blob - threshold) * 40)));
    }
}

/// Unevenness over a 4 x 4 grid, and self-similarity at three distances.
void addLayout(std::vector<Tensor>& out, const Tensor& x) {
    const auto cells = torch::avg_pool2d(x, kSide / 4);
    out.push_back(spatialStd(cells));
    out.push_back(cells.amax({2, 3}) - cells.amin({2, 3}));
    const auto centred = x.narrow(1, 0, 2) - x.narrow(1, 0, 2).mean({2, 3}, true);
    const auto power = spatialMean(centred.square()) + 1e-6;
    for (const int lag : {2, 4, 8}) {
        const auto n = kSide - lag;
        const auto across = spatialMean(centred.narrow(3, lag, n) * centred.narrow(3, 0, n));
        const auto down = spatialMean(centred.narrow(2, lag, n) * centred.narrow(2, 0, n));
        out.push_back((across + down) / (2 * power));
    }
}

} // namespace

Tensor BuiltInImageEncoder::encode(const Tensor& rgb) const {
    const torch::NoGradGuard noGradient;
    const auto full = opticalDensity(rgb);
    const auto small = torch::adaptive_avg_pool2d(rgb, {kSide, kSide});
    const auto density = opticalDensity(small);
    const auto stain = stains(density);
    const auto grey = density.mean(1, true);
    const auto channels = torch::cat({density, stain}, 1);        // R, G, B, H, E
    const auto textures = torch::cat({stain, grey}, 1);           // H, E, grey
    const auto range = small.amax(1, true) - small.amin(1, true); // saturation-like
    const auto centre = [](const Tensor& x) {
        return x.narrow(2, kSide / 4, kSide / 2).narrow(3, kSide / 4, kSide / 2);
    };

    std::vector<Tensor> out;
    addColour(out, channels, grey);
    addColour(out, centre(channels), centre(grey));
    out.push_back(histogram(channels.narrow(1, 3, 1), -0.2, 1.6, 8));
    out.push_back(histogram(channels.narrow(1, 4, 1), -0.2, 1.6, 8));
    out.push_back(histogram(range, 0, 0.7, 6));
    addBands(out, textures);
    addOrientation(out, grey);
    addNuclei(out, channels.narrow(1, 3, 1));
    addLayout(out, textures);
    out.push_back((small.amin(1, true) > 0.82).to(rgb.dtype()).mean({2, 3}));
    out.push_back((grey > 1.0).to(rgb.dtype()).mean({2, 3}));
    const auto spread = spatialStd(stain);
    const auto together = spatialMean((stain - stain.mean({2, 3}, true)).prod(1, true));
    out.push_back(together / (spread.prod(1, true) + 1e-3));
    out.push_back(spatialMean(density.narrow(1, 0, 1) - density.narrow(1, 2, 1)));
    // Contrast between neighbouring pixels of the whole patch: the finest detail, and how sharp the scan is.
    out.push_back(
        spatialMean((full.narrow(3, 1, full.size(3) - 1) - full.narrow(3, 0, full.size(3) - 1)).abs()));
    const auto features = torch::cat(out, 1);
    return torch::constant_pad_nd(features, {0, featureWidth - features.size(1)});
}

std::unique_ptr<FrozenEncoder> makeFrozenEncoder(const std::string& name) {
    if (name == BuiltInImageEncoder::encoderName) return std::make_unique<BuiltInImageEncoder>();
    return nullptr;
}

} // namespace spotglass
