#include "viewer/base/Process.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

namespace spotglass {
namespace fs = std::filesystem;

void restartWithFastMatrixLibrary([[maybe_unused]] char** argv) {
#if defined(__x86_64__) && defined(__linux__)
    if (std::getenv("OPENBLAS_CORETYPE") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl"))
        return;
    setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 1);
    execv("/proc/self/exe", argv); // returns only when it failed; then we go on, slower
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
