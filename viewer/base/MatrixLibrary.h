#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// Which kernels the matrix library computes with. The OpenBLAS of Debian 12 (0.3.21) takes some newer
/// processors for a very old one and is then five times slower (Emerald Rapids: 38 instead of 210 GFLOP/s on
/// two cores). It reads OPENBLAS_CORETYPE while it is being loaded, so the choice has to be made before the
/// first module that needs it; which type is the fast one is measured, once for each processor and library.
namespace spotglass {

/// A core type as OPENBLAS_CORETYPE names it (empty: what the library itself takes the processor for) and
/// what was measured with it.
struct CoreTypeRate {
    std::string coreType;
    double gflops = 0; ///< of one thread; 0: could not be measured
};

/// The core types that this processor can execute, the library's own choice first.
[[nodiscard]] std::vector<std::string> possibleCoreTypes();

/// 10^9 operations a second of one thread in the matrix library that the system loads (libblas.so.3), with
/// the environment of this process. About a tenth of a second. Nothing when there is no such library.
[[nodiscard]] std::optional<double> measureMatrixRate();

/// Runs `probe` (the program spotglass-matrix-probe) once for each possible core type. Blocking, well under a
/// second. A type with which it fails or takes longer than `patience` counts as 0.
[[nodiscard]] std::vector<CoreTypeRate> measureCoreTypes(const std::filesystem::path& probe,
                                                         std::chrono::milliseconds patience);

/// The fastest; the library's own choice unless another is at least a tenth faster, so that noise decides
/// nothing.
[[nodiscard]] std::string fastestCoreType(const std::vector<CoreTypeRate>& rates);

/// What was measured on this processor with this library, kept in `file`; nothing when it has not been
/// measured, or on another processor or library.
[[nodiscard]] std::optional<std::string> rememberedCoreType(const std::filesystem::path& file);
/// Keeps it; failing is no harm.
void rememberCoreType(const std::filesystem::path& file, const std::string& coreType);

} // namespace spotglass
