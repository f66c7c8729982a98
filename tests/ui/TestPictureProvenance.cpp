#include "ui/PictureProvenance.h"

#include <QtTest>

using namespace spotglass;

class TestPictureProvenance : public QObject {
    Q_OBJECT

    [[nodiscard]] static PictureProvenance some() {
        PictureProvenance from;
        from.slide = QStringLiteral("tissue.svs");
        from.fingerprint = QStringLiteral("0123456789abcdef0123456789abcdef");
        from.view = pictureView(Level0Rect{2000, 1500, 1000, 800}, 0.5, 150);
        from.scale = MicronsPerPixel{0.5, 0.5};
        from.magnification = 10;
        from.prediction = ShownPrediction{QStringLiteral("Breast"), QStringLiteral("fedcba9876543210"),
                                          QStringLiteral("FN1"), QStringLiteral("log10(1 + counts)"),
                                          QStringLiteral("Predicted - research use only")};
        from.version = QStringLiteral("0.1.0");
        from.when = QDateTime(QDate(2026, 3, 1), QTime(12, 0));
        return from;
    }
    [[nodiscard]] static QString textOf(const PictureTexts& texts, const char* keyword) {
        for (const auto& [key, text] : texts)
            if (key == QLatin1String(keyword)) return text;
        return {};
    }

  private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English)); }

    void theFooterSaysEverything() {
        QCOMPARE(
            some().footer(),
            QStringLiteral("tissue.svs (0123456789ab) \u00b7 x 2,000, y 1,500, 1,000 \u00d7 800 px \u00b7 "
                           "500 \u00d7 400 \u00b5m \u00b7 10\u00d7 \u00b7 1 \u00b5m/px \u00b7 FN1, log10(1 + "
                           "counts) \u00b7 Breast (fedcba987654) \u00b7 Predicted - research use only "
                           "\u00b7 Spotglass 0.1.0, 1 Mar 2026"));
    }
    void theTextsAreForPrograms() {
        const PictureTexts texts = some().texts();
        QCOMPARE(textOf(texts, "Title"), QStringLiteral("tissue.svs, FN1"));
        QCOMPARE(textOf(texts, "Region in pixels"), QStringLiteral("x 2000, y 1500, 1000 x 800"));
        QCOMPARE(textOf(texts, "Region in um"), QStringLiteral("500 x 400"));
        QCOMPARE(textOf(texts, "Pixel size in um"), QStringLiteral("1"));
        QCOMPARE(textOf(texts, "Slide fingerprint"), some().fingerprint);
        QCOMPARE(textOf(texts, "Model fingerprint"), QStringLiteral("fedcba9876543210"));
        QCOMPARE(textOf(texts, "Notice"), QStringLiteral("Predicted - research use only"));
        QVERIFY(textOf(texts, "Turned").isEmpty());
    }
    void withoutScaleAndPredictionNothingIsMadeUp() {
        PictureProvenance from = some();
        from.scale.reset();
        from.magnification.reset();
        from.prediction.reset();
        QVERIFY(!from.footer().contains(QStringLiteral("\u00b5m")));
        QVERIFY(textOf(from.texts(), "Pixel size in um").isEmpty());
        QVERIFY(textOf(from.texts(), "Gene").isEmpty());
    }
    void aTurnedPictureSaysSo() {
        PictureProvenance from = some();
        from.view.setRotation(30);
        from.view.setMirrored(true);
        QCOMPARE(textOf(from.texts(), "Turned"),
                 QStringLiteral("30 degrees clockwise after mirroring, about the middle"));
        QVERIFY(from.footer().contains(QStringLiteral("turned by 30\u00b0 and mirrored")));
    }
};

QTEST_GUILESS_MAIN(TestPictureProvenance)
#include "TestPictureProvenance.moc"
