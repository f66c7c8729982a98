#include "ui/PictureCommands.h"

#include "ui/ExportDialog.h"
#include "ui/GeneLayers.h"
#include "ui/HeatmapPresenter.h"
#include "ui/PictureExporter.h"
#include "ui/Readout.h"
#include "ui/RegionPicker.h"
#include "viewer/canvas/LegendWidget.h"
#include "viewer/canvas/SlideView.h"
#include "viewer/slide/Fingerprint.h"

#include <QClipboard>
#include <QDir>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QMimeData>
#include <QProgressBar>
#include <QSettings>
#include <QStandardPaths>
#include <QStatusBar>
#include <QToolButton>

namespace spotglass {
namespace {

const QString folderKey = QStringLiteral("folder/picture");

/// A name in the folder used last that no file has yet.
QString freshName(const QString& slide) {
    const QString home = QStandardPaths::writableLocation(QStandardPaths::PicturesLocation);
    const QDir folder(QSettings().value(folderKey, home).toString());
    const QString stem = QFileInfo(slide).completeBaseName();
    const auto taken = [&folder](const QString& name) {
        return !folder.entryList({name + QStringLiteral(".*")}, QDir::Files).isEmpty();
    };
    QString name = stem + QStringLiteral("-picture");
    for (int number = 2; taken(name) && number < 1000; ++number)
        name = QStringLiteral("%1-picture-%2").arg(stem).arg(number);
    return folder.filePath(name);
}

} // namespace

PictureCommands::PictureCommands(const Window& window)
    : QObject(&window.parent), window_(window), exporter_(new PictureExporter(this)),
      progress_(new QWidget(&window.bar)), share_(new QProgressBar(progress_)) {
    progress_->setObjectName(QStringLiteral("exportProgress"));
    auto* row = new QHBoxLayout(progress_);
    row->setContentsMargins(6, 0, 6, 0);
    auto* cancel = new QToolButton(progress_);
    cancel->setObjectName(QStringLiteral("exportCancel"));
    cancel->setText(tr("Cancel"));
    cancel->setAutoRaise(true);
    share_->setRange(0, 100);
    share_->setMaximumWidth(160);
    row->addWidget(new QLabel(tr("Exporting"), progress_));
    row->addWidget(share_);
    row->addWidget(cancel);
    window.bar.addPermanentWidget(progress_);
    showProgress(false);
    connect(cancel, &QToolButton::clicked, exporter_, &PictureExporter::cancel);
    connect(exporter_, &PictureExporter::progressed, share_,
            [this](double share) { share_->setValue(static_cast<int>(100 * share)); });
    connect(exporter_, &PictureExporter::finished, this, &PictureCommands::told);
    connect(exporter_, &PictureExporter::failed, this, [this](const Error& error) {
        showProgress(false);
        if (error.kind == ErrorKind::Cancelled)
            window_.bar.showMessage(tr("The export was cancelled; no file was written."), 8000);
        else
            Q_EMIT failed(tr("The picture could not be exported"), error);
    });
}

PictureCommands::~PictureCommands() = default;

void PictureCommands::setModel(const std::filesystem::path& file) {
    modelFingerprint_.clear();
    reader_.forget();
    reader_.read(
        [file] {
            const auto fingerprint = fileFingerprint(file);
            return fingerprint ? QString::fromStdString(*fingerprint) : QString();
        },
        [this](const QString& fingerprint) { modelFingerprint_ = fingerprint; });
}

PictureProvenance PictureCommands::provenance(const Viewport& view) const {
    PictureProvenance from;
    if (!window_.slide) return from;
    const OpenedSlide& slide = *window_.slide;
    from.slide = QString::fromStdString(slide.path.filename().string());
    from.fingerprint = QString::fromStdString(slide.source->fingerprint());
    from.view = view;
    from.scale = slide.scale;
    if (const auto native = nativeMagnification(slide.source->info()->objectivePower, slide.scale))
        from.magnification = *native * view.deviceScale();
    const LegendWidget& legend = window_.heatmap.legend();
    QStringList genes = window_.genes.visibleGenes();
    if (!legend.isHidden()) genes.prepend(legend.gene());
    genes.removeDuplicates();
    if (!genes.isEmpty())
        from.prediction =
            ShownPrediction{window_.heatmap.model().name, modelFingerprint_, genes.join(QStringLiteral(", ")),
                            legend.unit(), legend.originText()};
    from.version = QCoreApplication::applicationVersion();
    from.when = QDateTime::currentDateTime();
    return from;
}

void PictureCommands::copyView() {
    if (!window_.slide) return;
    auto* data = new QMimeData;
    data->setImageData(window_.view.grab().toImage());
    data->setText(provenance(window_.view.viewport()).footer());
    QGuiApplication::clipboard()->setMimeData(data);
    window_.bar.showMessage(tr("The view is on the clipboard."), 4000);
}

void PictureCommands::chooseExport() {
    if (!window_.slide || dialog_) return;
    if (exporter_->isBusy()) {
        window_.bar.showMessage(tr("A picture is being exported; wait for it or cancel it first."), 8000);
        return;
    }
    asked_ = window_.slide;
    const QSettings settings;
    const ExportSubject subject{window_.view.viewport(),
                                nativeMagnification(asked_->source->info()->objectivePower, asked_->scale),
                                asked_->scale};
    dialog_ = new ExportDialog(ExportChoice::remembered(settings), subject,
                               freshName(QString::fromStdString(asked_->path.filename().string())),
                               provenance(subject.seen).prediction.has_value(), &window_.parent);
    dialog_->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog_, &ExportDialog::regionWanted, this, &PictureCommands::pickRegion);
    connect(dialog_, &QDialog::accepted, this, &PictureCommands::write);
    dialog_->open();
}

