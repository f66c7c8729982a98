#include "viewer/base/Process.h"

#include <QtTest>
#include <sys/wait.h>
#include <unistd.h>

using namespace spotglass;

class TestProcess : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void aProgramThatIsHeldUpEnds() {
        const pid_t child = fork();
        if (child == 0) {
            endWithin(std::chrono::milliseconds(20), 7);
            for (;;)
                pause(); // as in a read that never comes back
        }
        QVERIFY(child > 0);
        int status = 0;
        QCOMPARE(waitpid(child, &status, 0), child);
        QVERIFY(WIFEXITED(status));
        QCOMPARE(WEXITSTATUS(status), 7);
    }
};

QTEST_GUILESS_MAIN(TestProcess)
#include "TestProcess.moc"
