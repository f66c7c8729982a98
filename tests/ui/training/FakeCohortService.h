#pragma once

#include "ui/training/TrainingServices.h"

#include <QPainter>

namespace spotglass::tests {

/// A cohort of some patients with two sections each, drawn.
inline AuditedCohort drawnCohort(const QStringList& patients) {
    AuditedCohort cohort;
    cohort.path = QStringLiteral("/data/cohort");
    cohort.patients = patients;
    cohort.genesInCommon = 11000;
    cohort.pitchMicrons = 200;
    for (const auto& patient : patients)
        for (int i = 1; i <= 2; ++i) {
            AuditedSection section;
            section.name = patient + QString::number(i);
            section.patient = patient;
            section.image = QStringLiteral("/data/cohort/%1.jpg").arg(section.name);
            section.wasRead = true;
            section.genes = 12000;
            section.genesInCommon = 11000;
            section.medianDepth = 4321;
            section.micronsPerPixel = 0.68;
            section.scaleSource = QStringLiteral("from the distance of the spots");
            section.imageSize = {8000, 6000};
            section.pitchPixels = 294;
            section.thumbnail = QImage(400, 300, QImage::Format_RGB32);
            section.thumbnail.fill(QColor(245, 243, 245));
            QPainter painter(&section.thumbnail);
            painter.setPen(Qt::NoPen);
            painter.setBrush(QColor(214, 150, 190));
            painter.drawEllipse(QRectF(60, 40, 280, 220));
            for (double y = 600; y < 5600; y += 294)
                for (double x = 800; x < 7400; x += 294) {
                    const double dx = (x / 20 - 200) / 150, dy = (y / 20 - 150) / 118;
                    if (dx * dx + dy * dy > 1.1) continue;
                    section.places.emplace_back(x, y);
                    section.onGlass.push_back(dx * dx + dy * dy > 0.95);
                    section.onTissue += section.onGlass.back() ? 0 : 1;
                }
            section.spots = static_cast<int>(section.places.size());
            cohort.sections.append(section);
        }
    return cohort;
}

/// Answers at once, with what the test has put into it.
class FakeCohortService final : public CohortService {
  public:
    AuditedCohort cohort = drawnCohort({QStringLiteral("P1"), QStringLiteral("P2"), QStringLiteral("P3")});
    QString auditFails, panelFails, textsFail, estimateFails;
    bool answers = true; ///< false: the audit is still going on
    /// False: until the test calls answerPanel() or emits placeChecked().
    bool panelAnswers = true, placeAnswers = true;
    QList<std::filesystem::path> auditsAsked;
    QList<QJsonObject> panelsAsked, estimatesAsked;
    std::filesystem::path folderAsked; ///< of the last estimate
    TrainingEstimate estimation{12, 40, 60, 2.4, 0.3, 16, 120, 900, 250, QStringLiteral("cpu"), {}};
    TrainingPlace placeAsked;
    int cancelled = 0;

    void audit(const std::filesystem::path& path) override {
        auditsAsked << path;
        Q_EMIT auditProgress(QStringLiteral("Looking at section P1 ..."));
        if (!answers) return;
        if (!auditFails.isEmpty()) return fail("audit", auditFails);
        cohort.path = QString::fromStdString(path.string());
        Q_EMIT audited(cohort);
    }
    void choosePanel(const QJsonObject& config) override {
        panelsAsked << config;
        if (panelAnswers) answerPanel();
    }
    /// To the last question.
    void answerPanel() {
        const auto config = panelsAsked.constLast();
        if (!textsFail.isEmpty() && config.contains(QStringLiteral("gene_texts")))
            return fail("panel", textsFail);
        if (!panelFails.isEmpty()) return fail("panel", panelFails);
        ChosenPanel panel;
        panel.genes = {QStringLiteral("FN1"), QStringLiteral("HSPB1"), QStringLiteral("ERBB2"),
                       QStringLiteral("COL1A1")};
        panel.scores = {0.71, 0.65, 0.6, 0.52};
        if (config.contains(QStringLiteral("gene_texts"))) panel.described = panel.genes.mid(0, 3);
        Q_EMIT panelChosen(panel);
    }
    void readValues(const ChosenPanel&, const QString& section, const QString& gene) override {
        std::vector<float> values;
        std::vector<QPointF> places{
            {-500, -500}}; // the table keeps a spot beside the image, unlike the audit
        for (const auto& one : cohort.sections)
            if (one.name == section) places.insert(places.end(), one.places.begin(), one.places.end());
        for (const auto& place : places)
            values.push_back(static_cast<float>(place.x() / 8000));
        Q_EMIT valuesRead(section, gene, values, places);
    }
    void estimate(const QJsonObject& config, const std::filesystem::path& folder) override {
        estimatesAsked << config;
        folderAsked = folder;
        if (!estimateFails.isEmpty()) return fail("estimate", estimateFails);
        Q_EMIT estimated(estimation);
    }
    void checkPlace(const TrainingPlace& place) override {
        placeAsked = place;
        if (!placeAnswers) return;
        Q_EMIT placeChecked(true, QStringLiteral("The cluster took a test job, and found the program."));
    }
    void cancel() override { ++cancelled; }

  private:
    void fail(const char* question, const QString& what) {
        Q_EMIT failed(QLatin1String(question), Error{ErrorKind::BadInput, what.toStdString(), {}, {}});
    }
};

} // namespace spotglass::tests
