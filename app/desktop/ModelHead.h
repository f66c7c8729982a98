#pragma once

#include "viewer/base/Result.h"

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

#include <QStringList>

namespace spotglass {

/// The head of a model file (safetensors: length, JSON, tensors), read without LibTorch.
struct ModelHead {
    nlohmann::json document;                     ///< of the file: tensors and __metadata__
    nlohmann::json card;                         ///< what the model says about itself (design section 6)
    std::uint64_t dataOffset = 0, dataBytes = 0; ///< of the tensors
};

/// Blocking, fast. BadInput with a sentence for a file that is missing, of another kind, cut, or without a
/// card that lists genes.
[[nodiscard]] Result<ModelHead> readModelHead(const std::filesystem::path& file);

/// The SHA-256 of the tensors alone. Blocking.
[[nodiscard]] Result<std::string> hashOfTensors(const std::filesystem::path& file, const ModelHead& head);

/// Writes the model of `source` with another card to `target`, aside and renamed. The hash of its tensors is
/// noted in the file, so that damage on the way is found when it is read in again. Blocking.
[[nodiscard]] Result<void> writeModelWithCard(const std::filesystem::path& source, const ModelHead& head,
                                              const nlohmann::json& card,
                                              const std::filesystem::path& target);

/// BadInput when the file notes another hash than its tensors have; nothing where it notes none. Blocking.
[[nodiscard]] Result<void> checkNotedHash(const std::filesystem::path& file, const ModelHead& head);

/// What to know before a model is used, from its card; may be empty.
[[nodiscard]] QString warningOf(const nlohmann::json& card);

} // namespace spotglass
