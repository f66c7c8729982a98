#pragma once

#include "ui/Services.h"

#include <QDockWidget>

class QLabel;
class QPushButton;
class QTreeWidget;
class QTreeWidgetItem;

namespace spotglass {

/// The bookmarks of a slide: a click goes there, F2 renames, Delete removes. GUI thread only; nothing blocks.
class BookmarkDock : public QDockWidget {
    Q_OBJECT

  public:
    explicit BookmarkDock(QWidget* parent = nullptr);

    /// Shows these. `native`: magnification at one screen pixel a level-0 pixel; nothing shows percentages.
    void setBookmarks(const QList<Bookmark>& bookmarks, std::optional<double> native);
    /// Lets the user give that one a name at once.
    void editName(const QString& id);
    /// Whether there is a slide to mark.
    void setAddEnabled(bool enabled);

  Q_SIGNALS:
    void addWanted();
    void chosen(const spotglass::Bookmark& bookmark);
    void renamed(const QString& id, const QString& name);
    void removed(const QString& id);

  private:
    [[nodiscard]] const Bookmark* bookmarkOf(const QTreeWidgetItem* item) const;
    void itemEdited(QTreeWidgetItem* item);
    void removeCurrent();
    void updateButtons();

    QList<Bookmark> bookmarks_;
    QTreeWidget* list_;
    QLabel* hint_;
    QPushButton *add_, *rename_, *remove_;
};

} // namespace spotglass
