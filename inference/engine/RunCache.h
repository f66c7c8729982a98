#pragma once

#include "inference/engine/FeatureBank.h"

#include <string>

namespace spotglass {

/// What a run over a lattice keeps for the next time, beside features. Functions of one thread.
class RunCache : public FeatureStore {
  public:
    /// `take` gets every cell that is kept with its values (all genes). Once, before anything is saved.
    virtual void loadPredictions(const std::function<void(std::int64_t, const float*)>& take) = 0;
    /// values: cells x genes. Does not block for long.
    virtual void savePredictions(const std::vector<std::int64_t>& cells, const float* values) = 0;
    virtual void begin(std::size_t spots) = 0; ///< how many the whole run will have
    virtual void complete() = 0;
    /// Waits for what is to be written, so that its notes are there.
    virtual void waitUntilWritten() = 0;
    /// Sentences about what could not be kept; empties the list.
    [[nodiscard]] virtual std::vector<std::string> takeNotes() = 0;
};

} // namespace spotglass
