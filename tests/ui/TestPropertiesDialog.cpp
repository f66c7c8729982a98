#include "ui/PropertiesDialog.h"

#include "ui/ActiveWindow.h"
#include "ui/PictureTab.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <QCheckBox>
#include <QClipboard>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QTemporaryDir>
#include <QToolButton>
#include <QTreeWidget>
#include <QtTest>
#include <thread>

using namespace spotglass;

namespace {

/// A slide with a label, a photograph that is broken, and properties.
class DescribedSlide final : public SlideSource {
  public:
    [[nodiscard]] std::shared_ptr<const SlideInfo> info() const override {
        auto info = std::make_shared<SlideInfo>(*drawn_.info());
        info->vendor = "aperio";
        info->associatedImages = {"label", "macro", "thumbnail"};
        info->warnings = {"The scale of this file is not credible."};
        return info;
    }
    [[nodiscard]] Result<Raster> readRegion(int level, LevelRect rect) const override {
        return drawn_.readRegion(level, rect);
    }
    [[nodiscard]] Result<Raster> readAssociatedImage(const std::string& name) const override {
        readElsewhere = readElsewhere && std::this_thread::get_id() != home;
        if (name == "macro") return badInput("the macro image is damaged", "a.svs");
        Raster raster{300, 200, std::vector<std::uint32_t>(300 * 200, 0xFFEEEEEE)};
        for (int x = 0; x < 300; ++x)
            raster.pixels[static_cast<std::size_t>(x)] = 0xFFFF0000; // a red upper edge
        return raster;
    }
    [[nodiscard]] std::string fingerprint() const override { return "described"; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> properties() const override {
        return {{"aperio.AppMag", "20"}, {"aperio.ScanScope ID", "SS1234"}, {"openslide.vendor", "aperio"}};
    }
    std::thread::id home = std::this_thread::get_id();
    mutable std::atomic<bool> readElsewhere = true;

  private:
    SyntheticSlideSource drawn_;
};

} // namespace

class TestPropertiesDialog : public QObject {
    Q_OBJECT
    QTemporaryDir settings_;
    std::shared_ptr<DescribedSlide> source_;
    std::unique_ptr<PropertiesDialog> dialog_;

    template <typename T> T* part(const char* name) { return dialog_->findChild<T*>(QLatin1String(name)); }
    void show(const OpenedSlide& slide, bool presentation = false) {
        dialog_ = std::make_unique<PropertiesDialog>(slide, presentation);
        QVERIFY(showActive(*dialog_));
        QTRY_VERIFY(part<QTreeWidget>("properties")->topLevelItemCount() == 2);
    }
    void showDescribed(bool presentation = false) {
        source_ = std::make_shared<DescribedSlide>();
        show({"/slides/a.svs", source_, MicronsPerPixel{0.5, 0.5}, IccBytes(3144)}, presentation);
        QTRY_VERIFY(!part<PictureTab>("thumbnail")->picture().isNull());
    }
    void keepPicture(const char* name) {
        const QString folder = qEnvironmentVariable("SPOTGLASS_TEST_PICTURES");
        if (!folder.isEmpty()) dialog_->grab().save(folder + QLatin1Char('/') + QLatin1String(name));
    }

  private Q_SLOTS:
    void initTestCase() {
        QLocale::setDefault(QLocale(QLocale::English));
        QSettings::setDefaultFormat(QSettings::IniFormat);
        QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, settings_.path());
        QCoreApplication::setOrganizationName(QStringLiteral("Spotglass"));
        QCoreApplication::setApplicationName(QStringLiteral("TestPropertiesDialog"));
    }
    void init() { QSettings().clear(); }
    void cleanup() { dialog_.reset(); }

