#include "app/desktop/CohortController.h"

#include "app/desktop/TrainingRecords.h"
#include "viewer/slide/SlidePyramid.h"
#include "viewer/slide/SlideSource.h"

#include <algorithm>
#include <cmath>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

constexpr int kThumbnail = 640;         ///< pixels of the longer side
constexpr double kClusterPatience = 60; ///< seconds

QString path(const fs::path& file) {
    return QString::fromStdString(file.string());
}

QString str(const QJsonValue& object, const char* key) {
    return object[QLatin1String(key)].toString();
}
int integer(const QJsonValue& object, const char* key) {
    return object[QLatin1String(key)].toInt();
}

QStringList strings(const QJsonValue& list) {
    QStringList all;
    for (const QJsonValue& one : list.toArray())
        all << one.toString();
    return all;
}

QString sourceInWords(const QString& source) {
    if (source == QLatin1String("cohort.json")) return CohortController::tr("said in cohort.json");
    if (source == QLatin1String("manifest")) return CohortController::tr("said in the manifest");
    if (source == QLatin1String("array pitch")) return CohortController::tr("from the distance of the spots");
    return CohortController::tr("not known");
}

AuditedSection sectionFrom(const QJsonValue& j) {
    AuditedSection section;
    section.name = str(j, "section");
    section.patient = str(j, "patient");
    section.image = str(j, "image");
    section.wasRead = j[QStringLiteral("read")].toBool();
    section.spots = integer(j, "spots");
    section.onTissue = integer(j, "spots_on_tissue");
    section.outsideImage = integer(j, "spots_outside_image");
    section.medianDepth = j[QStringLiteral("median_depth")].toDouble();
    section.genes = integer(j, "genes");
    section.genesInCommon = integer(j, "genes_in_common");
    const auto scale = j[QStringLiteral("microns_per_pixel")].toArray();
    if (scale.size() == 2) section.micronsPerPixel = std::sqrt(scale[0].toDouble() * scale[1].toDouble());
    section.scaleSource = sourceInWords(str(j, "scale_source"));
    section.imageSize = QSizeF(integer(j, "image_width"), integer(j, "image_height"));
    for (const QJsonValue& spot : j[QStringLiteral("spots_at")].toArray()) {
        section.places.emplace_back(spot[0].toDouble(), spot[1].toDouble());
        section.onGlass.push_back(!spot[2].toBool());
    }
    section.pitchPixels = pitchOf(section.places);
    return section;
}

AuditNote noteFrom(const QJsonValue& j) {
    using Severity = AuditNote::Severity;
    const auto severity = str(j, "severity");
    return {severity == QLatin1String("error")     ? Severity::Error
            : severity == QLatin1String("warning") ? Severity::Warning
                                                   : Severity::Note,
            str(j, "section"), str(j, "what"), str(j, "hint")};
}

AuditedCohort cohortFrom(const QJsonObject& j) {
    AuditedCohort cohort;
    cohort.path = str(j, "cohort");
    cohort.patients = strings(j[QStringLiteral("patients")]);
    cohort.genesInCommon = integer(j, "genes_in_common");
    for (const QJsonValue& section : j[QStringLiteral("sections")].toArray()) {
        cohort.sections.append(sectionFrom(section));
        if (cohort.pitchMicrons <= 0)
            cohort.pitchMicrons = section[QStringLiteral("spot_pitch_um")].toDouble();
    }
    for (const QJsonValue& note : j[QStringLiteral("findings")].toArray())
        cohort.notes.append(noteFrom(note));
    return cohort;
}

ChosenPanel panelFrom(const QJsonObject& j) {
    ChosenPanel panel;
    panel.genes = strings(j[QStringLiteral("genes")]);
    panel.described = strings(j[QStringLiteral("described")]);
    panel.warnings = strings(j[QStringLiteral("warnings")]);
    for (const QJsonValue& score : j[QStringLiteral("scores")].toArray())
        panel.scores.push_back(score.isDouble() ? score.toDouble() : std::nan(""));
    const auto values = j[QStringLiteral("values")].toObject();
    for (auto file = values.begin(); file != values.end(); ++file)
        panel.values[file.key()] = file.value().toString().toStdString();
    return panel;
}

