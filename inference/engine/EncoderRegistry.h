#pragma once

#include "inference/model/FrozenEncoder.h"
#include "viewer/base/CancelToken.h"
#include "viewer/base/Result.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

namespace spotglass {

struct EncoderSpec;

/// A frozen encoder, ready on the CPU.
struct OpenedEncoder {
    std::unique_ptr<FrozenEncoder> encoder;
    std::string id; ///< for cache keys: its name, and the sha256 of its weights where it has any
    std::optional<double> micronsPerPixel; ///< of the images it was trained on, where known
    std::vector<std::string> notes;        ///< sentences: what was assumed about the weights
};

/// What a user gives to make an encoder known.
struct EncoderOffer {
    std::filesystem::path weights, config; ///< config: timm's config.json or our own form; may be empty
    std::string name;                      ///< empty: what the configuration says, or the file's name
    std::string trusted;                   ///< sha256 of a TorchScript program that may run; empty: none
    std::optional<double> micronsPerPixel;
};

/// Opens the encoder that a model names: a built-in one, else `weights` where given, else the one of that
/// name in the workspace, whose file must still be the one that was added (size and time, else sha256).
/// Blocking (reads gigabytes). BadInput with what to do: the name is unknown (and where a published encoder
/// of that name comes from), the file is gone or has changed, or does not fit its description.
[[nodiscard]] Result<OpenedEncoder> openNamedEncoder(const std::string& name,
                                                     const std::filesystem::path& workspace,
                                                     const std::filesystem::path& weights = {});

/// Opens weights that need not be known to the workspace.
[[nodiscard]] Result<OpenedEncoder> openOfferedEncoder(const EncoderOffer& offer, CancelToken cancel = {});

/// Opens the offer to see that it works, and remembers it in the workspace under its name. Returns what was
/// noted, as listEncoders() would say it. Blocking.
[[nodiscard]] Result<nlohmann::json> addEncoder(const std::filesystem::path& workspace,
                                                const EncoderOffer& offer, CancelToken cancel = {});

/// The built-in encoders and those of the workspace: name, kind, width, weights, sha256, state ("ready",
/// "missing", "changed"), specification.
[[nodiscard]] Result<nlohmann::json> listEncoders(const std::filesystem::path& workspace);

/// BadInput when there is none of that name.
[[nodiscard]] Result<void> removeEncoder(const std::filesystem::path& workspace, const std::string& name);

} // namespace spotglass
