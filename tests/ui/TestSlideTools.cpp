#include "ui/SlideTools.h"

#include "Shared.h"
#include "viewer/canvas/AnnotationLayer.h"
#include "viewer/canvas/RulerLayer.h"
#include "viewer/canvas/SlideView.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

class TestSlideTools : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    std::unique_ptr<SlideView> view_;
    std::unique_ptr<SlideTools> tools_;

    [[nodiscard]] std::filesystem::path written(const char* name, const char* text) const {
        QFile file(dir_.filePath(QLatin1String(name)));
        const bool done = file.open(QIODevice::WriteOnly) && file.write(text) >= 0;
        return done ? file.fileName().toStdString() : std::string();
    }
    void drag(QPoint from, QPoint to, Qt::MouseButton button = Qt::LeftButton) {
        QTest::mousePress(view_.get(), button, {}, from);
        for (int i = 1; i <= 4; ++i) {
            const QPointF at = from + QPointF(to - from) * i / 4;
            QMouseEvent move(QEvent::MouseMove, at, view_->mapToGlobal(at), Qt::NoButton, button,
                             Qt::NoModifier);
            QCoreApplication::sendEvent(view_.get(), &move);
        }
        QTest::mouseRelease(view_.get(), button, {}, to);
    }
    static constexpr const char* square =
        R"({"type":"FeatureCollection","features":[{"type":"Feature","id":"8e0f",
        "geometry":{"type":"Polygon","coordinates":[[[1000,1000],[1400,1000],[1400,1400],[1000,1400],[1000,1000]]]},
        "properties":{"objectType":"annotation","name":"Island","classification":{"name":"Tumor","color":[200,0,0]}}}]})";

  private Q_SLOTS:
    void init() {
        SyntheticSlideOptions options;
        options.width = 4000;
        options.height = 3000;
        view_ = std::make_unique<SlideView>();
        view_->resize(800, 600);
        view_->setAnimated(false);
        view_->show();
        QVERIFY(QTest::qWaitForWindowExposed(view_.get()));
        view_->setSlide(std::make_shared<SyntheticSlideSource>(options));
        view_->setView({1200, 1200}, 0.5);
        tools_ = std::make_unique<SlideTools>(*view_);
        tools_->setSlide(true, MicronsPerPixel{0.5, 0.5});
    }
    void cleanup() {
        tools_.reset();
        view_.reset();
    }
    void draggingMeasuresAndThePictureStays() {
        const Level0Point before = view_->viewport().center();
        tools_->setMeasuring(true);
        drag({300, 300}, {500, 300});
        QCOMPARE(view_->viewport().center(), before);
        QCOMPARE(tools_->rulers().rulers().size(), std::size_t{1});
        QVERIFY(std::abs(tools_->measuredPixels().value() - 400) < 1e-6);
        QVERIFY(tools_->rulers().label(tools_->rulers().rulers().front()).contains(QStringLiteral("200")));
        drag({500, 300}, {500, 400}); // takes the end along
        QCOMPARE(tools_->rulers().rulers().size(), std::size_t{1});
        drag({400, 300}, {440, 330}, Qt::MiddleButton); // the middle button still moves the picture
        QVERIFY(view_->viewport().center() != before);
        tools_->setMeasuring(false);
        const Level0Point now = view_->viewport().center();
        drag({300, 300}, {350, 300});
        QVERIFY(view_->viewport().center() != now);
        QCOMPARE(tools_->rulers().rulers().size(), std::size_t{1});
        tools_->clearRulers();
        QVERIFY(!tools_->measuredPixels());
    }
    void leavingInTheMiddleOfADragLeavesNothingBehind() {
        tools_->setMeasuring(true);
        QTest::mousePress(view_.get(), Qt::LeftButton, {}, {300, 300});
        QMouseEvent move(QEvent::MouseMove, QPointF(400, 300), view_->mapToGlobal(QPointF(400, 300)),
                         Qt::NoButton, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(view_.get(), &move);
        tools_->setMeasuring(false);
        QTest::mouseRelease(view_.get(), Qt::LeftButton, {}, {400, 300});
        QVERIFY(tools_->rulers().rulers().empty());
    }
    void annotationsAreShownNamedAndSelected() {
        QSignalSpy shown(tools_.get(), &SlideTools::annotationsShown);
        const QImage before = view_->grab().toImage();
        tools_->openAnnotations(written("one.geojson", square));
        QTRY_COMPARE(shown.count(), 1);
        QCOMPARE(shown[0][0].value<std::size_t>(), std::size_t{1});
        QVERIFY(view_->grab().toImage() != before);
        QCOMPARE(tools_->hover(Level0Point{1200, 1200}), QStringLiteral("Island (Tumor)"));
        QCOMPARE(tools_->hover(Level0Point{1600, 1200}), QString());
        const ScreenPoint inside = view_->viewport().toScreen(Level0Point{1200, 1200});
        QTest::mouseClick(view_.get(), Qt::LeftButton, {}, QPoint(int(inside.x), int(inside.y)));
        QCOMPARE(tools_->annotations().selected(), std::vector<std::string>{"8e0f"});
        tools_->setSlide(true, {}); // another slide has other annotations
        QVERIFY(!tools_->annotations().annotations());
    }
    void aBrokenFileLeavesWhatWasThere() {
        QSignalSpy shown(tools_.get(), &SlideTools::annotationsShown);
        QSignalSpy failed(tools_.get(), &SlideTools::failed);
        tools_->openAnnotations(written("good.geojson", square));
        QTRY_COMPARE(shown.count(), 1);
        tools_->openAnnotations(written("broken.geojson", R"({"type":"FeatureCollection","features":[{)"));
        QTRY_COMPARE(failed.count(), 1);
        QVERIFY(tools_->annotations().annotations());
        tools_->openAnnotations("/nowhere/at/all.geojson");
        QTRY_COMPARE(failed.count(), 2);
    }
    void everyFileOfQuPathIsShown() {
        SPOTGLASS_NEED_SHARED(folder, "data/geojson");
        int files = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
            if (entry.path().extension() != ".geojson") continue;
            QSignalSpy shown(tools_.get(), &SlideTools::annotationsShown);
            QSignalSpy failed(tools_.get(), &SlideTools::failed);
            tools_->openAnnotations(entry.path());
            QTRY_VERIFY_WITH_TIMEOUT(shown.count() + failed.count() == 1, 20000);
            files += static_cast<int>(shown.count());
        }
        qInfo("%d files", files);
        QVERIFY(files > 0);
    }
};

QTEST_MAIN(TestSlideTools)
#include "TestSlideTools.moc"
