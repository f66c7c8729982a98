#pragma once

#include "inference/engine/DevicePipe.h"
#include "inference/engine/PatchLoader.h"
#include "viewer/base/CancelToken.h"

#include <unordered_map>
#include <unordered_set>

namespace spotglass {

/// Where features outlive a run. Functions of one thread.
class FeatureStore {
  public:
    virtual ~FeatureStore() = default;
    /// Those of `wanted` that are kept: `take` gets each with its D 16-bit floats.
    virtual void load(const std::vector<PatchKey>& wanted,
                      const std::function<void(PatchKey, const std::uint16_t*)>& take) = 0;
    /// rows: n x D. Does not block for long.
    virtual void save(const std::vector<PatchKey>& patches, const std::uint16_t* rows) = 0;
};

/// Frozen features of a slide's patches, each distinct patch encoded once (spec/dkan.md section 5.3), kept as
/// 16-bit floats whether they come fresh from the encoder or from a store, so that both give the same
/// predictions. Internal to the Torch side. One thread at a time; owns nothing it is given.
class FeatureBank {
  public:
    /// `store` may be null.
    FeatureBank(PatchLoader& loader, DeviceRunner& runner, BatchSize& batch, int side, int width,
                FeatureStore* store = nullptr);

    /// Encodes those of `patches` that are not known yet. Blocking. Patches that cannot be read are
    /// remembered as such and get the features of a masked patch. True when all are known; false when
    /// `interrupted` said between two batches that something else is wanted first; Cancelled when the token
    /// says so. What is encoded by then stays. Throws what cannot be recovered from.
    [[nodiscard]] Result<bool> ensure(const std::vector<PatchKey>& patches, const CancelToken& cancel,
                                      const std::function<bool()>& interrupted = {});

    /// Takes what the store has of `patches`, so that only the others need to be read. Blocking.
    void recall(const std::vector<PatchKey>& patches);

    /// Rows for `patches` (all ensured before): n x D, raw, 16-bit, on the host.
    [[nodiscard]] torch::Tensor features(const std::vector<PatchKey>& patches) const;
    /// Copies one row (ensured before) to `out`, D numbers.
    void copyTo(PatchKey patch, std::uint16_t* out) const;
    [[nodiscard]] bool isKnown(PatchKey patch) const { return rows_.contains(patch); }
    [[nodiscard]] bool isReadable(PatchKey patch) const { return rows_.at(patch) != nullptr; }
    /// Features of an all-zero normalised patch (spec section 1), D, 16-bit.
    [[nodiscard]] const torch::Tensor& maskedFeatures() const { return masked_; }
    [[nodiscard]] int width() const { return width_; }

    [[nodiscard]] std::size_t encoderPasses() const { return passes_; }
    /// Patches that could not be read so far: what is computed from their surroundings is not final.
    [[nodiscard]] std::size_t unreadable() const { return unreadable_; }
    [[nodiscard]] std::size_t fromStore() const { return fromStore_; }
    [[nodiscard]] std::size_t bytes() const;
    /// Forgets all but those; what is asked for again comes from the store, or is encoded again.
    void keepOnly(const std::unordered_set<PatchKey>& patches);

    /// All rows with their centres (n x 2, int64), and back: for a cache on disk.
    [[nodiscard]] std::pair<torch::Tensor, torch::Tensor> snapshot() const;
    void restore(const torch::Tensor& centres, const torch::Tensor& features);

  private:
    struct Job {
        std::vector<PatchKey> patches;
        torch::Tensor input;
    };
    using Row = std::unique_ptr<std::uint16_t[]>;
    [[nodiscard]] std::vector<PatchKey> missing(const std::vector<PatchKey>& patches);
    void keep(PatchKey patch, const std::uint16_t* row);
    [[nodiscard]] DevicePipe<Job>::Work work();

    PatchLoader& loader_;
    DeviceRunner& runner_;
    BatchSize& batch_;
    int side_, width_;
    FeatureStore* store_;
    torch::Tensor masked_;
    std::unordered_map<PatchKey, Row> rows_; ///< null: cannot be read
    std::size_t passes_ = 0, fromStore_ = 0, unreadable_ = 0;
};

/// RGB bytes H x W x 3 -> 3 x H x W float in [0, 1].
[[nodiscard]] torch::Tensor patchTensor(const std::vector<std::uint8_t>& rgb, int side);

} // namespace spotglass
