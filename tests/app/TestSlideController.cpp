#include "app/desktop/SlideController.h"

#include "viewer/base/Files.h"
#include "viewer/slide/SlideSource.h"

#include <QImage>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QThread>
#include <QtTest>

using namespace spotglass;

namespace {

/// A memory that lives as long as the test.
struct Remembered {
    std::map<std::string, MicronsPerPixel> scales;
    QList<RecentSlide> recent;
    std::map<std::string, QList<Bookmark>> bookmarks;
    bool full = false; ///< of the disk
    bool onGuiThread = false;
};

class FakeMemory final : public SlideMemory {
  public:
    explicit FakeMemory(Remembered& all) : all_(all) { note(); }
    Result<std::optional<MicronsPerPixel>> scale(const std::string& fingerprint) override {
        note();
        const auto found = all_.scales.find(fingerprint);
        if (found == all_.scales.end()) return std::nullopt;
        return found->second;
    }
    Result<void> setScale(const OpenedSlide& slide, MicronsPerPixel scale) override {
        note();
        all_.scales[slide.source->fingerprint()] = scale;
        return {};
    }
    Result<void> addRecent(const OpenedSlide& slide) override {
        note();
        all_.recent.prepend({QString::fromStdString(slide.path.string()), {}, false});
        return {};
    }
    Result<QList<RecentSlide>> recent() override { return all_.recent; }
    Result<void> setPicture(const std::string&, const QImage& picture) override {
        note();
        if (!all_.recent.isEmpty()) all_.recent.front().picture = picture;
        return {};
    }
    Result<QList<Bookmark>> bookmarks(const std::string& fingerprint) override {
        note();
        return all_.bookmarks[fingerprint];
    }
    Result<void> keepBookmark(const std::string& fingerprint, const Bookmark& bookmark) override {
        note();
        if (all_.full) return fail(ErrorKind::Device, "the disk is full");
        for (Bookmark& known : all_.bookmarks[fingerprint])
            if (known.id == bookmark.id) {
                known.name = bookmark.name;
                return {};
            }
        all_.bookmarks[fingerprint].append(bookmark);
        return {};
    }
    Result<void> removeBookmark(const QString& id) override {
        note();
        for (auto& [fingerprint, all] : all_.bookmarks)
            erase_if(all, [&id](const Bookmark& bookmark) { return bookmark.id == id; });
        return {};
    }

  private:
    void note() { all_.onGuiThread |= QThread::currentThread() == QCoreApplication::instance()->thread(); }
    Remembered& all_;
};

} // namespace

