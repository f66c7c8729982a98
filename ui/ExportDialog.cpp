#include "ui/ExportDialog.h"

#include <cmath>

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace spotglass {
namespace {

using What = ExportChoice::What;
using Measure = ExportChoice::Measure;

template <typename Widget> Widget* named(const char* name, Widget* widget) {
    widget->setObjectName(QLatin1String(name));
    return widget;
}

void offer(QComboBox* box, const QString& text, auto value) {
    box->addItem(text, static_cast<int>(value));
}

void choose(QComboBox* box, auto value) {
    const int index = box->findData(static_cast<int>(value));
    if (index >= 0) box->setCurrentIndex(index);
}

template <typename Value> Value chosen(const QComboBox* box) {
    return static_cast<Value>(box->currentData().toInt());
}

QString withSuffix(const QString& file, PictureFormat format) {
    const QFileInfo info(file);
    static const QStringList known{QStringLiteral("png"), QStringLiteral("tif"), QStringLiteral("tiff"),
                                   QStringLiteral("svg"), QStringLiteral("pdf")};
    QString stem = file;
    if (known.contains(info.suffix().toLower())) stem.chop(info.suffix().size() + 1);
    return stem + QLatin1Char('.') + pictureSuffix(format);
}

} // namespace

ExportDialog::ExportDialog(const ExportChoice& choice, ExportSubject subject, const QString& file,
                           bool predicted, QWidget* parent)
    : QDialog(parent), subject_(std::move(subject)) {
    setObjectName(QStringLiteral("ExportDialog"));
    setWindowTitle(tr("Export a picture"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 18, 20, 16);
    column->setSpacing(12);
    const auto group = [this, column](const QString& title) {
        auto* box = new QGroupBox(title, this);
        column->addWidget(box);
        return box;
    };
    buildWhat(group(tr("What")));
    buildSize(group(tr("Size")));
    buildLook(group(tr("With it")), predicted);
    buildFile(group(tr("File")), file);
    summary_ = named("summary", new QLabel(this));
    problem_ = named("problem", new QLabel(this));
    for (QLabel* label : {summary_, problem_}) {
        label->setWordWrap(true);
        label->setMinimumWidth(460);
        column->addWidget(label);
    }
    QFont strong = problem_->font();
    strong.setBold(true);
    problem_->setFont(strong);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Cancel, this);
    export_ = named("export", buttons->button(QDialogButtonBox::Save));
    export_->setText(tr("Export"));
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    column->addWidget(buttons);
    fill(choice);
}

void ExportDialog::buildWhat(QWidget* box) {
    auto* form = new QFormLayout(box);
    what_ = named("what", new QComboBox(box));
    offer(what_, tr("What the screen shows"), What::View);
    offer(what_, tr("The whole slide"), What::Slide);
    offer(what_, tr("A region"), What::Region);
    form->addRow(tr("&Show"), what_);
    regionRow_ = new QWidget(box);
    auto* row = new QHBoxLayout(regionRow_);
    row->setContentsMargins(0, 0, 0, 0);
    const auto number = [this, row](const char* name, const QString& text, int least) {
        auto* spin = named(name, new QSpinBox(regionRow_));
        spin->setRange(least, 10'000'000);
        spin->setPrefix(text);
        spin->setToolTip(tr("Pixels of the slide at full resolution"));
        row->addWidget(spin);
        connect(spin, &QSpinBox::valueChanged, this, &ExportDialog::refresh);
        return spin;
    };
    x_ = number("regionX", tr("x "), -10'000'000);
    y_ = number("regionY", tr("y "), -10'000'000);
    width_ = number("regionWidth", tr("wide "), 0);
    height_ = number("regionHeight", tr("high "), 0);
    auto* draw = named("draw", new QPushButton(tr("&Draw it..."), regionRow_));
    draw->setAutoDefault(false);
    row->addWidget(draw);
    form->addRow(regionRow_);
    connect(draw, &QPushButton::clicked, this, &ExportDialog::regionWanted);
    connect(what_, &QComboBox::currentIndexChanged, this, &ExportDialog::refresh);
}

void ExportDialog::buildSize(QWidget* box) {
    auto* form = new QFormLayout(box);
    auto* row = new QHBoxLayout;
    measure_ = named("measure", new QComboBox(box));
    offer(measure_, tr("As on the screen"), Measure::AsShown);
    if (subject_.magnification) offer(measure_, tr("Magnification"), Measure::Times);
    if (subject_.scale) offer(measure_, tr("\u00b5m per pixel"), Measure::Microns);
    offer(measure_, tr("Pixels wide"), Measure::Width);
    offer(measure_, tr("Share of full resolution"), Measure::Percent);
    amount_ = named("amount", new QDoubleSpinBox(box));
    row->addWidget(measure_, 1);
    row->addWidget(amount_, 1);
    auto* label = new QLabel(tr("&Resolution"), box);
    label->setBuddy(measure_);
    form->addRow(label, row);
    dots_ = named("dots", new QSpinBox(box));
    dots_->setRange(36, 2400);
    dots_->setSuffix(tr(" pixels per inch"));
    dots_->setToolTip(tr("How large the picture is on paper, and with it the words and bars in it"));
    form->addRow(tr("On &paper"), dots_);
    connect(measure_, &QComboBox::currentIndexChanged, this, &ExportDialog::measureChanged);
    connect(amount_, &QDoubleSpinBox::valueChanged, this, &ExportDialog::refresh);
    connect(dots_, &QSpinBox::valueChanged, this, &ExportDialog::refresh);
}

void ExportDialog::buildLook(QWidget* box, bool predicted) {
    auto* form = new QFormLayout(box);
    layers_ = named("layers", new QCheckBox(tr("&Colours, spots, annotations and rulers as shown"), box));
    scaleBar_ = named("scaleBar", new QCheckBox(tr("Scale &bar"), box));
    footer_ = named("footer", new QCheckBox(tr("&Where the picture comes from, in small words below"), box));
    scaleBar_->setEnabled(subject_.scale.has_value());
    legend_ = named("legend", new QComboBox(box));
    offer(legend_, tr("In the picture"), LegendPlace::Inside);
    offer(legend_, tr("Beside it"), LegendPlace::Beside);
    offer(legend_, tr("None"), LegendPlace::None);
    form->addRow(layers_);
    form->addRow(scaleBar_);
    form->addRow(footer_);
    form->addRow(tr("&Legend"), legend_);
    if (predicted) {
        auto* note = new QLabel(tr("Predictions are always marked \u201cresearch use only\u201d."), box);
        note->setForegroundRole(QPalette::PlaceholderText);
        form->addRow(note);
    }
    connect(layers_, &QCheckBox::toggled, legend_, &QWidget::setEnabled);
}

void ExportDialog::buildFile(QWidget* box, const QString& file) {
    auto* form = new QFormLayout(box);
    format_ = named("format", new QComboBox(box));
    offer(format_, tr("PNG, every pixel exact"), PictureFormat::Png);
    offer(format_, tr("TIFF, every pixel exact, for very large pictures"), PictureFormat::Tiff);
    offer(format_, tr("TIFF with JPEG compression, several times smaller"), PictureFormat::TiffJpeg);
    offer(format_, tr("SVG, words and bars that can be edited"), PictureFormat::Svg);
    offer(format_, tr("PDF"), PictureFormat::Pdf);
    form->addRow(tr("&Format"), format_);
    auto* row = new QHBoxLayout;
    file_ = named("file", new QLineEdit(file, box));
    auto* other = named("browse", new QPushButton(tr("&Choose..."), box));
    other->setAutoDefault(false);
    row->addWidget(file_, 1);
    row->addWidget(other);
    auto* label = new QLabel(tr("&Name"), box);
    label->setBuddy(file_);
    form->addRow(label, row);
    connect(format_, &QComboBox::currentIndexChanged, this, &ExportDialog::formatChanged);
    connect(file_, &QLineEdit::textChanged, this, &ExportDialog::refresh);
    connect(other, &QPushButton::clicked, this, &ExportDialog::browse);
}

void ExportDialog::fill(const ExportChoice& choice) {
    choose(what_, choice.what);
    choose(format_, choice.format);
    choose(legend_, choice.legend);
    dots_->setValue(choice.dotsPerInch);
    layers_->setChecked(choice.layers);
    legend_->setEnabled(choice.layers);
    scaleBar_->setChecked(choice.scaleBar);
    footer_->setChecked(choice.footer);
    // The screen's part is a region to begin with.
    const Level0Rect region = choice.region.isEmpty() ? subject_.seen.visible() : choice.region;
    x_->setValue(static_cast<int>(std::floor(region.x)));
    y_->setValue(static_cast<int>(std::floor(region.y)));
    width_->setValue(static_cast<int>(std::ceil(region.width)));
    height_->setValue(static_cast<int>(std::ceil(region.height)));
    choose(measure_, choice.measure);
    measureChanged();
    if (chosen<Measure>(measure_) == choice.measure && choice.measure != Measure::AsShown)
        amount_->setValue(choice.amount);
    filling_ = false;
    formatChanged();
}

/// The amount keeps its meaning: what the screen shows now, in the new measure.
void ExportDialog::measureChanged() {
    const double scale = subject_.seen.deviceScale();
    struct Look {
        double least, most, value;
        int decimals;
        QString suffix;
    };
    const auto look = [&]() -> Look {
        switch (chosen<Measure>(measure_)) {
        case Measure::Times:
            return {0.01, 1000, scale * subject_.magnification.value_or(1), 2, tr("\u00d7")};
        case Measure::Microns:
            return {0.001, 1000, subject_.scale.value_or(MicronsPerPixel{1, 1}).mean() / scale, 4,
                    tr(" \u00b5m per pixel")};
        case Measure::Width:
            return {1, 1'000'000, subject_.seen.size().width() * subject_.seen.devicePixelRatio(), 0,
                    tr(" pixels")};
        case Measure::AsShown:
        case Measure::Percent:
            break;
        }
        return {0.01, 3200, 100 * scale, 2, tr(" %")};
    }();
    amount_->setDecimals(look.decimals);
    amount_->setRange(look.least, look.most);
    amount_->setSuffix(look.suffix);
    amount_->setValue(look.value);
    amount_->setEnabled(chosen<Measure>(measure_) != Measure::AsShown);
    refresh();
}

void ExportDialog::formatChanged() {
    file_->setText(withSuffix(file_->text(), chosen<PictureFormat>(format_)));
    refresh();
}

void ExportDialog::browse() {
    auto* dialog = new QFileDialog(this, tr("Export to"), file_->text());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setOption(QFileDialog::DontConfirmOverwrite); // this dialog says so itself
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& file) {
        file_->setText(withSuffix(file, chosen<PictureFormat>(format_)));
    });
    dialog->open();
}

