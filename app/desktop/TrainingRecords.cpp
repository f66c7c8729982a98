#include "app/desktop/TrainingRecords.h"

#include "viewer/base/Files.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <QFile>
#include <QJsonDocument>
#include <string_view>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

constexpr qint64 kLogTail = 64 << 10;
constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();

QString text(const std::string& utf8) {
    return QString::fromStdString(utf8);
}

double number(const Json& j, const char* key, double otherwise = std::numeric_limits<double>::quiet_NaN()) {
    const auto found = j.find(key);
    return found != j.end() && found->is_number() ? found->get<double>() : otherwise;
}

QStringList words(const Json& j, const char* key) {
    QStringList list;
    const auto found = j.find(key);
    if (found == j.end() || !found->is_array()) return list;
    for (const auto& word : *found)
        if (word.is_string()) list << text(word.get<std::string>());
    return list;
}

TrainingEpoch epochFrom(const Json& event) {
    TrainingEpoch epoch;
    epoch.epoch = static_cast<int>(number(event, "epoch", 0));
    const Json training = event.value("training", Json::object());
    for (const char* term : {"total", "supervised", "contrastive", "correlation"})
        if (const double value = number(training, term); std::isfinite(value))
            epoch.losses[QLatin1String(term)] = value;
    for (const char* term : {"supervised", "contrastive"})
        if (const double value = number(training, (std::string("weight_") + term).c_str());
            std::isfinite(value))
            epoch.weights[QLatin1String(term)] = value;
    epoch.learningRate = number(training, "learning_rate", 0);
    const Json validation = event.value("validation", Json::object());
    for (const char* figure : {"pcc", "mse", "pcc_hpg", "pcc_heg", "pcc_hvg"})
        if (const double value = number(validation, figure); std::isfinite(value))
            epoch.validation[QLatin1String(figure)] = value;
    if (validation.contains("genes") && validation["genes"].is_array())
        for (const auto& pcc : validation["genes"])
            epoch.genePcc.push_back(pcc.is_number() ? pcc.get<float>() : kNothing);
    epoch.spotsPerSecond = number(event, "spots_per_second", 0);
    epoch.seconds = number(event, "seconds", 0);
    epoch.memoryGigabytes = number(event, "memory_gb", 0);
    epoch.best = event.value("best", false);
    return epoch;
}

QString lastOf(const fs::path& log) {
    QFile file(text(log.string()));
    if (!file.open(QIODevice::ReadOnly)) return {};
    const bool cut = file.size() > kLogTail;
    if (cut) file.seek(file.size() - kLogTail);
    QByteArray bytes = file.readAll();
    if (cut) bytes.remove(0, bytes.indexOf('\n') + 1);
    return QString::fromUtf8(bytes);
}

fs::path mapFile(const fs::path& run, const QString& section, const char* what) {
    auto name = section.toStdString();
    std::replace(name.begin(), name.end(), '/', '-');
    return run / "maps" / (name + "." + what + ".csv");
}

std::string_view nextCell(std::string_view& line) {
    const auto end = line.find(',');
    const auto cell = line.substr(0, end);
    line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
    return cell;
}

template <typename T> T valueOf(std::string_view cell) {
    T value = std::numeric_limits<T>::quiet_NaN();
    std::from_chars(cell.data(), cell.data() + cell.size(), value);
    return value;
}

Json documentOf(const fs::path& file) {
    const auto content = readFile(file);
    return content ? Json::parse(*content, nullptr, false) : Json();
}

/// Takes over one event. Throws Json::exception for one whose parts are of other kinds.
void takeEvent(const Json& event, TrainingHistory& history) {
    const std::string kind = event.value("event", "");
    if (kind == "start") {
        history.sections = words(event, "sections");
        history.validationSections = words(event, "set_aside");
        if (event.contains("map") && event["map"].is_string())
            history.mapSection = text(event["map"].get<std::string>());
    }
    if (kind == "panel") history.genes = words(event, "genes");
    if (kind == "epoch") history.epochs.push_back(epochFrom(event));
}

/// Throws Json::exception for a document whose parts are of other kinds.
TrainingReport reportFrom(const Json& document) {
    const auto part = [&](const char* key) { return document.value(key, Json::object()); };
    TrainingReport report;
    report.verdict = text(part("verdict").value("sentence", ""));
    report.worseThanFloor = part("verdict").value("worse_than_ridge", false);
    report.sections = words(document, "sections");
    report.model = number(part("model"), "pcc_all");
    report.parent = number(part("parent"), "pcc_all");
    report.ridge = number(part("ridge"), "pcc_all");
    report.shuffled = number(part("shuffled"), "pcc_all");
    report.mse = number(part("model"), "mse");
    report.mseTrainingMean = number(part("training_mean"), "mse");
    const Json genes = part("genes");
    for (const auto& [gene, figures] : genes.items())
        report.genes.append({text(gene), number(figures, "model"), number(figures, "parent"),
                             number(figures, "ridge"), number(figures, "shuffled")});
    return report;
}

} // namespace

TrainingHistory readHistory(const fs::path& run) {
    TrainingHistory history;
    // Of an ensemble the curves of the network in hand.
    const auto content = readFile(newestMember(run) / "events.jsonl");
    std::string_view rest = content ? std::string_view(*content) : std::string_view();
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const Json event = Json::parse(line, nullptr, false);
        if (!event.is_object()) continue;
        try {
            takeEvent(event, history);
        } catch (const Json::exception&) { // damaged, or another program's idea of it
        }
    }
    history.log = lastOf(run / "log.txt");
    return history;
}