class TestSlideController : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    Remembered all_;
    std::unique_ptr<SlideController> controller_;

    [[nodiscard]] std::filesystem::path at(const char* name) const {
        return std::filesystem::path(dir_.path().toStdString()) / name;
    }
    [[nodiscard]] std::filesystem::path picture(const char* name, QColor color = Qt::magenta) const {
        QImage image(320, 200, QImage::Format_RGB32);
        image.setDotsPerMeterX(0); // says nothing about its scale
        image.setDotsPerMeterY(0);
        image.fill(color);
        image.save(QString::fromStdString(at(name).string()), "PNG");
        return at(name);
    }
    OpenedSlide open(const std::filesystem::path& file, std::optional<MicronsPerPixel> given = {}) {
        QSignalSpy opened(controller_.get(), &SlideService::opened);
        controller_->openSlide(file, given);
        if (!opened.wait(10000)) return {};
        return opened.front().front().value<OpenedSlide>();
    }
    Error refuse(const std::filesystem::path& file) {
        QSignalSpy failed(controller_.get(), &SlideService::failed);
        controller_->openSlide(file);
        if (!failed.wait(10000)) return {};
        return failed.front().front().value<Error>();
    }

  private Q_SLOTS:
    void init() {
        all_ = {};
        controller_ = std::make_unique<SlideController>(
            [this]() -> Result<std::unique_ptr<SlideMemory>> { return std::make_unique<FakeMemory>(all_); });
    }
    void cleanup() { controller_.reset(); }

    void aPictureOpensWithoutAScale() {
        const auto slide = open(picture("a.png"));
        QVERIFY(slide.source);
        QCOMPARE(slide.source->info()->levels.front().width, 320);
        QVERIFY(!slide.scale);
        QTRY_COMPARE(controller_->recentSlides().size(), 1);
        QVERIFY(!all_.onGuiThread);
    }
    void aScaleIsRememberedForTheSameContent() {
        const auto slide = open(picture("b.png"));
        controller_->rememberScale(slide, {0.69, 0.69});
        std::filesystem::copy_file(at("b.png"), at("renamed.png"));
        QCOMPARE(open(at("renamed.png")).scale.value().x, 0.69);
        QVERIFY(!open(picture("other.png", Qt::blue)).scale);
    }
    void aGivenScaleIsUsedAndRemembered() {
        QCOMPARE(open(picture("c.png", Qt::green), MicronsPerPixel{0.5, 0.5}).scale.value().x, 0.5);
        QCOMPARE(open(at("c.png")).scale.value().x, 0.5);
    }
    void badFilesAreRefusedWithASentence() {
        QVERIFY(writeFileAtomically(at("empty.svs"), "").has_value());
        QVERIFY(writeFileAtomically(at("renamed.svs"), "Dear colleague, this is a letter.").has_value());
        const auto whole = readFile(picture("d.png")).value();
        QVERIFY(writeFileAtomically(at("half.png"), whole.substr(0, whole.size() / 2)).has_value());
        for (const char* name : {"missing.svs", "empty.svs", "renamed.svs", "half.png"}) {
            const Error error = refuse(at(name));
            QVERIFY2(error.sentence().find(name) != std::string::npos, name);
            QVERIFY2(!error.what.empty(), name);
            QCOMPARE(error.exitCode(), 3);
        }
    }
    void onlyTheLastOfSeveralSlidesAnswers() {
        const auto first = picture("e.png"), second = picture("f.png");
        QSignalSpy opened(controller_.get(), &SlideService::opened);
        controller_->openSlide(first);
        controller_->openSlide(second);
        QTRY_COMPARE(opened.count(), 1);
        QCOMPARE(opened.front().front().value<OpenedSlide>().path, second);
        QTRY_COMPARE(controller_->recentSlides().size(), 1);
        QCOMPARE(opened.count(), 1);
    }
    void bookmarksBelongToTheSlideAndAreKept() {
        open(picture("h.png", Qt::red));
        controller_->addBookmark({QStringLiteral("1"), QStringLiteral("mitosis"), {10, 20}, 2, 90, true, {}});
        controller_->addBookmark({QStringLiteral("2"), QStringLiteral("edge"), {30, 40}, 1, 0, false, {}});
        controller_->renameBookmark(QStringLiteral("1"), QStringLiteral("two mitoses"));
        controller_->removeBookmark(QStringLiteral("2"));
        QCOMPARE(controller_->bookmarks().size(), 1); // at once
        open(picture("i.png", Qt::yellow));
        QVERIFY(controller_->bookmarks().isEmpty());
        open(at("h.png"));
        QTRY_COMPARE(controller_->bookmarks().size(), 1);
        const Bookmark kept = controller_->bookmarks().front();
        QCOMPARE(kept.name, QStringLiteral("two mitoses"));
        QVERIFY(kept.mirrored && kept.rotation == 90 && kept.scale == 2 &&
                kept.center == (Level0Point{10, 20}));
        QVERIFY(!all_.onGuiThread);
    }
    void aBookmarkThatCannotBeKeptLastsForTheSession() {
        open(picture("j.png", Qt::darkRed));
        all_.full = true;
        QSignalSpy notKept(controller_.get(), &SlideService::bookmarkNotKept);
        controller_->addBookmark({QStringLiteral("1"), QStringLiteral("here"), {1, 2}, 1, 0, false, {}});
        QVERIFY(notKept.wait());
        QVERIFY(notKept.front().front().value<Error>().sentence().find("full") != std::string::npos);
        open(picture("k.png", Qt::darkBlue));
        open(at("j.png"));
        QTRY_COMPARE(controller_->bookmarks().size(), 1);
        controller_->removeBookmark(QStringLiteral("1"));
        open(at("k.png"));
        open(at("j.png"));
        QVERIFY(controller_->bookmarks().isEmpty());
    }
    void withoutAMemoryBookmarksLastForTheSession() {
        controller_ = std::make_unique<SlideController>([]() -> Result<std::unique_ptr<SlideMemory>> {
            return fail(ErrorKind::Device, "the folder cannot be written");
        });
        open(picture("l.png", Qt::cyan));
        QSignalSpy notKept(controller_.get(), &SlideService::bookmarkNotKept);
        controller_->addBookmark({QStringLiteral("1"), QStringLiteral("here"), {1, 2}, 1, 0, false, {}});
        QVERIFY(notKept.wait());
        QVERIFY(notKept.front().front().value<Error>().sentence().find("written") != std::string::npos);
        open(at("l.png"));
        QTRY_COMPARE(controller_->bookmarks().size(), 1);
    }
    void recentSlidesCarryTheirPictureAndWhetherTheyHaveGone() {
        const auto first = open(picture("m.png", Qt::gray));
        QImage small(30, 20, QImage::Format_RGB32);
        controller_->keepPicture(first, small);
        QTRY_VERIFY(!controller_->recentSlides().isEmpty() &&
                    !controller_->recentSlides().front().picture.isNull());
        QVERIFY(!controller_->recentSlides().front().missing);
        std::filesystem::remove(at("m.png"));
        open(picture("n.png", Qt::white));
        QTRY_VERIFY(controller_->recentSlides().size() > 1 && controller_->recentSlides()[1].missing);
        QVERIFY(!controller_->recentSlides()[0].missing);
    }
    void neighboursAreFoundInTheFolder() {
        QTemporaryDir folder;
        const std::filesystem::path path = folder.path().toStdString();
        for (const char* name : {"s1.png", "s2.png", "s10.png"})
            QVERIFY(writeFileAtomically(path / name, "x").has_value());
        QSignalSpy found(controller_.get(), &SlideService::neighbourFound);
        QSignalSpy none(controller_.get(), &SlideService::noNeighbour);
        controller_->findNeighbour(path / "s2.png", 1);
        QVERIFY(found.wait());
        QCOMPARE(found.front().front().value<std::filesystem::path>(), path / "s10.png");
        controller_->findNeighbour(path / "s10.png", 1);
        QVERIFY(none.wait());
        QVERIFY(none.front().front().toString().contains(QStringLiteral("last slide")));
        controller_->findNeighbour(path / "gone" / "a.png", 1);
        QTRY_COMPARE(none.count(), 2);
    }
    void aFileThatIsTakenAwayAndPutBackIsNoticed() {
        open(picture("o.png", Qt::darkGreen));
        QSignalSpy state(controller_.get(), &SlideService::fileStateChanged);
        std::filesystem::rename(at("o.png"), at("aside"));
        QTRY_COMPARE_WITH_TIMEOUT(state.count(), 1, 15000);
        QCOMPARE(state[0][0].value<SlideFileState>(), SlideFileState::Missing);
        std::filesystem::rename(at("aside"), at("o.png"));
        QTRY_COMPARE_WITH_TIMEOUT(state.count(), 2, 15000);
        QCOMPARE(state[1][0].value<SlideFileState>(), SlideFileState::AsOpened);
    }
    void withoutAMemorySlidesStillOpen() {
        controller_ = std::make_unique<SlideController>([]() -> Result<std::unique_ptr<SlideMemory>> {
            return fail(ErrorKind::Device, "the disk is full");
        });
        QVERIFY(open(picture("g.png")).source);
    }
};

QTEST_GUILESS_MAIN(TestSlideController)
#include "TestSlideController.moc"
