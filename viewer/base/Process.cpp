#include "viewer/base/Process.h"

#include "viewer/base/MatrixLibrary.h"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace spotglass {
namespace fs = std::filesystem;

namespace {

constexpr int keepWhatTheUserSet = 0;

void setCoreType(const std::string& type) {
    if (!type.empty()) setenv("OPENBLAS_CORETYPE", type.c_str(), keepWhatTheUserSet);
}

/// Measures and remembers; gives what to use.
std::string measuredCoreType(const fs::path& memory) {
    const auto probe = executableFolder() / "spotglass-matrix-probe";
    const auto rates = measureCoreTypes(probe, std::chrono::milliseconds(2000));
    const bool measured = std::any_of(rates.begin(), rates.end(), [](const auto& r) { return r.gflops > 0; });
    if (!measured)
        return possibleCoreTypes().back(); // without the probe the newest that the processor can do
    const auto best = fastestCoreType(rates);
    rememberCoreType(memory, best);
    return best;
}

} // namespace

void chooseFastMatrixLibrary(MatrixChoice choice) {
#if defined(__linux__)
    setenv("OMP_WAIT_POLICY", "passive", keepWhatTheUserSet);
    if (const char* set = std::getenv("OPENBLAS_CORETYPE"); set && *set) return;
    const auto slides = slideCachePath();
    if (slides.empty()) return setCoreType(possibleCoreTypes().back()); // nothing may be kept
    const auto memory = slides.parent_path() / "matrix-library.txt";
    if (const auto known = rememberedCoreType(memory)) return setCoreType(*known);
    if (choice == MatrixChoice::Now) return setCoreType(measuredCoreType(memory));
    setCoreType(possibleCoreTypes().back());
    std::thread([memory] { // what is measured serves the next start: the variable is read once
        std::this_thread::sleep_for(std::chrono::seconds(3)); // the first picture comes first
        static_cast<void>(measuredCoreType(memory));
    })
        .detach();
#endif
}

int setMatrixThreads(int threads) {
    const auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
    const auto get = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_num_threads"));
    if (!set || !get) return 0;
    const int before = get();
    if (threads > 0) set(threads);
    return before;
}

void keepFreedMemory() {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

void endWithin(std::chrono::milliseconds patience, int exitCode) {
    std::thread([patience, exitCode] {
        std::this_thread::sleep_for(patience);
        _exit(exitCode);
    }).detach();
}

void giveWayToOtherThreads() {
#ifdef __linux__
    // On Linux the nice value belongs to the thread, and a thread that it starts inherits it.
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 10));
#endif
}

fs::path executableFolder() {
    std::error_code ec;
    return fs::read_symlink("/proc/self/exe", ec).parent_path();
}

fs::path resourceFolder() {
    if (const char* set = std::getenv("SPOTGLASS_RESOURCES"); set && *set) return set;
    return executableFolder().parent_path() / "share" / "spotglass";
}

namespace {

/// A folder of the XDG Base Directory specification, which says that relative paths are to be ignored.
fs::path xdgFolder(const char* variable, const char* belowHome) {
    if (const char* set = std::getenv(variable); set && fs::path(set).is_absolute()) return set;
    const char* home = std::getenv("HOME");
    return home && *home ? fs::path(home) / belowHome : fs::path();
}

} // namespace

fs::path workspacePath() {
    if (const char* set = std::getenv("SPOTGLASS_WORKSPACE"); set && *set) return set;
    const auto data = xdgFolder("XDG_DATA_HOME", ".local/share");
    return data.empty() ? data : data / "Spotglass" / "Spotglass" / "workspace.sqlite";
}

fs::path slideCachePath() {
    if (const char* set = std::getenv("SPOTGLASS_CACHE"); set && *set)
        return std::string_view(set) == "none" ? fs::path() : fs::path(set);
    const auto caches = xdgFolder("XDG_CACHE_HOME", ".cache");
    return caches.empty() ? caches : caches / "Spotglass" / "Spotglass" / "slides";
}

MemoryUse memoryUse() {
    MemoryUse use;
    std::ifstream in("/proc/self/status");
    std::string line;
    const auto kilobytes = [&line] { return std::stoull(line.substr(line.find(':') + 1)) * 1024; };
    while (std::getline(in, line)) {
        if (line.starts_with("VmRSS:")) use.resident = kilobytes();
        if (line.starts_with("VmHWM:")) use.peak = kilobytes();
    }
    return use;
}

} // namespace spotglass
