#include "ui/QueueDock.h"

#include <algorithm>
#include <QAction>
#include <QDropEvent>
#include <QGridLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMimeData>
#include <QPushButton>
#include <QTreeWidget>
#include <QUrl>

namespace spotglass {
namespace {

QString pathText(const std::filesystem::path& file) {
    return QString::fromStdString(file.string());
}

QStringList localFiles(const QMimeData* data) {
    QStringList files;
    for (const QUrl& url : data->urls())
        if (url.isLocalFile()) files << url.toLocalFile();
    return files;
}

QString stateText(const QueuedSlide& slide, bool paused) {
    using State = QueuedSlide::State;
    const int percent =
        slide.total == 0 ? 0 : static_cast<int>(100.0 * double(slide.done) / double(slide.total));
    switch (slide.state) {
    case State::Waiting:
        if (paused) return QueueDock::tr("paused");
        return slide.total == 0 ? QueueDock::tr("waiting") : QueueDock::tr("waiting at %1 %").arg(percent);
    case State::Running:
        return slide.total == 0 ? QueueDock::tr("looking for tissue") : QueueDock::tr("%1 %").arg(percent);
    case State::Done:
        return QueueDock::tr("done");
    case State::NeedsScale:
        return QueueDock::tr("needs a scale");
    case State::Failed:
        break;
    }
    return QueueDock::tr("failed: %1").arg(slide.sentence);
}

} // namespace

QueueDock::QueueDock(QueueService& queue, QWidget* parent)
    : QDockWidget(tr("Slides to predict"), parent), queue_(queue) {
    setObjectName(QStringLiteral("QueueDock"));
    setAcceptDrops(true);
    auto* content = new QWidget(this);
    auto* column = new QVBoxLayout(content);
    hint_ = new QLabel(content);
    hint_->setObjectName(QStringLiteral("queueHint"));
    hint_->setWordWrap(true);
    column->addWidget(hint_);
    buildList(content);
    column->addWidget(list_, 1);
    auto* rows = new QGridLayout; // narrow, so that the slide keeps its place
    const auto button = [&](const QString& text, const char* name, int row, int at, auto clicked) {
        auto* made = new QPushButton(text, content);
        made->setObjectName(QLatin1String(name));
        connect(made, &QPushButton::clicked, this, clicked);
        rows->addWidget(made, row, at);
        return made;
    };
    add_ = button(tr("Add..."), "queueAdd", 0, 0, [this] { Q_EMIT addWanted(); });
    pause_ = button(tr("Pause"), "queuePause", 0, 1, [this] { queue_.setPaused(!queue_.isPaused()); });
    up_ = button(tr("Up"), "queueUp", 1, 0, [this] { moveCurrent(-1); });
    down_ = button(tr("Down"), "queueDown", 1, 1, [this] { moveCurrent(1); });
    remove_ = button(tr("Remove"), "queueRemove", 0, 2, [this] { removeCurrent(); });
    column->addLayout(rows);
    setWidget(content);
    connect(&queue_, &QueueService::changed, this, &QueueDock::refresh);
    refresh();
}

void QueueDock::buildList(QWidget* content) {
    list_ = new QTreeWidget(content);
    list_->setObjectName(QStringLiteral("queue"));
    list_->setColumnCount(2);
    list_->setHeaderHidden(true);
    list_->setRootIsDecorated(false);
    list_->setDragDropMode(QAbstractItemView::InternalMove);
    list_->header()->setStretchLastSection(true);
    list_->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    list_->header()->setSectionResizeMode(1, QHeaderView::Stretch);
    list_->viewport()->installEventFilter(this);
    connect(list_, &QTreeWidget::currentItemChanged, this, &QueueDock::updateButtons);
    connect(list_, &QTreeWidget::itemActivated, this, [this](QTreeWidgetItem* item) {
        const int row = list_->indexOfTopLevelItem(item);
        if (row >= 0 && row < slides_.size()) Q_EMIT openWanted(slides_[row].file);
    });
    auto* removeKey = new QAction(this);
    removeKey->setShortcut(QKeySequence::Delete);
    removeKey->setShortcutContext(Qt::WidgetShortcut);
    connect(removeKey, &QAction::triggered, this, &QueueDock::removeCurrent);
    list_->addAction(removeKey);
}

// Rows are only filled anew where the files are the same, so that a drag or a selection survives progress.
void QueueDock::refresh() {
    const auto slides = queue_.slides();
    const bool sameFiles = std::ranges::equal(slides, slides_, {}, &QueuedSlide::file, &QueuedSlide::file);
    const int before = currentRow();
    const auto kept = before >= 0 ? slides_[before].file : std::filesystem::path();
    slides_ = slides;
    const QSignalBlocker quiet(list_);
    if (!sameFiles) list_->clear();
    for (qsizetype i = 0; i < slides_.size(); ++i) {
        auto* item = sameFiles ? list_->topLevelItem(int(i)) : new QTreeWidgetItem(list_);
        showRow(item, slides_[i]);
        if (!sameFiles && slides_[i].file == kept) list_->setCurrentItem(item);
    }
    pause_->setText(queue_.isPaused() ? tr("Resume") : tr("Pause"));
    const QString waits = queue_.waitsFor();
    hint_->setText(slides_.isEmpty() ? tr("Slides that are added here, or dropped, are predicted in the "
                                          "background, after the one in view.")
                                     : waits);
    hint_->setVisible(!hint_->text().isEmpty());
    updateButtons();
}

void QueueDock::showRow(QTreeWidgetItem* item, const QueuedSlide& slide) {
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable |
                   Qt::ItemIsDragEnabled); // dropped between rows only
    item->setText(0, QString::fromStdString(slide.file.filename().string()));
    item->setToolTip(0, pathText(slide.file));
    item->setText(1, stateText(slide, queue_.isPaused()));
    item->setToolTip(1, slide.sentence);
}

