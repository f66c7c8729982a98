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
    void theEnvironmentNamesTheUsersPlaces() {
        qputenv("SPOTGLASS_WORKSPACE", "/elsewhere/w.sqlite");
        QCOMPARE(workspacePath(), std::filesystem::path("/elsewhere/w.sqlite"));
        qunsetenv("SPOTGLASS_WORKSPACE");
        qputenv("XDG_DATA_HOME", "/data");
        QCOMPARE(workspacePath(), std::filesystem::path("/data/Spotglass/Spotglass/workspace.sqlite"));
        qputenv("XDG_DATA_HOME", "relative"); // to be ignored, says the specification
        qputenv("HOME", "/home/her");
        QCOMPARE(workspacePath(),
                 std::filesystem::path("/home/her/.local/share/Spotglass/Spotglass/workspace.sqlite"));
        qputenv("SPOTGLASS_CACHE", "none");
        QVERIFY(slideCachePath().empty());
        qputenv("SPOTGLASS_CACHE", "/fast/disk");
        QCOMPARE(slideCachePath(), std::filesystem::path("/fast/disk"));
        qunsetenv("SPOTGLASS_CACHE");
        qunsetenv("XDG_CACHE_HOME");
        QCOMPARE(slideCachePath(), std::filesystem::path("/home/her/.cache/Spotglass/Spotglass/slides"));
        qunsetenv("HOME");
        QVERIFY(slideCachePath().empty());
    }
};

QTEST_GUILESS_MAIN(TestProcess)
#include "TestProcess.moc"
