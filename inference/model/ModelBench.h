#pragma once

#include "inference/model/DkanInference.h"
#include "inference/model/FrozenEncoder.h"

#include <functional>
#include <nlohmann/json.hpp>

/// Measurements of the networks alone, on tensors that lie in memory: what a pipeline is held against. Public
/// to the command line and to the program that a machine with nothing but LibTorch runs.
namespace spotglass {

struct BenchSettings {
    int repeats = 5;
    double seconds = 1; ///< at least, of each repeat
};

/// Items a second over the repeats: {"median", "low", "high", "repeats"}. `work` does one batch of `items`
/// and waits for the device.
[[nodiscard]] nlohmann::json measureRate(const BenchSettings& settings, double items,
                                         const std::function<void()>& work);

/// 10^9 operations a second (a multiplication and a sum are two) of square matrix products in that precision;
/// 0 where the library has none.
[[nodiscard]] double matrixRate(const torch::Device& device, Precision precision, int side = 4096);

/// The fastest batch of `batches` is told: patches a second, operations a second, and their share of
/// `matrix` (0: not told). The encoder is where it is to be measured.
[[nodiscard]] nlohmann::json benchEncoder(const FrozenEncoder& encoder, const torch::Device& device, int side,
                                          double operationsPerPatch, const std::vector<int>& batches,
                                          double matrix, const BenchSettings& settings);

/// The same for DKAN, spots a second, with the genes chosen before.
[[nodiscard]] nlohmann::json benchDkan(DkanInference& dkan, const DkanConfig& config, int side,
                                       const std::vector<int>& batches, double matrix,
                                       const BenchSettings& settings);

/// A DKAN of random weights, at the published size unless told otherwise.
[[nodiscard]] LoadedModel randomModel(const DkanConfig& config = {});

/// Waits until the device has done all that it was given.
void waitFor(const torch::Device& device);

} // namespace spotglass