ExportChoice ExportDialog::choice() const {
    ExportChoice choice;
    choice.what = chosen<What>(what_);
    choice.region = {static_cast<double>(x_->value()), static_cast<double>(y_->value()),
                     static_cast<double>(width_->value()), static_cast<double>(height_->value())};
    choice.measure = chosen<Measure>(measure_);
    choice.amount = amount_->value();
    choice.dotsPerInch = dots_->value();
    choice.format = chosen<PictureFormat>(format_);
    choice.legend = chosen<LegendPlace>(legend_);
    choice.layers = layers_->isChecked();
    choice.scaleBar = scaleBar_->isChecked();
    choice.footer = footer_->isChecked();
    return choice;
}

QString ExportDialog::file() const {
    return withSuffix(file_->text().trimmed(), chosen<PictureFormat>(format_));
}

void ExportDialog::setRegion(const Level0Rect& region) {
    if (region.isEmpty()) return;
    choose(what_, What::Region);
    x_->setValue(static_cast<int>(std::floor(region.x)));
    y_->setValue(static_cast<int>(std::floor(region.y)));
    width_->setValue(static_cast<int>(std::ceil(region.right()) - std::floor(region.x)));
    height_->setValue(static_cast<int>(std::ceil(region.bottom()) - std::floor(region.y)));
}

