#pragma once

#include "inference/model/TorchCompat.h"
#include "viewer/base/Result.h"

#include <string>
#include <vector>

namespace spotglass {

/// One device as a user sees it.
struct DeviceReport {
    std::string name;        ///< "cpu", "cuda:0"
    std::string description; ///< "main processor, 8 threads", "graphics processor 0"
    bool usable = false;
    std::string sentence; ///< why it is not usable, or what was found
    double agreement = 0; ///< largest difference of the self-test from the CPU, relative to its values
    // Measured products of 2048 x 2048 matrices, 10^9 operations (two a multiplication) a second; 0: not
    // measured or not possible.
    double rateFp32 = 0, rateBf16 = 0, rateFp16 = 0;
};

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
