#include "ui/CustomPlot.h"
#include "ui/models/FakeModelLibrary.h"
#include "ui/training/FakeTrainingService.h"
#include "ui/training/jobs/JobsDock.h"
#include "ui/training/jobs/JobText.h"
#include "ui/training/jobs/JobWindow.h"
#include "ui/training/jobs/TrainingCharts.h"
#include "ui/training/Mnemonics.h"
#include "ui/training/SectionPicture.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPointer>
#include <QPushButton>
#include <QTableWidget>
#include <QTabWidget>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::tests;
using State = TrainingJob::State;

/// The dock of trainings, and the window of one.
class TestJobWindow : public QObject {
    Q_OBJECT
    std::unique_ptr<FakeTrainingService> trainings_;
    std::unique_ptr<FakeModelLibrary> library_;
    QPointer<JobWindow> window_;

    void open(const QString& id) {
        window_ = new JobWindow(*trainings_, *library_, id);
        window_->show();
        QVERIFY(QTest::qWaitForWindowExposed(window_));
    }
    template <typename T> T* find(const char* name, const char* below = nullptr) {
        QWidget* root = below ? window_->findChild<QWidget*>(QLatin1String(below)) : window_.data();
        auto* widget = root->findChild<T*>(QLatin1String(name));
        if (!widget) qFatal("there is no %s", name);
        return widget;
    }
    void picture(const char* name) {
        const auto folder = qEnvironmentVariable("SPOTGLASS_PICTURES");
        if (folder.isEmpty()) return;
        QTest::qWait(50);
        window_->grab().save(QDir(folder).filePath(QLatin1String(name)));
    }
    static QStringList curves(const QCustomPlot& plot) {
        QStringList all;
        for (int i = 0; i < plot.graphCount(); ++i)
            all << plot.graph(i)->name();
        return all;
    }
    static TrainingReport someReport(bool worse) {
        TrainingReport report;
        report.verdict =
            QStringLiteral("Better than its parent on 2 of 2 genes; not better than ridge on 1.");
        report.sections = QStringList{QStringLiteral("D1")};
        report.genes = {{QStringLiteral("FN1"), 0.5, 0.4, 0.6, 0.0},
                        {QStringLiteral("ERBB2"), 0.9, NAN, 0.7, 0.1}};
        report.model = 0.7;
        report.parent = 0.4;
        report.ridge = 0.65;
        report.shuffled = 0.05;
        report.mse = 0.04;
        report.mseTrainingMean = 0.08;
        report.worseThanFloor = worse;
        return report;
    }

  private Q_SLOTS:
    void init() {
        QLocale::setDefault(QLocale(QLocale::English));
        trainings_ = std::make_unique<FakeTrainingService>();
        library_ = std::make_unique<FakeModelLibrary>();
        auto running = someJob(QStringLiteral("a"), State::Running);
        running.epoch = 3;
        running.epochs = 60;
        running.secondsLeft = 700;
        trainings_->all = {running, someJob(QStringLiteral("b"), State::Waiting),
                           someJob(QStringLiteral("c"), State::Done)};
    }
    void cleanup() { delete window_; }