int QueueDock::currentRow() const {
    const int row = list_->indexOfTopLevelItem(list_->currentItem());
    return row < slides_.size() ? row : -1;
}

void QueueDock::updateButtons() {
    const int row = currentRow();
    remove_->setEnabled(row >= 0);
    up_->setEnabled(row > 0);
    down_->setEnabled(row >= 0 && row + 1 < slides_.size());
    pause_->setEnabled(queue_.isPaused() || !slides_.isEmpty());
}

void QueueDock::moveCurrent(int by) {
    const int row = currentRow();
    if (row < 0) return;
    const auto file = slides_[row].file; // the list is made anew meanwhile
    queue_.move(file, row + by);
}

void QueueDock::removeCurrent() {
    const int row = currentRow();
    if (row < 0) return;
    const auto file = slides_[row].file;
    queue_.remove(file);
}

// The view would move its own rows; here the queue moves, and the view shows it.
bool QueueDock::eventFilter(QObject* watched, QEvent* event) {
    if (watched == list_->viewport() && event->type() == QEvent::Drop) {
        rowsDropped(static_cast<QDropEvent*>(event));
        return true;
    }
    if (watched == list_->viewport() &&
        (event->type() == QEvent::DragEnter || event->type() == QEvent::DragMove)) {
        auto* drag = static_cast<QDragMoveEvent*>(event);
        if (!localFiles(drag->mimeData()).isEmpty()) {
            drag->acceptProposedAction();
            return true;
        }
    }
    return QDockWidget::eventFilter(watched, event);
}

void QueueDock::rowsDropped(QDropEvent* event) {
    if (const QStringList files = localFiles(event->mimeData()); !files.isEmpty()) {
        event->acceptProposedAction();
        Q_EMIT filesDropped(files);
        return;
    }
    const int from = currentRow();
    if (from < 0 || event->source() != list_) return;
    event->setDropAction(Qt::IgnoreAction); // so that the view does not take the row away
    event->accept();
    const QPoint at = event->position().toPoint();
    const auto* under = list_->itemAt(at);
    int to = under ? list_->indexOfTopLevelItem(const_cast<QTreeWidgetItem*>(under)) : int(slides_.size());
    if (under && at.y() > list_->visualItemRect(under).center().y()) ++to;
    const auto file = slides_[from].file;
    queue_.move(file, to > from ? to - 1 : to);
}

void QueueDock::dragEnterEvent(QDragEnterEvent* event) {
    if (!localFiles(event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void QueueDock::dropEvent(QDropEvent* event) {
    event->acceptProposedAction();
    Q_EMIT filesDropped(localFiles(event->mimeData()));
}

} // namespace spotglass
