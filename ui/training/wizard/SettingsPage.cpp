#include "ui/training/wizard/SettingsPage.h"

#include <cmath>
#include <QButtonGroup>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QGroupBox>
#include <QLabel>
#include <QRadioButton>
#include <QScrollArea>

namespace spotglass {

SettingsPage::SettingsPage(WizardState& state, QWidget* parent)
    : WizardPage(
          state, tr("Settings"),
          tr("Choose how thorough the training is. The rest is under \"More\", and can be left as it is."),
          parent),
      presets_(new QButtonGroup(this)), more_(new QGroupBox(tr("&More"))), said_(new QLabel) {
    const QList<QPair<QString, QPair<QString, QString>>> presets{
        {QStringLiteral("quick"),
         {tr("&Quick look"),
          tr("A small network and few rounds, to see whether the sections are any good: minutes.")}},
        {QStringLiteral("laboratory"),
         {tr("&Laboratory"), tr("A compact network that a desktop computer trains within an hour or so.")}},
        {QStringLiteral("published"),
         {tr("As &published"),
          tr("The network in its published size. It needs a graphics processor or a cluster, and "
             "an encoder of its kind; on two processor cores it takes weeks.")}}};
    for (const auto& [name, words] : presets) {
        auto* button = new QRadioButton(words.first);
        button->setObjectName(name);
        presets_->addButton(button);
        auto* help = new QLabel(words.second);
        help->setWordWrap(true);
        help->setIndent(24);
        column().addWidget(button);
        column().addWidget(help);
        connect(button, &QRadioButton::clicked, this, [this, name = name] {
            if (draft().preset == name) return; // what is changed stays
            draft().preset = name;
            draft().changes = {};
            fill();
            changed();
        });
    }
    said_->setWordWrap(true);
    said_->setObjectName(QStringLiteral("said"));
    column().addWidget(said_);
    more_->setCheckable(true);
    more_->setChecked(false);
    more_->setObjectName(QStringLiteral("more"));
    auto* inside = new QWidget;
    auto* form = new QFormLayout(inside);
    addField(*form, QStringLiteral("maximum_epochs"), tr("Rounds at most:"),
             tr("How often each spot is seen at most."), 1, 10000, 0, 200);
    addField(*form, QStringLiteral("patience"), tr("Rounds without progress:"),
             tr("After so many rounds without a better validation the training ends."), 1, 10000, 0, 20);
    addField(*form, QStringLiteral("batch"), tr("Spots a step:"),
             tr("How many spots are learned from at once."), 2, 4096, 0, 128);
    addField(*form, QStringLiteral("micro_batch"), tr("Spots computed at once:"),
             tr("Fewer take less memory and give the same result; 0: all of a step."), 0, 4096, 0, 0);
    addField(*form, QStringLiteral("learning_rate"), tr("Learning rate:"),
             tr("How large a step is. Half of it where the loss jumps."), 1e-6, 0.1, 6, 1e-4);
    addField(
        *form, QStringLiteral("members"), tr("Networks:"),
        tr("Several networks, whose mean is the prediction: better and steadier, and so many times as long."),
        1, 64, 0, 1);
    addField(*form, QStringLiteral("stain_augmentation"), tr("Vary the stain by:"),
             tr("0.2: up to a fifth stronger or weaker, for slides of other laboratories."), 0, 1, 2, 0);
    addField(
        *form, QStringLiteral("stain_views"), tr("Other stains of each section:"),
        tr("So many times each section is also read in another stain, as far off as above. Reading takes so "
           "many times longer."),
        0, 16, 0, 0);
    addField(*form, QStringLiteral("feature_dropout"), tr("Hide of the image:"),
             tr("Share of the encoder's numbers that are hidden while training."), 0, 0.9, 2, 0);
    addField(*form, QStringLiteral("seed"), tr("Seed:"), tr("The same seed gives the same model."), 0, 1e9, 0,
             2021);
    auto* scroll = new QScrollArea;
    scroll->setWidget(inside);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    auto* box = new QVBoxLayout(more_);
    box->addWidget(scroll);
    column().addWidget(more_, 1);
    const auto unfold = [this, scroll](bool on) { // folded it is a line, not an empty frame
        scroll->setVisible(on);
        more_->setFlat(!on);
        more_->setMaximumHeight(on ? QWIDGETSIZE_MAX : fontMetrics().height() * 2);
    };
    connect(more_, &QGroupBox::toggled, this, unfold);
    unfold(false);
    column().addStretch(0);
}

void SettingsPage::addField(QFormLayout& form, const QString& key, const QString& words, const QString& help,
                            double low, double high, int decimals, double otherwise) {
    auto* box = new QDoubleSpinBox;
    box->setDecimals(decimals);
    box->setRange(low, high);
    box->setSingleStep(decimals == 0 ? 1 : std::pow(10, -decimals) * 5);
    box->setObjectName(key);
    box->setToolTip(help);
    form.addRow(words, box);
    auto* label = new QLabel(help);
    label->setWordWrap(true);
    label->setForegroundRole(QPalette::PlaceholderText);
    form.addRow(QString(), label);
    fields_.append({key, box, otherwise});
    connect(box, &QDoubleSpinBox::valueChanged, this, [this, field = fields_.back()] { take(field); });
}

double SettingsPage::presetValue(const Field& field) const {
    return state().presets.value(state().draft.preset).value(field.key).toDouble(field.otherwise);
}

void SettingsPage::initializePage() {
    if (!draft().changes.isEmpty()) more_->setChecked(true);
    fill();
}

void SettingsPage::fill() {
    filling_ = true;
    for (auto* button : presets_->buttons())
        button->setChecked(button->objectName() == draft().preset);
    for (const auto& field : fields_)
        static_cast<QDoubleSpinBox*>(field.box)->setValue(
            draft().changes.value(field.key).toDouble(presetValue(field)));
    filling_ = false;
    said_->setText(whyNot());
    said_->setVisible(!said_->text().isEmpty());
}

bool SettingsPage::isComplete() const {
    return whyNot().isEmpty();
}

/// What training/TrainingConfig.cpp would refuse, in the words of this page.
QString SettingsPage::whyNot() const {
    const auto config = state().config();
    const int batch = config[QStringLiteral("batch")].toInt(128),
              atOnce = config[QStringLiteral("micro_batch")].toInt();
    if (atOnce == 0 || (atOnce >= 2 && atOnce <= batch)) return {};
    return tr("\"Spots computed at once\" has to be 0, or between 2 and the %1 of \"Spots a step\".")
        .arg(batch);
}

void SettingsPage::take(const Field& field) {
    if (filling_) return;
    const auto* box = static_cast<QDoubleSpinBox*>(field.box);
    const bool same = std::abs(box->value() - presetValue(field)) < 1e-9;
    if (same)
        draft().changes.remove(field.key);
    else if (box->decimals() == 0)
        draft().changes[field.key] = static_cast<qint64>(box->value());
    else
        draft().changes[field.key] = box->value();
    said_->setText(whyNot());
    said_->setVisible(!said_->text().isEmpty());
    changed();
}

} // namespace spotglass