void PictureCommands::pickRegion() {
    dialog_->hide();
    window_.bar.showMessage(tr("Draw the region on the slide with the mouse; Escape goes back."));
    auto* picker = new RegionPicker(window_.view);
    connect(picker, &RegionPicker::picked, this, [this](const Level0Rect& region) {
        window_.bar.clearMessage();
        if (!dialog_) return;
        dialog_->setRegion(region);
        dialog_->open();
    });
}

void PictureCommands::write() {
    // Another slide may have come to the front while the dialog was open.
    if (!window_.slide || window_.slide->source != asked_->source)
        return window_.bar.showMessage(tr("Another slide is shown now; nothing was exported."), 8000);
    const ExportChoice choice = dialog_->choice();
    const QString file = dialog_->file();
    QSettings settings;
    choice.remember(settings);
    settings.setValue(folderKey, QFileInfo(file).absolutePath());
    const ExportSubject subject{window_.view.viewport(),
                                nativeMagnification(asked_->source->info()->objectivePower, asked_->scale),
                                asked_->scale};
    const auto view = viewFor(choice, subject);
    if (!view) return;
    PictureProvenance from = provenance(*view);
    if (!choice.layers) from.prediction.reset();
    PictureOptions options;
    options.view = *view;
    options.layers = choice.layers;
    options.shapes = choice.format == PictureFormat::Svg || choice.format == PictureFormat::Pdf;
    options.scaleBar = choice.scaleBar;
    options.legend = choice.legend;
    if (choice.footer) options.footer = from.footer();
    share_->setValue(0);
    showProgress(true);
    exporter_->write(takeScene(window_.view, options), choice.format, file.toStdString(), from.texts());
}

void PictureCommands::showProgress(bool on) {
    progress_->setVisible(on);
}

void PictureCommands::told(const QString& file, int damagedTiles, const QString& damage) {
    showProgress(false);
    if (damagedTiles == 0) {
        window_.bar.showMessage(tr("Exported %1").arg(QDir::toNativeSeparators(file)), 10000);
        return;
    }
    const QString what =
        damagedTiles == 1
            ? tr("the slide is damaged at one place of the picture, which is hatched; the rest is complete")
            : tr("the slide is damaged at %1 places of the picture, which are hatched; the rest is complete")
                  .arg(damagedTiles);
    const Error error{ErrorKind::BadInput, what.toStdString(), file.toStdString(), damage.toStdString()};
    Q_EMIT failed(tr("The picture is exported, with damaged places"), error);
}

} // namespace spotglass
