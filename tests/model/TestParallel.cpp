#include "inference/model/Parallel.h"
#include "inference/model/QuietThreads.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <ctime>
#include <future>
#include <mutex>
#include <QtTest>
#include <set>
#include <thread>

using namespace spotglass;

class TestParallel : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void initTestCase() {
        keepComputingThreadsFromSpinning();
        at::set_num_threads(2);
    }
    void partsAreComputedBesideEachOtherAndJoinedInOrder() {
        std::mutex mutex;
        std::set<std::thread::id> threads;
        const auto all = inParts(7, [&](int64_t begin, int64_t count) {
            const std::lock_guard lock(mutex);
            threads.insert(std::this_thread::get_id());
            return torch::arange(begin, begin + count);
        });
        QCOMPARE(threads.size(), std::size_t{2});
        QVERIFY(torch::equal(all, torch::arange(7)));
    }
    /// What a thread does inside its part stays there: no part is cut up again.
    void partsAreNotCutUpAgain() {
        std::atomic<int> inside{0};
        static_cast<void>(inParts(2, [&](int64_t begin, int64_t) {
            if (at::in_parallel_region()) ++inside;
            return torch::arange(begin, begin + 1);
        }));
        QCOMPARE(inside.load(), 2);
    }
    void aPartThatFailsIsSaid() {
        QVERIFY_EXCEPTION_THROWN(static_cast<void>(inParts(4,
                                                           [](int64_t begin, int64_t count) {
                                                               if (begin > 0) throw std::runtime_error("no");
                                                               return torch::arange(count);
                                                           })),
                                 std::runtime_error);
    }
    /// Processor time that goes by while nothing is computed: threads that spin take at least as much as the
    /// clock on the wall shows, those that sleep next to nothing, on a slow day as well.
    void threadsSleepWhileTheyHaveNothingToDo() {
        std::promise<void> never;
        const auto future = never.get_future();
        double idle = 0, passed = 0;
        for (int i = 0; i < 20; ++i) {
            static_cast<void>(inParts(2, [](int64_t, int64_t count) { return torch::ones({count, 64}); }));
            const auto before = std::clock();
            const auto start = std::chrono::steady_clock::now();
            QVERIFY(future.wait_for(std::chrono::milliseconds(5)) == std::future_status::timeout);
            idle += static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
            passed += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        }
        QVERIFY2(idle < passed / 2, qPrintable(QString::number(idle / passed)));
    }
};

QTEST_GUILESS_MAIN(TestParallel)
#include "TestParallel.moc"
