#pragma once

#include "viewer/base/Result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spotglass {

struct SlideCacheSettings {
    std::filesystem::path folder;        ///< of the program alone; made when it is missing
    std::uint64_t maxBytes = 8ull << 30; ///< all slides together; journals of some MiB come on top
};

/// The centre of a patch in whole level-0 pixels.
struct FeaturePlace {
    std::int64_t x = 0, y = 0;
    bool operator==(const FeaturePlace&) const = default;
};

/// What was computed for one slide and need not be computed again: numbers of a frozen image encoder, and
/// predictions. One SQLite file in WAL mode for each slide, in a folder that all slides share.
///
/// It is only a cache: a damaged file is begun anew (see warnings()), one that was removed behind our back
/// too, and whatever is in it could be computed again. Nothing else may depend on it.
///
/// Crash: each add is one transaction. A program killed at any instant loses the add in hand at most; after a
/// power failure the last few adds may be missing, never half of one.
///
/// Threads and processes: an object belongs to one thread at a time. Any number of objects, in this process
/// and in others, may have the same slide open; each sees what the others have added. Every function blocks
/// on disk (up to five seconds when another program writes), so not on the GUI thread.
///
/// Errors are of kind Device unless said otherwise; a failed call changes nothing, and the next one may
/// succeed (a disk that was full may have room again).
class SlideCache {
  public:
    /// Opens the cache of the slide with that fingerprint (SlideSource::fingerprint()), and makes it and the
    /// folder when they are missing. When all slides together pass maxBytes, those used longest ago go,
    /// unless another object has them open. BadInput: made by a newer version of the program, or a database
    /// of something else (both are left as they are). Usage: no fingerprint.
    [[nodiscard]] static Result<std::unique_ptr<SlideCache>> open(const SlideCacheSettings& settings,
                                                                  const std::string& fingerprint);
    ~SlideCache();
    SlideCache(const SlideCache&) = delete;
    SlideCache& operator=(const SlideCache&) = delete;

    /// Sentences for the user about the file, gathered since it was opened.
    [[nodiscard]] const std::vector<std::string>& warnings() const;

    /// Whether this error says that the slide has reached the limit of the folder (SlideCacheSettings), as
    /// opposed to a full disk. It comes back at every further add, so it is worth telling once.
    [[nodiscard]] static bool isLimit(const Error& error);

    /// Adds rows of `width` 16-bit numbers (IEEE half floats; here only bits), one for each place, row after
    /// row. Places that are there already are left as they are. `set` names all that the numbers depend on
    /// (encoder, patch geometry, scale, precision); it is not interpreted. Usage when the sizes do not fit
    /// each other, or the set has rows of another width. isLimit() when this slide's file would take more
    /// than seven eighths of maxBytes; the rest is kept for predictions.
    [[nodiscard]] Result<void> addFeatures(const std::string& set, int width,
                                           std::span<const FeaturePlace> places,
                                           std::span<const std::uint16_t> rows);

    struct FeatureRows {
        std::vector<FeaturePlace> places;
        std::vector<std::uint16_t> values; ///< places.size() rows, one after the other
    };
    /// The rows that are there, in any order; the other places are not mentioned. Usage as addFeatures.
    [[nodiscard]] Result<FeatureRows> features(const std::string& set, int width,
                                               std::span<const FeaturePlace> wanted);

    /// Adds rows of `genes` values, one for each cell of a lattice (PredictionLattice), row after row. Cells
    /// that are there already are left as they are. Kept as 32-bit floats, as computed: what is read back is
    /// the same to the bit, so that a slide looks and exports alike whether its values are fresh or were
    /// kept. `set` and errors as for features; isLimit() at maxBytes.
    [[nodiscard]] Result<void> addPredictions(const std::string& set, std::size_t genes,
                                              std::span<const std::int64_t> cells,
                                              std::span<const float> values);

    /// How many cells of the set have their values; 0 for an unknown one.
    [[nodiscard]] Result<std::size_t> predictionCount(const std::string& set);

    /// Hands all rows of the set over in order of their arrival, about a thousand at a time; `take` returns
    /// false to stop. The spans are valid inside `take`, which may call this object. Rows that arrive
    /// meanwhile are handed over too. Usage as addPredictions.
    using TakePredictions = std::function<bool(std::span<const std::int64_t> cells, std::span<const float>)>;
    [[nodiscard]] Result<void> readPredictions(const std::string& set, std::size_t genes,
                                               const TakePredictions& take);

    /// Notes that the set is being predicted: `total` cells, described by a text of the caller's (JSON; not
    /// interpreted). A run that was begun, and neither completed nor forgotten, is to be continued when the
    /// slide is opened again. A run of the same set is begun again.
    [[nodiscard]] Result<void> noteRun(const std::string& set, const std::string& description,
                                       std::size_t total);
    /// Nothing happens when there is no such run.
    [[nodiscard]] Result<void> noteRunComplete(const std::string& set);
    /// The user has cancelled it: the run is not listed any more. Its predictions stay.
    [[nodiscard]] Result<void> forgetRun(const std::string& set);

    struct KnownRun {
        std::string set, description;
        std::size_t done = 0; ///< predictionCount(set)
        std::size_t total = 0;
        bool complete = false;
    };
    /// The one begun last comes first.
    [[nodiscard]] Result<std::vector<KnownRun>> runs();

    /// What this slide takes on the disk, journals included. Reads only sizes of files. 0 when they are gone.
    [[nodiscard]] std::uint64_t bytesOnDisk() const;

  private:
    class Impl;
    explicit SlideCache(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// What a folder of slide caches takes on the disk.
struct CacheUse {
    std::uint64_t bytes = 0;
    std::size_t slides = 0;
};
/// Blocks on disk, any thread. A folder that is not there holds nothing.
[[nodiscard]] Result<CacheUse> cacheUse(const std::filesystem::path& folder);

/// Removes the caches of all slides; those that are open somewhere are emptied and stay open. Files of others
/// in the folder are left alone. Blocks on disk, any thread.
[[nodiscard]] Result<void> clearCache(const std::filesystem::path& folder);

} // namespace spotglass
