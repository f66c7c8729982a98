#pragma once

#include "ui/training/FakeCohortService.h"
#include "ui/training/wizard/TrainingWizard.h"

#include <QDir>
#include <QJsonArray>
#include <QLineEdit>
#include <QTemporaryDir>
#include <QtTest>

namespace spotglass::tests {

/// Opens the wizard before each test, and drives it.
class WizardDriver : public QObject {
  protected:
    std::unique_ptr<QTemporaryDir> dir_;
    std::unique_ptr<FakeCohortService> service_;
    std::unique_ptr<TrainingWizard> wizard_;
    QJsonObject draft_;

    void open(const QJsonObject& draft = {}) {
        wizard_.reset();
        TrainingWizard::Setting setting;
        setting.draft = draft;
        setting.models = {{QStringLiteral("/models/a.safetensors"),
                           QStringLiteral("Breast"),
                           {QStringLiteral("FN1"), QStringLiteral("KRT19")},
                           QStringLiteral("Not better than ridge regression on 9 genes.")}};
        setting.encoders = {{QStringLiteral("spotglass-morphology-1"), 128}, {QStringLiteral("uni"), 1024}};
        setting.presets = SPOTGLASS_PRESETS;
        setting.folders = dir_->filePath(QStringLiteral("runs"));
        wizard_ = std::make_unique<TrainingWizard>(*service_, setting);
        connect(wizard_.get(), &TrainingWizard::draftChanged, this,
                [this](const QJsonObject& kept) { draft_ = kept; });
        wizard_->show();
        QVERIFY(QTest::qWaitForWindowExposed(wizard_.get()));
    }
    template <typename T> T* find(const char* name) {
        auto* widget = wizard_->currentPage()->findChild<T*>(QLatin1String(name));
        if (!widget) qFatal("there is no %s", name);
        return widget;
    }
    [[nodiscard]] bool canGoOn() const { return wizard_->currentPage()->isComplete(); }
    bool next() {
        const int before = wizard_->currentId();
        wizard_->next();
        return wizard_->currentId() == before + 1;
    }
    void chooseCohort() {
        auto* path = find<QLineEdit>("cohort");
        path->setText(QStringLiteral("/data/cohort"));
        Q_EMIT path->editingFinished(); // Return would also press "Next", for this audit answers at once
    }
    bool goTo(const QString& title) {
        while (wizard_->currentPage()->title() != title)
            if (!next()) return false;
        return true;
    }
    /// SPOTGLASS_PICTURES names a folder for what the pages look like.
    void picture(const QString& name) {
        const auto folder = qEnvironmentVariable("SPOTGLASS_PICTURES");
        if (!folder.isEmpty()) wizard_->grab().save(QDir(folder).filePath(name + QStringLiteral(".png")));
    }
    static QJsonArray array(std::initializer_list<const char*> words) {
        QJsonArray all;
        for (const char* word : words)
            all.append(QLatin1String(word));
        return all;
    }
    void begin() {
        dir_ = std::make_unique<QTemporaryDir>();
        service_ = std::make_unique<FakeCohortService>();
        draft_ = {};
        open();
    }
};

} // namespace spotglass::tests
