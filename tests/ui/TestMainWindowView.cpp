#include "ui/ActiveWindow.h"
#include "ui/ColorDock.h"
#include "ui/Fakes.h"
#include "ui/MainWindow.h"
#include "viewer/canvas/SlideLayer.h"
#include "viewer/canvas/SlideView.h"

#include <cmath>

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QSlider>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

/// How the window looks at a slide: magnification, turning and colours, by keys and clicks.
class TestMainWindowView : public QObject {
    Q_OBJECT
    QTemporaryDir settings_;
    std::unique_ptr<FakeSlides> slides_;
    std::unique_ptr<FakePredictions> predictions_;
    std::unique_ptr<MainWindow> window_;

    template <typename T> T* part(const char* name) {
        return window_->findChild<ColorDock*>()->findChild<T*>(QLatin1String(name));
    }
    void open(const char* file) {
        window_->openSlide(file);
        QTRY_VERIFY(window_->view().isSharp());
    }
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
        QTest::keyClick(&window_->view(), key, modifiers);
    }
    [[nodiscard]] const Viewport& viewport() { return window_->view().viewport(); }
    [[nodiscard]] const ColorCorrection& correction() {
        return window_->view().slideLayer().colorCorrection();
    }

    /// Keeps a picture for a look at it, where SPOTGLASS_TEST_PICTURES names a folder.
    void keepPicture(const char* name) {
        const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
        if (folder.isEmpty()) return;
        QTest::qWait(200);
        window_->grab().save(folder + QLatin1Char('/') + QLatin1String(name));
    }

  private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English));
        QStandardPaths::setTestModeEnabled(true);
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings_.path());
        QCoreApplication::setOrganizationName(QStringLiteral("Spotglass"));
        QCoreApplication::setApplicationName(QStringLiteral("TestMainWindowView"));
    }
    void init() {
        QSettings().clear();
        slides_ = std::make_unique<FakeSlides>();
        slides_->add("/slides/tissue.svs", MicronsPerPixel{0.5, 0.5});
        slides_->add("/slides/photo.png", std::nullopt, 0);
        predictions_ = std::make_unique<FakePredictions>();
        window_ = std::make_unique<MainWindow>(*slides_, *predictions_);
        window_->view().setAnimated(false);
        QVERIFY(showActive(*window_));
    }
    void cleanup() { window_.reset(); }

    void keysGoToTheMagnificationsOfAMicroscope() {
        open("/slides/tissue.svs"); // 0.5 um a pixel: 20x
        const int times[] = {1, 2, 5, 10, 20, 40};
        for (int i = 0; i < 6; ++i) {
            press(static_cast<Qt::Key>(Qt::Key_1 + i));
            const double wanted = std::max(times[i] / 20.0, viewport().minScale());
            QVERIFY2(std::abs(viewport().scale() - wanted) < 1e-9, qPrintable(QString::number(times[i])));
        }
    }
    void withoutAScaleThereIsNoMagnification() {
        open("/slides/photo.png");
        const double before = viewport().scale();
        press(Qt::Key_6);
        QCOMPARE(viewport().scale(), before);
    }
    void digitsCanStillBeTypedIntoTheGeneSearch() {
        open("/slides/tissue.svs");
        window_->openModel("/models/breast.safetensors");
        predictions_->finishModel(FakePredictions::someModel());
        auto* search = window_->findChild<QLineEdit*>(QStringLiteral("geneSearch"));
        QVERIFY(search);
        search->setFocus();
        const double before = viewport().scale();
        QTest::keyClicks(search, QStringLiteral("hr5"));
        QCOMPARE(search->text(), QStringLiteral("hr5"));
        QCOMPARE(viewport().scale(), before);
        QVERIFY(viewport().isUpright());
    }
    void keysTurnAndFlip() {
        open("/slides/tissue.svs");
        press(Qt::Key_R);
        QCOMPARE(viewport().rotation(), 90.0);
        press(Qt::Key_R, Qt::ShiftModifier);
        QCOMPARE(viewport().rotation(), 0.0);
        press(Qt::Key_BracketRight);
        QCOMPARE(viewport().rotation(), 5.0);
        press(Qt::Key_H);
        QVERIFY(viewport().isMirrored());
        press(Qt::Key_U);
        QVERIFY(viewport().isUpright());
        press(Qt::Key_V);
        QVERIFY(viewport().isMirrored() && viewport().rotation() == 180);
        open("/slides/photo.png"); // another slide begins as it was scanned
        QVERIFY(viewport().isUpright());
    }
    void slidersChangeTheColoursAndAButtonTakesThemBack() {
        open("/slides/tissue.svs");
        QVERIFY(correction().isIdentity());
        QVERIFY(!part<QCheckBox>("profile")->isEnabled());
        const QImage before = window_->view().grab().toImage();
        for (const char* name : {"brightness", "contrast", "gamma"}) {
            part<QSlider>(name)->setValue(40);
            QTRY_VERIFY(!correction().isIdentity());
            QVERIFY(window_->view().grab().toImage() != before);
            part<QSlider>(name)->setValue(0);
            QTRY_VERIFY(correction().isIdentity());
        }
        for (int stain = 1; stain <= 3; ++stain) {
            part<QComboBox>("stain")->setCurrentIndex(stain);
            QTRY_VERIFY(!correction().isIdentity());
        }
        part<QCheckBox>("whiteBackground")->setChecked(true);
        window_->findChild<ColorDock*>()->show();
        window_->view().setRotation(30);
        keepPicture("colours.png");
        window_->view().setUpright();
        part<QCheckBox>("balance")->setChecked(true);
        part<QPushButton>("resetColors")->click();
        QTRY_VERIFY(correction().isIdentity());
        QCOMPARE(window_->view().grab().toImage(), before);
    }
    void glassBecomesWhite() {
        open("/slides/tissue.svs");
        part<QCheckBox>("balance")->setChecked(true);
        QTRY_VERIFY(!correction().isIdentity());
        const QImage picture = window_->view().grab().toImage();
        const ScreenPoint corner = viewport().toScreen(Level0Point{20, 20});
        const QRgb glass = picture.pixel(static_cast<int>(corner.x) + 1, static_cast<int>(corner.y) + 1);
        QVERIFY2(qRed(glass) > 248 && qGreen(glass) > 248 && qBlue(glass) > 248,
                 qPrintable(QString::number(glass, 16)));
    }
    void aBrokenProfileLeavesTheColoursAsTheyAre() {
        slides_->slides["/slides/tissue.svs"].iccProfile = IccBytes(200, 7);
        open("/slides/tissue.svs");
        QVERIFY(part<QCheckBox>("profile")->isEnabled());
        QTest::qWait(100);
        QVERIFY(correction().isIdentity());
    }
};

QTEST_MAIN(TestMainWindowView)
#include "TestMainWindowView.moc"
