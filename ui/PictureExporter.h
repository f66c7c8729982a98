#pragma once

#include "viewer/base/CancelToken.h"
#include "viewer/canvas/PictureExport.h"

#include <QObject>
#include <QThreadPool>

namespace spotglass {

/// Writes one picture at a time on a thread of its own. GUI thread; nothing blocks but the destructor, which
/// cancels and waits for the tiles in hand.
class PictureExporter : public QObject {
    Q_OBJECT

  public:
    explicit PictureExporter(QObject* parent = nullptr);
    ~PictureExporter() override;

    [[nodiscard]] bool isBusy() const { return busy_; }
    /// Begins, unless one is being written: then nothing happens. Answers with finished() or failed().
    void write(std::unique_ptr<PictureScene> scene, PictureFormat format, const std::filesystem::path& file,
               const PictureTexts& texts);
    /// The file that is being written will not be there; failed() says so with ErrorKind::Cancelled.
    void cancel();

  Q_SIGNALS:
    /// 0 to 1; at most once a hundredth.
    void progressed(double share);
    void finished(const QString& file, int damagedTiles, const QString& damage);
    void failed(const spotglass::Error& error);

  private:
    CancelToken cancel_;
    bool busy_ = false;
    QThreadPool pool_; // last: its thread ends before what it uses
};

} // namespace spotglass
