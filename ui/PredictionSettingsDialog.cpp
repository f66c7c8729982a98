#include "ui/PredictionSettingsDialog.h"

#include "ui/PredictionText.h"

#include <array>
#include <cmath>
#include <QButtonGroup>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QGroupBox>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>
#include <QRadioButton>
#include <QScrollArea>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace spotglass {
namespace {

const std::array<QString, 3> precisionNames{QStringLiteral("fp32"), QStringLiteral("bf16"),
                                            QStringLiteral("fp16")};

QLabel* textLine(QWidget* parent, const char* name = "") {
    auto* label = new QLabel(parent);
    label->setObjectName(QLatin1String(name));
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setForegroundRole(QPalette::PlaceholderText);
    return label;
}

/// A line about the button above it.
QLabel* about(QVBoxLayout* column, QWidget* parent, const char* name = "") {
    auto* label = textLine(parent, name);
    label->setContentsMargins(24, 0, 0, 4);
    column->addWidget(label);
    return label;
}

QVBoxLayout* group(QVBoxLayout* column, const QString& title) {
    auto* box = new QGroupBox(title);
    column->addWidget(box);
    return new QVBoxLayout(box);
}

QString rate(double gigaflops) {
    return gigaflops > 0 ? QLocale().toString(gigaflops, 'f', 0) : PredictionSettingsDialog::tr("none");
}

QString describe(const DeviceListing& device) {
    QStringList said;
    if (!device.sentence.isEmpty()) said << device.sentence;
    if (device.usable && device.name != QStringLiteral("cpu"))
        said << PredictionSettingsDialog::tr(
                    "Self-test passed: it differs from the main processor by at most "
                    "%1 %.")
                    .arg(QLocale().toString(100 * device.agreement, 'g', 2));
    if (device.usable && device.rateFp32 > 0)
        said << PredictionSettingsDialog::tr("Matrix products in GFLOP/s: 32-bit %1, bf16 %2, fp16 %3.")
                    .arg(rate(device.rateFp32), rate(device.rateBf16), rate(device.rateFp16));
    return said.join(QLatin1Char(' '));
}

QString describe(const PrecisionListing& precision) {
    QStringList said;
    if (precision.usable && precision.name != precisionNames[0])
        said << PredictionSettingsDialog::tr("Correlation with 32-bit %1 (least of a gene %2), largest "
                                             "difference %3.")
                    .arg(QString::number(precision.agreement, 'f', 4),
                         QString::number(precision.worstGeneAgreement, 'f', 4),
                         QLocale().toString(precision.largestDifference, 'g', 2));
    const QString speed = rateText(precision.spotsPerSecond);
    if (precision.usable && !speed.isEmpty()) said << PredictionSettingsDialog::tr("Spots: %1.").arg(speed);
    if (!precision.sentence.isEmpty()) said << precision.sentence;
    return said.join(QLatin1Char(' '));
}

QString stateText(EncoderListing::File file) {
    switch (file) {
    case EncoderListing::File::BuiltIn:
        return PredictionSettingsDialog::tr("built in");
    case EncoderListing::File::AsAdded:
        return PredictionSettingsDialog::tr("unchanged");
    case EncoderListing::File::Changed:
        return PredictionSettingsDialog::tr("the file has changed since it was added");
    case EncoderListing::File::Missing:
        break;
    }
    return PredictionSettingsDialog::tr("the file is not there");
}

} // namespace

PredictionSettingsDialog::PredictionSettingsDialog(EngineSettingsService& service,
                                                   std::optional<OpenedSlide> slide, QWidget* parent)
    : QDialog(parent), service_(service), slide_(std::move(slide)), before_(service.choices()) {
    setObjectName(QStringLiteral("PredictionSettings"));
    setWindowTitle(tr("Prediction settings"));
    auto* outer = new QVBoxLayout(this);
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    buildDevices(column);
    buildPrecisions(column);
    buildContext(column);
    buildEncoders(column);
    buildCache(column);
    column->addStretch();
    auto* scroll = new QScrollArea;
    scroll->setWidget(content);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    outer->addWidget(scroll, 1);
    outer->addWidget(new QLabel(tr("What is chosen here is used from the next prediction on.")));
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    outer->addWidget(buttons);
    resize(640, 760);
    connectService();
    service_.look();
}

PredictionSettingsDialog::~PredictionSettingsDialog() {
    if (measuring_) service_.cancelMeasuring();
}

void PredictionSettingsDialog::buildDevices(QVBoxLayout* column) {
    deviceColumn_ = group(column, tr("Device"));
    devices_ = new QButtonGroup(this);
    deviceText_ = textLine(this, "deviceText");
    deviceText_->setText(tr("Looking at the devices. While a prediction runs this has to wait; it may be "
                            "paused."));
    deviceColumn_->addWidget(deviceText_);
    addDevice(QStringLiteral("auto"), tr("Automatic"),
              tr("A graphics processor that passes its self-test, else the main processor."), true);
}

