#include "viewer/base/Process.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace spotglass {
namespace fs = std::filesystem;

void restartWithFastMatrixLibrary([[maybe_unused]] char** argv) {
#if defined(__x86_64__) && defined(__linux__)
    bool changed = false;
    const auto set = [&changed](const char* variable, const char* value) {
        if (std::getenv(variable)) return;
        changed = setenv(variable, value, 1) == 0;
    };
    set("OMP_WAIT_POLICY", "passive");
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        set("OPENBLAS_CORETYPE", "SKYLAKEX");
    if (!changed) return;
    std::error_code ec; // by its own name, so that it is called the same in a list of processes
    const auto program = fs::read_symlink("/proc/self/exe", ec);
    execv(program.c_str(), argv); // returns only when it failed; then we go on, slower
#endif
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
