#include "app/desktop/FileWatch.h"

#include "viewer/base/Files.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

class TestFileWatch : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> dir_;
    std::unique_ptr<FileWatch> watch_;
    std::unique_ptr<QSignalSpy> spy_;

    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_->path().toStdString()) / name; }
    void write(const char* name, const char* content) const {
        QVERIFY(writeFileAtomically(at(name), content).has_value());
    }
    SlideFileState state(int index) { return spy_->at(index).front().value<SlideFileState>(); }
    void watch(const char* name) {
        QSignalSpy begun(watch_.get(), &FileWatch::watching);
        watch_->watch(at(name));
        QVERIFY(begun.wait());
    }
    void waitFor(int count) { QTRY_COMPARE_WITH_TIMEOUT(spy_->count(), count, 20000); }

  private Q_SLOTS:
    void init() {
        dir_ = std::make_unique<QTemporaryDir>();
        watch_ = std::make_unique<FileWatch>(std::chrono::milliseconds(30));
        spy_ = std::make_unique<QSignalSpy>(watch_.get(), &FileWatch::changed);
        write("a.svs", "first");
        watch("a.svs");
    }
    void cleanup() {
        spy_.reset();
        watch_.reset();
    }

    void anotherContentIsReportedOnce() {
        write("a.svs", "second, which is longer");
        waitFor(1);
        QCOMPARE(state(0), SlideFileState::Changed);
        write("a.svs", "third, which is longer still");
        write("b.svs", "a neighbour");
        fs::remove(at("a.svs"));
        waitFor(2);
        QCOMPARE(state(1), SlideFileState::Missing); // the third content was no news
    }
    void aFileThatGoesAndComesBackIsReportedTwice() {
        fs::rename(at("a.svs"), at("aside"));
        waitFor(1);
        QCOMPARE(state(0), SlideFileState::Missing);
        fs::rename(at("aside"), at("a.svs"));
        waitFor(2);
        QCOMPARE(state(1), SlideFileState::AsOpened);
    }
    void aFileThatIsReplacedIsChangedAndNotMissing() {
        fs::remove(at("a.svs"));
        write("a.svs", "a new one of another size");
        waitFor(1);
        QCOMPARE(state(0), SlideFileState::Changed);
    }
    void neighboursAreNoBusinessOfOurs() {
        for (int i = 0; i < 5; ++i)
            write("b.svs", "x");
        fs::remove(at("a.svs"));
        waitFor(1);
        QCOMPARE(state(0), SlideFileState::Missing);
    }
    void anotherFileEndsTheFirstOnesReports() {
        write("b.svs", "b");
        watch("b.svs");
        fs::remove(at("a.svs"));
        fs::remove(at("b.svs"));
        waitFor(1);
        QCOMPARE(state(0), SlideFileState::Missing);
        watch_->watch({});
        write("b.svs", "back");
        watch("b.svs");
        QCOMPARE(spy_->count(), 1);
    }
    void aFolderThatGoesWithTheFile() {
        fs::create_directory(at("drive"));
        write("drive/c.svs", "c");
        watch("drive/c.svs");
        fs::rename(at("drive"), at("unplugged"));
        waitFor(1);
        QCOMPARE(state(0), SlideFileState::Missing);
        fs::rename(at("unplugged"), at("drive"));
        waitFor(2); // nobody tells: it is looked for every five seconds
        QCOMPARE(state(1), SlideFileState::AsOpened);
    }
    void itsEndIsQuick() {
        for (int i = 0; i < 20; ++i) {
            FileWatch watch;
            if (i % 2) watch.watch(at("a.svs"));
        }
    }
};

QTEST_GUILESS_MAIN(TestFileWatch)
#include "TestFileWatch.moc"
