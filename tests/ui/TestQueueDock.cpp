#include "ui/QueueDock.h"

#include "ui/EngineWindow.h"

#include <QDropEvent>
#include <QLabel>
#include <QMimeData>
#include <QPushButton>
#include <QSignalSpy>
#include <QTreeWidget>

using namespace spotglass;
using State = QueuedSlide::State;

/// The queue as a user sees it, in the window.
class TestQueueDock : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<EngineWindow> all_;

    [[nodiscard]] QTreeWidget* list() { return all_->part<QTreeWidget>("queue"); }
    [[nodiscard]] QString shown(int row) { return list()->topLevelItem(row)->text(1); }
    [[nodiscard]] QStringList names() const {
        QStringList names;
        for (const auto& slide : all_->queue.all)
            names << QString::fromStdString(slide.file.stem().string());
        return names;
    }
    void showQueue() {
        all_->queue.show({{"/s/a.svs", State::Done, 500, 500},
                          {"/s/b.svs", State::Running, 430, 1000},
                          {"/s/c.svs"},
                          {"/s/photo.png", State::NeedsScale, 0, 0,
                           QStringLiteral("This slide does not say how large its pixels are.")},
                          {"/s/broken.svs", State::Failed, 0, 0, QStringLiteral("This file is damaged.")}});
        all_->part<QueueDock>("QueueDock")->show();
    }
    void dropOn(QWidget* target, const QStringList& files) {
        QMimeData data;
        QList<QUrl> urls;
        for (const QString& file : files)
            urls << QUrl::fromLocalFile(file);
        data.setUrls(urls);
        QDragEnterEvent enter({5, 5}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(target, &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent dropped({5, 5}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(target, &dropped);
    }

  private Q_SLOTS:
    void initTestCase() { EngineWindow::isolate(folder_.path()); }
    void init() {
        QSettings().clear();
        all_ = std::make_unique<EngineWindow>();
        QVERIFY(showActive(*all_->window));
    }
    void cleanup() { all_.reset(); }

    void everySlideSaysHowFarItIs() {
        all_->window->openSlide("/slides/tissue.svs");
        QTRY_VERIFY(all_->window->view().isSharp());
        showQueue();
        QCOMPARE(shown(0), QStringLiteral("done"));
        QCOMPARE(shown(1), QStringLiteral("43 %"));
        QCOMPARE(shown(2), QStringLiteral("waiting"));
        QCOMPARE(shown(3), QStringLiteral("needs a scale"));
        QCOMPARE(shown(4), QStringLiteral("failed: This file is damaged."));
        QVERIFY(list()->topLevelItem(3)->toolTip(1).contains(QStringLiteral("pixels")));
        all_->queue.waits = QStringLiteral("The slide in view is predicted first.");
        Q_EMIT all_->queue.changed();
        QVERIFY(all_->part<QLabel>("queueHint")->isVisible());
        EngineWindow::keepPicture(*all_->window, "queue.png");
    }
    void anEmptyQueueSaysWhatItIsFor() {
        all_->part<QueueDock>("QueueDock")->show();
        QVERIFY(all_->part<QLabel>("queueHint")->text().contains(QStringLiteral("background")));
        QVERIFY(!all_->part<QPushButton>("queueRemove")->isEnabled());
    }
    void theSelectionSurvivesProgressAndMoves() {
        showQueue();
        list()->setCurrentItem(list()->topLevelItem(2));
        auto now = all_->queue.all;
        now[1].done = 800;
        all_->queue.show(now);
        QCOMPARE(shown(1), QStringLiteral("80 %"));
        QCOMPARE(list()->currentItem(), list()->topLevelItem(2));
        all_->click("queueUp");
        QCOMPARE(names()[1], QStringLiteral("c"));
        QCOMPARE(list()->currentItem(), list()->topLevelItem(1));
        all_->click("queueDown");
        all_->click("queueDown");
        QCOMPARE(names()[3], QStringLiteral("c"));
    }
    void slidesAreRemovedWithTheButtonAndTheKey() {
        showQueue();
        list()->setCurrentItem(list()->topLevelItem(0));
        all_->click("queueRemove");
        QCOMPARE(names().first(), QStringLiteral("b"));
        list()->setCurrentItem(list()->topLevelItem(1));
        list()->setFocus();
        QTest::keyClick(list(), Qt::Key_Delete);
        QVERIFY(!names().contains(QStringLiteral("c")));
    }
    void theQueueIsPausedAndResumed() {
        showQueue();
        all_->click("queuePause");
        QVERIFY(all_->queue.paused);
        QCOMPARE(all_->part<QPushButton>("queuePause")->text(), QStringLiteral("Resume"));
        QCOMPARE(shown(2), QStringLiteral("paused"));
        all_->click("queuePause");
        QVERIFY(!all_->queue.paused);
    }
    void droppedFilesAreAdded() {
        all_->part<QueueDock>("QueueDock")->show();
        dropOn(all_->part<QueueDock>("QueueDock"), {QStringLiteral("/s/x.svs"), QStringLiteral("/s/y.svs")});
        dropOn(list()->viewport(), {QStringLiteral("/s/z.svs")});
        QCOMPARE(names(), (QStringList{QStringLiteral("x"), QStringLiteral("y"), QStringLiteral("z")}));
        QVERIFY(all_->slides.asked.empty()); // they are not opened in the window
    }
    void whoeverQueuesSlidesGetsTheModelOpened() {
        Q_EMIT all_->predictions.modelsListed({{"/models/a.safetensors", QStringLiteral("A")}});
        QVERIFY(all_->predictions.openedModels.empty());
        dropOn(all_->part<QueueDock>("QueueDock"), {QStringLiteral("/s/x.svs")});
        QCOMPARE(all_->predictions.openedModels.size(), std::size_t{1});
        QVERIFY(all_->part<QueueDock>("QueueDock")->isVisible());
    }
    void aDoubleClickOpensTheSlide() {
        all_->queue.show({{"/slides/tissue.svs", State::Done, 5, 5}});
        all_->part<QueueDock>("QueueDock")->show();
        Q_EMIT list()->itemActivated(list()->topLevelItem(0), 0);
        QVERIFY(all_->window->slide());
    }
};

QTEST_MAIN(TestQueueDock)
#include "TestQueueDock.moc"