void ExportDialog::refresh() {
    if (filling_) return;
    const ExportChoice now = choice();
    regionRow_->setVisible(now.what == What::Region);
    const auto view = viewFor(now, subject_);
    QString problem;
    if (!view) {
        summary_->clear();
        problem = tr("A picture of that size cannot be made.");
    } else {
        const QSize pixels = picturePixels(*view);
        const PictureEstimate estimate = estimatePicture(now.format, pixels, now.dotsPerInch);
        const QLocale locale;
        const auto bytes = [&locale](double count) {
            return locale.formattedDataSize(static_cast<qint64>(count), 1, QLocale::DataSizeSIFormat);
        };
        summary_->setText(
            tr("%1 \u00d7 %2 pixels, %3 \u00d7 %4 mm on paper; a file of about %5, and %6 of memory while it "
               "is made.")
                .arg(locale.toString(pixels.width()), locale.toString(pixels.height()),
                     locale.toString(estimate.millimetres.width(), 'f', 0),
                     locale.toString(estimate.millimetres.height(), 'f', 0), bytes(estimate.fileBytes),
                     bytes(estimate.memoryBytes)));
        if (const auto possible = checkPicture(now.format, pixels); !possible)
            problem = QString::fromStdString(possible.error().sentence());
    }
    const bool isNamed = !QFileInfo(file_->text().trimmed()).completeBaseName().isEmpty();
    if (problem.isEmpty() && !isNamed) problem = tr("The file needs a name.");
    export_->setEnabled(problem.isEmpty());
    if (problem.isEmpty() && QFileInfo::exists(file()))
        problem = tr("There is a file of that name; it will be replaced.");
    problem_->setText(problem);
    problem_->setVisible(!problem.isEmpty());
}

} // namespace spotglass