    void aRunIsFollowedWhileItsWindowIsOpen() {
        open(QStringLiteral("a"));
        QCOMPARE(trainings_->followers[QStringLiteral("a")], 1);
        QVERIFY(find<QLabel>("state")->text().contains(QStringLiteral("round 3 of at most 60")));
        QVERIFY(find<QLabel>("state")->text().contains(QStringLiteral("12 min")));
        Q_EMIT trainings_->historyRead(QStringLiteral("a"), someHistory(6));
        auto* charts = window_->findChild<TrainingCharts*>();
        QVERIFY(curves(charts->upper()).contains(QStringLiteral("Loss, weighted sum")));
        QVERIFY(curves(charts->lower()).contains(QStringLiteral("All genes")));
        QVERIFY(curves(charts->lower()).contains(QStringLiteral("50 best predicted")));
        QCOMPARE(charts->lower().graph(0)->dataCount(), 6);
        charts->setGene(QStringLiteral("FN1"));
        QCOMPARE(curves(charts->lower()).last(), QStringLiteral("FN1"));
        picture("job-progress.png");
        QVERIFY(find<QPlainTextEdit>("log")->toPlainText().contains(QStringLiteral("Epoch 2")));
        window_->close();
        QTRY_VERIFY(!window_);
        QCOMPARE(trainings_->followers[QStringLiteral("a")], 0);
    }
    void pausedResumedAndCancelled() {
        open(QStringLiteral("a"));
        find<QPushButton>("pause")->click();
        trainings_->all[0].state = State::Paused;
        trainings_->show(trainings_->all);
        find<QPushButton>("pause")->click();
        find<QPushButton>("cancel")->click();
        QCOMPARE(trainings_->said, (QStringList{QStringLiteral("pause a"), QStringLiteral("resume a")}));
        window_->findChild<QMessageBox*>()->findChild<QPushButton*>(QStringLiteral("end"))->click();
        QCOMPARE(trainings_->said.last(), QStringLiteral("cancel a")); // asked first
        trainings_->show({});
        QVERIFY(find<QLabel>("state")->text().contains(QStringLiteral("not in the list any more")));
    }
    void whatIsZoomedStaysWhenAnEpochComes() {
        open(QStringLiteral("a"));
        auto* charts = window_->findChild<TrainingCharts*>();
        charts->setHistory(someHistory(10));
        QCustomPlot& plot = charts->lower();
        QVERIFY(plot.xAxis->range().contains(10));
        const QPointF middle(plot.width() / 2.0, plot.height() / 2.0);
        QWheelEvent wheel(middle, plot.mapToGlobal(middle), {}, QPoint(0, 480), Qt::NoButton, Qt::NoModifier,
                          Qt::NoScrollPhase, false);
        QCoreApplication::sendEvent(&plot, &wheel);
        const auto zoomed = plot.xAxis->range();
        QVERIFY(zoomed.size() < 9);
        charts->setHistory(someHistory(11));
        QCOMPARE(plot.xAxis->range().lower, zoomed.lower);
        QTest::mouseDClick(&plot, Qt::LeftButton, {}, middle.toPoint());
        QVERIFY(plot.xAxis->range().contains(11) && plot.xAxis->range().contains(1));
        find<QCheckBox>("logarithmic")->click();
        QCOMPARE(charts->upper().yAxis->scaleType(), QCPAxis::stLogarithmic);
        auto* what = find<QComboBox>("what");
        for (int i = 0; i < what->count(); ++i) {
            what->setCurrentIndex(i);
            QVERIFY2(charts->upper().graphCount() > 0, qPrintable(what->currentText()));
        }
    }
    void anotherRunIsLaidOverIt() {
        open(QStringLiteral("a"));
        auto* charts = window_->findChild<TrainingCharts*>();
        charts->setHistory(someHistory(3));
        auto* menu = find<QPushButton>("compare")->menu();
        Q_EMIT menu->aboutToShow();
        QCOMPARE(menu->actions().size(), 2);
        menu->actions()[1]->trigger();
        QCOMPARE(trainings_->followers[QStringLiteral("c")], 1);
        Q_EMIT trainings_->historyRead(QStringLiteral("c"), someHistory(8));
        QVERIFY(curves(charts->lower()).contains(QStringLiteral("All genes (Model c)")));
        picture("job-compared.png");
        Q_EMIT menu->aboutToShow();
        menu->actions()[1]->trigger();
        QCOMPARE(trainings_->followers[QStringLiteral("c")], 0);
        QVERIFY(!curves(charts->lower()).contains(QStringLiteral("All genes (Model c)")));
    }
    void twoRunsOfOneNameAreTwoRuns() {
        trainings_->all[1].name = trainings_->all[2].name;
        open(QStringLiteral("a"));
        auto* charts = window_->findChild<TrainingCharts*>();
        charts->setHistory(someHistory(3));
        auto* menu = find<QPushButton>("compare")->menu();
        for (const int i : {0, 1}) {
            Q_EMIT menu->aboutToShow();
            menu->actions()[i]->trigger();
        }
        Q_EMIT trainings_->historyRead(QStringLiteral("b"), someHistory(4));
        Q_EMIT trainings_->historyRead(QStringLiteral("c"), someHistory(8));
        QCOMPARE(curves(charts->lower()).count(QStringLiteral("All genes (Model c)")), 2);
        Q_EMIT menu->aboutToShow();
        menu->actions()[0]->trigger();
        QCOMPARE(curves(charts->lower()).count(QStringLiteral("All genes (Model c)")), 1);
        QCOMPARE(charts->lower().graph(charts->lower().graphCount() - 1)->dataCount(), 8); // that of c
    }
    void theRoundsInViewAreThoseThereAre() {
        open(QStringLiteral("a"));
        auto* charts = window_->findChild<TrainingCharts*>();
        for (const auto& [epochs, last] :
             {std::pair{0, 1.5}, {0, 1.5}, {1, 1.5}, {1, 1.5}, {6, 6.5}, {0, 1.5}}) {
            charts->setHistory(someHistory(epochs));
            for (auto* plot : {&charts->upper(), &charts->lower()}) {
                QCOMPARE(plot->xAxis->range().lower, 0.5);
                QCOMPARE(plot->xAxis->range().upper, last);
            }
        }
    }
    void theEndOfAFileFollowsItsKind() {
        open(QStringLiteral("a"));
        find<QPushButton>("export")->click();
        auto* dialog = window_->findChild<QFileDialog*>();
        QVERIFY(dialog);
        QCOMPARE(dialog->defaultSuffix(), QStringLiteral("png"));
        for (const char* suffix : {"tsv", "pdf"}) {
            const auto filter = dialog->nameFilters().filter(QLatin1String(suffix)).front();
            dialog->selectNameFilter(filter);
            Q_EMIT dialog->filterSelected(filter);
            QCOMPARE(dialog->defaultSuffix(), QLatin1String(suffix));
            QVERIFY(dialog->selectedFiles().front().endsWith(QStringLiteral("training.") +
                                                             QLatin1String(suffix)));
        }
    }
    void noLetterMeansTwoThings() {
        trainings_->all[0].state = State::Paused; // "Resume"
        open(QStringLiteral("a"));
        for (int page = 0; page < window_->pages().count(); ++page) {
            window_->pages().setCurrentIndex(page);
            const auto doubled = doubledMnemonics(*window_);
            QVERIFY2(doubled.isEmpty(), qPrintable(doubled.join(u'\n')));
        }
        JobsDock dock(*trainings_);
        dock.setFloating(true);
        dock.show();
        const auto doubled = doubledMnemonics(dock);
        QVERIFY2(doubled.isEmpty(), qPrintable(doubled.join(u'\n')));
        for (const auto* button : dock.findChildren<QPushButton*>()) // beside these menus
            for (const char* menu :
                 {"&File", "&Expression", "&Help", "&Slide", "&Tools", "T&raining", "&View"})
                QVERIFY2(QKeySequence::mnemonic(button->text()).isEmpty() ||
                             QKeySequence::mnemonic(button->text()) !=
                                 QKeySequence::mnemonic(QLatin1String(menu)),
                         qPrintable(button->text()));
    }
    void curvesBecomeFiles() {
        QTemporaryDir dir;
        open(QStringLiteral("a"));
        auto* charts = window_->findChild<TrainingCharts*>();
        charts->setHistory(someHistory(5));
        for (const char* name : {"a.png", "a.pdf"}) {
            const auto file = dir.filePath(QLatin1String(name));
            QVERIFY(charts->savePicture(file));
            QVERIFY(QFileInfo(file).size() > 5000);
        }
        QVERIFY(!charts->savePicture(QStringLiteral("/no/such/folder/a.pdf")));
        const auto table = charts->asTable().split(u'\n');
        QCOMPARE(table.size(), 7); // head, five epochs, the end
        QVERIFY(table[0].startsWith(QStringLiteral("Round\tLoss")));
        QVERIFY(table[5].startsWith(QStringLiteral("5\t0.8")));
    }
    void mapsShareTheirColoursAndSayHowAlikeTheyAre() {
        open(QStringLiteral("a"));
        Q_EMIT trainings_->historyRead(QStringLiteral("a"), someHistory(3));
        QCOMPARE(trainings_->maps[QStringLiteral("a")], QStringLiteral("FN1"));
        find<QComboBox>("gene", "maps")->setCurrentText(QStringLiteral("ERBB2"));
        QCOMPARE(trainings_->maps[QStringLiteral("a")], QStringLiteral("ERBB2"));
        Q_EMIT trainings_->mapRead(QStringLiteral("a"), someMap(QStringLiteral("ERBB2"), true));
        window_->pages().setCurrentIndex(1);
        QCOMPARE(find<SectionPicture>("predicted")->values().size(), std::size_t{192});
        QVERIFY(find<SectionPicture>("parent")->isVisible());
        QStringList texts;
        for (const auto* label :
             window_->findChild<QWidget*>(QStringLiteral("maps"))->findChildren<QLabel*>())
            texts << label->text();
        QVERIFY(texts.contains(QStringLiteral("Predicted after round 3 (correlation 1.000)")));
        QVERIFY(texts.contains(QStringLiteral("Before, by the model it began with (correlation 0.000)")));
        QVERIFY(texts.join(u' ').contains(QStringLiteral("from 0.00 to 31.00")));
        picture("job-maps.png");
        Q_EMIT trainings_->mapRead(QStringLiteral("a"), someMap(QStringLiteral("ERBB2"), false));
        QVERIFY(!find<SectionPicture>("parent")->isVisible());
    }
    void theEndIsJudgedAndTheModelKept() {
        open(QStringLiteral("a"));
        QVERIFY(!find<QPushButton>("add")->isEnabled());
        auto done = trainings_->all[0];
        done.state = State::Done;
        done.hasModel = true;
        trainings_->show({done});
        QCOMPARE(trainings_->reportsAsked, QStringList{QStringLiteral("a")});
        Q_EMIT trainings_->reportRead(QStringLiteral("a"), someReport(true));
        QVERIFY(
            find<QLabel>("verdict")->text().startsWith(QStringLiteral("Take care: Better than its parent")));
        auto* genes = find<QTableWidget>("genes");
        QCOMPARE(genes->item(0, 0)->text(), QStringLiteral("ERBB2")); // the best one first
        QCOMPARE(genes->item(0, 2)->text(), QStringLiteral("not defined"));
        QCOMPARE(find<QTableWidget>("means")->rowCount(), 5);
        find<QPlainTextEdit>("note")->setPlainText(QStringLiteral("for biopsies"));
        find<QLineEdit>("licence")->setText(QStringLiteral("ours"));
        picture("job-result.png");
        find<QPushButton>("add")->click();
        QCOMPARE(library_->said,
                 QStringList{QStringLiteral("add /runs/a/model.safetensors|Model a|for biopsies|ours")});
        QVERIFY(find<QLabel>("said", "result")->text().contains(QStringLiteral("is in your library")));
        library_->refuses = true;
        find<QPushButton>("add")->click();
        QVERIFY(find<QLabel>("said", "result")->text().contains(QStringLiteral("drive is full")));
        Q_EMIT trainings_->historyRead(QStringLiteral("a"), someHistory(3));
        Q_EMIT genes->cellActivated(1, 0); // Return
        QCOMPARE(find<QComboBox>("gene", "maps")->currentText(), QStringLiteral("FN1"));
        QCOMPARE(window_->pages().currentIndex(), 1);
    }
    void aRunWithoutAModelSaysWhy() {
        auto failed = someJob(QStringLiteral("d"), State::Failed);
        failed.sentence = QStringLiteral("The drive is full.");
        trainings_->all.append(failed);
        open(QStringLiteral("d"));
        QVERIFY(find<QLabel>("verdict")->text().contains(QStringLiteral("The drive is full.")));
        QVERIFY(!find<QPushButton>("add")->isEnabled());
    }

