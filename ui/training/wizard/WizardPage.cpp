#include "ui/training/wizard/WizardPage.h"

namespace spotglass {

QJsonObject WizardState::config() const {
    auto config = draft.config(presets.value(draft.preset));
    // A new network takes what the encoder gives.
    if (draft.from.isEmpty())
        for (const auto& encoder : encoders)
            if (encoder.name == draft.imageEncoder && encoder.width > 0) {
                auto model = config[QStringLiteral("model")].toObject();
                model[QStringLiteral("emb_dim")] = encoder.width;
                config[QStringLiteral("model")] = model;
            }
    return config;
}

const WizardModel* WizardState::model() const {
    for (const auto& one : models)
        if (!draft.from.isEmpty() && one.file == draft.from) return &one;
    return nullptr;
}

WizardPage::WizardPage(WizardState& state, const QString& title, const QString& explanation, QWidget* parent)
    : QWizardPage(parent), state_(state), column_(new QVBoxLayout(this)) {
    setTitle(title);
    setSubTitle(explanation);
}

void WizardPage::changed() {
    Q_EMIT draftChanged();
    Q_EMIT completeChanged();
}

} // namespace spotglass
