#pragma once

#include "viewer/canvas/ComposedFrame.h"
#include "viewer/canvas/Layer.h"
#include "viewer/slide/ColorCorrection.h"
#include "viewer/slide/SlideSource.h"
#include "viewer/tiles/DisplayPyramid.h"
#include "viewer/tiles/TileCache.h"
#include "viewer/tiles/TileScheduler.h"
#include "viewer/tiles/TileSelector.h"

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include <QElapsedTimer>
#include <QTimer>

namespace spotglass {

/// The slide itself: chooses tiles, has them read by its threads, keeps them in its cache and draws them. GUI
/// thread only; nothing blocks except the destructor, which waits for reads in flight.
class SlideLayer : public Layer {
    Q_OBJECT

  public:
    /// 256 MiB of tiles, or six views full where the screen is so large that those need more.
    static constexpr qsizetype defaultCacheBytes = qsizetype{256} << 20;

    explicit SlideLayer(QObject* parent = nullptr, int threads = 0);
    ~SlideLayer() override;

    /// Shows another slide, or none. Forgets every tile.
    /// While levels are not ready yet, its info() is looked at ten times a second (see infoChanged).
    void setSlide(std::shared_ptr<const SlideSource> slide);
    [[nodiscard]] std::shared_ptr<const SlideSource> slide() const { return slide_; }
    /// The SlideInfo tiles are chosen by; null without a slide.
    [[nodiscard]] std::shared_ptr<const SlideInfo> info() const { return info_; }
    /// Takes over the slide's present SlideInfo; asks again for tiles that failed. The pictures shown stay
    /// until the new ones arrive where the pyramid is the same.
    void reload();

    /// Level-0 extent of the slide; empty without one.
    [[nodiscard]] Level0Rect extent() const;

    /// Asks for what `target` needs; whatever was asked before and is not needed any more is dropped.
    void request(const Viewport& target);
    /// True when every tile that `viewport` needs at its own level is there or broken.
    [[nodiscard]] bool isSharp(const Viewport& viewport) const;
    /// The sentence about a broken tile of the level shown in `viewport` at that point; empty where all is
    /// well.
    [[nodiscard]] QString brokenTileAt(const Viewport& viewport, Level0Point point) const;

    /// How the slide's colours are shown. Applied to what is painted, so that the tiles stay as they are in
    /// the file.
    void setColorCorrection(const ColorCorrection& correction);
    [[nodiscard]] const ColorCorrection& colorCorrection() const { return correction_; }
    /// What is painted beside the slide.
    void setSurround(QColor colour);
    void setCacheBytes(qsizetype bytes);
    [[nodiscard]] const TileCache& cache() const { return cache_; }
    [[nodiscard]] const TileScheduler& scheduler() const { return scheduler_; }

    void paint(QPainter& painter, const Viewport& viewport) override;

  Q_SIGNALS:
    /// A tile could not be read; a sentence for the user, once a tile. It is asked for again after two
    /// seconds, then ever more rarely.
    void tileFailed(const QString& sentence);
    /// Another SlideInfo has been taken over, by reload() or because levels have become ready. Ask for tiles
    /// again.
    void infoChanged();
    /// Some tiles have arrived, and changed() has been emitted for each: a moment to paint them together.
    void tilesDelivered();

  private:
    void tileReady(const TileKey& key, const QImage& image, quint64 generation);
    void tileBroken(const TileKey& key, const QString& sentence, quint64 generation);
    void showChange(const TileKey& key);
    void noteWaiting();
    void turnSpinners();
    void retryBroken();
    void paintSpinners(QPainter& painter, const Viewport& viewport,
                       const std::vector<TileKey>& missing) const;
    void updatePolling();
    void pollInfo();
    void compose(const TileSelection& selection, const QRect& area, ComposeTarget target);
    void paintBroken(QPainter& painter, const Viewport& viewport, const TileKey& key) const;
    [[nodiscard]] TileLimits limits() const;
    [[nodiscard]] TileState stateOf(const TileKey& key) const;
    [[nodiscard]] TileSelection select(const Viewport& viewport) const;

    std::shared_ptr<const SlideSource> slide_;
    std::shared_ptr<const SlideInfo> info_; ///< of the slide
    DisplayPyramid pyramid_;                ///< made of it; every TileKey counts its levels
    ComposedFrame frame_;
    QColor surround_;
    ColorCorrection correction_;
    TileCache cache_;
    bool cacheBytesSet_ = false; ///< by somebody who knows better
    TileScheduler scheduler_;
    quint64 generation_ = 0;
    QTimer poll_;
    QTimer spin_;         ///< runs while tiles in view are missing
    QElapsedTimer clock_; ///< of the spinners
    std::unordered_map<TileKey, qint64>
        waitingFrom_;                  ///< tiles in view that are missing, and since when on clock_
    QTimer retry_;                     ///< until failed tiles are asked for again
    std::unordered_set<TileKey> told_; ///< tiles whose failure has been told
};

} // namespace spotglass
