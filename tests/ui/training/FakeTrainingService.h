#pragma once

#include "ui/training/TrainingServices.h"

#include <cmath>
#include <QJsonObject>

namespace spotglass::tests {

/// Trainings that only the test moves on.
class FakeTrainingService final : public TrainingService {
  public:
    QList<TrainingJob> all;
    QStringList said; ///< "pause a", in the order of the calls
    QMap<QString, int> followers;
    QMap<QString, QString> maps; ///< the gene asked for, by job
    QStringList reportsAsked;
    QJsonObject addedConfig;
    std::filesystem::path addedFolder;

    [[nodiscard]] QList<TrainingJob> jobs() const override { return all; }
    void add(const QJsonObject& config, const std::filesystem::path& folder, const TrainingPlace&) override {
        addedConfig = config;
        addedFolder = folder;
    }
    void pause(const QString& id) override { said << QStringLiteral("pause ") + id; }
    void resume(const QString& id) override { said << QStringLiteral("resume ") + id; }
    void cancel(const QString& id) override { said << QStringLiteral("cancel ") + id; }
    void remove(const QString& id) override { said << QStringLiteral("remove ") + id; }
    void move(const QString& id, int to) override { said << QStringLiteral("move %1 %2").arg(id).arg(to); }
    void follow(const QString& id) override { ++followers[id]; }
    void unfollow(const QString& id) override { --followers[id]; }
    void askMap(const QString& id, const QString& gene) override { maps[id] = gene; }
    void askReport(const QString& id) override { reportsAsked << id; }

    void show(const QList<TrainingJob>& jobs) {
        all = jobs;
        Q_EMIT jobsChanged();
    }
};

inline TrainingJob someJob(const QString& id, TrainingJob::State state) {
    TrainingJob job;
    job.id = id;
    job.name = QStringLiteral("Model ") + id;
    job.folder = "/runs/" + id.toStdString();
    job.state = state;
    job.hasModel = state == TrainingJob::State::Done;
    return job;
}

/// What a run of three genes has told after some epochs; the fourth is the best.
inline TrainingHistory someHistory(int epochs) {
    TrainingHistory history;
    history.genes = {QStringLiteral("FN1"), QStringLiteral("HSPB1"), QStringLiteral("ERBB2")};
    history.sections = {QStringLiteral("A1"), QStringLiteral("B1")};
    history.validationSections = {QStringLiteral("C1")};
    history.mapSection = QStringLiteral("C1");
    history.log = QStringLiteral("Epoch 1\nEpoch 2\n");
    for (int i = 1; i <= epochs; ++i) {
        TrainingEpoch epoch;
        epoch.epoch = i;
        epoch.losses = {{QStringLiteral("total"), 4.0 / i}, {QStringLiteral("supervised"), 0.5 / i}};
        epoch.weights = {{QStringLiteral("supervised"), 1.0}, {QStringLiteral("contrastive"), 0.5 / i}};
        epoch.validation = {{QStringLiteral("pcc"), 0.5 - 0.4 / i},
                            {QStringLiteral("pcc_hpg"), 0.7 - 0.4 / i},
                            {QStringLiteral("mse"), 0.05 + 0.1 / i}};
        epoch.genePcc = {0.1F * static_cast<float>(i), 0.2F, NAN};
        epoch.learningRate = 1e-4 / i;
        epoch.spotsPerSecond = 20;
        epoch.memoryGigabytes = 1.5;
        epoch.best = i <= 4;
        history.epochs.push_back(epoch);
    }
    return history;
}

inline SectionMap someMap(const QString& gene, bool withParent) {
    SectionMap map;
    map.section = QStringLiteral("C1");
    map.gene = gene;
    map.epoch = 3;
    map.pitchPixels = 100;
    for (int y = 0; y < 12; ++y)
        for (int x = 0; x < 16; ++x) {
            map.places.emplace_back(100 * x, 100 * y);
            map.measured.push_back(static_cast<float>(x));
            map.predicted.push_back(static_cast<float>(2 * x + 1));
            if (withParent) map.parent.push_back(static_cast<float>(y));
        }
    return map;
}

} // namespace spotglass::tests
