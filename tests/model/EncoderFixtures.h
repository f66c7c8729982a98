#pragma once

#include "inference/model/encoders/OpenEncoder.h"
#include "inference/model/encoders/WeightShapes.h"
#include "inference/model/TensorConversion.h"

#include <filesystem>
#include <functional>
#include <QString>
#include <QStringList>

/// What the tests of the frozen encoders share.
namespace spotglass::test {

/// Runs torchvision_reference.py for those cases into `folder`. False where python3-torchvision is not
/// installed.
[[nodiscard]] bool makeReference(const std::filesystem::path& folder, const QStringList& cases);

/// The weights of a case: CASE.safetensors or CASE.pth.
[[nodiscard]] std::filesystem::path weightsOf(const std::filesystem::path& folder, const QString& name);
[[nodiscard]] Result<EncoderSpec> specOf(const std::filesystem::path& folder, const QString& name);
/// "input" or "output" of a case.
[[nodiscard]] torch::Tensor numbersOf(const std::filesystem::path& folder, const QString& name,
                                      const char* which);

[[nodiscard]] double largestDifference(const torch::Tensor& a, const torch::Tensor& b);
/// Pearson's correlation over all numbers.
[[nodiscard]] double correlation(const torch::Tensor& a, const torch::Tensor& b);

/// A small vision transformer, and random weights for it.
[[nodiscard]] EncoderSpec smallVit();
[[nodiscard]] std::map<std::string, torch::Tensor> randomWeights(const EncoderSpec& spec);
void writeSafeTensors(const std::filesystem::path& file, const std::map<std::string, torch::Tensor>& tensors);

/// The sentence with which openEncoder() refuses; empty when it opens.
[[nodiscard]] QString refusal(const EncoderSpec& spec, const std::filesystem::path& weights);

} // namespace spotglass::test
