#include "viewer/canvas/PictureExport.h"

#include "canvas/PictureTools.h"

#include <QColorSpace>
#include <QImageReader>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QXmlStreamReader>

using namespace spotglass;
using namespace spotglass::test;

/// Files: what they hold, say, and refuse.
class TestPictureExport : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<SlideView> view_;

    [[nodiscard]] std::filesystem::path at(const char* name) const {
        return std::filesystem::path(folder_.path().toStdString()) / name;
    }
    [[nodiscard]] static PictureTexts texts() {
        return {{QStringLiteral("Title"), QStringLiteral("tissue.svs, FN1")},
                {QStringLiteral("Software"), QStringLiteral("Spotglass 0.1")},
                {QStringLiteral("Note"), QStringLiteral("Predicted - research use only <&>")}};
    }
    /// 500 x 375 um around the middle, with everything on it.
    std::unique_ptr<PictureScene> fullScene(LegendPlace legend = LegendPlace::Beside, double dots = 96) {
        PictureOptions options;
        options.view = pictureView(Level0Rect{2000, 1500, 1000, 750}, 0.8, dots);
        options.legend = legend;
        options.footer = QStringLiteral("tissue.svs, 0.625 um/px, FN1");
        options.shapes = true;
        return takeScene(*view_, options);
    }
    std::string fileOf(PictureFormat format, const char* name, LegendPlace legend = LegendPlace::Beside,
                       double dots = 96) {
        const auto outcome = written(*fullScene(legend, dots), format, at(name), texts());
        if (!outcome) qWarning("%s", outcome.error().sentence().c_str());
        keepPicture(at(name));
        return outcome ? readFile(at(name)).value() : std::string();
    }
    /// Every text of a PDF that Qt wrote, by the tables that tell letters from glyphs.
    static QString textOf(const std::string& pdf);

  private Q_SLOTS:
    void init() {
        QLocale::setDefault(QLocale(QLocale::English));
        view_ = shownView(drawnSlide());
        addHeatmap(*view_);
    }
    void cleanup() { view_.reset(); }

    void aPngHasLegendScaleBarFooterAndTexts() {
        QVERIFY(!fileOf(PictureFormat::Png, "full.png", LegendPlace::Beside, 150).empty());
        const QImage picture(QString::fromStdString(at("full.png").string()));
        const auto scene = fullScene(LegendPlace::Beside, 150);
        QCOMPARE(picture.size(), scene->size);
        QVERIFY(picture.width() > 800 + 300 && picture.height() > 600 + 20);
        QCOMPARE(picture.text(QStringLiteral("Note")), texts().back().second);
        QCOMPARE(picture.dotsPerMeterX(), 5906);
        QCOMPARE(picture.pixel(5, 595 + 10), qRgb(255, 255, 255));
    }
    void theScaleBarIsAsLongAsItSays() {
        PictureOptions options;
        options.view = pictureView(Level0Rect{2000, 1500, 1000, 750}, 0.8, 192);
        options.layers = false;
        const auto bare = [&](bool bar) {
            options.scaleBar = bar;
            written(*takeScene(*view_, options), PictureFormat::Png, at("bar.png")).value();
            return QImage(QString::fromStdString(at("bar.png").string()));
        };
        const QImage with = bare(true), without = bare(false);
        // 0.625 um a pixel; at most 320 pixels: 200 um, which are 320 pixels.
        const QRgb ink = qRgb(245, 245, 245);
        int longest = 0;
        for (int y = 0; y < with.height(); ++y) {
            int run = 0;
            for (int x = 0; x < with.width(); ++x) {
                run = with.pixel(x, y) == ink && without.pixel(x, y) != ink ? run + 1 : 0;
                longest = std::max(longest, run);
            }
        }
        QVERIFY2(std::abs(longest - 320) <= 1, qPrintable(QString::number(longest)));
        keepPicture(at("bar.png"));
    }
    void aPredictionIsNeverWithoutItsWarning() {
        PictureOptions options;
        options.view = pictureView(Level0Rect{2000, 1500, 1000, 750}, 0.8, 96);
        options.legend = LegendPlace::None;
        const auto scene = takeScene(*view_, options);
        QVERIFY(scene->size.height() > scene->tissueSize().height());
        options.layers = false;
        const auto bare = takeScene(*view_, options);
        QCOMPARE(bare->size, bare->tissueSize());
    }
    void aLegendThatDoesNotFitStandsBeside() {
        PictureOptions options;
        options.view = pictureView(Level0Rect{2000, 1500, 300, 200}, 1, 96);
        options.legend = LegendPlace::Inside;
        const auto scene = takeScene(*view_, options);
        QVERIFY(scene->size.width() > 300 + 200);
    }
    void anSvgHasTissueWordsAndTexts() {
        const std::string svg = fileOf(PictureFormat::Svg, "full.svg");
        QXmlStreamReader xml(QByteArray::fromStdString(svg));
        QStringList words, entries;
        int images = 0;
        while (!xml.atEnd()) {
            if (xml.readNext() != QXmlStreamReader::StartElement) continue;
            const auto name = xml.name();
            if (name == QLatin1String("text"))
                words << xml.readElementText();
            else if (name == QLatin1String("entry"))
                entries << xml.readElementText();
            else if (name == QLatin1String("image"))
                ++images;
            else if (name == QLatin1String("svg")) {
                QVERIFY(xml.attributes().value(QLatin1String("width")).endsWith(QLatin1String("mm")));
            }
        }
        QVERIFY2(!xml.hasError(), qPrintable(xml.errorString()));
        QCOMPARE(images, 1);
        QVERIFY2(words.contains(QStringLiteral("FN1")), qPrintable(words.join(QLatin1Char('|'))));
        QVERIFY2(words.contains(QStringLiteral("100 \u00b5m")), qPrintable(words.join(QLatin1Char('|'))));
        QVERIFY(words.join(QLatin1Char(' ')).contains(QStringLiteral("research use only")));
        QCOMPARE(entries.last(), texts().back().second);
    }
    void aPdfHasTissueWordsAndTexts() {
        const std::string pdf = fileOf(PictureFormat::Pdf, "full.pdf", LegendPlace::Beside, 150);
        const QString words = textOf(pdf);
        QVERIFY2(words.contains(QStringLiteral("FN1")), qPrintable(words));
        QVERIFY2(words.contains(QStringLiteral("\u00b5m")), qPrintable(words));
        QVERIFY2(words.contains(QStringLiteral("research use only")), qPrintable(words));
        QVERIFY(pdf.find("Note: Predicted - research use only &lt;&amp;&gt;") != std::string::npos);
        const auto scene = fullScene(LegendPlace::Beside, 150);
        const QRegularExpression box(QStringLiteral("/MediaBox \\[0 0 ([0-9.]+) ([0-9.]+)"));
        const auto found = box.match(QString::fromLatin1(QByteArray::fromStdString(pdf)));
        QVERIFY(found.hasMatch());
        QVERIFY(std::abs(found.captured(1).toDouble() - scene->size.width() * 72 / 150.0) <= 1);
        QVERIFY(std::abs(found.captured(2).toDouble() - scene->size.height() * 72 / 150.0) <= 1);
    }
    void aTiffIsWritten() {
        const std::string tiff = fileOf(PictureFormat::Tiff, "full.tif");
        QCOMPARE(tiff.substr(0, 2), std::string("II"));
        QVERIFY(tiff.find("Note: Predicted - research use only <&>") != std::string::npos);
    }
    void cancellingLeavesNoFile() {
        for (const auto format :
             {PictureFormat::Png, PictureFormat::Tiff, PictureFormat::Svg, PictureFormat::Pdf}) {
            QTemporaryDir empty;
            const auto scene = fullScene();
            CancelToken cancel;
            const auto outcome =
                writePicture(*scene, format, std::filesystem::path(empty.path().toStdString()) / "a", texts(),
                             cancel, [&cancel](double) { cancel.cancel(); });
            QVERIFY(!outcome);
            QCOMPARE(outcome.error().kind, ErrorKind::Cancelled);
            QVERIFY(std::filesystem::is_empty(empty.path().toStdString()));
        }
    }
    void progressRunsToItsEnd() {
        double last = 0;
        bool grows = true;
        const auto scene = fullScene();
        QVERIFY(writePicture(*scene, PictureFormat::Png, at("p.png"), {}, {}, [&](double share) {
            grows = grows && share >= last;
            last = share;
        }));
        QVERIFY(grows);
        QCOMPARE(last, 1.0);
    }
    void aFolderThatCannotBeWrittenIsNamed() {
        const auto scene = fullScene();
        for (const auto format :
             {PictureFormat::Png, PictureFormat::Tiff, PictureFormat::Svg, PictureFormat::Pdf}) {
            const auto outcome = written(*scene, format, "/proc/none/a.png");
            QVERIFY(!outcome);
            QCOMPARE(outcome.error().kind, ErrorKind::Device);
            QVERIFY2(outcome.error().sentence().starts_with("/proc/none/a.png: "),
                     outcome.error().sentence().c_str());
        }
    }
    void whatDoesNotFitAFormatIsSaidBefore() {
        QVERIFY(checkPicture(PictureFormat::Tiff, {30000, 30000}));
        QVERIFY(checkPicture(PictureFormat::Png, {30000, 30000}));
        const auto pdf = checkPicture(PictureFormat::Pdf, {30000, 30000});
        QVERIFY(!pdf && pdf.error().sentence().find("Choose TIFF") != std::string::npos);
        QVERIFY(!checkPicture(PictureFormat::Png, {0, 10}));
        QVERIFY(!checkPicture(PictureFormat::Tiff, {400000, 10}));
    }
    void theEstimateSaysPaperAndMemory() {
        const auto tiff = estimatePicture(PictureFormat::Tiff, {30000, 30000}, 300);
        QVERIFY(tiff.memoryBytes < 0.5e9 && tiff.fileBytes > 1e9);
        QCOMPARE(tiff.millimetres, QSizeF(2540, 2540));
        QVERIFY(estimatePicture(PictureFormat::Pdf, {9000, 9000}, 300).memoryBytes > 0.6e9);
    }
};

