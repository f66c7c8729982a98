#pragma once

#include "ui/Services.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <cmath>
#include <map>
#include <vector>

namespace spotglass {

/// A slide service without files: knows the slides it was given, refuses all others. Answers at once unless
/// `holds`.
class FakeSlides final : public SlideService {
  public:
    std::map<std::filesystem::path, OpenedSlide> slides;
    QList<RecentSlide> recent;
    QList<Bookmark> marks;
    QList<QImage> pictures;                                   ///< kept
    std::vector<std::pair<std::filesystem::path, int>> steps; ///< neighbours asked for
    std::vector<std::filesystem::path> asked;
    std::vector<MicronsPerPixel> remembered;

    /// Adds a small drawn slide.
    void add(const std::filesystem::path& path, std::optional<MicronsPerPixel> scale,
             double objectivePower = 20) {
        SyntheticSlideOptions options;
        options.width = 4000;
        options.height = 3000;
        options.micronsPerPixel = scale;
        options.objectivePower = objectivePower;
        slides[path] = {path, std::make_shared<SyntheticSlideSource>(options), scale};
    }
    void openSlide(const std::filesystem::path& path, std::optional<MicronsPerPixel> given = {}) override {
        asked.push_back(path);
        const auto found = slides.find(path);
        if (found == slides.end()) {
            Q_EMIT failed({ErrorKind::BadInput, "this file does not exist", path.string(), "Check the name"});
            return;
        }
        OpenedSlide slide = found->second;
        if (given) slide.scale = given;
        Q_EMIT opened(slide);
    }
    void rememberScale(const OpenedSlide&, MicronsPerPixel scale) override { remembered.push_back(scale); }
    [[nodiscard]] QList<RecentSlide> recentSlides() const override { return recent; }
    void setRecent(const QStringList& files) {
        recent.clear();
        for (const QString& file : files)
            recent.append({file, {}, false});
        Q_EMIT recentSlidesChanged();
    }
    void keepPicture(const OpenedSlide&, const QImage& picture) override { pictures.append(picture); }
    [[nodiscard]] QList<Bookmark> bookmarks() const override { return marks; }
    void addBookmark(const Bookmark& bookmark) override {
        marks.append(bookmark);
        Q_EMIT bookmarksChanged();
    }
    void renameBookmark(const QString& id, const QString& name) override {
        for (Bookmark& mark : marks)
            if (mark.id == id) mark.name = name;
        Q_EMIT bookmarksChanged();
    }
    void removeBookmark(const QString& id) override {
        erase_if(marks, [&id](const Bookmark& mark) { return mark.id == id; });
        Q_EMIT bookmarksChanged();
    }
    void findNeighbour(const std::filesystem::path& file, int step) override {
        steps.emplace_back(file, step);
    }
};

/// Settings without an engine: the test answers.
class FakeEngineSettings final : public EngineSettingsService {
  public:
    EngineChoices now;
    int looks = 0, measurements = 0, stops = 0, clears = 0;
    std::optional<OpenedSlide> measuredOn;

    [[nodiscard]] EngineChoices choices() const override { return now; }
    void choose(const EngineChoices& choices) override {
        now = choices;
        Q_EMIT choicesChanged();
    }
    void look() override { ++looks; }
    void measurePrecisions(const std::optional<OpenedSlide>& slide) override {
        ++measurements;
        measuredOn = slide;
    }
    void cancelMeasuring() override { ++stops; }
    void clearCache() override {
        ++clears;
        Q_EMIT cacheMeasured(0, 0);
    }
};

/// A queue that predicts nothing by itself.
class FakeQueue final : public QueueService {
  public:
    QList<QueuedSlide> all;
    bool paused = false;
    QString waits;

