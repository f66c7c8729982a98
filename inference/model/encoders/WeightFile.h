#pragma once

#include "inference/model/encoders/WeightShapes.h"
#include "inference/model/TorchCompat.h"

#include <filesystem>
#include <memory>

namespace spotglass {

/// The tensors of a safetensors file or of a PyTorch file (zip or legacy form, read by readPyTorchArchive,
/// which runs nothing), whatever they are wrapped in. Holds the file's numbers once; a tensor that is taken
/// from a PyTorch file is let go. One thread.
class WeightFile {
  public:
    /// Blocking: reads the whole file. BadInput with a sentence for a file that is absent, truncated or of
    /// another kind. A TorchScript program is refused, unread: it says what it is and what to do.
    [[nodiscard]] static Result<WeightFile> open(const std::filesystem::path& file);
    WeightFile(WeightFile&&) noexcept;
    WeightFile& operator=(WeightFile&&) noexcept;
    ~WeightFile();

    /// Every tensor by its full name ("state_dict.model.conv1.weight").
    [[nodiscard]] const TensorShapes& shapes() const { return shapes_; }

    /// Finds what stands before the names of the network ("", "state_dict.", "module.", "teacher.backbone.",
    /// any of them in any order): the prefix under which all of `names` are. Where several networks lie in
    /// the file, a teacher or running average is preferred to its student, as their authors do; otherwise
    /// BadInput names them. BadInput, with the `what` that was looked for, when there is none. Later calls
    /// of inside() and take() are under that prefix.
    [[nodiscard]] Result<void> enter(const std::vector<std::string>& names, const std::string& what);
    /// Whether enter() would find them.
    [[nodiscard]] bool holds(const std::vector<std::string>& names) const;
    [[nodiscard]] const std::string& prefix() const { return prefix_; }
    /// The tensors under the prefix, by their names without it.
    [[nodiscard]] TensorShapes inside() const;

    /// Copies a tensor out as 32-bit float on the CPU, contiguous. BadInput, naming it, when it is missing,
    /// not of a floating type, or holds values that are not finite.
    [[nodiscard]] Result<torch::Tensor> take(const std::string& name);

    [[nodiscard]] std::string where() const { return where_; } ///< the file's name, for sentences

  private:
    struct Content;
    WeightFile();
    [[nodiscard]] std::vector<std::string> prefixes(const std::vector<std::string>& names) const;
    std::unique_ptr<Content> content_;
    TensorShapes shapes_;
    std::string prefix_, where_;
};

/// Whether the file is a TorchScript program (torch.jit.save). Blocking: reads its table of contents. False
/// for whatever cannot be read.
[[nodiscard]] bool isTorchScript(const std::filesystem::path& file);

} // namespace spotglass
