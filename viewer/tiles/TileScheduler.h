#pragma once

#include "viewer/slide/SlideSource.h"
#include "viewer/tiles/TileKey.h"

#include <memory>
#include <unordered_map>
#include <vector>

#include <QImage>
#include <QObject>

namespace spotglass {

/// One tile to read: its name, and which pixels of the slide it is made of.
struct TileRequest {
    TileKey key;
    LevelRect rect;    ///< pixels of `level`
    int level = 0;     ///< of the slide
    int reduction = 0; ///< the tile is 1 / 2^reduction as large as `rect`
};

/// Everything that is wanted at one moment, most urgent first. The generation tells one slide, or one state
/// of it, from another: answers of another generation are worth nothing.
struct TileWishes {
    std::shared_ptr<const SlideSource> slide;
    quint64 generation = 0;
    std::vector<TileRequest> requests;
};

/// Reads tiles on threads of its own. Each wish list replaces the one before: what it no longer names is not
/// begun any more, what is already being read is not read twice, and what has failed is not tried again in
/// the same generation.
///
/// All functions and signals: GUI thread (the thread of the object). None blocks, except the destructor,
/// which waits for the reads that have begun: up to a second, after which a drive is taken to hang, and the
/// threads end by themselves when it answers.
class TileScheduler : public QObject {
    Q_OBJECT

  public:
    /// `threads`: how many tiles are read at a time; 0 chooses (2 to 8, by the number of processors).
    explicit TileScheduler(int threads = 0, QObject* parent = nullptr);
    ~TileScheduler() override;

    /// Replaces the wish list. A generation larger than the last forgets failures and drops reads in flight.
    void request(TileWishes wishes);
    /// Gives away a slide that is not needed here any more: its last reference may be dropped on a reading
    /// thread, so that closing files holds nobody up.
    void retire(std::shared_ptr<const SlideSource> slide);

    /// Tiles that failed may be asked for again: a network drive may be back.
    void forgetFailures() { broken_.clear(); }

    /// Whether that tile could not be read in the present generation.
    [[nodiscard]] bool isBroken(const TileKey& key) const { return broken_.contains(key); }
    /// Why, as a sentence; empty for others.
    [[nodiscard]] QString errorOf(const TileKey& key) const;
    /// Tiles that are being read, or whose answers are under way.
    [[nodiscard]] int inFlight() const;
    /// Tiles wished for whose reading has not begun.
    [[nodiscard]] int waiting() const;

  Q_SIGNALS:
    /// A tile of the present generation is here (Format_RGB32; may be one that is no longer wished for).
    void tileReady(const spotglass::TileKey& key, const QImage& image, quint64 generation);
    /// A tile of the present generation could not be read; a sentence for the user.
    void tileFailed(const spotglass::TileKey& key, const QString& sentence, quint64 generation);
    /// All that had come in has been told: a moment to draw it together.
    void delivered();

  private:
    struct Shared;
    struct Answer;
    void deliver();
    void tell(const Answer& answer);
    void start(int threads);
    void work(Shared& shared);

    std::shared_ptr<Shared> shared_;
    std::unordered_map<TileKey, QString> broken_;
    quint64 generation_ = 0;
};

} // namespace spotglass
