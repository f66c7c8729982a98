#include "app/desktop/EngineSettingsController.h"

#include "inference/store/Sha256.h"
#include "inference/store/SlideCache.h"
#include "inference/store/Workspace.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <QJsonDocument>
#include <QJsonObject>
#include <spdlog/spdlog.h>
#include <system_error>

namespace spotglass {
namespace {

const std::string settingKey = "prediction";
constexpr double gibibyte = 1024.0 * 1024 * 1024;

QString text(const std::string& words) {
    return QString::fromStdString(words);
}

/// What the worker computes with.
bool apply(const EngineChoices& choices, HostedEngine& engine) {
    engine.settings.device = choices.device.toStdString();
    engine.settings.precision = precisionNamed(choices.precision.toStdString()).value_or(Precision::Float32);
    engine.settings.cacheBytes = static_cast<std::uint64_t>(choices.cacheGigabytes * gibibyte);
    engine.wholeSlideContext = choices.wholeSlideContext;
    return true;
}

DeviceListing listing(const DeviceReport& report) {
    return {text(report.name), text(report.description), report.usable,   text(report.sentence),
            report.agreement,  report.rateFp32,          report.rateBf16, report.rateFp16};
}

PrecisionListing listing(const PrecisionReport& report) {
    return {text(std::string(name(report.precision))),
            report.usable,
            text(report.sentence),
            report.agreement,
            report.worstGeneAgreement,
            report.largestDifference,
            report.spotsPerSecond};
}

/// The first width that the description names, from the outside in; 0 where it names none.
int widthIn(const QJsonObject& spec) {
    if (const auto short50 = spec.value(QLatin1String("stops_at_layer3")); short50.isBool())
        return short50.toBool() ? 1024 : 2048; // a ResNet-50 says where it is cut off instead
    for (const char* key : {"feature_width", "output_width", "width"})
        if (const int width = spec.value(QLatin1String(key)).toInt(); width > 0) return width;
    for (const QJsonValue& value : spec)
        if (const int width = value.isObject() ? widthIn(value.toObject()) : 0; width > 0) return width;
    return 0;
}

std::int64_t nanoseconds(std::filesystem::file_time_type time) {
    const auto since = std::chrono::file_clock::to_sys(time).time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

/// A file of the same size and time is taken for the same; one that was only touched is read.
EncoderListing::File fileOf(const KnownEncoder& encoder) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(encoder.weights, error);
    if (error) return EncoderListing::File::Missing;
    if (bytes != encoder.bytes) return EncoderListing::File::Changed;
    const auto time = std::filesystem::last_write_time(encoder.weights, error);
    if (!error && nanoseconds(time) == encoder.modifiedNs) return EncoderListing::File::AsAdded;
    const auto now = sha256OfFile(encoder.weights);
    if (!now) return EncoderListing::File::Missing;
    return *now == encoder.sha256 ? EncoderListing::File::AsAdded : EncoderListing::File::Changed;
}

QList<EncoderListing> encodersOf(const std::filesystem::path& file) {
    // The built-in one, by the name that model cards store; its class is behind the engine's door.
    QList<EncoderListing> all{
        {QStringLiteral("spotglass-morphology-1"), 128, {}, EncoderListing::File::BuiltIn}};
    if (file.empty()) return all;
    auto workspace = Workspace::open(file);
    const auto known = workspace ? workspace->encoders() : Failure(workspace.error());
    if (!known) {
        spdlog::warn("{}", known.error().sentence());
        return all;
    }
    for (const KnownEncoder& encoder : *known)
        all.append({text(encoder.name),
                    widthIn(QJsonDocument::fromJson(QByteArray::fromStdString(encoder.specJson)).object()),
                    text(encoder.weights.string()), fileOf(encoder)});
    return all;
}

} // namespace

std::string choicesToText(const EngineChoices& choices) {
    const QJsonObject all{{QStringLiteral("device"), choices.device},
                          {QStringLiteral("precision"), choices.precision},
                          {QStringLiteral("whole_slide_context"), choices.wholeSlideContext},
                          {QStringLiteral("cache_gib"), choices.cacheGigabytes}};
    return QJsonDocument(all).toJson(QJsonDocument::Compact).toStdString();
}

EngineChoices choicesFromText(const std::string& words) {
    const QJsonObject all = QJsonDocument::fromJson(QByteArray::fromStdString(words)).object();
    EngineChoices choices;
    choices.device = all.value(QStringLiteral("device")).toString(choices.device);
    const QString precision = all.value(QStringLiteral("precision")).toString();
    if (precisionNamed(precision.toStdString())) choices.precision = precision;
    choices.wholeSlideContext = all.value(QStringLiteral("whole_slide_context")).toBool();
    const double limit = all.value(QStringLiteral("cache_gib")).toDouble(choices.cacheGigabytes);
    if (limit > 0 && limit < 1e6) choices.cacheGigabytes = limit;
    return choices;
}

EngineSettingsController::EngineSettingsController(std::shared_ptr<EngineHost> host,
                                                   std::filesystem::path workspace,
                                                   std::filesystem::path cacheFolder, QObject* parent)
    : EngineSettingsService(parent), workspace_(std::move(workspace)), cacheFolder_(std::move(cacheFolder)),
      host_(std::move(host)), files_(std::make_unique<SerialWorker>()) {
    readChoices();
}

EngineSettingsController::~EngineSettingsController() {
    if (measuring_) measuring_->cancel();
    files_.reset();
}

// On the engine's worker, before any model is opened there.
void EngineSettingsController::readChoices() {
    host_->ask(
        this,
        [file = workspace_, folder = cacheFolder_](HostedEngine& engine) {
            engine.settings.cacheFolder = folder;
            engine.settings.workspace = file;
            EngineChoices choices;
            if (file.empty()) return choices;
            auto workspace = Workspace::open(file);
            const auto kept = workspace ? workspace->setting(settingKey) : Failure(workspace.error());
            if (!kept)
                spdlog::warn("{}", kept.error().sentence());
            else if (*kept)
                choices = choicesFromText(**kept);
            (void)apply(choices, engine);
            return choices;
        },
        [this](const EngineChoices& choices) {
            if (chosen_) return;
            choices_ = choices;
            Q_EMIT choicesChanged();
        });
}

void EngineSettingsController::choose(const EngineChoices& choices) {
    EngineChoices elsewhere = choices;
    elsewhere.cacheGigabytes = choices_.cacheGigabytes;
    const bool other = elsewhere != choices_;
    choices_ = choices;
    chosen_ = true;
    host_->ask(
        this, [choices](HostedEngine& engine) { return apply(choices, engine); }, [](bool) {});
    // Not on the engine's worker, where a long prediction may be under way.
    files_->post([host = host_.get(), self = QPointer<QObject>(this), this, file = workspace_, choices] {
        if (file.empty()) return;
        auto workspace = Workspace::open(file);
        const auto kept = workspace ? workspace->setSetting(settingKey, choicesToText(choices))
                                    : Failure(workspace.error());
        if (!kept) host->tell(self, [this, error = kept.error()] { Q_EMIT choicesNotKept(error); });
    });
    Q_EMIT choicesChanged();
    if (other) Q_EMIT computationChanged();
}

void EngineSettingsController::look() {
    using Devices = std::pair<QList<DeviceListing>, QString>;
    host_->ask(
        this,
        [](HostedEngine& engine) -> Result<Devices> {
            const auto factory = engine.factory();
            if (!factory) return Failure(factory.error());
            Devices found;
            for (const auto& report : (*factory)->devices(true))
                found.first.append(listing(report));
            found.second = text((*factory)->whyNoGraphicsProcessor());
            if (!found.second.isEmpty() && !found.second.endsWith(u'.')) found.second += u'.';
            return found;
        },
        [this](const Result<Devices>& found) {
            if (found)
                Q_EMIT devicesListed(found->first, found->second);
            else
                Q_EMIT devicesFailed(found.error());
        });
    lookAtCache(false);
    files_->post([host = host_.get(), self = QPointer<QObject>(this), this, file = workspace_] {
        host->tell(self, [this, all = encodersOf(file)] { Q_EMIT encodersListed(all); });
    });
}

void EngineSettingsController::lookAtCache(bool clear) {
    files_->post([host = host_.get(), self = QPointer<QObject>(this), this, folder = cacheFolder_, clear] {
        const auto cleared = clear && !folder.empty() ? spotglass::clearCache(folder) : Result<void>();
        const auto use = !cleared         ? Result<CacheUse>(Failure(cleared.error()))
                         : folder.empty() ? Result<CacheUse>(CacheUse{})
                                          : cacheUse(folder);
        host->tell(self, [this, use] {
            if (use)
                Q_EMIT cacheMeasured(use->bytes, static_cast<int>(use->slides));
            else
                Q_EMIT cacheFailed(use.error());
        });
    });
}

void EngineSettingsController::clearCache() {
    lookAtCache(true);
}

void EngineSettingsController::measurePrecisions(const std::optional<OpenedSlide>& slide) {
    if (measuring_) return;
    measuring_.emplace();
    using Precisions = QList<PrecisionListing>;
    const bool real = slide && slide->source && slide->scale;
    host_->ask(
        this,
        [source = real ? slide->source : nullptr, scale = real ? *slide->scale : MicronsPerPixel{},
         cancel = *measuring_](HostedEngine& engine) -> Result<Precisions> {
            if (cancel.isCancelled()) return cancelled();
            const auto factory = engine.factory();
            if (!factory) return Failure(factory.error());
            if (engine.file().empty())
                return fail(ErrorKind::Usage, "there is no model to measure with", {}, "Open a model first");
            const auto reports =
                (*factory)->comparePrecisions(engine.file(), engine.settings, source, scale, cancel);
            if (!reports) return Failure(reports.error());
            Precisions all;
            for (const auto& report : *reports)
                all.append(listing(report));
            return all;
        },
        [this](const Result<Precisions>& measured) {
            measuring_.reset();
            if (measured)
                Q_EMIT precisionsMeasured(*measured);
            else
                Q_EMIT measuringFailed(measured.error());
        });
}

void EngineSettingsController::cancelMeasuring() {
    if (measuring_) measuring_->cancel();
}

} // namespace spotglass