    void saysWhatTheFileSays() {
        showDescribed();
        const QString text = dialog_->copyText();
        for (const char* line :
             {"File\ta.svs", "Folder\t/slides", "Format\taperio",
              "Size\t40,000 \u00d7 30,000 pixels (20 \u00d7 15 mm)",
              "Scale\t0.5 \u00b5m a pixel, from the file", "Objective\t20\u00d7", "Colour profile\tyes",
              "Note\tThe scale of this file is not credible.", "aperio.ScanScope ID\tSS1234",
              "Level 1\t10,000 \u00d7 7,500 pixels, tiles of 256 \u00d7 256, reduced 4 times"})
            QVERIFY2(text.contains(QString::fromUtf8(line)), line);
        QVERIFY(text.contains(QStringLiteral("cannot be found any more"))); // of the made-up file's size
        QVERIFY(source_->readElsewhere);
        keepPicture("properties.png");
    }
    void aScaleSetByHandAndAMissingOneAreNamed() {
        source_ = std::make_shared<DescribedSlide>();
        show({"/slides/a.svs", source_, MicronsPerPixel{0.69, 0.7}});
        QVERIFY(dialog_->copyText().contains(QStringLiteral("set by hand (the file says 0.5)")));
        QVERIFY(dialog_->copyText().contains(QStringLiteral("Colour profile\tnone")));
        show({"/slides/a.svs", source_, std::nullopt});
        QVERIFY(dialog_->copyText().contains(QStringLiteral("Scale\tnot known")));
    }
    void searchNarrowsAndCopyTakesWhatIsShownOrSelected() {
        showDescribed();
        part<QLineEdit>("searchProperties")->setText(QStringLiteral("scanscope"));
        QTest::mouseClick(part<QPushButton>("copy"), Qt::LeftButton);
        QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("aperio.ScanScope ID\tSS1234"));
        part<QLineEdit>("searchProperties")->clear();
        auto* sheet = part<QTreeWidget>("properties");
        sheet->topLevelItem(0)->child(0)->setSelected(true);
        sheet->setFocus();
        QTest::keyClick(sheet, Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QGuiApplication::clipboard()->text(), QStringLiteral("File\ta.svs"));
        part<QLineEdit>("searchProperties")->setText(QStringLiteral("nothing has this"));
        QVERIFY(dialog_->copyText().isEmpty());
    }
    void aPictureIsTurnedByQuarters() {
        showDescribed();
        auto* label = part<PictureTab>("label");
        QCOMPARE(label->picture().size(), QSize(300, 200));
        dialog_->findChild<QTabWidget*>()->setCurrentWidget(label);
        QTest::mouseClick(label->findChild<QToolButton*>(), Qt::LeftButton);
        QCOMPARE(label->picture().size(), QSize(200, 300));
        QCOMPARE(label->picture().pixel(199, 150), 0xFFFF0000); // what was above is on the right
        keepPicture("properties-label.png");
    }
    void anUnreadablePictureIsASentence() {
        showDescribed();
        QVERIFY(part<PictureTab>("macro")->picture().isNull());
        QVERIFY(part<PictureTab>("macro")->sentence().contains(QStringLiteral("damaged")));
        dialog_->findChild<QTabWidget*>()->setCurrentWidget(part<PictureTab>("macro"));
        keepPicture("properties-broken.png");
    }
    void labelAndPhotographAreHiddenInAPresentation() {
        showDescribed(true);
        QVERIFY(part<QCheckBox>("hideLabel")->isChecked());
        QVERIFY(part<PictureTab>("label")->sentence().contains(QStringLiteral("Hidden")));
        QVERIFY(part<PictureTab>("macro")->sentence().contains(QStringLiteral("Hidden")));
        QVERIFY(part<PictureTab>("thumbnail")->sentence().isEmpty());
        dialog_->findChild<QTabWidget*>()->setCurrentWidget(part<PictureTab>("label"));
        const QImage seen = part<PictureTab>("label")->grab().toImage();
        for (int y = 0; y < seen.height(); ++y)
            for (int x = 0; x < seen.width(); ++x)
                QVERIFY(seen.pixel(x, y) != 0xFFFF0000);
        keepPicture("properties-hidden.png");
        dialog_->setPresentation(false);
        QVERIFY(part<PictureTab>("label")->sentence().isEmpty());
        dialog_->setPresentation(true);
        part<QCheckBox>("hideLabel")->setChecked(false);
        QVERIFY(part<PictureTab>("label")->sentence().isEmpty());
        showDescribed(true); // the choice is kept
        QVERIFY(part<PictureTab>("label")->sentence().isEmpty());
    }
    void aSlideWithoutPropertiesOrPictures() {
        class Bare final : public SlideSource {
          public:
            [[nodiscard]] std::shared_ptr<const SlideInfo> info() const override {
                auto info = std::make_shared<SlideInfo>();
                info->levels = {{10, 10}};
                return info;
            }
            [[nodiscard]] Result<Raster> readRegion(int, LevelRect) const override { return badInput("no"); }
            [[nodiscard]] Result<Raster> readAssociatedImage(const std::string&) const override {
                return badInput("no");
            }
            [[nodiscard]] std::string fingerprint() const override { return "bare"; }
        };
        show({"bare.png", std::make_shared<Bare>(), std::nullopt});
        QVERIFY(dialog_->copyText().contains(QStringLiteral("(nothing)")));
        QVERIFY(!part<QCheckBox>("hideLabel")->isVisible());
        QCOMPARE(dialog_->findChild<QTabWidget*>()->count(), 1);
    }
    void closingWhileReadingIsSafe() {
        source_ = std::make_shared<DescribedSlide>();
        for (int i = 0; i < 20; ++i)
            PropertiesDialog({"/slides/a.svs", source_, std::nullopt}, false);
        QCoreApplication::sendPostedEvents();
    }
};

QTEST_MAIN(TestPropertiesDialog)
#include "TestPropertiesDialog.moc"
