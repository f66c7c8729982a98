#include "training/Ranks.h"

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace spotglass {
namespace {

using torch::Tensor;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// What torchrun or srun say about the processes.
struct Launch {
    int rank = 0, count = 1;
    std::string address;
    int port = 0;
    bool serves = false; ///< the store that the processes meet at
};

Result<int> number(const char* name, int low, int high) {
    const std::string text = variable(name);
    int value = 0;
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (text.empty() || read.ec != std::errc() || read.ptr != end || value < low || value > high)
        return badInput(std::string("the environment variable ") + name + " is \"" + text +
                            "\", not a number between " + std::to_string(low) + " and " +
                            std::to_string(high),
                        {}, "torchrun sets it; under srun see packaging/slurm/train.sbatch");
    return value;
}

Result<Launch> readLaunch() {
    constexpr int most = 1 << 16;
    const bool torchrun = !variable("RANK").empty() || !variable("WORLD_SIZE").empty();
    // Not SLURM_NTASKS, which a batch script has that runs alone.
    const bool srun = !torchrun && !variable("SLURM_PROCID").empty() &&
                      !variable("SLURM_STEP_NUM_TASKS").empty() && variable("SLURM_STEP_NUM_TASKS") != "1";
    Launch launch;
    if (!torchrun && !srun) return launch;
    const auto count = number(torchrun ? "WORLD_SIZE" : "SLURM_STEP_NUM_TASKS", 1, most);
    if (!count) return Failure(count.error());
    const auto rank = number(torchrun ? "RANK" : "SLURM_PROCID", 0, *count - 1);
    if (!rank) return Failure(rank.error());
    if (*count == 1) return launch;
    const auto port = number("MASTER_PORT", 1, 65535);
    if (!port) return Failure(port.error());
    launch = {*rank, *count, variable("MASTER_ADDR"), *port, *rank == 0};
    if (launch.address.empty())
        return badInput(
            "the environment variable MASTER_ADDR is not set: the processes do not know where to meet", {},
            "torchrun sets it; under srun see packaging/slurm/train.sbatch");
    if (variable("TORCHELASTIC_USE_AGENT_STORE") == "True") launch.serves = false; // torchrun serves itself
    return launch;
}

} // namespace

struct Ranks::Group {
    c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

Ranks::Ranks() = default;
Ranks::~Ranks() = default;
Ranks::Ranks(Ranks&&) noexcept = default;
Ranks& Ranks::operator=(Ranks&&) noexcept = default;

Result<Ranks> Ranks::join(int waitSeconds) {
    const auto launch = readLaunch();
    if (!launch) return Failure(launch.error());
    Ranks ranks;
    if (launch->count == 1) return ranks;
    try {
        const std::chrono::seconds patience(waitSeconds);
        c10d::TCPStoreOptions meeting;
        meeting.port = static_cast<std::uint16_t>(launch->port);
        meeting.isServer = launch->serves;
        meeting.numWorkers = static_cast<std::size_t>(launch->count);
        meeting.timeout = patience;
        auto store = c10::make_intrusive<c10d::TCPStore>(launch->address, meeting);
        auto options = c10d::ProcessGroupGloo::Options::create(std::chrono::hours(24)); // a full drive
        options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(
            launch->address == "127.0.0.1" || launch->address == "localhost" ? "127.0.0.1"
                                                                             : variable("HOSTNAME")));
        ranks.group_ = std::make_unique<Group>();
        ranks.group_->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(store, launch->rank, launch->count,
                                                                         std::move(options));
    } catch (const std::exception& error) {
        return fail(ErrorKind::Device,
                    "the " + std::to_string(launch->count) +
                        " processes of this training did not find each "
                        "other at " +
                        launch->address + ":" + std::to_string(launch->port) + " (" +
                        std::string(error.what()).substr(0, 200) + ")",
                    {}, "Start all of them within a few minutes, and see that the port is free");
    }
    ranks.rank_ = launch->rank;
    ranks.count_ = launch->count;
    return ranks;
}

namespace {

/// Where Gloo takes tensors.
Tensor onCpu(const Tensor& tensor) {
    return tensor.detach().to(torch::kCPU).contiguous();
}

} // namespace

Tensor Ranks::sum(const Tensor& own) const {
    if (alone()) return own;
    std::vector<Tensor> total{onCpu(own).clone()};
    group_->gloo->allreduce(total)->wait();
    return total.front().to(own.device());
}

double Ranks::sum(double own) const {
    return alone() ? own : sum(torch::full({1}, own, torch::kFloat64)).item<double>();
}

namespace {

struct SumFunction : torch::autograd::Function<SumFunction> {
    static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& own, const Ranks* ranks) {
        context->saved_data["ranks"] = reinterpret_cast<std::int64_t>(ranks); // it keeps no pointers
        return ranks->sum(own);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto* ranks = reinterpret_cast<const Ranks*>(context->saved_data["ranks"].toInt());
        return {ranks->sum(gradients[0]), Tensor()};
    }
};

} // namespace

Tensor Ranks::sumWithGradient(const Tensor& own) const {
    return alone() ? own : SumFunction::apply(own, this);
}

Tensor Ranks::gather(const Tensor& own) const {
    if (alone()) return own.detach();
    std::vector<Tensor> mine{onCpu(own)};
    std::vector<std::vector<Tensor>> all(1);
    for (int i = 0; i < count_; ++i)
        all[0].push_back(torch::empty_like(mine[0]));
    group_->gloo->allgather(all, mine)->wait();
    return torch::cat(all[0]).to(own.device());
}

void Ranks::takeFromFirst(Tensor& tensor) const {
    if (alone()) return;
    std::vector<Tensor> one{onCpu(tensor)};
    group_->gloo->broadcast(one)->wait();
    const torch::NoGradGuard noGradient;
    tensor.copy_(one[0]);
}

double Ranks::fromFirst(double own) const {
    auto value = torch::full({1}, own, torch::kFloat64);
    takeFromFirst(value);
    return value.item<double>();
}

} // namespace spotglass
