#include "ui/training/wizard/WizardPage.h"

#include <algorithm>
#include <utility>

namespace spotglass {
namespace {

const QString kTexts = QStringLiteral("gene_texts");

} // namespace

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

bool WizardState::hasEncoder(const QString& name) const {
    return encoders.isEmpty() || std::ranges::find(encoders, name, &WizardEncoder::name) != encoders.end();
}

QJsonObject WizardState::panelQuestion() const {
    auto chosen = draft;
    chosen.from.clear();
    const auto all = chosen.config({});
    QJsonObject question{{QStringLiteral("same_patient"), true}}; // settled on a later page
    for (const char* key : {"cohort", "sections", "panel", "genes"})
        if (all.contains(QLatin1String(key))) question[QLatin1String(key)] = all[QLatin1String(key)];
    return question;
}

void WizardState::askPanel() {
    forgetPanel();
    const auto question = panelQuestion();
    asked = question;
    service.choosePanel(question);
}

void WizardState::askTexts() {
    textsProblem.clear();
    auto question = panelQuestion();
    question[kTexts] = draft.geneTexts;
    asked = question;
    service.choosePanel(question);
}

void WizardState::takePanel(const ChosenPanel& answer) {
    auto question = std::exchange(asked, {});
    const auto texts = question.take(kTexts).toString();
    if (question != panelQuestion()) return;
    panel = answer;
    panelOf = question;
    panelTexts = texts;
    panelProblem.clear();
}

void WizardState::failPanel(const QString& sentence) {
    auto question = std::exchange(asked, {});
    const bool texts = question.contains(kTexts);
    question.remove(kTexts);
    if (question != panelQuestion()) return;
    (texts ? textsProblem : panelProblem) = sentence;
}

void WizardState::forgetPanel() {
    panel = {};
    panelOf = {};
    panelTexts.clear();
    asked = {};
    panelProblem.clear();
}

void WizardState::cancel() {
    service.cancel();
    asked = {};
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
