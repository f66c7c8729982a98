#include "app/desktop/FileWatch.h"

#include <QFileSystemWatcher>
#include <QTimer>
#include <system_error>
#include <utility>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

constexpr auto lookInterval = std::chrono::seconds(5);

/// What tells one state of a file from another without reading it.
struct Stamp {
    bool present = false;
    std::uintmax_t size = 0;
    fs::file_time_type time;
    bool operator==(const Stamp&) const = default;
};

Stamp stampOf(const fs::path& file) {
    std::error_code noSize, noTime;
    const auto size = fs::file_size(file, noSize);
    const auto time = fs::last_write_time(file, noTime);
    if (noSize || noTime) return {};
    return {true, size, time};
}

} // namespace

/// All its functions run on the watching thread.
class FileWatch::Looker : public QObject {
  public:
    using Report = std::function<void(SlideFileState, quint64)>;

    using Begun = std::function<void(quint64)>;

    Looker(std::chrono::milliseconds rest, Report report, Begun begun)
        : rest_(rest), report_(std::move(report)), begun_(std::move(begun)) {}

    void watch(const fs::path& file, quint64 ticket) {
        delete std::exchange(system_, nullptr); // what it had to tell about the former file goes with it
        timer_.reset();
        file_ = file;
        ticket_ = ticket;
        if (file.empty()) return;
        opened_ = seen_ = stampOf(file);
        reported_ = SlideFileState::AsOpened;
        timer_ = std::make_unique<QTimer>();
        connect(timer_.get(), &QTimer::timeout, this, &Looker::look);
        system_ = new QFileSystemWatcher(this);
        connect(system_, &QFileSystemWatcher::fileChanged, this, &Looker::lookSoon);
        connect(system_, &QFileSystemWatcher::directoryChanged, this, &Looker::lookSoon);
        listen();
        timer_->start(lookInterval);
        begun_(ticket);
    }

  private:
    /// The system forgets a file that was replaced, and a folder that went with its drive.
    void listen() {
        const QString file = QString::fromStdString(file_.string()),
                      folder = QString::fromStdString(file_.parent_path().string());
        std::error_code unknown;
        if (!system_->files().contains(file) && fs::exists(file_, unknown)) system_->addPath(file);
        if (!system_->directories().contains(folder) && fs::exists(file_.parent_path(), unknown))
            system_->addPath(folder);
    }

    void lookSoon() {
        if (timer_->intervalAsDuration() != rest_) timer_->start(rest_);
    }

    void look() {
        listen();
        const Stamp now = stampOf(file_);
        if (!opened_.present) opened_ = now; // it went in the moment between opening and watching
        const bool same = now == std::exchange(seen_, now);
        const auto state = !now.present     ? SlideFileState::Missing
                           : now == opened_ ? SlideFileState::AsOpened
                                            : SlideFileState::Changed;
        if (state != reported_ && !same) return timer_->start(rest_); // wait until it stays so
        timer_->start(lookInterval);
        if (std::exchange(reported_, state) != state) report_(state, ticket_);
    }

    const std::chrono::milliseconds rest_;
    const Report report_;
    const Begun begun_;
    fs::path file_;
    quint64 ticket_ = 0;
    Stamp opened_, seen_;
    SlideFileState reported_ = SlideFileState::AsOpened;
    QFileSystemWatcher* system_ = nullptr;
    std::unique_ptr<QTimer> timer_;
};

FileWatch::FileWatch(std::chrono::milliseconds rest, QObject* parent) : QObject(parent) {
    const auto here = [this](quint64 ticket, std::function<void()> tell) {
        QMetaObject::invokeMethod(
            this,
            [this, ticket, tell = std::move(tell)] {
                if (ticket == ticket_) tell();
            },
            Qt::QueuedConnection);
    };
    looker_ = new Looker(
        rest,
        [this, here](SlideFileState state, quint64 ticket) {
            here(ticket, [this, state] { Q_EMIT changed(state); });
        },
        [this, here](quint64 ticket) { here(ticket, [this] { Q_EMIT watching(); }); });
    looker_->moveToThread(&thread_);
    connect(&thread_, &QThread::finished, looker_, &QObject::deleteLater);
}

FileWatch::~FileWatch() {
    if (!thread_.isRunning()) {
        delete looker_;
        return;
    }
    thread_.quit();
    thread_.wait();
}

void FileWatch::watch(const fs::path& file) {
    const quint64 ticket = ++ticket_;
    if (!thread_.isRunning()) {
        if (file.empty()) return;
        thread_.start(QThread::LowPriority);
    }
    QMetaObject::invokeMethod(
        looker_, [this, file, ticket] { looker_->watch(file, ticket); }, Qt::QueuedConnection);
}

} // namespace spotglass
