#include "viewer/base/MatrixLibrary.h"

#include "viewer/base/Files.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace spotglass {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Sgemm = void (*)(const char*, const char*, const int*, const int*, const int*, const float*,
                       const float*, const int*, const float*, const int*, const float*, float*, const int*);

constexpr const char* libraryName = "libblas.so.3";
constexpr double clearGain = 1.1;

/// Names the processor and the library, so that a choice is not carried over to another machine or version.
std::string signature() {
    std::string processor;
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("model name")) {
            processor = line.substr(line.find(':') + 1);
            break;
        }
    std::error_code ignored;
    for (const char* folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"}) {
        const auto library = fs::canonical(fs::path(folder) / libraryName, ignored);
        if (!ignored)
            return processor + " | " + library.string() + " | " +
                   std::to_string(fs::file_size(library, ignored));
    }
    return processor;
}

/// The environment of a probe: one thread, and the core type.
std::vector<std::string> probeEnvironment(const std::string& coreType) {
    std::vector<std::string> variables{"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1"};
    if (!coreType.empty()) variables.push_back("OPENBLAS_CORETYPE=" + coreType);
    for (char** v = environ; *v; ++v) {
        const std::string_view text(*v);
        if (!text.starts_with("OPENBLAS_") && !text.starts_with("OMP_")) variables.emplace_back(text);
    }
    return variables;
}

/// What a process prints, cut at 100 bytes; the process is ended after `patience`.
std::string outputOf(const fs::path& program, std::vector<std::string> environment,
                     std::chrono::milliseconds patience) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::vector<char*> variables;
    for (auto& variable : environment)
        variables.push_back(variable.data());
    variables.push_back(nullptr);
    std::string name = program.string();
    std::array<char*, 2> arguments{name.data(), nullptr};
    pid_t child = 0;
    const int started =
        posix_spawn(&child, name.c_str(), &actions, nullptr, arguments.data(), variables.data());
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    std::string output;
    if (started == 0) {
        const auto end = Clock::now() + patience;
        std::array<char, 100> bytes{};
        for (;;) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
            pollfd ready{ends[0], POLLIN, 0};
            if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) {
                kill(child, SIGKILL);
                output.clear();
                break;
            }
            const auto count = read(ends[0], bytes.data(), bytes.size());
            if (count <= 0) break;
            output.append(bytes.data(), static_cast<std::size_t>(count));
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (status != 0) output.clear();
    }
    close(ends[0]);
    return output;
}

} // namespace

std::vector<std::string> possibleCoreTypes() {
    std::vector<std::string> types{""};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) types.emplace_back("HASWELL");
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        types.emplace_back("SKYLAKEX");
#endif
    return types;
}

std::optional<double> measureMatrixRate() {
    void* library = dlopen(libraryName, RTLD_NOW | RTLD_LOCAL);
    if (!library) return std::nullopt;
    const auto sgemm = reinterpret_cast<Sgemm>(dlsym(library, "sgemm_"));
    if (!sgemm) return std::nullopt;
    constexpr int side = 384;
    const std::vector<float> a(side * side, 0.5F), b(side * side, 0.25F);
    std::vector<float> c(side * side);
    const float one = 1, zero = 0;
    double best = 0;
    const auto begin = Clock::now();
    for (int i = 0; i < 50 && (i < 4 || Clock::now() - begin < std::chrono::milliseconds(60)); ++i) {
        const auto start = Clock::now();
        sgemm("N", "N", &side, &side, &side, &one, a.data(), &side, b.data(), &side, &zero, c.data(), &side);
        const std::chrono::duration<double> time = Clock::now() - start;
        best = std::max(best, 2e-9 * side * side * side / time.count());
    }
    return best;
}

std::vector<CoreTypeRate> measureCoreTypes(const fs::path& probe, std::chrono::milliseconds patience) {
    std::vector<CoreTypeRate> rates;
    for (const auto& type : possibleCoreTypes())
        rates.push_back(
            {type, std::strtod(outputOf(probe, probeEnvironment(type), patience).c_str(), nullptr)});
    return rates;
}

std::string fastestCoreType(const std::vector<CoreTypeRate>& rates) {
    CoreTypeRate best;
    for (const auto& rate : rates)
        if (rate.coreType.empty()) best = rate;
    const double own = best.gflops;
    for (const auto& rate : rates)
        if (rate.gflops > best.gflops && rate.gflops > own * clearGain) best = rate;
    return best.coreType;
}

std::optional<std::string> rememberedCoreType(const fs::path& file) {
    std::ifstream in(file);
    std::string where, type;
    if (!std::getline(in, where) || !std::getline(in, type) || where != signature()) return std::nullopt;
    const auto possible = possibleCoreTypes();
    if (std::find(possible.begin(), possible.end(), type) == possible.end()) return std::nullopt;
    return type;
}

void rememberCoreType(const fs::path& file, const std::string& coreType) {
    if (file.empty()) return;
    std::error_code ignored;
    fs::create_directories(file.parent_path(), ignored);
    static_cast<void>(writeFileAtomically(file, signature() + "\n" + coreType + "\n"));
}

} // namespace spotglass
