#pragma once

#include "ui/Services.h"

#include <chrono>
#include <filesystem>
#include <QObject>
#include <QThread>

namespace spotglass {

/// Looks after one file: whether it is still what it was when watch() was called. Told by the system where
/// that is possible, else (network drives) it looks every few seconds itself. A change is reported when the
/// file has been the same for `rest`, so a file that is being copied is reported once, at the end.
///
/// Lives on the GUI thread and looks on a thread of its own; only the destructor waits, for a look in hand.
class FileWatch : public QObject {
    Q_OBJECT

  public:
    explicit FileWatch(std::chrono::milliseconds rest = std::chrono::seconds(1), QObject* parent = nullptr);
    ~FileWatch() override;

    /// From now on that file; an empty path ends it. What was reported of another file before does not come
    /// any more.
    void watch(const std::filesystem::path& file);

  Q_SIGNALS:
    /// The file is in another state than was known: AsOpened after having been Missing or Changed.
    void changed(spotglass::SlideFileState state);
    /// The file of the last watch() has been looked at: from here on changes are noticed.
    void watching();

  private:
    class Looker;

    QThread thread_;
    Looker* looker_; ///< lives on thread_
    quint64 ticket_ = 0;
};

} // namespace spotglass
