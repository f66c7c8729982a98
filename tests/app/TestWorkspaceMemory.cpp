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
        const auto recent = (*memory)->recent().value();
        QCOMPARE(recent.size(), 2);
        QCOMPARE(recent[0].file, QStringLiteral("/slides/b.png"));
        QCOMPARE(recent[1].file, QStringLiteral("/slides/a.png"));
        QVERIFY(recent[0].picture.isNull());
    }
    void picturesAndBookmarksComeBack() {
        const OpenedSlide shown = slide("/slides/c.png", 3);
        const std::string fingerprint = shown.source->fingerprint();
        const auto memory = openWorkspaceMemory(file());
        QVERIFY((*memory)->addRecent(shown).has_value());
        QImage large(3000, 1500, QImage::Format_RGB32);
        large.fill(QColor(200, 60, 120));
        QVERIFY((*memory)->setPicture(fingerprint, large).has_value());
        const QImage small = (*memory)->recent().value().front().picture;
        QCOMPARE(small.size(), QSize(256, 128));
        QVERIFY(std::abs(qRed(small.pixel(100, 50)) - 200) < 4);
        Bookmark mark{QStringLiteral("id"), QStringLiteral("Rand \u00e4"), {1.5, 2.5}, 0.25, 37, true, large};
        QVERIFY((*memory)->keepBookmark(fingerprint, mark).has_value());
        mark.name = QStringLiteral("renamed");
        QVERIFY((*memory)->keepBookmark(fingerprint, mark).has_value());
        const auto all = (*memory)->bookmarks(fingerprint).value();
        QCOMPARE(all.size(), 1);
        QCOMPARE(all[0].name, QStringLiteral("renamed"));
        QVERIFY(all[0].center == mark.center && all[0].scale == 0.25 && all[0].rotation == 37 &&
                all[0].mirrored);
        QCOMPARE(all[0].picture.size(), QSize(256, 128));
        QVERIFY((*memory)->removeBookmark(mark.id).has_value());
        QVERIFY((*memory)->bookmarks(fingerprint).value().isEmpty());
    }
    void aPlaceThatCannotBeWrittenIsAnError() {
        const auto blocked = std::filesystem::path(dir_.path().toStdString()) / "file";
        QVERIFY(writeFileAtomically(blocked, "no folder").has_value());
        const auto memory = openWorkspaceMemory(blocked / "workspace.sqlite");
        QVERIFY(!memory.has_value());
        QVERIFY(!memory.error().sentence().empty());
    }
};

QTEST_GUILESS_MAIN(TestWorkspaceMemory)
#include "TestWorkspaceMemory.moc"