QString TestPictureExport::textOf(const std::string& pdf) {
    QStringList streams;
    for (std::size_t from = pdf.find("stream\n"); from != std::string::npos;
         from = pdf.find("stream\n", from + 7)) {
        const std::size_t end = pdf.find("endstream", from);
        if (from >= 3 && pdf.compare(from - 3, 3, "end") == 0) continue;
        const QByteArray packed = QByteArray::fromStdString(pdf.substr(from + 7, end - from - 7));
        const QByteArray plain = qUncompress(QByteArray::fromHex("01000000") + packed);
        streams << QString::fromLatin1(plain.isEmpty() ? packed : plain);
    }
    QList<QHash<int, QChar>> fonts;
    const QRegularExpression range(
        QStringLiteral("<([0-9a-fA-F]{4})> <([0-9a-fA-F]{4})> <([0-9a-fA-F]{4})>")),
        list(QStringLiteral("<([0-9a-fA-F]{4})> <[0-9a-fA-F]{4}> \\[([^\\]]*)\\]")),
        show(QStringLiteral("<([0-9a-fA-F]+)>"));
    for (const QString& stream : streams) {
        if (!stream.contains(QLatin1String("beginbfrange"))) continue;
        QHash<int, QChar> font;
        for (const auto& match : range.globalMatch(stream.mid(stream.indexOf(QLatin1String("beginbfrange")))))
            for (int glyph = match.captured(1).toInt(nullptr, 16);
                 glyph <= match.captured(2).toInt(nullptr, 16); ++glyph)
                font[glyph] = QChar(match.captured(3).toInt(nullptr, 16) + glyph -
                                    match.captured(1).toInt(nullptr, 16));
        for (const auto& match : list.globalMatch(stream)) {
            int glyph = match.captured(1).toInt(nullptr, 16);
            for (const auto& letter : show.globalMatch(match.captured(2)))
                font[glyph++] = QChar(letter.captured(1).toInt(nullptr, 16));
        }
        fonts << font;
    }
    QString all;
    for (const QString& stream : streams)
        if (stream.contains(QLatin1String(" Tj")) || stream.contains(QLatin1String("TJ")))
            for (const auto& font : fonts) {
                for (const auto& match : show.globalMatch(stream))
                    for (int i = 0; i + 4 <= match.captured(1).size(); i += 4)
                        all += font.value(match.captured(1).mid(i, 4).toInt(nullptr, 16), u'?');
                all += QLatin1Char('\n');
            }
    return all.replace(QLatin1Char('\t'), QLatin1Char(' ')); // the space's glyph
}

QTEST_MAIN(TestPictureExport)
#include "TestPictureExport.moc"
