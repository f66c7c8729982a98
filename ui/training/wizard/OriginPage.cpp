#include "ui/training/wizard/OriginPage.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QGroupBox>
#include <QLabel>

namespace spotglass {
namespace {

const QString kOther = QStringLiteral("?"); ///< asks for a file
enum Freeze { Nothing, AllButGenes, Own };

/// The parts of the model (training/ModelParts.h) in plain words, in the order of its work.
QList<QPair<QString, QString>> parts() {
    return {{QStringLiteral("patch_encoder"), OriginPage::tr("what sees a single spot")},
            {QStringLiteral("patch_projection"), OriginPage::tr("what sums a spot up")},
            {QStringLiteral("region"), OriginPage::tr("what sees its neighbourhood")},
            {QStringLiteral("slide"), OriginPage::tr("what sees the whole section")},
            {QStringLiteral("fusion"), OriginPage::tr("what joins the three")},
            {QStringLiteral("image_path"), OriginPage::tr("what asks the image about a gene")},
            {QStringLiteral("text"), OriginPage::tr("what reads about the genes")},
            {QStringLiteral("expression_path"), OriginPage::tr("what reads measured expression")},
            {QStringLiteral("heads"), OriginPage::tr("what gives the values")}};
}

QJsonObject onlyGenes() {
    QJsonObject rates;
    for (const char* part : {"patch_encoder", "patch_projection", "region", "slide", "fusion"})
        rates[QLatin1String(part)] = 0;
    return rates;
}

} // namespace

OriginPage::OriginPage(WizardState& state, QWidget* parent)
    : WizardPage(state, tr("Start"),
                 tr("A training can begin with a model that knows tissue already, which needs fewer "
                    "sections, or from "
                    "scratch. Parts of such a model can be held still."),
                 parent),
      from_(new QComboBox), freeze_(new QComboBox),
      keepPanel_(new QCheckBox(tr("&Keep the model's own genes"))),
      own_(new QGroupBox(tr("How fast each part learns (0: held still, 1: as the others)"))),
      warning_(new QLabel) {
    from_->setObjectName(QStringLiteral("from"));
    freeze_->setObjectName(QStringLiteral("freeze"));
    freeze_->addItem(tr("Everything learns"), Nothing);
    freeze_->addItem(tr("What sees the tissue is held still; what concerns the genes learns"), AllButGenes);
    freeze_->addItem(tr("My own choice"), Own);
    keepPanel_->setObjectName(QStringLiteral("keepPanel"));
    auto* form = new QFormLayout;
    form->addRow(tr("Be&gin:"), from_);
    form->addRow(QString(), keepPanel_);
    form->addRow(tr("&Learns:"), freeze_);
    column().addLayout(form);
    warning_->setWordWrap(true);
    warning_->setObjectName(QStringLiteral("warning"));
    column().addWidget(warning_);
    auto* rates = new QFormLayout(own_);
    for (const auto& [part, words] : parts()) {
        auto* box = new QDoubleSpinBox;
        box->setRange(0, 10);
        box->setSingleStep(0.1);
        box->setDecimals(2);
        box->setValue(1);
        box->setObjectName(part);
        rates_[part] = box;
        rates->addRow(words, box);
        connect(box, &QDoubleSpinBox::valueChanged, this, &OriginPage::take);
    }
    column().addWidget(own_);
    column().addStretch(1);
    connect(from_, &QComboBox::currentIndexChanged, this, &OriginPage::take);
    connect(freeze_, &QComboBox::currentIndexChanged, this, &OriginPage::take);
    connect(keepPanel_, &QCheckBox::toggled, this, &OriginPage::take);
}

void OriginPage::fillModels() {
    filling_ = true;
    from_->clear();
    from_->addItem(tr("From scratch"), QString());
    for (const auto& model : state().models)
        from_->addItem(tr("With %1").arg(model.name), model.file);
    if (!draft().from.isEmpty() && from_->findData(draft().from) < 0)
        from_->addItem(tr("With %1").arg(QFileInfo(draft().from).completeBaseName()), draft().from);
    from_->addItem(tr("With another model file..."), kOther);
    from_->setCurrentIndex(std::max(0, from_->findData(draft().from)));
    filling_ = false;
}

void OriginPage::initializePage() {
    fillModels();
    filling_ = true;
    keepPanel_->setChecked(draft().keepPanel);
    for (auto rate = rates_.begin(); rate != rates_.end(); ++rate)
        rate.value()->setValue(draft().learningRates.value(rate.key()).toDouble(1));
    freeze_->setCurrentIndex(draft().learningRates.isEmpty()        ? Nothing
                             : draft().learningRates == onlyGenes() ? AllButGenes
                                                                    : Own);
    filling_ = false;
    updateControls();
}

void OriginPage::showStock() {
    fillModels();
    updateControls();
    Q_EMIT completeChanged();
}

bool OriginPage::isComplete() const {
    return whyNot().isEmpty();
}

QString OriginPage::whyNot() const {
    const auto& from = state().draft.from;
    if (from.isEmpty()) return {};
    const auto* model = state().model(); // of the library, which looks after its files
    if (!model && !QFileInfo(from).isFile())
        return tr("The model file %1 is not there any more. Choose another model, or begin from scratch.")
            .arg(from);
    if (model && !model->encoder.isEmpty() && !state().hasEncoder(model->encoder))
        return tr("This model needs the image encoder %1, which is not here. Add it in the settings of "
                  "predictions, or choose another model.")
            .arg(model->encoder);
    return {};
}

void OriginPage::take() {
    if (filling_) return;
    if (from_->currentData().toString() == kOther) {
        auto* dialog = new QFileDialog(this, tr("Model to begin with"), {}, tr("Models (*.safetensors)"));
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        connect(dialog, &QFileDialog::fileSelected, this, &OriginPage::takeFile);
        connect(dialog, &QFileDialog::rejected, this, &OriginPage::initializePage);
        dialog->open();
        return;
    }
    draft().from = from_->currentData().toString();
    draft().keepPanel = keepPanel_->isChecked();
    draft().learningRates = {};
    if (freeze_->currentData() == AllButGenes) draft().learningRates = onlyGenes();
    if (freeze_->currentData() == Own)
        for (auto rate = rates_.begin(); rate != rates_.end(); ++rate)
            if (rate.value()->value() != 1) draft().learningRates[rate.key()] = rate.value()->value();
    updateControls();
    changed();
}

void OriginPage::takeFile(const QString& file) {
    draft().from = file;
    initializePage();
    changed();
}

void OriginPage::updateControls() {
    const bool parent = !draft().from.isEmpty();
    keepPanel_->setVisible(parent);
    freeze_->setEnabled(parent);
    own_->setVisible(parent && freeze_->currentData() == Own);
    QStringList said;
    if (const auto wrong = whyNot(); !wrong.isEmpty()) said << wrong;
    if (const auto* model = state().model()) {
        if (!model->warning.isEmpty()) said << model->warning;
        said << tr("It predicts %n gene(s).", nullptr, static_cast<int>(model->genes.size()));
        if (draft().keepPanel && draft().panelMethod != QLatin1String("list"))
            said << tr(
                "Its own genes are trained, not those of the page before. All of them have to be measured in "
                "your sections.");
    }
    warning_->setText(said.join(u' '));
}

EncoderPage::EncoderPage(WizardState& state, QWidget* parent)
    : WizardPage(state, tr("Image"),
                 tr("The tissue is cut into square patches, and an image encoder turns each into numbers. "
                    "Encoders are "
                    "added in the settings of predictions."),
                 parent),
      encoder_(new QComboBox), scale_(new QComboBox), microns_(new QDoubleSpinBox), said_(new QLabel) {
    encoder_->setObjectName(QStringLiteral("encoder"));
    scale_->setObjectName(QStringLiteral("scale"));
    scale_->addItem(tr("A patch is as wide as the spots are apart"), false);
    scale_->addItem(tr("My own scale"), true);
    microns_->setObjectName(QStringLiteral("microns"));
    microns_->setRange(0.1, 10);
    microns_->setDecimals(3);
    microns_->setSingleStep(0.05);
    microns_->setSuffix(tr(" micrometres a pixel"));
    auto* form = new QFormLayout;
    form->addRow(tr("Image &encoder:"), encoder_);
    form->addRow(tr("&Scale:"), scale_);
    form->addRow(tr("&Patches at:"), microns_);
    column().addLayout(form);
    said_->setWordWrap(true);
    said_->setObjectName(QStringLiteral("said"));
    column().addWidget(said_);
    column().addStretch(1);
    connect(encoder_, &QComboBox::currentIndexChanged, this, &EncoderPage::take);
    connect(scale_, &QComboBox::currentIndexChanged, this, &EncoderPage::take);
    connect(microns_, &QDoubleSpinBox::valueChanged, this, &EncoderPage::take);
}

void EncoderPage::initializePage() {
    filling_ = true;
    encoder_->clear();
    for (const auto& encoder : state().encoders)
        encoder_->addItem(encoder.width > 0
                              ? tr("%1 (%2 numbers a patch)").arg(encoder.name).arg(encoder.width)
                              : encoder.name,
                          encoder.name);
    if (encoder_->findData(draft().imageEncoder) < 0)
        encoder_->addItem(draft().imageEncoder, draft().imageEncoder);
    encoder_->setCurrentIndex(encoder_->findData(draft().imageEncoder));
    scale_->setCurrentIndex(draft().micronsPerPixel > 0 ? 1 : 0);
    const double pitch = state().cohort.pitchMicrons;
    const int pixels = state().presets.value(draft().preset)[QStringLiteral("patch_pixels")].toInt(224);
    if (draft().micronsPerPixel > 0)
        microns_->setValue(draft().micronsPerPixel);
    else if (pitch > 0) // an own scale begins where the other one is
        microns_->setValue(pitch / pixels);
    filling_ = false;
    const bool parent = !draft().from.isEmpty();
    for (QWidget* widget : std::initializer_list<QWidget*>{encoder_, scale_, microns_})
        widget->setEnabled(!parent);
    microns_->setEnabled(!parent && draft().micronsPerPixel > 0);
    showSaid();
}

void EncoderPage::showStock() {
    initializePage();
    Q_EMIT completeChanged();
}

bool EncoderPage::isComplete() const {
    return !state().draft.from.isEmpty() || state().hasEncoder(state().draft.imageEncoder);
}

void EncoderPage::showSaid() {
    const double pitch = state().cohort.pitchMicrons;
    if (!isComplete())
        said_->setText(
            tr("The image encoder %1 is not here. Choose another one, or add it in the settings of "
               "predictions.")
                .arg(draft().imageEncoder));
    else if (!draft().from.isEmpty())
        said_->setText(tr("Encoder and scale are those of the model that the training begins with."));
    else
        said_->setText(
            pitch > 0
                ? tr("The spots of your sections are %1 micrometres apart.").arg(QLocale().toString(pitch))
                : QString());
}

void EncoderPage::take() {
    if (filling_) return;
    draft().imageEncoder = encoder_->currentData().toString();
    const bool own = scale_->currentData().toBool();
    draft().micronsPerPixel = own ? microns_->value() : 0;
    microns_->setEnabled(own);
    showSaid();
    changed();
}

} // namespace spotglass
