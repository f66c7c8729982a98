#include "viewer/base/Processors.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>

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

} // namespace

int availableProcessors() {
    static const int count = [] {
        const int bound = boundTo();
        return std::min(bound, allowedByControlGroup(bound));
    }();
    return count;
}

} // namespace spotglass
