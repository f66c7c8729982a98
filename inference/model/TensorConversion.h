#pragma once

#include "inference/model/SafeTensors.h"
#include "inference/model/TorchCompat.h"

#include <functional>
#include <string>
#include <string_view>

namespace spotglass {

/// Copies one tensor of a safetensors file. BadInput when it is missing.
[[nodiscard]] Result<torch::Tensor> toTensor(const SafeTensors& file, const std::string& tensor);
[[nodiscard]] torch::Tensor toTensor(TensorType type, const std::vector<std::int64_t>& shape,
                                     std::string_view bytes);

/// Adds a tensor in its own type (a contiguous copy on the CPU).
void add(SafeTensorsWriter& writer, const std::string& name, const torch::Tensor& tensor);

/// Copies weights by name into every parameter and buffer of `module`. BadInput naming the first tensor that
/// is missing or has another shape, with both shapes; `where` names the file. Tensors that the module does
/// not have are ignored.
[[nodiscard]] Result<void> loadWeights(torch::nn::Module& module,
                                       const std::function<Result<torch::Tensor>(const std::string&)>& find,
                                       const std::string& where);

/// "1024 x 48" for sentences.
[[nodiscard]] std::string shapeText(const torch::Tensor& tensor);

} // namespace spotglass