    void theDockListsOrdersAndCancels() {
        JobsDock dock(*trainings_);
        dock.setFloating(true);
        dock.show();
        auto* list = dock.findChild<QListWidget*>(QStringLiteral("list"));
        const auto press = [&](const char* name) {
            dock.findChild<QPushButton*>(QLatin1String(name))->click();
        };
        QCOMPARE(list->count(), 3);
        QVERIFY(list->item(0)->text().contains(QStringLiteral("running")));
        list->setCurrentRow(1);
        press("down");
        press("pause");
        QCOMPARE(trainings_->said, (QStringList{QStringLiteral("move b 1"), QStringLiteral("pause b")}));
        list->setCurrentRow(0);
        press("cancel");
        auto* box = dock.findChild<QMessageBox*>();
        QVERIFY(box && trainings_->said.size() == 2); // asks first
        box->findChild<QPushButton*>(QStringLiteral("end"))->click();
        QCOMPARE(trainings_->said.last(), QStringLiteral("cancel a"));
        const auto before = trainings_->said.size();
        press("remove");
        auto* removal = dock.findChild<QMessageBox*>(QStringLiteral("endAndRemove"));
        QVERIFY(removal && trainings_->said.size() == before); // it would end
        removal->findChild<QPushButton*>(QStringLiteral("end"))->click();
        QCOMPARE(trainings_->said.last(), QStringLiteral("remove a"));
        list->setCurrentRow(2); // over
        press("remove");
        QCOMPARE(trainings_->said.last(), QStringLiteral("remove c"));
        list->setCurrentRow(0);
        QSignalSpy wanted(&dock, &JobsDock::openWanted), notified(&dock, &JobsDock::notify);
        press("open");
        QCOMPARE(wanted.front()[0].toString(), QStringLiteral("a"));
        Q_EMIT trainings_->finished(trainings_->all[2]);
        QVERIFY(notified.front()[0].toString().contains(QStringLiteral("Model c")));
        trainings_->show({});
        QVERIFY(!dock.findChild<QPushButton*>(QStringLiteral("open"))->isEnabled());
        QVERIFY(dock.findChild<QPushButton*>(QStringLiteral("new"))->isEnabled());
    }
    void timesInWords() {
        QCOMPARE(timeInWords(20), QStringLiteral("20 s"));
        QCOMPARE(timeInWords(600), QStringLiteral("10 min"));
        QCOMPARE(timeInWords(7200), QStringLiteral("2 h"));
        QCOMPARE(timeInWords(300000), QStringLiteral("4 days"));
    }
};

QTEST_MAIN(TestJobWindow)
#include "TestJobWindow.moc"
