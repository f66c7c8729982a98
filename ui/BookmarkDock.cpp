#include "ui/BookmarkDock.h"

#include <algorithm>
#include <QAction>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QTreeWidget>

namespace spotglass {
namespace {

constexpr QSize pictureSize{80, 60};

QString placeText(const Bookmark& bookmark, std::optional<double> native) {
    const double shown = bookmark.scale * native.value_or(100);
    const QString number = QLocale().toString(shown, 'g', shown < 100 ? 2 : 3);
    return native ? BookmarkDock::tr("%1\u00d7").arg(number) : BookmarkDock::tr("%1 %").arg(number);
}

} // namespace

BookmarkDock::BookmarkDock(QWidget* parent) : QDockWidget(tr("Bookmarks"), parent) {
    setObjectName(QStringLiteral("BookmarkDock"));
    auto* content = new QWidget(this);
    auto* column = new QVBoxLayout(content);
    hint_ = new QLabel(tr("No bookmarks yet. Ctrl+D marks what is in view."), content);
    hint_->setWordWrap(true);
    column->addWidget(hint_);
    list_ = new QTreeWidget(content);
    list_->setObjectName(QStringLiteral("bookmarks"));
    list_->setColumnCount(2);
    list_->setHeaderHidden(true);
    list_->setRootIsDecorated(false);
    list_->setIconSize(pictureSize);
    list_->setEditTriggers(QAbstractItemView::EditKeyPressed);
    list_->header()->setStretchLastSection(false);
    list_->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    list_->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    column->addWidget(list_, 1);
    auto* row = new QHBoxLayout;
    const auto button = [&](const QString& text, const char* name) {
        auto* made = new QPushButton(text, content);
        made->setObjectName(QLatin1String(name));
        row->addWidget(made);
        return made;
    };
    add_ = button(tr("Add"), "addBookmark");
    rename_ = button(tr("Rename"), "renameBookmark");
    remove_ = button(tr("Delete"), "removeBookmark");
    column->addLayout(row);
    setWidget(content);
    connect(add_, &QPushButton::clicked, this, &BookmarkDock::addWanted);
    connect(rename_, &QPushButton::clicked, this, [this] {
        if (auto* item = list_->currentItem()) list_->editItem(item, 0);
    });
    connect(remove_, &QPushButton::clicked, this, &BookmarkDock::removeCurrent);
    auto* deleteKey = new QAction(this);
    deleteKey->setShortcut(QKeySequence::Delete);
    deleteKey->setShortcutContext(Qt::WidgetShortcut);
    connect(deleteKey, &QAction::triggered, this, &BookmarkDock::removeCurrent);
    list_->addAction(deleteKey);
    const auto choose = [this](QTreeWidgetItem* item) {
        if (const Bookmark* bookmark = bookmarkOf(item)) Q_EMIT chosen(*bookmark);
    };
    connect(list_, &QTreeWidget::itemClicked, this, choose);
    connect(list_, &QTreeWidget::itemActivated, this, choose);
    connect(list_, &QTreeWidget::itemChanged, this, &BookmarkDock::itemEdited);
    connect(list_, &QTreeWidget::currentItemChanged, this, &BookmarkDock::updateButtons);
    setAddEnabled(false);
    setBookmarks({}, {});
}

void BookmarkDock::setBookmarks(const QList<Bookmark>& bookmarks, std::optional<double> native) {
    const QSignalBlocker quiet(list_);
    const Bookmark* current = bookmarkOf(list_->currentItem());
    const QString kept = current ? current->id : QString();
    bookmarks_ = bookmarks;
    list_->clear();
    for (const Bookmark& bookmark : bookmarks_) {
        auto* item = new QTreeWidgetItem(list_, {bookmark.name, placeText(bookmark, native)});
        item->setData(0, Qt::UserRole, bookmark.id);
        item->setFlags(item->flags() | Qt::ItemIsEditable);
        if (!bookmark.picture.isNull()) {
            QIcon icon(QPixmap::fromImage(bookmark.picture));
            icon.addPixmap(QPixmap::fromImage(bookmark.picture), QIcon::Selected); // not tinted
            item->setIcon(0, icon);
        }
        item->setSizeHint(0, {0, pictureSize.height() + 6});
        item->setToolTip(0, bookmark.name);
        if (bookmark.id == kept) list_->setCurrentItem(item);
    }
    hint_->setVisible(bookmarks_.isEmpty());
    updateButtons();
}

void BookmarkDock::editName(const QString& id) {
    for (int i = 0; i < list_->topLevelItemCount(); ++i) {
        QTreeWidgetItem* item = list_->topLevelItem(i);
        if (item->data(0, Qt::UserRole).toString() != id) continue;
        list_->setCurrentItem(item);
        list_->setFocus();
        list_->editItem(item, 0);
    }
}

void BookmarkDock::setAddEnabled(bool enabled) {
    add_->setEnabled(enabled);
}

const Bookmark* BookmarkDock::bookmarkOf(const QTreeWidgetItem* item) const {
    if (!item) return nullptr;
    const auto found = std::ranges::find(bookmarks_, item->data(0, Qt::UserRole).toString(), &Bookmark::id);
    return found == bookmarks_.end() ? nullptr : &*found;
}

void BookmarkDock::itemEdited(QTreeWidgetItem* item) {
    const Bookmark* bookmark = bookmarkOf(item);
    const QString name = item->text(0).trimmed();
    if (!bookmark || name == bookmark->name) return;
    if (name.isEmpty()) {
        const QSignalBlocker quiet(list_);
        item->setText(0, bookmark->name);
        return;
    }
    // Not at once: the list is made anew, and its editor is still closing.
    QMetaObject::invokeMethod(
        this, [this, id = bookmark->id, name] { Q_EMIT renamed(id, name); }, Qt::QueuedConnection);
}

void BookmarkDock::removeCurrent() {
    if (const Bookmark* bookmark = bookmarkOf(list_->currentItem())) {
        const QString id = bookmark->id;
        Q_EMIT removed(id);
    }
}

void BookmarkDock::updateButtons() {
    const bool any = bookmarkOf(list_->currentItem()) != nullptr;
    rename_->setEnabled(any);
    remove_->setEnabled(any);
}

} // namespace spotglass