TrainingEstimate estimateFrom(const QJsonObject& j) {
    const auto number = [&](const char* key) { return j[QLatin1String(key)].toDouble(); };
    TrainingEstimate estimate;
    estimate.secondsPerEpoch = number("seconds_per_epoch");
    estimate.secondsBefore = number("seconds_before");
    estimate.epochs = integer(j, "epochs");
    estimate.memoryGigabytes = number("memory_gb");
    estimate.diskGigabytes = number("disk_gb");
    estimate.memoryAvailable = number("memory_available_gb");
    estimate.diskAvailable = number("disk_available_gb");
    estimate.spots = static_cast<int>(number("spots"));
    estimate.genes = integer(j, "genes");
    estimate.device = str(j, "device");
    estimate.warnings = strings(j[QStringLiteral("warnings")]);
    return estimate;
}

QImage thumbnailOf(const fs::path& image) {
    const auto slide = openSlide(image);
    if (!slide) return {};
    const auto bounds = level0Bounds(*(*slide)->info());
    const double shrink = std::max({1.0, bounds.width / kThumbnail, bounds.height / kThumbnail});
    const auto raster =
        readLevel0Region(**slide, bounds, std::max(1, static_cast<int>(bounds.width / shrink)),
                         std::max(1, static_cast<int>(bounds.height / shrink)));
    if (!raster) return {};
    return QImage(reinterpret_cast<const uchar*>(raster->pixels.data()), raster->width, raster->height,
                  raster->width * 4, QImage::Format_RGB32)
        .copy();
}

} // namespace

CohortController::CohortController(fs::path commandLine, fs::path slurmScript, fs::path features,
                                   QObject* parent)
    : CohortService(parent), commandLine_(std::move(commandLine)), features_(std::move(features)),
      slurm_(std::move(slurmScript), commandLine_), worker_(std::make_unique<SerialWorker>()) {}

CohortController::~CohortController() {
    cancel();
    worker_.reset();
}

void CohortController::drop(const QString& question) {
    const auto found = running_.find(question);
    if (found == running_.end()) return;
    // Let go of, not waited for: it may be in the middle of a large image.
    auto* process = found->second.release();
    running_.erase(found);
    process->disconnect(this);
    connect(process, &QProcess::finished, process, &QObject::deleteLater);
    process->setParent(nullptr);
    process->kill();
    if (process->state() == QProcess::NotRunning) process->deleteLater();
}

void CohortController::cancel() {
    ++audits_;
    ++places_;
    while (!running_.empty())
        drop(running_.begin()->first);
    worker_->clear();
}

void CohortController::run(const QString& question, const QStringList& arguments,
                           std::function<void(const Outcome&)> answer,
                           std::function<void(const QString&)> said) {
    drop(question);
    auto owned = std::make_unique<QProcess>();
    auto* process = owned.get();
    running_[question] = std::move(owned);
    const auto outcome = std::make_shared<Outcome>();
    const auto takeLines = [process, outcome, said] {
        while (process->canReadLine()) {
            const auto line = QString::fromUtf8(process->readLine()).trimmed();
            if (line.isEmpty()) continue;
            outcome->said << line;
            if (said) said(line);
        }
    };
    process->setReadChannel(QProcess::StandardError);
    connect(process, &QProcess::readyReadStandardError, this, takeLines);
    const auto end = [this, question, process, outcome, answer, takeLines](int code) {
        takeLines();
        outcome->exitCode = code;
        process->setReadChannel(QProcess::StandardOutput);
        outcome->out = process->readAll();
        process->disconnect(this);
        process->deleteLater();
        running_[question].release(); // deleted by its own event
        running_.erase(question);
        answer(*outcome);
    };
    connect(process, &QProcess::finished, this, [end](int code, QProcess::ExitStatus status) {
        end(status == QProcess::NormalExit ? code : -1);
    });
    connect(process, &QProcess::errorOccurred, this, [end, outcome, this](QProcess::ProcessError error) {
        if (error != QProcess::FailedToStart) return; // what else goes wrong ends it
        outcome->said << tr("The program %1 cannot be started.").arg(path(commandLine_));
        end(-1);
    });
    process->setStandardInputFile(QProcess::nullDevice());
    process->start(path(commandLine_), arguments);
}

QString CohortController::writeConfig(const QString& question, const QJsonObject& config) {
    auto complete = config;
    if (!complete.contains(QStringLiteral("feature_cache")) && !features_.empty())
        complete[QStringLiteral("feature_cache")] = path(features_);
    QFile file(files_.filePath(question + QStringLiteral(".json")));
    if (file.open(QIODevice::WriteOnly)) file.write(QJsonDocument(complete).toJson());
    return file.fileName();
}

