#include "app/desktop/Options.h"

#include <charconv>
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <vector>

namespace spotglass {
namespace {

constexpr double leastScale = 0.05, largestScale = 5; ///< micrometres per pixel of a light microscope

void say(std::FILE* where, const std::string& text) {
    std::fputs(text.c_str(), where);
    if (text.empty() || text.back() != '\n') std::fputc('\n', where);
}

Options::View parsedView(const std::string& text) {
    std::vector<double> numbers;
    for (const std::string& word : CLI::detail::split(text, ',')) {
        double number = 0;
        const char* end = word.data() + word.size();
        const auto [rest, error] = std::from_chars(word.data(), end, number);
        if (error != std::errc() || rest != end || !std::isfinite(number))
            throw CLI::ValidationError("--view", "must be three numbers: X,Y,SCALE");
        numbers.push_back(number);
    }
    if (numbers.size() != 3) throw CLI::ValidationError("--view", "must be three numbers: X,Y,SCALE");
    if (!(numbers[2] > 0)) throw CLI::ValidationError("--view", "the scale must be above 0");
    return {{numbers[0], numbers[1]}, numbers[2]};
}

} // namespace

ParsedOptions parseOptions(int argc, const char* const* argv) {
    ParsedOptions parsed;
    Options& options = parsed.options;
    CLI::App app("Spotglass shows gene expression in H&E slides. Research use only.", "spotglass");
    app.set_version_flag("--version", std::string("spotglass " SPOTGLASS_VERSION));
    std::string view; // one word, so that it does not take a slide named after it for a fourth number
    app.add_option("SLIDE", options.slide, "slide to open");
    app.add_option("--model", options.model, "model file (.safetensors) to predict with");
    app.add_option("--gene", options.gene, "gene to show, e.g. FN1");
    app.add_option("--spots", options.spots,
                   "measured spots of this slide: a spot file, or a folder with one");
    app.add_option("--view", view, "level-0 centre and screen pixels per level-0 pixel")
        ->type_name("X,Y,SCALE");
    app.add_option("--mpp", options.micronsPerPixel, "micrometres per pixel, where the slide does not say")
        ->check(CLI::Range(leastScale, largestScale));
    app.add_flag("--presentation", options.presentation, "fill the screen with the picture alone");
    app.add_option("--screenshot", options.screenshot, "save the window when all is there, and end")
        ->type_name("OUT.png");
    try {
        app.parse(argc, argv);
        if (app.count("--view") > 0) options.view = parsedView(view);
        if (options.slide.empty() &&
            (options.wantsPrediction() || !options.spots.empty() || options.view || options.micronsPerPixel))
            throw CLI::RequiredError("SLIDE");
    } catch (const CLI::CallForHelp&) {
        say(stdout, app.help());
        parsed.exitCode = 0;
    } catch (const CLI::CallForVersion& version) {
        say(stdout, version.what());
        parsed.exitCode = 0;
    } catch (const CLI::ParseError& mistake) {
        say(stderr,
            std::string("spotglass: ") + mistake.what() + "\nRun spotglass --help for more information.");
        parsed.exitCode = 2;
    }
    return parsed;
}

} // namespace spotglass
