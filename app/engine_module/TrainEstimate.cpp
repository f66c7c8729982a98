#include "app/engine_module/TrainEstimate.h"

#include "training/Trainer.h"
#include "viewer/base/Process.h"
#include "viewer/base/Processors.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace spotglass {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr double kEnoughSeconds = 8; ///< of steps, after the first
constexpr std::size_t kFewestSteps = 3, kMostSteps = 200;
/// A spot that is only predicted costs about a third of one that is trained on: the forward pass alone.
constexpr double kPredictedSpot = 1.0 / 3;

double secondsOf(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
}

std::size_t spotsOf(const std::vector<SectionTensors>& sections) {
    std::size_t spots = 0;
    for (const auto& section : sections)
        spots += section.ids.size();
    return spots;
}

/// The folder where the run would write, or the first above it that is there.
std::filesystem::path existingFolder(std::filesystem::path folder) {
    std::error_code ec;
    folder = std::filesystem::absolute(folder.empty() ? "." : folder, ec);
    while (!std::filesystem::exists(folder, ec) && folder.has_relative_path())
        folder = folder.parent_path();
    return folder;
}

/// Median seconds of a step, from real ones.
Result<double> secondsOfAStep(const TrainPlan& plan, const std::vector<SectionTensors>& training,
                              const std::vector<SectionTensors>& validation, torch::Device device,
                              const CancelToken& cancel) {
    const CancelToken enough;
    std::vector<double> steps;
    auto last = Clock::now();
    double sum = 0;
    TrainingHooks hooks;
    hooks.device = device;
    hooks.event = [](const Json&) {};
    hooks.best = [](const LoadedModel&) { return Result<void>(); };
    hooks.validated = [&](int, const std::vector<torch::Tensor>&) { last = Clock::now(); };
    hooks.giveWay = [&] {
        const double step = secondsOf(Clock::now() - last);
        last = Clock::now();
        steps.push_back(step);
        if (steps.size() > 1) sum += step; // the first one prepares memory
        const bool several = steps.size() > kFewestSteps;
        if (cancel.isCancelled() || (several && sum > kEnoughSeconds) || steps.size() > kMostSteps)
            enough.cancel();
    };
    const auto* parent = plan.parent ? &*plan.parent : nullptr;
    auto done = train(plan.config, plan.card, training, validation, plan.geneEmbeddings, parent, {}, false,
                      hooks, enough);
    if (cancel.isCancelled()) return cancelled();
    if (!done && done.error().kind != ErrorKind::Cancelled) return Failure(done.error());
    if (steps.size() > 1) steps.erase(steps.begin());
    if (steps.empty()) return badInput("there are too few spots for a single step");
    std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2),
                     steps.end());
    return steps[steps.size() / 2];
}

std::int64_t parametersOf(const ModelCard& card) {
    std::int64_t count = 0;
    for (const auto& parameter : Dkan(card.config)->parameters())
        count += parameter.numel();
    return count;
}

void addWarnings(Json& estimate) {
    auto& warnings = estimate["warnings"] = Json::array();
    const double memory = estimate["memory_available_gb"].get<double>();
    if (estimate["disk_gb"].get<double>() > estimate["disk_available_gb"].get<double>())
        warnings.push_back("There is not enough room on the drive.");
    if (memory > 0 && estimate["memory_gb"].get<double>() > memory)
        warnings.push_back("This needs about as much memory as the computer has. Set micro_batch lower.");
}

} // namespace

Result<void> estimateTraining(const TrainPlan& plan, const std::vector<SectionTensors>& training,
                              const std::vector<SectionTensors>& validation, torch::Device device,
                              const TrainOptions& options, Clock::duration before,
                              const CancelToken& cancel) {
    const auto& config = plan.config;
    const auto step = secondsOfAStep(plan, training, validation, device, cancel);
    if (!step) return Failure(step.error());
    const double spots = static_cast<double>(spotsOf(training)),
                 judged = static_cast<double>(spotsOf(validation));
    const double steps = std::ceil(spots / config.batch);
    const double epoch = *step * (steps + kPredictedSpot * judged / config.batch);
    const auto parameters = static_cast<double>(parametersOf(plan.card));
    std::error_code ec;
    const auto space = std::filesystem::space(existingFolder(options.output), ec);
    const auto memory = memoryUse();
    const double average = config.averageWeights > 0 ? 1 : 0;
    // model, best and the checkpoint with weights, two moments and the best again, each also once aside
    const double disk = 4 * parameters * ((6 + average) * config.members + 2 * (4 + average));
    Json estimate{{"seconds_before", secondsOf(before)},
                  {"seconds_per_step", *step},
                  {"seconds_per_epoch", epoch * config.members},
                  {"epochs", config.fixedEpochs > 0 ? config.fixedEpochs : config.maximumEpochs},
                  {"memory_gb", static_cast<double>(memory.peak) / 1e9},
                  {"memory_available_gb", static_cast<double>(availableMemory()) / 1e9},
                  {"disk_gb", disk / 1e9},
                  {"disk_available_gb", ec ? 0.0 : static_cast<double>(space.available) / 1e9},
                  {"spots", spots},
                  {"genes", plan.panel.genes.size()},
                  {"parameters", parameters},
                  {"device", device.str()}};
    addWarnings(estimate);
    if (options.json) {
        printJson(estimate);
        return {};
    }
    const double epochs = estimate["epochs"].get<double>();
    say("About " + threeDecimals(estimate["seconds_per_epoch"].get<double>()) + " s an epoch, at most " +
        std::to_string(static_cast<int>(epochs)) + " epochs: at most " +
        threeDecimals((secondsOf(before) + epochs * epoch * config.members) / 60) + " minutes. Memory " +
        threeDecimals(estimate["memory_gb"].get<double>()) + " GB, room on the drive " +
        threeDecimals(disk / 1e9) + " GB.");
    for (const auto& warning : estimate["warnings"])
        say(warning.get<std::string>());
    return {};
}

} // namespace spotglass