std::vector<float> readColumn(const fs::path& table, const QString& gene, std::vector<QPointF>* places) {
    std::vector<float> values;
    const auto content = readFile(table);
    if (!content) return values;
    std::string_view rest = *content;
    const auto takeLine = [&rest] {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    };
    std::string_view head = takeLine();
    int column = -1;
    const auto wanted = gene.toStdString();
    for (int i = 0; !head.empty(); ++i)
        if (nextCell(head) == wanted && i >= 3) column = i;
    if (column < 0) return values;
    while (!rest.empty()) {
        auto line = takeLine();
        double x = 0, y = 0;
        float value = kNothing;
        for (int i = 0; i <= column && !line.empty(); ++i) {
            const auto cell = nextCell(line);
            if (i == 1) x = valueOf<double>(cell);
            if (i == 2) y = valueOf<double>(cell);
            if (i == column) value = valueOf<float>(cell);
        }
        values.push_back(value);
        if (places) places->emplace_back(x, y);
    }
    return values;
}

double pitchOf(const std::vector<QPointF>& places) {
    std::vector<double> nearest;
    const std::size_t step = std::max<std::size_t>(1, places.size() / 200); // some hundred of them will do
    for (std::size_t i = 0; i < places.size(); i += step) {
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t j = 0; j < places.size(); ++j) {
            const QPointF away = places[j] - places[i];
            if (j != i) least = std::min(least, std::hypot(away.x(), away.y()));
        }
        if (std::isfinite(least)) nearest.push_back(least);
    }
    if (nearest.empty()) return 0;
    const auto middle = nearest.begin() + static_cast<std::ptrdiff_t>(nearest.size() / 2);
    std::nth_element(nearest.begin(), middle, nearest.end());
    return *middle;
}

SectionMap readMap(const fs::path& run, const QString& gene) {
    SectionMap map;
    map.gene = gene;
    const auto history = readHistory(run);
    const QStringList reported = words(documentOf(run / "report.json"), "sections");
    map.section = reported.isEmpty() ? history.mapSection : reported.front();
    if (map.section.isEmpty()) return map;
    if (reported.isEmpty() && !history.epochs.empty()) map.epoch = history.epochs.back().epoch;
    const auto folder = reported.isEmpty() ? newestMember(run) : run;
    map.measured = readColumn(mapFile(folder, map.section, "measured"), gene, &map.places);
    map.predicted = readColumn(mapFile(folder, map.section, "predicted"), gene, nullptr);
    map.parent = readColumn(mapFile(folder, map.section, "parent"), gene, nullptr);
    for (auto* values : {&map.predicted, &map.parent})
        if (values->size() != map.places.size()) values->clear(); // being written
    map.pitchPixels = pitchOf(map.places);
    return map;
}

std::optional<TrainingReport> readReport(const fs::path& run) {
    const Json document = documentOf(run / "report.json");
    if (!document.is_object() || !document.contains("verdict")) return std::nullopt;
    try {
        return reportFrom(document);
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

QJsonObject toQt(const Json& document) {
    return QJsonDocument::fromJson(QByteArray::fromStdString(document.dump())).object();
}

Json fromQt(const QJsonObject& document) {
    return Json::parse(QJsonDocument(document).toJson(QJsonDocument::Compact).toStdString(), nullptr, false);
}

TrainingPlace toTrainingPlace(const SlurmPlace& place) {
    QStringList modules;
    for (const auto& module : place.modules)
        modules << text(module);
    return {true,
            text(place.partition),
            place.nodes,
            place.gpus,
            place.processors,
            place.memoryGigabytes,
            text(place.time),
            modules,
            text(place.container),
            text(place.program)};
}

std::optional<SlurmPlace> toSlurmPlace(const TrainingPlace& place) {
    if (!place.slurm) return std::nullopt;
    std::vector<std::string> modules;
    for (const auto& module : place.modules)
        modules.push_back(module.toStdString());
    return SlurmPlace{place.partition.toStdString(),
                      place.nodes,
                      place.gpus,
                      place.processors,
                      place.memoryGigabytes,
                      place.time.toStdString(),
                      std::move(modules),
                      place.container.toStdString(),
                      place.program.toStdString()};
}

TrainingJob toTrainingJob(const Job& job) {
    TrainingJob shown;
    shown.id = text(job.id);
    shown.name = text(job.name);
    shown.folder = job.folder;
    shown.config = toQt(job.config);
    if (job.slurm) shown.place = toTrainingPlace(*job.slurm);
    using State = TrainingJob::State;
    constexpr std::pair<JobState, State> states[] = {
        {JobState::Waiting, State::Waiting}, {JobState::Running, State::Running},
        {JobState::Paused, State::Paused},   {JobState::Done, State::Done},
        {JobState::Failed, State::Failed},   {JobState::Cancelled, State::Cancelled}};
    for (const auto& [own, other] : states)
        if (job.state == own) shown.state = other;
    shown.sentence = text(job.sentence);
    const auto time = [](std::int64_t ms) {
        return ms > 0 ? QDateTime::fromMSecsSinceEpoch(ms) : QDateTime();
    };
    shown.created = time(job.created);
    shown.started = time(job.started);
    shown.ended = time(job.ended);
    shown.clusterJob = text(job.clusterJob);
    shown.epoch = job.epoch;
    shown.epochs = job.epochs;
    shown.secondsLeft = job.secondsLeft;
    std::error_code ec;
    shown.hasModel = fs::exists(job.folder / "model.safetensors", ec);
    return shown;
}

} // namespace spotglass
