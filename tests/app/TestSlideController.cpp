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
    std::vector<std::filesystem::path> recent;
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
        all_.recent.insert(all_.recent.begin(), slide.path);
        return {};
    }
    Result<std::vector<std::filesystem::path>> recent() override { return all_.recent; }

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
    void withoutAMemorySlidesStillOpen() {
        controller_ = std::make_unique<SlideController>([]() -> Result<std::unique_ptr<SlideMemory>> {
            return fail(ErrorKind::Device, "the disk is full");
        });
        QVERIFY(open(picture("g.png")).source);
    }
};

QTEST_GUILESS_MAIN(TestSlideController)
#include "TestSlideController.moc"
