#include "app/desktop/WorkspaceMemory.h"

#include "viewer/base/Files.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

class TestWorkspaceMemory : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] std::filesystem::path file() const {
        return std::filesystem::path(dir_.path().toStdString()) / "new folder" / "workspace.sqlite";
    }
    static OpenedSlide slide(const char* path, std::uint64_t seed) {
        SyntheticSlideOptions options;
        options.seed = seed;
        options.micronsPerPixel.reset();
        return {path, std::make_shared<SyntheticSlideSource>(options), std::nullopt};
    }

  private Q_SLOTS:
    void scalesAndRecentSlidesSurviveASession() {
        const OpenedSlide first = slide("/slides/a.png", 1), second = slide("/slides/b.png", 2);
        {
            const auto memory = openWorkspaceMemory(file());
            QVERIFY(memory.has_value());
            QVERIFY((*memory)->setScale(first, {0.69, 0.7}).has_value());
            QVERIFY((*memory)->addRecent(first).has_value());
            QVERIFY((*memory)->addRecent(second).has_value());
        }
        const auto memory = openWorkspaceMemory(file());
        QVERIFY(memory.has_value());
        const auto scale = (*memory)->scale(first.source->fingerprint());
        QVERIFY(scale && *scale == (MicronsPerPixel{0.69, 0.7}));
        QVERIFY(!(*memory)->scale(second.source->fingerprint()).value());
        const std::vector<std::filesystem::path> newestFirst = {"/slides/b.png", "/slides/a.png"};
        QCOMPARE((*memory)->recent().value(), newestFirst);
    }
    void aPlaceThatCannotBeWrittenIsAnError() {
        const auto blocked = std::filesystem::path(dir_.path().toStdString()) / "file";
        QVERIFY(writeFileAtomically(blocked, "no folder").has_value());
        const auto memory = openWorkspaceMemory(blocked / "workspace.sqlite");
        QVERIFY(!memory.has_value());
        QVERIFY(!memory.error().sentence().empty());
    }
    void theEnvironmentNamesTheFile() {
        qputenv("SPOTGLASS_WORKSPACE", "/elsewhere/w.sqlite");
        QCOMPARE(workspaceFile(), std::filesystem::path("/elsewhere/w.sqlite"));
        qunsetenv("SPOTGLASS_WORKSPACE");
        QCOMPARE(workspaceFile().filename(), std::filesystem::path("workspace.sqlite"));
    }
};

QTEST_GUILESS_MAIN(TestWorkspaceMemory)
#include "TestWorkspaceMemory.moc"
