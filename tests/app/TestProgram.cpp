#include "Shared.h"
#include "viewer/base/Files.h"

#include <QImage>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

/// The program itself, as a process that nobody sees.
class TestProgram : public QObject {
    Q_OBJECT
    struct Ended {
        int code = -1;
        QString standardOutput, standardError;
        /// What the program itself says last on standard error, among what Qt and the log may say.
        [[nodiscard]] QString sentence() const {
            const QStringList lines =
                standardError.split(u'\n').filter(QRegularExpression(QStringLiteral("^spotglass: ")));
            return lines.isEmpty() ? QString() : lines.last();
        }
    };
    QTemporaryDir dir_;
    [[nodiscard]] QString at(const char* name) const { return dir_.filePath(QString::fromUtf8(name)); }

    [[nodiscard]] Ended run(const QStringList& arguments) const {
        QProcess process;
        auto environment = QProcessEnvironment::systemEnvironment();
        if (!environment.contains(QStringLiteral("QT_QPA_PLATFORM")))
            environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("offscreen"));
        environment.insert(QStringLiteral("SPOTGLASS_WORKSPACE"), at("workspace.sqlite"));
        environment.insert(QStringLiteral("SPOTGLASS_CACHE"), at("cache"));
        environment.insert(QStringLiteral("SPOTGLASS_RESOURCES"), at("resources"));
        environment.insert(QStringLiteral("XDG_CONFIG_HOME"), at("config"));
        environment.insert(QStringLiteral("XDG_RUNTIME_DIR"), dir_.path());
        process.setProcessEnvironment(environment);
        process.start(QStringLiteral(SPOTGLASS_PROGRAM), arguments);
        if (!process.waitForFinished(120000)) {
            process.kill();
            process.waitForFinished();
            return {-1, {}, QStringLiteral("it did not end")};
        }
        return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2,
                QString::fromUtf8(process.readAllStandardOutput()),
                QString::fromUtf8(process.readAllStandardError())};
    }
    /// A picture with a magenta left and a green right half, without a scale. Its name is in its last pixel,
    /// so that each is a slide of its own.
    [[nodiscard]] QString picture(const char* name) const {
        QImage image(1200, 800, QImage::Format_RGB32);
        image.setDotsPerMeterX(0);
        image.setDotsPerMeterY(0);
        for (int y = 0; y < image.height(); ++y)
            for (int x = 0; x < image.width(); ++x)
                image.setPixel(x, y, x < 600 ? qRgb(200, 30, 160) : qRgb(20, 160, 60));
        image.setPixel(1199, 799, qRgb(name[0], 0, 0));
        image.save(at(name), "PNG");
        return at(name);
    }
    static bool contains(const QImage& image, QRgb color) {
        for (int y = 0; y < image.height(); y += 7)
            for (int x = 0; x < image.width(); x += 7)
                if (image.pixel(x, y) == color) return true;
        return false;
    }

  private Q_SLOTS:
    void aPictureOfAPictureShowsIt() {
        const auto ended = run({picture("a.png"), QStringLiteral("--screenshot"), at("a-out.png")});
        QVERIFY2(ended.code == 0, qPrintable(ended.standardError));
        QVERIFY(ended.standardOutput.isEmpty());
        const QImage shot(at("a-out.png"));
        QVERIFY(shot.width() >= 1000 && shot.height() >= 700);
        QVERIFY(contains(shot, qRgb(200, 30, 160)));
        QVERIFY(contains(shot, qRgb(20, 160, 60)));
    }
    void thePlaceAskedForIsShownAlone() {
        const auto ended =
            run({picture("b.png"), QStringLiteral("--view"), QStringLiteral("900,400,8"),
                 QStringLiteral("--presentation"), QStringLiteral("--screenshot"), at("b-out.png")});
        QVERIFY2(ended.code == 0, qPrintable(ended.standardError));
        const QImage shot(at("b-out.png"));
        QVERIFY(!shot.isNull());
        QVERIFY(!contains(shot, qRgb(200, 30, 160)));
        for (const QPoint corner : {QPoint(2, 2), QPoint(shot.width() - 3, 2), shot.rect().center()})
            QCOMPARE(QColor(shot.pixel(corner)), QColor(20, 160, 60));
    }
    void aRealSlideIsShown() {
        SPOTGLASS_NEED_SHARED(slide, "data/slides/CMU-1-Small-Region.svs");
        const auto ended =
            run({QString::fromStdString(slide.string()), QStringLiteral("--screenshot"), at("c-out.png")});
        QVERIFY2(ended.code == 0, qPrintable(ended.standardError));
        const QImage shot(at("c-out.png"));
        int tissue = 0; // stained: clearly more red than green
        for (int y = 0; y < shot.height(); ++y)
            for (int x = 0; x < shot.width(); ++x)
                tissue += qRed(shot.pixel(x, y)) - qGreen(shot.pixel(x, y)) > 40;
        QVERIFY2(tissue > shot.width() * shot.height() / 20, qPrintable(QString::number(tissue)));
    }
    void measuredSpotsAreShown() {
        std::string spots = "x\ty\tpixel_x\tpixel_y\n"; // circles of 100 pixels, 200 apart
        for (int i = 0; i < 12; ++i)
            spots += std::to_string(i % 4) + "\t" + std::to_string(i / 4) + "\t" +
                     std::to_string(300 + 200 * (i % 4)) + "\t" + std::to_string(200 + 200 * (i / 4)) + "\n";
        QVERIFY(writeFileAtomically(at("h_selection.tsv").toStdString(), spots).has_value());
        const QString slide = picture("h.png");
        QStringList view{slide, QStringLiteral("--view"), QStringLiteral("600,400,1"),
                         QStringLiteral("--presentation"), QStringLiteral("--screenshot")};
        QCOMPARE(run(view + QStringList{at("h-without.png")}).code, 0);
        const auto ended = run(view + QStringList{at("h-with.png"), QStringLiteral("--spots"), dir_.path()});
        QVERIFY2(ended.code == 0, qPrintable(ended.standardError));
        const QImage without(at("h-without.png")), with(at("h-with.png"));
        QCOMPARE(with.size(), without.size());
        int changed = 0;
        for (int y = 0; y < with.height(); ++y)
            for (int x = 0; x < with.width(); ++x)
                changed += with.pixel(x, y) != without.pixel(x, y);
        // Twelve rings, two to four pixels wide.
        QVERIFY2(changed > 12 * 300 && changed < 12 * 1500, qPrintable(QString::number(changed)));
        const auto missing = run(
            {slide, QStringLiteral("--spots"), at("none.tsv"), QStringLiteral("--screenshot"), at("no.png")});
        QCOMPARE(missing.code, 3);
        QVERIFY2(missing.standardError.contains(QStringLiteral("none.tsv")),
                 qPrintable(missing.standardError));
    }
    void badSlidesEndWithThreeAndASentence_data() {
        QTest::addColumn<QString>("name");
        QVERIFY(writeFileAtomically(at("empty.svs").toStdString(), "").has_value());
        QVERIFY(writeFileAtomically(at("letter.svs").toStdString(), "Dear colleague, this is a letter.")
                    .has_value());
        const auto whole = readFile(picture("whole.png").toStdString()).value();
        QVERIFY(
            writeFileAtomically(at("half.png").toStdString(), whole.substr(0, whole.size() / 2)).has_value());
        for (const char* name : {"missing.svs", "empty.svs", "letter.svs", "half.png"})
            QTest::newRow(name) << QString::fromUtf8(name);
    }
    void badSlidesEndWithThreeAndASentence() {
        QFETCH(QString, name);
        const auto ended = run({dir_.filePath(name), QStringLiteral("--screenshot"), at("no.png")});
        QCOMPARE(ended.code, 3);
        QVERIFY2(ended.standardError.contains(name), qPrintable(ended.standardError));
        QVERIFY2(ended.sentence().endsWith(u'.'), qPrintable(ended.standardError));
        QVERIFY(!QFile::exists(at("no.png")));
    }
    void aTruncatedSlideEndsWithThree() {
        SPOTGLASS_NEED_SHARED(slide, "data/slides/CMU-1-Small-Region.svs");
        const auto whole = readFile(slide).value();
        QVERIFY(writeFileAtomically(at("cut.svs").toStdString(), whole.substr(0, 5000)).has_value());
        const auto ended = run({at("cut.svs"), QStringLiteral("--screenshot"), at("no.png")});
        QVERIFY2(ended.code == 3, qPrintable(ended.standardError));
        QVERIFY(ended.standardError.contains(QStringLiteral("cut.svs")));
    }
    void aPredictionWithoutAScaleEndsWithThree() {
        const auto ended = run({picture("d.png"), QStringLiteral("--model"), at("any.safetensors"),
                                QStringLiteral("--screenshot"), at("no.png")});
        QVERIFY2(ended.code == 3, qPrintable(ended.standardError));
        QVERIFY2(ended.standardError.contains(QStringLiteral("no scale")), qPrintable(ended.standardError));
        QVERIFY2(ended.standardError.contains(QStringLiteral("--mpp")), qPrintable(ended.standardError));
        QVERIFY(!QFile::exists(at("no.png")));
    }
    void aGivenScaleIsRememberedForTheNextTime() {
        const QString slide = picture("g.png");
        QCOMPARE(run({slide, QStringLiteral("--mpp"), QStringLiteral("0.69"), QStringLiteral("--screenshot"),
                      at("g-out.png")})
                     .code,
                 0);
        QVERIFY(QFile::exists(at("workspace.sqlite")));
        const auto ended = run({slide, QStringLiteral("--model"), at("any.safetensors"),
                                QStringLiteral("--screenshot"), at("no.png")});
        QVERIFY2(ended.code != 0 && !ended.standardError.contains(QStringLiteral("no scale")),
                 qPrintable(ended.standardError)); // the model is missing; the scale is not
    }
    void aBrokenModelEndsWithASentence() {
        const auto module =
            std::filesystem::path(SPOTGLASS_PROGRAM).parent_path().parent_path() / "lib/spotglass_engine.so";
        QVERIFY(writeFileAtomically(at("broken.safetensors").toStdString(), "no model").has_value());
        const auto ended = run({picture("d.png"), QStringLiteral("--model"), at("broken.safetensors"),
                                QStringLiteral("--mpp"), QStringLiteral("0.5"),
                                QStringLiteral("--screenshot"), at("no.png")});
        const bool engine = std::filesystem::exists(module);
        QVERIFY2(ended.code == (engine ? 3 : 4), qPrintable(ended.standardError));
        QVERIFY2(ended.standardError.contains(engine ? QStringLiteral("broken.safetensors")
                                                     : QStringLiteral("spotglass_engine.so")),
                 qPrintable(ended.standardError));
        QVERIFY(ended.sentence().endsWith(u'.'));
        QVERIFY(!QFile::exists(at("no.png")));
    }
    void aGeneWithoutAnyModelIsAnError() {
        const auto ended = run({picture("e.png"), QStringLiteral("--gene"), QStringLiteral("FN1"),
                                QStringLiteral("--screenshot"), at("no.png")});
        QCOMPARE(ended.code, 3);
        QVERIFY2(ended.standardError.contains(QStringLiteral("FN1")), qPrintable(ended.standardError));
    }
    void aPictureThatCannotBeWrittenEndsWithFour() {
        const auto ended =
            run({picture("f.png"), QStringLiteral("--screenshot"), at("no/such/folder/out.png")});
        QVERIFY2(ended.code == 4, qPrintable(ended.standardError));
        QVERIFY(ended.standardError.contains(QStringLiteral("out.png")));
    }
    void mistakesOnTheCommandLineEndWithTwo() {
        const auto ended = run({QStringLiteral("--bogus")});
        QCOMPARE(ended.code, 2);
        QVERIFY(ended.standardError.contains(QStringLiteral("--bogus")));
    }
};

QTEST_GUILESS_MAIN(TestProgram)
#include "TestProgram.moc"
