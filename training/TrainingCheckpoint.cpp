#include "training/TrainingCheckpoint.h"

#include "inference/model/TensorConversion.h"

#include <set>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr int kForm = 1;
constexpr const char* kNumbers = "training_state";

/// May differ: they say when to stop and what to call the result, not what a step does.
const std::set<std::string> kFree{"maximum_epochs", "patience",      "name",     "licence",
                                  "source",         "feature_cache", "held_out", "checkpoint_minutes"};

/// The first key that differs between two runs; empty when none does.
std::string difference(const Json& a, const Json& b) {
    if (!a.is_object() || !b.is_object()) return a == b ? "" : "run";
    std::set<std::string> keys;
    for (const auto* run : {&a, &b})
        for (const auto& [key, value] : run->items())
            keys.insert(key);
    for (const auto& key : keys) {
        if (kFree.contains(key)) continue;
        const Json nothing, &left = a.contains(key) ? a[key] : nothing,
                            &right = b.contains(key) ? b[key] : nothing;
        if (left == right) continue;
        const auto inner = left.is_object() && right.is_object() ? difference(left, right) : std::string();
        if (left.is_object() && right.is_object() && inner.empty()) continue;
        return inner.empty() ? key : inner;
    }
    return "";
}

} // namespace

Result<void> saveTrainingState(const TrainingState& state, const std::filesystem::path& file) {
    SafeTensorsWriter writer;
    for (const auto& [name, tensor] : state.tensors)
        add(writer, name, tensor);
    auto numbers = state.numbers;
    numbers["form"] = kForm;
    writer.setMetadata(kNumbers, numbers.dump());
    return writer.write(file);
}

Result<TrainingState> readTrainingState(const std::filesystem::path& file, const Json& run) {
    std::error_code ec;
    if (!std::filesystem::exists(file, ec))
        return badInput("there is no checkpoint to go on from", file.string(),
                        "Start the training without --resume");
    const auto read = SafeTensors::read(file);
    if (!read) return Failure(read.error());
    const auto found = read->metadata().find(kNumbers);
    TrainingState state;
    if (found != read->metadata().end()) state.numbers = Json::parse(found->second, nullptr, false);
    if (!state.numbers.is_object() || state.numbers.value("form", 0) != kForm)
        return badInput("this is not a checkpoint of a training run", file.string());
    if (const auto key = difference(state.numbers.value("run", Json()), run); !key.empty())
        return badInput("this checkpoint is of another run: " + key + " differs", file.string(),
                        "Resume with the configuration and sections that the run began with, or train anew "
                        "into another folder");
    for (const auto& [name, entry] : read->entries()) {
        auto tensor = toTensor(*read, name);
        if (!tensor) return Failure(tensor.error());
        state.tensors[name] = std::move(*tensor);
    }
    return state;
}

} // namespace spotglass
