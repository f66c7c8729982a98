#include "app/desktop/EngineHost.h"

#include "viewer/base/Process.h"

#include <algorithm>

namespace spotglass {
namespace {

/// Whether a model opened with one would be the same opened with the other.
bool same(const EngineSettings& a, const EngineSettings& b) {
    return a.device == b.device && a.precision == b.precision && a.patchBatch == b.patchBatch &&
           a.spotBatch == b.spotBatch && a.readers == b.readers && a.cacheFolder == b.cacheFolder &&
           a.cacheBytes == b.cacheBytes && a.workspace == b.workspace && a.encoderWeights == b.encoderWeights;
}

} // namespace

Result<ModelSummary> HostedEngine::open(const std::filesystem::path& file) {
    const auto engine = factory();
    if (!engine) return Failure(engine.error());
    auto opened = (*engine)->openModel(file, settings);
    if (!opened) return Failure(opened.error());
    model_ = std::move(*opened);
    file_ = file;
    openedWith_ = settings;
    return model_->model();
}

Result<PredictionEngine*> HostedEngine::model() {
    if (file_.empty()) return fail(ErrorKind::Defect, "there is no model to predict with");
    if (model_ && same(settings, openedWith_)) return model_.get();
    model_.reset(); // the memory of a graphics processor may not hold it twice
    if (const auto opened = open(file_); !opened) return Failure(opened.error());
    return model_.get();
}

std::string HostedEngine::device() {
    if (settings.device != "auto") return settings.device == "cuda" ? "cuda:0" : settings.device;
    const auto engine = factory();
    if (best_.empty() && engine) {
        const auto devices = (*engine)->devices(false);
        const auto found = std::ranges::find_if(
            devices, [](const DeviceReport& device) { return device.usable && device.name != "cpu"; });
        best_ = found == devices.end() ? "cpu" : found->name;
    }
    return best_;
}

EngineHost::EngineHost(HostedEngine::Load load, EngineSettings settings)
    : engine_(std::make_unique<HostedEngine>(std::move(load), std::move(settings))),
      worker_(std::make_unique<SerialWorker>()) {
    worker_->post([] { giveWayToOtherThreads(); });
}

EngineHost::~EngineHost() {
    worker_.reset();
}

void EngineHost::tell(const QPointer<QObject>& asker, std::function<void()> what) {
    QMetaObject::invokeMethod(
        this,
        [asker, what = std::move(what)] {
            if (asker) what();
        },
        Qt::QueuedConnection);
}

} // namespace spotglass
