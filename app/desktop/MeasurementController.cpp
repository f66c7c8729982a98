#include "app/desktop/MeasurementController.h"

#include "training/cohort/Expression.h"
#include "training/cohort/LegacyCohort.h"

#include <algorithm>

namespace spotglass {

struct MeasurementController::Measured {
    std::optional<Section> section;
    std::vector<std::string> panel; ///< the part of the model's panel that was measured
    ExpressionMatrix expression;    ///< of it
};

namespace {

/// Spots with counts where there is a count file, else the spots alone.
struct Opened {
    MeasuredSpots shown;
    std::optional<Section> section;
};

std::vector<SpotValue> places(const std::vector<CohortSpot>& spots) {
    std::vector<SpotValue> values;
    values.reserve(spots.size());
    for (const CohortSpot& spot : spots)
        values.push_back({spot.id, spot.center});
    return values;
}

Result<Opened> readSpots(const std::filesystem::path& given, const std::filesystem::path& slide) {
    const auto file = spotFileFor(slide, given);
    if (!file) return tl::unexpected(file.error());
    auto spots = readSpotFile(*file);
    if (!spots) return tl::unexpected(spots.error());
    // cohort.json, which says another pitch than the usual one, lies above the folder of the spot files.
    const auto array = readArrayDescription(file->parent_path().parent_path());
    if (!array) return tl::unexpected(array.error());
    Opened opened;
    opened.shown.source = QString::fromStdString(file->filename().string());
    opened.shown.pitchMicrons = array->pitchMicrons;
    opened.shown.diameterMicrons = array->diameterMicrons;
    if (const auto lattice = fitLattice(*spots)) opened.shown.pitchPixels = latticePitch(*lattice);
    const auto counts = countFileFor(*file);
    if (!counts) {
        opened.shown.spots = places(*spots);
        opened.shown.note =
            MeasurementController::tr("There is no count file beside the spots, so only their "
                                      "places are shown.");
        return opened;
    }
    auto section = readLegacySection(
        {slide.stem().string(), {}, slide, *counts, *file, SectionForm::Legacy, *array, {}, {}}, *array);
    if (!section) return tl::unexpected(section.error());
    opened.shown.spots = places(section->spots);
    opened.shown.hasCounts = true;
    if (!section->warnings.empty()) opened.shown.note = QString::fromStdString(section->warnings.front());
    opened.section = std::move(*section);
    return opened;
}

} // namespace

MeasurementController::MeasurementController(QObject* parent)
    : MeasurementService(parent), measured_(std::make_shared<Measured>()),
      worker_(std::make_unique<SerialWorker>()) {}

MeasurementController::~MeasurementController() {
    worker_.reset();
}

void MeasurementController::openSpots(const std::filesystem::path& file, const std::filesystem::path& slide) {
    worker_->post([this, file, slide, ticket = ++ticket_, measured = measured_] {
        auto read = readSpots(file, slide);
        *measured = {};
        if (read) measured->section = std::move(read->section);
        QMetaObject::invokeMethod(
            this,
            [this, ticket,
             answer = read ? Result<MeasuredSpots>(std::move(read->shown)) : tl::unexpected(read.error())] {
                if (ticket != ticket_) return;
                if (answer)
                    Q_EMIT opened(*answer);
                else
                    Q_EMIT failed(answer.error());
            },
            Qt::QueuedConnection);
    });
}

void MeasurementController::close() {
    ++ticket_;
    ++question_;
    worker_->post([measured = measured_] { *measured = {}; });
}

void MeasurementController::askValues(const QString& gene, const QStringList& panel) {
    worker_->post([this, gene, panel, question = ++question_, measured = measured_] {
        if (!measured->section) return;
        const Section& section = *measured->section;
        std::vector<std::string> wanted;
        for (const QString& symbol : panel)
            if (std::string name = symbol.toStdString(); section.geneColumn(name))
                wanted.push_back(std::move(name));
        if (wanted != measured->panel) {
            measured->panel = wanted;
            auto expression = panelExpression(section, wanted);
            measured->expression = expression ? std::move(*expression) : ExpressionMatrix();
        }
        std::vector<float> values;
        const auto column = std::ranges::find(wanted, gene.toStdString());
        if (column != wanted.end() && measured->expression.genes == wanted.size())
            for (std::size_t spot = 0; spot < measured->expression.spots; ++spot)
                values.push_back(
                    measured->expression.at(spot, static_cast<std::size_t>(column - wanted.begin())));
        QString unit = QString::fromUtf8(expressionUnit);
        if (wanted.size() < static_cast<std::size_t>(panel.size()))
            unit += tr(" (%1 of its %2 genes were measured)").arg(wanted.size()).arg(panel.size());
        QMetaObject::invokeMethod(
            this,
            [this, gene, question, unit, values = std::move(values)] {
                if (question == question_) Q_EMIT valuesRead(gene, values, unit);
            },
            Qt::QueuedConnection);
    });
}

} // namespace spotglass
