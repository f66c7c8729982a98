#pragma once

#include "ui/Services.h"

#include <QDockWidget>

class QLabel;
class QPushButton;
class QTreeWidget;
class QTreeWidgetItem;

namespace spotglass {

/// The slides that are predicted in the background and how far each is. Files dropped on it are added; rows
/// are dragged, or moved with the buttons; Delete removes; a double click opens. GUI thread only; nothing
/// blocks.
class QueueDock : public QDockWidget {
    Q_OBJECT

  public:
    /// The service must outlive the dock.
    explicit QueueDock(QueueService& queue, QWidget* parent = nullptr);

  Q_SIGNALS:
    void addWanted();
    void filesDropped(const QStringList& files);
    void openWanted(const std::filesystem::path& file);

  protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    void buildList(QWidget* content);
    void refresh();
    void showRow(QTreeWidgetItem* item, const QueuedSlide& slide);
    void updateButtons();
    void moveCurrent(int by);
    void removeCurrent();
    void rowsDropped(QDropEvent* event);
    [[nodiscard]] int currentRow() const;

    QueueService& queue_;
    QList<QueuedSlide> slides_; ///< as shown
    QTreeWidget* list_ = nullptr;
    QLabel* hint_ = nullptr;
    QPushButton *add_ = nullptr, *remove_ = nullptr, *up_ = nullptr, *down_ = nullptr, *pause_ = nullptr;
};

} // namespace spotglass
