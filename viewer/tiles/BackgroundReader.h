#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include <QMetaObject>
#include <QObject>
#include <QThreadPool>

namespace spotglass {

/// Reads files for a widget: what it is handed runs on a thread of its own, one piece after the other, and
/// what that gives comes back to the thread the reader lives on. Owns the thread, which is there only while
/// there is something to do. Functions are called on the reader's own thread and do not block.
class BackgroundReader : public QObject {
    Q_OBJECT

  public:
    explicit BackgroundReader(QObject* parent = nullptr);
    /// Drops what has not begun and waits for what runs.
    ~BackgroundReader() override;

    /// Runs `work` on the reading thread and then `deliver` with its value here, unless forget() was called
    /// or the reader has gone meanwhile. `work` must not throw; what it holds is released on the reading
    /// thread.
    template <typename Work, typename Deliver> void read(Work work, Deliver deliver) {
        ++waiting_;
        pool_.start([this, work = std::move(work), deliver = std::move(deliver), ticket = ticket_.load()] {
            if (ticket != ticket_) return;
            QMetaObject::invokeMethod(
                this,
                [this, value = work(), deliver, ticket] {
                    if (ticket != ticket_) return;
                    --waiting_;
                    deliver(value);
                },
                Qt::QueuedConnection);
        });
    }

    /// What was asked for before is not delivered any more, nor begun.
    void forget();
    /// Whether something asked for has not been delivered yet.
    [[nodiscard]] bool isBusy() const { return waiting_ > 0; }

  private:
    std::atomic<std::uint64_t> ticket_ = 0;
    int waiting_ = 0;
    QThreadPool pool_; // last: its thread ends before what it uses
};

} // namespace spotglass
