#pragma once

#include "inference/engine/PredictionEngine.h"
#include "inference/model/TorchCompat.h"

#include <string>
#include <vector>

namespace spotglass {

/// Examines a device: computes one batch of a small DKAN there and on the CPU and compares; with `measure`
/// also its matrix rates. Blocking (the first use of CUDA takes seconds). Nothing is thrown.
[[nodiscard]] DeviceReport examineDevice(const torch::Device& device, bool measure);

/// The CPU first, then every CUDA device.
[[nodiscard]] std::vector<DeviceReport> examineDevices(bool measure);

/// Why CUDA cannot be used here, in words that say what to do; empty where it can.
[[nodiscard]] std::string whyNoCuda();

/// "auto": the first CUDA device that passes its self-test, else the CPU, with the reason in `note` where an
/// NVIDIA card is there all the same. "cpu", "cuda", "cuda:N": that one. Usage for another text, Device when
/// it cannot be used.
[[nodiscard]] Result<torch::Device> chooseDevice(const std::string& wanted, std::string& note);

} // namespace spotglass
