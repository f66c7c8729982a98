#include "viewer/base/Processors.h"

#include <QProcess>
#include <QStandardPaths>
#include <QTextStream>
#include <QThread>
#include <QtTest>
#include <string_view>

using namespace spotglass;

/// Counted in processes of their own: the number is asked for once.
class TestProcessors : public QObject {
    Q_OBJECT
    static int countOf(const QString& program, const QStringList& before) {
        QProcess process;
        process.start(program, before + QStringList{QCoreApplication::applicationFilePath(),
                                                    QStringLiteral("--count")});
        return process.waitForFinished(20'000) && process.exitCode() == 0
                   ? process.readAllStandardOutput().trimmed().toInt()
                   : -1;
    }

  private Q_SLOTS:
    void thereIsAtLeastOne() {
        QVERIFY(availableProcessors() >= 1);
        QVERIFY(availableProcessors() <= std::max(1, QThread::idealThreadCount()));
    }
    /// As under Slurm with --cpus-per-task.
    void thoseThatTheProcessIsBoundToAreCounted() {
        const auto taskset = QStandardPaths::findExecutable(QStringLiteral("taskset"));
        if (taskset.isEmpty()) QSKIP("taskset is not installed");
        QCOMPARE(countOf(taskset, {QStringLiteral("-c"), QStringLiteral("0")}), 1);
    }
};

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--count") {
        QTextStream(stdout) << availableProcessors() << '\n';
        return 0;
    }
    QCoreApplication app(argc, argv);
    TestProcessors test;
    return QTest::qExec(&test, argc, argv);
}
#include "TestProcessors.moc"
