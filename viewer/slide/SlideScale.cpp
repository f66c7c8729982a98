#include "viewer/slide/SlideScale.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace spotglass {
namespace {

using Properties = std::map<std::string, std::string>;

/// Independent of the locale; a decimal comma, which some scanners write, is understood.
std::optional<double> number(const Properties& properties, const char* name) {
    const auto found = properties.find(name);
    if (found == properties.end()) return std::nullopt;
    std::string text = found->second;
    std::replace(text.begin(), text.end(), ',', '.');
    text.erase(0, text.find_first_not_of(" \t"));
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end == text.data() || !std::isfinite(value)) return std::nullopt;
    return value;
}

bool isCredible(MicronsPerPixel scale) {
    const auto within = [](double v) { return v >= minMicronsPerPixel && v <= maxMicronsPerPixel; };
    return scale.isValid() && within(scale.x) && within(scale.y) &&
           std::max(scale.x, scale.y) <= 1.2 * std::min(scale.x, scale.y);
}

std::optional<MicronsPerPixel> tiffScale(const Properties& properties) {
    const auto x = number(properties, "tiff.XResolution"), y = number(properties, "tiff.YResolution");
    const auto unit = properties.find("tiff.ResolutionUnit");
    if (!x || !y || unit == properties.end()) return std::nullopt;
    const auto kind = unit->second == "inch"         ? ResolutionUnit::Inch
                      : unit->second == "centimeter" ? ResolutionUnit::Centimetre
                                                     : ResolutionUnit::None;
    return scaleFromResolution(*x, *y, kind);
}

/// Nothing, and a warning, where the objective says that the scale cannot be true.
std::optional<MicronsPerPixel> withObjective(std::optional<MicronsPerPixel> scale,
                                             const Properties& properties,
                                             std::vector<std::string>& warnings) {
    const auto power = number(properties, "openslide.objective-power");
    if (!scale || !power || *power <= 0) return scale;
    const double product = *power * scale->mean(); // about 10 in every scanner
    if (product >= 4 && product <= 25) return scale;
    warnings.push_back(
        fmt::format("The file contradicts itself about its scale (an objective of {:g}x and {:.4g} um per "
                    "pixel do not belong together); it is not used. Set the scale by hand.",
                    *power, scale->mean()));
    return std::nullopt;
}

} // namespace

std::optional<MicronsPerPixel> scaleFromResolution(double pixelsPerUnitX, double pixelsPerUnitY,
                                                   ResolutionUnit unit) {
    if (unit == ResolutionUnit::None || !(pixelsPerUnitX > 0) || !(pixelsPerUnitY > 0)) return std::nullopt;
    const double microns = unit == ResolutionUnit::Inch ? 25400 : 10000;
    const MicronsPerPixel scale{microns / pixelsPerUnitX, microns / pixelsPerUnitY};
    return isCredible(scale) ? std::optional(scale) : std::nullopt;
}

std::optional<MicronsPerPixel> scaleFromProperties(const Properties& properties,
                                                   std::vector<std::string>& warnings) {
    const auto x = number(properties, "openslide.mpp-x"), y = number(properties, "openslide.mpp-y");
    const auto fromTiff = tiffScale(properties);
    if (x || y) {
        const MicronsPerPixel stated{x.value_or(y.value_or(0)), y.value_or(x.value_or(0))};
        if (!isCredible(stated)) {
            warnings.push_back(
                fmt::format("The file gives a scale of {:g} x {:g} um per pixel, which no slide has; it is "
                            "ignored. Set the scale by hand.",
                            stated.x, stated.y));
            return std::nullopt;
        }
        if (fromTiff && std::abs(fromTiff->mean() / stated.mean() - 1) > 0.2) {
            warnings.push_back(
                fmt::format("The file contradicts itself about its scale ({:.4g} and {:.4g} um per pixel); "
                            "neither is used. Set the scale by hand.",
                            stated.mean(), fromTiff->mean()));
            return std::nullopt;
        }
        return withObjective(stated, properties, warnings);
    }
    if (!fromTiff)
        warnings.emplace_back(
            "The file does not say how many micrometres a pixel is wide. Set the scale by hand.");
    return withObjective(fromTiff, properties, warnings);
}

} // namespace spotglass
