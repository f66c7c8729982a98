#include "viewer/base/Processors.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace spotglass {
namespace {

int boundTo() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); // over 1024 of them
}

/// cpu.max of control groups, version 2: "QUOTA PERIOD" or "max PERIOD".
int allowedByControlGroup(int otherwise) {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    std::string quota;
    double period = 0;
    if (!(file >> quota >> period) || quota == "max" || !(period > 0)) return otherwise;
    const double processors = std::atof(quota.c_str()) / period;
    return processors > 0 ? std::max(1, static_cast<int>(std::ceil(processors))) : otherwise;
}

/// memory.max of control groups, version 2: bytes or "max".
unsigned long long memoryOfControlGroup(unsigned long long otherwise) {
    std::ifstream file("/sys/fs/cgroup/memory.max");
    unsigned long long bytes = 0;
    return file >> bytes ? std::min(bytes, otherwise) : otherwise;
}

} // namespace

int availableProcessors() {
    static const int count = [] {
        const int bound = boundTo();
        return std::min(bound, allowedByControlGroup(bound));
    }();
    return count;
}

unsigned long long availableMemory() {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page <= 0) return 0;
    return memoryOfControlGroup(static_cast<unsigned long long>(pages) *
                                static_cast<unsigned long long>(page));
}

} // namespace spotglass