void PredictionSettingsDialog::addDevice(const QString& name, const QString& text, const QString& said,
                                         bool usable) {
    auto* button = new QRadioButton(text);
    button->setObjectName(QStringLiteral("device-") + name);
    button->setProperty("name", name);
    button->setEnabled(usable);
    button->setChecked(name == before_.device);
    devices_->addButton(button);
    auto* label = textLine(this, qPrintable(QStringLiteral("about-") + name));
    label->setContentsMargins(24, 0, 0, 4);
    label->setText(said);
    label->setVisible(!said.isEmpty());
    deviceColumn_->insertWidget(deviceColumn_->indexOf(deviceText_), button);
    deviceColumn_->insertWidget(deviceColumn_->indexOf(deviceText_), label);
}

void PredictionSettingsDialog::buildPrecisions(QVBoxLayout* column) {
    auto* inner = group(column, tr("Precision"));
    precisions_ = new QButtonGroup(this);
    const std::array<QString, 3> texts{tr("32-bit, exact"), tr("bf16, 16 bits with a wide range"),
                                       tr("fp16, 16 bits with finer steps")};
    for (std::size_t i = 0; i < texts.size(); ++i) {
        auto* button = new QRadioButton(texts[i]);
        button->setObjectName(QStringLiteral("precision-") + precisionNames[i]);
        button->setChecked(before_.precision == precisionNames[i]);
        precisions_->addButton(button, static_cast<int>(i));
        inner->addWidget(button);
        precisionTexts_ << about(inner, this, qPrintable(QStringLiteral("about-") + precisionNames[i]));
        precisionTexts_.last()->setText(tr("Not measured yet."));
    }
    auto* row = new QHBoxLayout;
    measure_ = new QPushButton(tr("Measure"));
    measure_->setObjectName(QStringLiteral("measure"));
    measure_->setAutoDefault(false);
    connect(measure_, &QPushButton::clicked, this, &PredictionSettingsDialog::measure);
    row->addWidget(measure_);
    progress_ = new QProgressBar;
    progress_->setRange(0, 0);
    progress_->setTextVisible(false);
    progress_->hide();
    row->addWidget(progress_, 1);
    row->addStretch();
    inner->addLayout(row);
    measureText_ = textLine(this, "measureText");
    const bool real = slide_ && slide_->scale;
    measureText_->setText(real ? tr("Predicts some spots of this slide in each precision and compares them.")
                               : tr("Predicts some spots of a drawn tissue in each precision and compares "
                                    "them; open a slide with a scale to measure on that."));
    inner->addWidget(measureText_);
}

void PredictionSettingsDialog::buildContext(QVBoxLayout* column) {
    auto* inner = group(column, tr("Context of a spot"));
    auto* windows = new QRadioButton(tr("Windows, as trained"));
    windows->setObjectName(QStringLiteral("windows"));
    windows->setChecked(!before_.wholeSlideContext);
    inner->addWidget(windows);
    about(inner, this)
        ->setText(tr("A spot takes account of the tissue around it, as wide as the sections the model was "
                     "trained with. This is what its accuracy was measured for."));
    wholeSlide_ = new QRadioButton(tr("The whole slide"));
    wholeSlide_->setObjectName(QStringLiteral("wholeSlide"));
    wholeSlide_->setChecked(before_.wholeSlideContext);
    inner->addWidget(wholeSlide_);
    about(inner, this)
        ->setText(tr("A spot takes account of all tissue of the slide. The work grows with the square of the "
                     "number of spots, and the memory with their number: ten times as much tissue takes a "
                     "hundred times as long in this part. Models have not seen so much tissue at once in "
                     "training. How much it comes to on a slide is said when its prediction begins."));
}

void PredictionSettingsDialog::buildEncoders(QVBoxLayout* column) {
    auto* inner = group(column, tr("Image encoders"));
    encoders_ = new QTreeWidget;
    encoders_->setObjectName(QStringLiteral("encoders"));
    encoders_->setRootIsDecorated(false);
    encoders_->setHeaderLabels({tr("Name"), tr("Width"), tr("Weights"), tr("File")});
    encoders_->setSelectionMode(QAbstractItemView::NoSelection);
    encoders_->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    encoders_->setFixedHeight(120);
    inner->addWidget(encoders_);
    auto* label = textLine(this);
    label->setText(tr("A model names the encoder it needs. Encoders are added and removed on the command "
                      "line."));
    inner->addWidget(label);
}

void PredictionSettingsDialog::buildCache(QVBoxLayout* column) {
    auto* inner = group(column, tr("What is kept of predictions"));
    cacheText_ = textLine(this, "cacheText");
    cacheText_->setText(tr("Looking..."));
    inner->addWidget(cacheText_);
    auto* row = new QHBoxLayout;
    row->addWidget(new QLabel(tr("At most")));
    cacheLimit_ = new QDoubleSpinBox;
    cacheLimit_->setObjectName(QStringLiteral("cacheLimit"));
    cacheLimit_->setRange(0.5, 4096);
    cacheLimit_->setDecimals(1);
    cacheLimit_->setSuffix(tr(" GiB"));
    cacheLimit_->setValue(before_.cacheGigabytes);
    row->addWidget(cacheLimit_);
    row->addStretch();
    clear_ = new QPushButton(tr("Clear"));
    clear_->setObjectName(QStringLiteral("clearCache"));
    clear_->setAutoDefault(false);
    clear_->setToolTip(tr("Removes what is kept of all slides; it can be predicted again"));
    connect(clear_, &QPushButton::clicked, this, [this] {
        clear_->setEnabled(false);
        service_.clearCache();
    });
    row->addWidget(clear_);
    inner->addLayout(row);
}

