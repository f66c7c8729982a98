#pragma once

#include <chrono>
#include <filesystem>

/// The one file that speaks to the operating system about processes (POSIX here).
namespace spotglass {

/// When to find out which kernels of the matrix library are the fast ones (see MatrixLibrary.h).
enum class MatrixChoice {
    Now,  ///< measured now where it has not been: takes up to a second, once
    Later ///< taken from the processor's features now, and measured by a process beside for the next time
};

/// Sets OPENBLAS_CORETYPE to what was measured to be fast here. Likewise OMP_WAIT_POLICY=passive: threads
/// that spin while they wait take the processor from the window, and are far slower when another program is
/// busy. Call first in main(), before there are threads. A value that the user has set is left alone.
void chooseFastMatrixLibrary(MatrixChoice choice);

/// Tells OpenBLAS, where that is the matrix library in use, how many threads to compute with; returns how
/// many it was (0: another library, which is left alone). Any thread, not during a product.
int setMatrixThreads(int threads);

/// Lets the calling thread, and threads that it starts from now on, give way to others: a worker's
/// computation must not keep the window from drawing. Does nothing where the system does not allow it.
void giveWayToOtherThreads();

/// Tells the C library to keep large blocks that are freed for the next use, instead of handing each to the
/// system and having it cleared again: for a process that makes and drops the same large tensors in every
/// step. Memory then stays at its peak until the process ends.
void keepFreedMemory();

/// Ends the process with `exitCode` after `patience`, whatever its threads are doing, unless it has ended by
/// itself. Call where main() is about to return: a thread that waits for a drive which hangs would keep a
/// program without a window for as long as the drive is away. Does not block.
void endWithin(std::chrono::milliseconds patience, int exitCode);

/// The folder of the running executable.
[[nodiscard]] std::filesystem::path executableFolder();

/// The folder with models, colour maps and icons: SPOTGLASS_RESOURCES, or ../share/spotglass beside the
/// executable.
[[nodiscard]] std::filesystem::path resourceFolder();

/// The workspace file of the user: SPOTGLASS_WORKSPACE, or Spotglass/Spotglass/workspace.sqlite in the folder
/// for the data of programs (XDG Base Directory: XDG_DATA_HOME, or ~/.local/share). Empty without a home.
[[nodiscard]] std::filesystem::path workspacePath();

/// Where features and predictions of slides are kept: SPOTGLASS_CACHE ("none": nowhere, gives an empty path),
/// or Spotglass/Spotglass/slides in the folder for caches (XDG_CACHE_HOME, or ~/.cache). Empty without a
/// home.
[[nodiscard]] std::filesystem::path slideCachePath();

/// Resident memory of this process, now and at its peak, in bytes; 0 where it is not known.
struct MemoryUse {
    unsigned long long resident = 0, peak = 0;
};
[[nodiscard]] MemoryUse memoryUse();

} // namespace spotglass
