#pragma once

#include <cstdint>
#include <string>

/// Processes that outlive the one that started them (POSIX here).
namespace spotglass {

/// Names a process for as long as the machine exists: numbers are given again, also after it was started
/// anew.
struct RunningProcess {
    std::int64_t number = 0;
    std::string born; ///< the machine's start and the process's; empty where it is not known
};

/// The process that has this number now; without `born` when there is none.
[[nodiscard]] RunningProcess processOfNumber(std::int64_t number);

/// Whether the machine has not been started anew since; true where that is not known.
[[nodiscard]] bool isOfThisBoot(const RunningProcess& process);

/// Whether that very process is still there, and has not ended (one that nobody has asked about yet counts as
/// ended).
[[nodiscard]] bool isRunning(const RunningProcess& process);

/// Asks it to stop, as Ctrl-C does, or ends it at once; nothing when it is gone. False where the system
/// refuses.
bool interruptProcess(const RunningProcess& process);
bool killProcess(const RunningProcess& process);

/// Lets the process run when others do not need the processor. For the time between fork and exec: takes no
/// lock and no memory.
void runBehindOthers();

} // namespace spotglass
