#pragma once

#include "inference/model/encoders/EncoderSpec.h"
#include "inference/model/FrozenEncoder.h"
#include "viewer/base/Result.h"

#include <filesystem>
#include <memory>

namespace spotglass {

/// Says that the user has seen that a TorchScript file is a program, and has agreed to run the file with this
/// hash. Whoever makes one has compared the hash with the file's own; it is kept with the encoder's settings,
/// so that another file under the same name is not run.
struct TorchScriptConsent {
    std::string sha256; ///< of the whole file, 64 hexadecimal digits
};

/// An encoder as a program: a module saved with torch.jit.save that maps B x 3 x side x side floats to B x D
/// floats. The module gets patches normalised with the spec's mean and std, or RGB in [0, 1] where the spec
/// says that it normalises itself. Whatever precision is asked for, it computes in the types it was saved
/// with: a program may name them itself.
class TorchScriptEncoder final : public FrozenEncoder {
  public:
    /// Runs the file's code: loads it and encodes a trial batch to learn D. Blocking. BadInput with a
    /// sentence without a consent, for a file that is no TorchScript, and for a module that fails or gives
    /// anything but B x D finite floats.
    [[nodiscard]] static Result<std::unique_ptr<TorchScriptEncoder>>
    open(const EncoderSpec& spec, const std::filesystem::path& file, const TorchScriptConsent& consent);
    ~TorchScriptEncoder() override;

    [[nodiscard]] std::string name() const override { return spec_.name; }
    [[nodiscard]] int width() const override { return width_; }
    void moveTo(const torch::Device& device, Precision precision) override;
    /// Throws c10::Error when the module gives another shape than it gave for the trial batch.
    [[nodiscard]] torch::Tensor encode(const torch::Tensor& rgb) const override;

  private:
    struct Program;
    explicit TorchScriptEncoder(EncoderSpec spec);
    [[nodiscard]] Result<void> learnWidth(const std::string& where);
    EncoderSpec spec_;
    int width_ = 0;
    std::unique_ptr<Program> program_;
};

} // namespace spotglass
