#pragma once

#include "inference/model/SafeTensors.h"
#include "viewer/base/Result.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace spotglass {

/// One tensor of a PyTorch file, gathered through its strides: row-major, little-endian bytes.
struct ArchivedTensor {
    TensorType type = TensorType::F32;
    std::vector<std::int64_t> shape;
    std::string bytes;
};

/// What a PyTorch file holds, as plain data.
struct PyTorchArchive {
    /// Tensors by their path joined with dots, wrappers kept ("state_dict.fc.weight", "0.1" for lists).
    std::map<std::string, ArchivedTensor> tensors;
    /// Plain values (numbers, texts, lists, dictionaries with text keys) at the same paths; tensors are left
    /// out.
    nlohmann::json values;
};

/// Reads a torch.save file, zip form (1.6 and later) or the legacy form, with a restricted reader that runs
/// nothing: only tensors, plain containers and numbers; any other global is refused by name. Blocking.
/// BadInput, at once and without a large allocation, for anything else.
[[nodiscard]] Result<PyTorchArchive> readPyTorchArchive(const std::filesystem::path& file);

} // namespace spotglass
