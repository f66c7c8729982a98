#pragma once

#include "inference/model/encoders/EncoderSpec.h"

#include <span>
#include <string>

namespace spotglass {

/// A published encoder, where it comes from and what to do to get it. Spotglass neither ships nor downloads
/// weights: most are under licences that each user has to accept. Constant; any thread.
struct PublishedEncoder {
    std::string_view name;    ///< "uni"
    std::string_view title;   ///< "UNI"
    int width = 0;            ///< features
    std::string_view source;  ///< "huggingface.co/MahmoodLab/UNI"
    std::string_view file;    ///< "pytorch_model.bin"
    std::string_view licence; ///< in short
    bool gated = true;        ///< access has to be asked for
    bool readable =
        true; ///< false: its file holds another network than Spotglass computes; TorchScript is a way
};

[[nodiscard]] std::span<const PublishedEncoder> publishedEncoders();

/// By its name or its title, in any case; nullptr for another.
[[nodiscard]] const PublishedEncoder* publishedEncoder(std::string_view name);

/// What to do to use it, in sentences for the user.
[[nodiscard]] std::string howToGet(const PublishedEncoder& encoder);

/// The description of UNI ("uni") and UNI2-h ("uni2-h") as their authors give it, for use without a
/// config.json (the one of UNI2-h cannot name its MLP). BadInput for another name.
[[nodiscard]] Result<EncoderSpec> publishedSpec(std::string_view name);

} // namespace spotglass