    void show(const QList<QueuedSlide>& slides) {
        all = slides;
        Q_EMIT changed();
    }
    [[nodiscard]] QList<QueuedSlide> slides() const override { return all; }
    void add(const std::vector<std::filesystem::path>& files) override {
        for (const auto& file : files)
            all.append(QueuedSlide{file});
        Q_EMIT changed();
    }
    void remove(const std::filesystem::path& file) override {
        erase_if(all, [&file](const QueuedSlide& slide) { return slide.file == file; });
        Q_EMIT changed();
    }
    void move(const std::filesystem::path& file, int to) override {
        for (int i = 0; i < int(all.size()); ++i)
            if (all[i].file == file) return all.move(i, to), Q_EMIT changed();
    }
    void setPaused(bool hold) override {
        paused = hold;
        Q_EMIT changed();
    }
    [[nodiscard]] bool isPaused() const override { return paused; }
    [[nodiscard]] QString waitsFor() const override { return waits; }
};

/// Predictions without a model: the value of gene g in cell (column, row) is g + (column + row) / 100. The
/// test says how far the run is.
class FakePredictions final : public PredictionService {
  public:
    static constexpr int columns = 20, rows = 15, pitch = 200; ///< pitch in level-0 pixels
    static constexpr std::size_t total = columns * rows;
    PredictionState now;
    int predicted = 0, cancelled = 0, pauses = 0, resumes = 0;
    std::vector<std::filesystem::path> openedModels;
    std::optional<OpenedSlide> slide;
    Level0Rect visible;
    ModelDescription model;
    std::shared_ptr<const TissueOutline> tissue; ///< of every field

    [[nodiscard]] static ModelDescription someModel(const char* name = "Breast, 4 genes") {
        ModelDescription described;
        described.file = std::filesystem::path("/models") / name;
        described.name = QString::fromUtf8(name);
        described.unit = QStringLiteral("log10(1 + counts per 10,000 of the panel), 3 x 3 smoothed");
        described.heldOutPccAll = 0.31;
        described.spotPitchMicrons = 200;
        described.genes = {{QStringLiteral("GNAS"), 0.22},
                           {QStringLiteral("FN1"), 0.61},
                           {QStringLiteral("FASN"), 0.48},
                           {QStringLiteral("SCD"), std::nan("")}};
        return described;
    }
    void finishModel(const ModelDescription& described) {
        model = described;
        setState(PredictionState::Phase::Ready);
        Q_EMIT modelOpened(model);
    }
    void refuseModel(const Error& error) {
        setState(model.genes.isEmpty() ? PredictionState::Phase::NoModel : PredictionState::Phase::Ready);
        Q_EMIT modelFailed(error);
    }
    void setState(PredictionState::Phase phase, std::size_t done = 0) {
        now = {phase, done, done || phase == PredictionState::Phase::Done ? total : 0};
        Q_EMIT stateChanged(now);
    }
    void grow(std::size_t done) {
        setState(done == total ? PredictionState::Phase::Done : PredictionState::Phase::Running, done);
        Q_EMIT fieldGrew();
    }

    void listModels() override {}
    void openModel(const std::filesystem::path& file) override {
        openedModels.push_back(file);
        setState(PredictionState::Phase::OpeningModel);
    }
    void setSlide(const OpenedSlide& next) override { slide = next; }
    void setVisibleRegion(Level0Rect region) override { visible = region; }
    void predict() override {
        ++predicted;
        setState(PredictionState::Phase::Planning);
    }
    void cancel() override {
        if (!now.isBusy() && now.phase != PredictionState::Phase::Paused) return;
        ++cancelled;
        setState(PredictionState::Phase::Cancelled, now.done);
    }
    void pause() override {
        if (!now.isBusy()) return;
        ++pauses;
        setState(PredictionState::Phase::Paused, now.done);
    }
    void resume() override {
        ++resumes;
        setState(PredictionState::Phase::Planning, now.done);
    }
    [[nodiscard]] PredictionState state() const override { return now; }
    [[nodiscard]] static float valueOf(std::size_t gene, int column, int row) {
        return static_cast<float>(gene) + static_cast<float>(column + row) / 100;
    }
    [[nodiscard]] ExpressionField field(const QString& gene) override {
        ExpressionField field;
        std::size_t number = 0;
        while (number < std::size_t(model.genes.size()) && model.genes[qsizetype(number)].symbol != gene)
            ++number;
        if (now.done == 0 || number == std::size_t(model.genes.size())) return field;
        field.gene = gene.toStdString();
        field.unit = model.unit.toStdString();
        field.columns = columns;
        field.rows = rows;
        field.latticeToLevel0 = {pitch, 0, pitch / 2.0, 0, pitch, pitch / 2.0};
        field.tissue = tissue;
        field.values.assign(total, ExpressionField::missing);
        for (std::size_t cell = 0; cell < now.done; ++cell)
            field.values[cell] = valueOf(number, int(cell) % columns, int(cell) / columns);
        return field;
    }
};

} // namespace spotglass
