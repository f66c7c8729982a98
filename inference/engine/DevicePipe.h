#pragma once

#include "inference/engine/BatchSize.h"
#include "inference/engine/DeviceRunner.h"
#include "inference/model/Parallel.h"

#include <chrono>
#include <deque>
#include <functional>
#include <optional>

namespace spotglass {

/// Hands batches to a device, the next one before the last one's result is there, and gives the results back
/// in order. A batch that does not fit into memory is halved until it does; one whose device is lost is done
/// again on the CPU. Job is a batch of items, movable. Functions throw what cannot be recovered from. Not
/// thread-safe.
template <typename Job> class DevicePipe {
  public:
    struct Work {
        std::function<int(const Job&)> size;
        std::function<Later(Compute&, const Job&)> run;
        std::function<std::pair<Job, Job>(const Job&)> halves; ///< of a job of two items or more
        std::function<void(Job&, const torch::Tensor&)> done;  ///< with the result, on the host
    };
    DevicePipe(DeviceRunner& runner, BatchSize& batch, Work work)
        : runner_(runner), batch_(batch), work_(std::move(work)) {}

    /// Starts a job; may finish earlier ones.
    void push(Job job) {
        batch_.onDevice(runner_.generation(), partsAtOnce());
        // While the batch size is being sought, batches run alone, because their time is what is asked.
        while (!flying_.empty() && flying_.size() >= (batch_.isSettled() ? kAtATime : 1U))
            finishOldest();
        if (work_.size(job) > batch_.next()) { // made before the device or its memory was known
            drain();
            return runAlone(job);
        }
        flying_.push_back(
            {std::move(job), std::nullopt, std::chrono::steady_clock::now(), runner_.generation()});
        try {
            flying_.back().result.emplace(work_.run(runner_.compute(), flying_.back().job));
        } catch (const std::exception& error) {
            failed(error);
        }
        if (!batch_.isSettled()) drain();
    }
    /// Waits for all jobs.
    void drain() {
        while (!flying_.empty())
            finishOldest();
    }

  private:
    static constexpr std::size_t kAtATime = 2;
    struct Flight {
        Job job;
        std::optional<Later> result;
        std::chrono::steady_clock::time_point started;
        int generation; ///< of the runner: the device that it is on
    };

    void finishOldest() {
        auto& oldest = flying_.front();
        torch::Tensor result;
        try {
            result = oldest.result->get();
        } catch (const std::exception& error) {
            return failed(error);
        }
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - oldest.started;
        batch_.took(work_.size(oldest.job), time.count());
        work_.done(oldest.job, result);
        flying_.pop_front();
    }
    /// Does everything that is under way again, one by one: after an error of the device no result that has
    /// not been fetched is certain. Must be called where `error` is being handled.
    void failed(const std::exception& error) {
        auto again = std::exchange(flying_, {});
        const bool moved = again.front().generation != runner_.generation();
        const bool onCpu = runner_.compute().device() == "cpu";
        if (moved || (!onCpu && classify(error, false) == ComputeFailure::DeviceLost)) abandon(again);
        if (!moved) makeFit(runner_.recover(error), again.back().job);
        for (auto& flight : again)
            runAlone(flight.job);
    }
    /// Host memory that a copy of a dead device may still name is never given back: LibTorch asks the device
    /// when it is, and ends the program when that fails.
    static void abandon(std::deque<Flight>& flights) {
        static auto& kept = *new std::deque<Flight>;
        for (auto& flight : flights) {
            kept.push_back({flight.job, std::move(flight.result), flight.started, flight.generation});
            flight.result.reset();
        }
    }
    void makeFit(ComputeFailure failure, const Job& job) {
        if (failure == ComputeFailure::OutOfMemory && !batch_.doesNotFit(work_.size(job)) &&
            !runner_.moveToCpu("The graphics processor has too little memory for this model"))
            throw;
    }
    void runAlone(Job& job) {
        batch_.onDevice(runner_.generation(), partsAtOnce());
        if (work_.size(job) > batch_.next()) {
            auto [first, second] = work_.halves(job);
            runAlone(first);
            runAlone(second);
            return;
        }
        torch::Tensor result;
        try {
            result = work_.run(runner_.compute(), job).get();
        } catch (const std::exception& error) {
            makeFit(runner_.recover(error), job);
        }
        if (!result.defined()) return runAlone(job);
        work_.done(job, result);
    }

    DeviceRunner& runner_;
    BatchSize& batch_;
    Work work_;
    std::deque<Flight> flying_;
};

} // namespace spotglass
