#include "viewer/base/RunningProcess.h"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/resource.h>

namespace spotglass {
namespace {

/// /proc/NUMBER/stat after the name, which may hold anything: the state is its first word, the start in clock
/// ticks the 20th (proc(5)).
constexpr int kStartWord = 19;

std::string bootId() {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string id;
    in >> id;
    return id;
}

struct Status {
    char state = 0; ///< 0: there is no such process
    std::string start;
};

Status statusOf(std::int64_t number) {
    std::ifstream in("/proc/" + std::to_string(number) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto end = text.rfind(')');
    if (end == std::string::npos) return {};
    std::istringstream words(text.substr(end + 1));
    Status status;
    words >> status.state;
    for (int i = 0; i < kStartWord; ++i)
        words >> status.start;
    return status;
}

bool send(const RunningProcess& process, int signal) {
    if (!isRunning(process)) return true;
    return ::kill(static_cast<pid_t>(process.number), signal) == 0 || errno == ESRCH;
}

} // namespace

RunningProcess processOfNumber(std::int64_t number) {
    const auto status = statusOf(number);
    if (number <= 0 || status.state == 0) return {number, {}};
    return {number, bootId() + " " + status.start};
}

bool isOfThisBoot(const RunningProcess& process) {
    const auto now = bootId();
    return process.born.empty() || now.empty() || process.born.starts_with(now + ' ');
}

bool isRunning(const RunningProcess& process) {
    if (process.number <= 0 || process.born.empty()) return false;
    const auto status = statusOf(process.number);
    return status.state != 0 && status.state != 'Z' && status.state != 'X' &&
           bootId() + " " + status.start == process.born;
}

bool interruptProcess(const RunningProcess& process) {
    return send(process, SIGINT);
}
bool killProcess(const RunningProcess& process) {
    return send(process, SIGKILL);
}

void runBehindOthers() {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, 15));
}

} // namespace spotglass
