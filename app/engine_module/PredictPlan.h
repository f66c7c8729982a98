#pragma once

#include "app/engine_module/EngineModule.h"

namespace spotglass {

/// One slide to predict, and the table that it becomes.
struct PlannedSlide {
    std::filesystem::path slide, table;
};

struct PredictPlan {
    std::vector<PlannedSlide> slides; ///< still to do, in the order given
    std::size_t alreadyThere = 0;     ///< left out, because their tables exist (PredictOptions::skipExisting)
};

/// A part of a whole, counted from 1: "2/4" is the second of four.
struct Shard {
    int part = 1, parts = 1;
};

/// Reads "I/N" with 1 <= I <= N. Usage, with a sentence, for anything else. Any thread.
[[nodiscard]] Result<Shard> parseShard(const std::string& text);

/// Every N-th slide beginning with the I-th: neighbours in a list are often alike in size, so that the parts
/// take about as long as each other. All parts together are all slides, each once. Needs 1 <= I <= N.
[[nodiscard]] std::vector<std::filesystem::path> shardOf(const std::vector<std::filesystem::path>& slides,
                                                         int part, int parts);

/// What is to be computed, before anything is. Looks on disk whether tables exist, and reads nothing. Usage:
/// one slide and an output that is no .csv file; two slides whose tables would have the same name in the
/// folder, also when they are in different shards. Any thread.
[[nodiscard]] Result<PredictPlan> planPredictions(const PredictOptions& options);

} // namespace spotglass
