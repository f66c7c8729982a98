#pragma once

#include "viewer/base/Units.h"

#include <filesystem>
#include <optional>
#include <string>

namespace spotglass {

/// What the command line of the desktop program asks for.
struct Options {
    std::filesystem::path slide, model, screenshot, spots;
    std::string gene;
    struct View {
        Level0Point center;
        double scale = 1; ///< screen pixels per level-0 pixel
    };
    std::optional<View> view;
    std::optional<double> micronsPerPixel;
    bool presentation = false;
    [[nodiscard]] bool wantsPrediction() const { return !model.empty() || !gene.empty(); }
};

/// Reads the command line. When the program has nothing to do but end (help, version, a mistake), it has said
/// why on standard output or error, and `exitCode` is set (0, or 2 for a mistake).
struct ParsedOptions {
    Options options;
    std::optional<int> exitCode;
};
[[nodiscard]] ParsedOptions parseOptions(int argc, const char* const* argv);

} // namespace spotglass
