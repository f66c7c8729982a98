#include "ui/PictureExporter.h"

#include <cmath>

namespace spotglass {

PictureExporter::PictureExporter(QObject* parent) : QObject(parent) {
    pool_.setMaxThreadCount(1);
}

PictureExporter::~PictureExporter() {
    cancel_.cancel();
    pool_.waitForDone();
}

void PictureExporter::write(std::unique_ptr<PictureScene> scene, PictureFormat format,
                            const std::filesystem::path& file, const PictureTexts& texts) {
    if (busy_ || !scene) return;
    busy_ = true;
    cancel_ = CancelToken();
    std::shared_ptr<PictureScene> shared = std::move(scene);
    pool_.start([this, shared, format, file, texts, cancel = cancel_]() mutable {
        double told = 0;
        const auto progress = [this, &told](double share) {
            if (share - told < 0.01 && share < 1) return;
            told = share;
            QMetaObject::invokeMethod(
                this, [this, share] { Q_EMIT progressed(share); }, Qt::QueuedConnection);
        };
        const auto outcome = writePicture(*shared, format, file, texts, cancel, progress);
        shared.reset(); // files are closed here, not on the GUI thread
        QMetaObject::invokeMethod(
            this,
            [this, outcome, file] {
                busy_ = false;
                if (outcome)
                    Q_EMIT finished(QString::fromStdString(file.string()), outcome->damagedTiles,
                                    outcome->damage);
                else
                    Q_EMIT failed(outcome.error());
            },
            Qt::QueuedConnection);
    });
}

void PictureExporter::cancel() {
    cancel_.cancel();
}

} // namespace spotglass