void PredictionSettingsDialog::connectService() {
    connect(&service_, &EngineSettingsService::devicesListed, this, &PredictionSettingsDialog::showDevices);
    connect(&service_, &EngineSettingsService::devicesFailed, this,
            [this](const Error& error) { deviceText_->setText(QString::fromStdString(error.sentence())); });
    connect(&service_, &EngineSettingsService::precisionsMeasured, this,
            &PredictionSettingsDialog::showPrecisions);
    connect(&service_, &EngineSettingsService::measuringFailed, this, [this](const Error& error) {
        measured(error.kind == ErrorKind::Cancelled ? tr("The measurement was stopped.")
                                                    : QString::fromStdString(error.sentence()));
    });
    connect(&service_, &EngineSettingsService::encodersListed, this, &PredictionSettingsDialog::showEncoders);
    connect(&service_, &EngineSettingsService::cacheMeasured, this, [this](quint64 bytes, int slides) {
        clear_->setEnabled(slides > 0);
        cacheText_->setText(slides == 0 ? tr("Nothing is kept at present.")
                                        : tr("%1 in use, slides: %2.")
                                              .arg(QLocale().formattedDataSize(static_cast<qint64>(bytes)),
                                                   QLocale().toString(slides)));
    });
    connect(&service_, &EngineSettingsService::cacheFailed, this, [this](const Error& error) {
        clear_->setEnabled(true);
        cacheText_->setText(QString::fromStdString(error.sentence()));
    });
}

void PredictionSettingsDialog::showDevices(const QList<DeviceListing>& devices,
                                           const QString& whyNoGraphics) {
    const QString kept = chosen().device;
    for (auto* button : devices_->buttons())
        if (button->property("name").toString() != QStringLiteral("auto")) {
            delete findChild<QLabel*>(QStringLiteral("about-") + button->property("name").toString());
            delete button;
        }
    for (const DeviceListing& device : devices)
        addDevice(device.name, device.description.left(1).toUpper() + device.description.mid(1),
                  describe(device), device.usable);
    for (auto* button : devices_->buttons())
        if (button->property("name").toString() == kept) button->setChecked(true);
    deviceText_->setText(whyNoGraphics);
    deviceText_->setVisible(!whyNoGraphics.isEmpty());
}

void PredictionSettingsDialog::showPrecisions(const QList<PrecisionListing>& precisions) {
    for (const PrecisionListing& precision : precisions)
        for (std::size_t i = 0; i < precisionNames.size(); ++i)
            if (precision.name == precisionNames[i]) {
                precisionTexts_[static_cast<qsizetype>(i)]->setText(describe(precision));
                precisions_->button(static_cast<int>(i))->setEnabled(precision.usable);
            }
    measured({});
}

void PredictionSettingsDialog::showEncoders(const QList<EncoderListing>& encoders) {
    encoders_->clear();
    for (const EncoderListing& encoder : encoders) {
        auto* item = new QTreeWidgetItem(
            encoders_, {encoder.name, encoder.width > 0 ? QLocale().toString(encoder.width) : QString(),
                        encoder.path.section(QLatin1Char('/'), -1), stateText(encoder.file)});
        item->setToolTip(2, encoder.path);
    }
}

void PredictionSettingsDialog::measure() {
    if (measuring_) {
        measure_->setEnabled(false); // until it has ended
        service_.cancelMeasuring();
        return;
    }
    measuring_ = true;
    measure_->setText(tr("Stop"));
    progress_->show();
    measureText_->setText(tr("Measuring; this takes from seconds to minutes. A prediction that runs is "
                             "finished first, or may be paused."));
    service_.measurePrecisions(slide_);
}

void PredictionSettingsDialog::measured(const QString& sentence) {
    measuring_ = false;
    measure_->setEnabled(true);
    measure_->setText(tr("Measure"));
    progress_->hide();
    measureText_->setText(sentence.isEmpty() ? tr("Measured with the device that is in use.") : sentence);
}

EngineChoices PredictionSettingsDialog::chosen() const {
    EngineChoices choices = before_;
    if (const auto* device = devices_->checkedButton()) choices.device = device->property("name").toString();
    const int precision = precisions_->checkedId();
    if (precision >= 0) choices.precision = precisionNames[static_cast<std::size_t>(precision)];
    choices.wholeSlideContext = wholeSlide_->isChecked();
    if (std::abs(cacheLimit_->value() - before_.cacheGigabytes) > 0.05)
        choices.cacheGigabytes = cacheLimit_->value(); // the box rounds
    return choices;
}

void PredictionSettingsDialog::accept() {
    if (chosen() != before_) service_.choose(chosen());
    QDialog::accept();
}

} // namespace spotglass
