#include "viewer/slide/TissueSegmentation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace spotglass {
namespace {

// Optical densities are natural logarithms, the mean of the three channels, against the glass.
constexpr double lowestThreshold = 0.10; ///< smears of eosin and dirty glass stay below
constexpr double highestThreshold =
    0.22;                          ///< pale tissue is above; a slide of nothing but tissue has no glass peak
constexpr double greyRatio = 0.15; ///< less colour for its density than this: dust, shadow, black ink, border
constexpr double speckCells = 100, holeCells = 600; ///< smaller ones are removed, and filled
constexpr int otsuBins = 200;
constexpr double otsuTop = 1.0; ///< denser pixels count into the last bin

using Color = cv::Vec3f; ///< blue, green, red

double lowest(const Color& c) {
    return std::min({c[0], c[1], c[2]});
}
double highest(const Color& c) {
    return std::max({c[0], c[1], c[2]});
}
double brightness(const Color& c) {
    return (c[0] + c[1] + c[2]) / 3;
}

/// The colour of bare glass: the commonest bright and nearly grey colour. Pure white is paint (a border, or a
/// place that was never scanned) unless there is nothing else.
Color glassColor(const cv::Mat& picture, const std::vector<std::uint8_t>& unreadable) {
    std::array<double, 256> count{};
    std::array<cv::Vec3d, 256> sum{};
    double total = 0;
    for (int y = 0; y < picture.rows; ++y)
        for (int x = 0; x < picture.cols; ++x) {
            const auto& c = picture.at<Color>(y, x);
            const auto cell = static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.cols) +
                              static_cast<std::size_t>(x);
            if (!unreadable.empty() && unreadable[cell]) continue;
            if (lowest(c) < 150 || lowest(c) >= 253.5 || std::log(highest(c) / lowest(c)) > 0.12) continue;
            const auto bin = static_cast<std::size_t>(std::clamp(brightness(c), 0.0, 255.0));
            count[bin] += 1;
            sum[bin] += cv::Vec3d(c[0], c[1], c[2]);
            total += 1;
        }
    if (total < 0.005 * static_cast<double>(picture.total())) return {244, 244, 244};
    double best = -1;
    Color color{244, 244, 244};
    for (std::size_t bin = 3; bin + 3 < count.size(); ++bin) {
        double here = 0;
        cv::Vec3d colors;
        for (std::size_t k = bin - 3; k <= bin + 3; ++k) {
            here += count[k];
            colors += sum[k];
        }
        if (here <= best || here <= 0) continue;
        best = here;
        color = Color(colors / here);
    }
    return color;
}

/// How dense each pixel is (-1 where its colour cannot be tissue's).
cv::Mat densities(const cv::Mat& picture, const Color& glass) {
    cv::Mat density(picture.size(), CV_32F);
    for (int y = 0; y < picture.rows; ++y)
        for (int x = 0; x < picture.cols; ++x) {
            const auto& c = picture.at<Color>(y, x);
            Color od;
            for (int k = 0; k < 3; ++k)
                od[k] = std::max(0.0f, std::log(glass[k] / std::max(c[k], 1.0f)));
            const double mean = brightness(od), blue = od[0], green = od[1], red = od[2];
            const bool grey = highest(od) - lowest(od) < greyRatio * mean;
            // Stains absorb green the most, or red a little more; inks absorb red alone (blue pen) or green
            // least (green pen).
            const bool ink = mean > 0.2 && ((red > 1.15 * green && blue < 0.25 * red) ||
                                            (green < 0.7 * red && green < blue));
            density.at<float>(y, x) = grey || ink ? -1.0f : static_cast<float>(mean);
        }
    return density;
}

/// Otsu's threshold over the densities, kept between the limits.
double thresholdFor(const cv::Mat& density) {
    std::array<double, otsuBins> count{};
    for (int y = 0; y < density.rows; ++y)
        for (int x = 0; x < density.cols; ++x) {
            const double d = std::clamp(static_cast<double>(density.at<float>(y, x)), 0.0, otsuTop);
            count[static_cast<std::size_t>(std::min<double>(otsuBins - 1, d / otsuTop * otsuBins))] += 1;
        }
    double total = 0, sum = 0;
    for (std::size_t i = 0; i < count.size(); ++i) {
        total += count[i];
        sum += count[i] * static_cast<double>(i);
    }
    double below = 0, sumBelow = 0, best = -1, threshold = lowestThreshold;
    for (std::size_t i = 0; i + 1 < count.size(); ++i) {
        below += count[i];
        sumBelow += count[i] * static_cast<double>(i);
        if (below <= 0 || below >= total) continue;
        const double apart = sumBelow / below - (sum - sumBelow) / (total - below);
        const double between = below * (total - below) * apart * apart;
        if (between <= best) continue;
        best = between;
        threshold = static_cast<double>(i + 1) / otsuBins * otsuTop;
    }
    return std::clamp(threshold, lowestThreshold, highestThreshold);
}

/// Clears connected patches of `value` smaller than `cells`.
void removeSmall(cv::Mat& mask, std::uint8_t value, double cells) {
    cv::Mat labels, statistics, centers;
    const int found = cv::connectedComponentsWithStats(mask == value, labels, statistics, centers, 8, CV_32S);
    for (int y = 0; y < mask.rows; ++y)
        for (int x = 0; x < mask.cols; ++x) {
            const int label = labels.at<int>(y, x);
            if (label > 0 && label < found && statistics.at<int>(label, cv::CC_STAT_AREA) < cells)
                mask.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(255 - value);
        }
}

cv::Mat smoothed(const Raster& picture) {
    const cv::Mat bgra(picture.height, picture.width, CV_8UC4,
                       const_cast<std::uint32_t*>(picture.pixels.data()));
    cv::Mat bgr, out;
    cv::cvtColor(bgra, bgr, cv::COLOR_BGRA2BGR);
    bgr.convertTo(out, CV_32F);
    cv::GaussianBlur(out, out, {0, 0}, 1.0, 1.0, cv::BORDER_REPLICATE);
    return out;
}

} // namespace

cv::Mat segmentTissue(const Raster& picture, const std::vector<std::uint8_t>& unreadable) {
    const cv::Mat colors = smoothed(picture);
    const cv::Mat density = densities(colors, glassColor(colors, unreadable));
    cv::Mat mask = density > thresholdFor(density);
    if (!unreadable.empty())
        mask.setTo(
            0, cv::Mat(picture.height, picture.width, CV_8U, const_cast<std::uint8_t*>(unreadable.data())));
    // Gaps between fibres belong to the tissue. The border is mirrored, or closing would eat into tissue at
    // the edge.
    cv::Mat framed;
    const cv::Mat disc = cv::getStructuringElement(cv::MORPH_ELLIPSE, {7, 7});
    cv::copyMakeBorder(mask, framed, 8, 8, 8, 8, cv::BORDER_REFLECT);
    cv::morphologyEx(framed, framed, cv::MORPH_CLOSE, disc);
    mask = framed(cv::Rect(8, 8, picture.width, picture.height)).clone();
    const double all = static_cast<double>(mask.total());
    removeSmall(mask, 255, std::min(speckCells, all / 200));
    removeSmall(mask, 0, std::min(holeCells, all / 50));
    return mask;
}

} // namespace spotglass
