#include "viewer/tiles/BackgroundReader.h"

#include <memory>
#include <semaphore>

#include <QThread>
#include <QtTest>

using namespace spotglass;

class TestBackgroundReader : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void worksElsewhereAndDeliversHere() {
        BackgroundReader reader;
        QThread* worked = nullptr;
        QThread* delivered = nullptr;
        reader.read([] { return QThread::currentThread(); },
                    [&](QThread* thread) {
                        worked = thread;
                        delivered = QThread::currentThread();
                    });
        QVERIFY(reader.isBusy());
        QTRY_VERIFY(delivered);
        QVERIFY(!reader.isBusy());
        QVERIFY(worked != delivered);
        QCOMPARE(delivered, QThread::currentThread());
    }
    void deliversInTheOrderAsked() {
        BackgroundReader reader;
        std::vector<int> got;
        for (int i = 0; i < 20; ++i)
            reader.read([i] { return i; }, [&got](int value) { got.push_back(value); });
        QTRY_COMPARE(got.size(), std::size_t{20});
        QVERIFY(std::is_sorted(got.begin(), got.end()));
    }
    void whatIsForgottenIsNotDelivered() {
        BackgroundReader reader;
        std::binary_semaphore gate{0};
        int got = 0;
        reader.read(
            [&gate] {
                gate.acquire();
                return 1;
            },
            [&got](int value) { got += value; });
        reader.read([] { return 10; }, [&got](int value) { got += value; });
        reader.forget();
        QVERIFY(!reader.isBusy());
        gate.release();
        reader.read([] { return 100; }, [&got](int value) { got += value; });
        QTRY_COMPARE(got, 100);
        QVERIFY(!reader.isBusy());
    }
    void whatTheWorkHoldsIsReleasedOnTheReadingThread() {
        QThread* releasedOn = nullptr;
        std::shared_ptr<int> held(new int(7), [&releasedOn](const int* number) {
            releasedOn = QThread::currentThread();
            delete number;
        });
        BackgroundReader reader;
        bool done = false;
        reader.read([held = std::exchange(held, nullptr)] { return *held; }, [&done](int) { done = true; });
        QTRY_VERIFY(done);
        QTRY_VERIFY(releasedOn);
        QVERIFY(releasedOn != QThread::currentThread());
    }
    void itsEndWaitsForWhatRunsAndDropsTheRest() {
        std::atomic<int> ran = 0;
        bool delivered = false;
        {
            BackgroundReader reader;
            std::binary_semaphore begun{0};
            reader.read(
                [&] {
                    begun.release();
                    return ++ran;
                },
                [&delivered](int) { delivered = true; });
            begun.acquire();
        }
        QCOMPARE(ran.load(), 1);
        QCoreApplication::sendPostedEvents();
        QVERIFY(!delivered);
    }
};

QTEST_GUILESS_MAIN(TestBackgroundReader)
#include "TestBackgroundReader.moc"