void CohortController::fail(const QString& question, const Outcome& outcome) {
    const auto sentence =
        outcome.said.isEmpty()
            ? tr("It ended unexpectedly. There may be too little memory, or a file may be damaged.")
            : outcome.said.back();
    Q_EMIT failed(question, Error{ErrorKind::BadInput, sentence.toStdString(), {}, {}});
}

void CohortController::audit(const fs::path& cohort) {
    const int number = ++audits_;
    run(
        QStringLiteral("audit"),
        {QStringLiteral("audit"), path(cohort), QStringLiteral("--json"), QStringLiteral("--spots")},
        [this, number](const Outcome& outcome) {
            // With findings it ends with an exit code of its own, and a document all the same.
            const auto document = QJsonDocument::fromJson(outcome.out).object();
            if (document.isEmpty()) return fail(QStringLiteral("audit"), outcome);
            if (number == audits_) addThumbnails(cohortFrom(document));
        },
        [this](const QString& line) { Q_EMIT auditProgress(line); });
}

void CohortController::addThumbnails(AuditedCohort cohort) {
    Q_EMIT auditProgress(tr("Reading small pictures ..."));
    const int number = audits_;
    worker_->post(
        [this, self = QPointer<CohortController>(this), number, cohort = std::move(cohort)]() mutable {
            for (auto& section : cohort.sections)
                if (!section.image.isEmpty()) section.thumbnail = thumbnailOf(section.image.toStdString());
            QMetaObject::invokeMethod(
                this,
                [self, number, cohort] {
                    if (self && number == self->audits_) Q_EMIT self->audited(cohort);
                },
                Qt::QueuedConnection);
        });
}

void CohortController::choosePanel(const QJsonObject& config) {
    run(QStringLiteral("panel"),
        {QStringLiteral("panel"), QStringLiteral("--config"), writeConfig(QStringLiteral("panel"), config),
         QStringLiteral("--values"), files_.filePath(QStringLiteral("values")), QStringLiteral("--json")},
        [this](const Outcome& outcome) {
            const auto document = QJsonDocument::fromJson(outcome.out).object();
            if (outcome.exitCode != 0 || document.isEmpty()) return fail(QStringLiteral("panel"), outcome);
            Q_EMIT panelChosen(panelFrom(document));
        });
}

void CohortController::readValues(const ChosenPanel& panel, const QString& section, const QString& gene) {
    worker_->post(
        [this, self = QPointer<CohortController>(this), table = panel.values.value(section), section, gene] {
            std::vector<QPointF> places;
            auto values = readColumn(table, gene, &places);
            QMetaObject::invokeMethod(
                this,
                [self, section, gene, values = std::move(values), places = std::move(places)] {
                    if (self) Q_EMIT self->valuesRead(section, gene, values, places);
                },
                Qt::QueuedConnection);
        });
}

void CohortController::estimate(const QJsonObject& config, const fs::path& folder) {
    QStringList arguments{QStringLiteral("train"), QStringLiteral("--config"),
                          writeConfig(QStringLiteral("estimate"), config), QStringLiteral("--estimate"),
                          QStringLiteral("--json")};
    if (!folder.empty()) arguments << QStringLiteral("--output") << path(folder); // whose drive is meant
    run(QStringLiteral("estimate"), arguments, [this](const Outcome& outcome) {
        const auto document = QJsonDocument::fromJson(outcome.out).object();
        if (outcome.exitCode != 0 || document.isEmpty()) return fail(QStringLiteral("estimate"), outcome);
        Q_EMIT estimated(estimateFrom(document));
    });
}

void CohortController::checkPlace(const TrainingPlace& place) {
    const int number = ++places_;
    worker_->post([this, self = QPointer<CohortController>(this), number, place] {
        const auto wanted = toSlurmPlace(place);
        const auto answer =
            wanted ? slurm_.check(*wanted, kClusterPatience) : Result<std::string>(std::string());
        QMetaObject::invokeMethod(
            this,
            [self, number, answer] {
                if (!self || number != self->places_) return;
                Q_EMIT self->placeChecked(
                    answer.has_value(), QString::fromStdString(answer ? *answer : answer.error().sentence()));
            },
            Qt::QueuedConnection);
    });
}

} // namespace spotglass
