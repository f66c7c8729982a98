#pragma once

#include "inference/engine/PatchReader.h"
#include "inference/model/FrozenEncoder.h"
#include "viewer/base/CancelToken.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

namespace spotglass {

/// Frozen features of a slide's patches, each distinct patch encoded once (spec/dkan.md section 5.3).
/// Internal to the Torch side. One thread at a time; owns neither reader nor encoder.
class FeatureBank {
  public:
    FeatureBank(const PatchReader& reader, const FrozenEncoder& encoder);

    /// Encodes those of `patches` that are not known yet. Blocking. Patches that cannot be read are
    /// remembered as such and get the features of a masked patch. Cancelled when the token says so; what is
    /// encoded by then stays.
    [[nodiscard]] Result<void> ensure(const std::vector<PatchKey>& patches, const CancelToken& cancel);

    /// Rows for `patches` (all ensured before): n x D, raw.
    [[nodiscard]] torch::Tensor features(const std::vector<PatchKey>& patches) const;
    [[nodiscard]] bool isReadable(PatchKey patch) const { return !unreadable_.contains(patch); }
    /// Features of an all-zero normalised patch (spec section 1), D.
    [[nodiscard]] const torch::Tensor& maskedFeatures() const { return masked_; }
    [[nodiscard]] std::size_t encoderPasses() const { return rows_.size() - unreadable_.size(); }

    /// All rows as one tensor with their centres (n x 2, int64), and back: for a cache on disk.
    [[nodiscard]] std::pair<torch::Tensor, torch::Tensor> snapshot() const;
    void restore(const torch::Tensor& centres, const torch::Tensor& features);

  private:
    const PatchReader& reader_;
    const FrozenEncoder& encoder_;
    torch::Tensor masked_;
    std::unordered_map<PatchKey, torch::Tensor> rows_;
    std::unordered_set<PatchKey> unreadable_;
};

/// RGB bytes H x W x 3 -> 3 x H x W float in [0, 1].
[[nodiscard]] torch::Tensor patchTensor(const std::vector<std::uint8_t>& rgb, int side);
/// (x - mean) / std of ImageNet; x: ... x 3 x H x W in [0, 1].
[[nodiscard]] torch::Tensor imageNetNormalised(const torch::Tensor& rgb);

} // namespace spotglass
