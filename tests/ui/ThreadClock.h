#pragma once

#include <ctime>

/// Processor time of this thread in milliseconds: what a limit on our own work is held against, since other
/// programs on the machine cannot lengthen it.
inline double threadMilliseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}
