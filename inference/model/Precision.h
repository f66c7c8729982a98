#pragma once

#include <optional>
#include <string_view>

namespace spotglass {

/// In which numbers a network computes its products. Sums, normalisations and results are 32-bit floats in
/// all of them.
enum class Precision { Float32, BFloat16, Float16 };

/// "fp32", "bf16", "fp16": on the command line, in cache keys and in reports.
[[nodiscard]] constexpr std::string_view name(Precision precision) {
    switch (precision) {
    case Precision::BFloat16:
        return "bf16";
    case Precision::Float16:
        return "fp16";
    case Precision::Float32:
        break;
    }
    return "fp32";
}
[[nodiscard]] constexpr std::optional<Precision> precisionNamed(std::string_view text) {
    if (text == "fp32") return Precision::Float32;
    if (text == "bf16") return Precision::BFloat16;
    if (text == "fp16") return Precision::Float16;
    return std::nullopt;
}

} // namespace spotglass
