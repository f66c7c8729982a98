#pragma once

#include "app/jobs/JobQueue.h"

#include <functional>
#include <QProcess>
#include <QtTest>

namespace spotglass::tests {

/// A cohort of three patients and a network that trains on it in a second an epoch.
inline bool makeTinyCohort(const QString& folder) {
    QProcess process;
    process.start(QStringLiteral(SPOTGLASS_CLI),
                  {QStringLiteral("synth"), QStringLiteral("-o"), folder, QStringLiteral("--sections"),
                   QStringLiteral("3"), QStringLiteral("--size"), QStringLiteral("1536"),
                   QStringLiteral("--seed"), QStringLiteral("7")});
    return process.waitForFinished(120'000) && process.exitCode() == 0;
}

inline nlohmann::json tinyConfig(const QString& cohort, int epochs) {
    auto config = nlohmann::json::parse(
        R"({"model": {"emb_dim_target": 16, "emb_dim": 128, "emb_dim_text": 16, "depth1": 1, "depth2": 2, "depth3": 1,
            "depth_img": 1, "depth_exp": 1, "depth_text": 1, "num_heads1": 2, "num_heads2": 2, "num_heads3": 2,
            "num_heads_img": 2, "num_heads_exp": 2, "num_heads_text": 2, "mlp_ratio_img": 1, "mlp_ratio_exp": 1},
            "patch_pixels": 64, "panel": {"size": 6, "minimum_total": 1, "must_have": ["FN1", "ERBB2"]}, "batch": 8,
            "learning_rate": 1e-3, "name": "Tiny", "patience": 1000})");
    config["cohort"] = cohort.toStdString();
    config["maximum_epochs"] = epochs;
    config["sections"] = {{"training", {"A1"}}, {"validation", {"B1"}}, {"reported", {"C1"}}};
    config["feature_cache"] = (cohort + QStringLiteral("-features")).toStdString();
    return config;
}

/// Runs the queue until the job is as wanted; waits for the event loop between looks.
inline bool runUntil(JobQueue& queue, const std::string& id, const std::function<bool(const Job&)>& wanted,
                     int seconds = 120) {
    return QTest::qWaitFor(
        [&] {
            if (auto done = queue.tick(); !done) return false;
            const auto jobs = queue.jobs();
            if (!jobs) return false;
            for (const auto& job : *jobs)
                if (job.id == id) return wanted(job);
            return false;
        },
        seconds * 1000);
}

inline Job jobOf(JobQueue& queue, const std::string& id) {
    const auto jobs = queue.jobs();
    if (jobs)
        for (const auto& job : *jobs)
            if (job.id == id) return job;
    return {};
}

} // namespace spotglass::tests
