#include "ui/PropertiesDialog.h"

#include "ui/PictureTab.h"
#include "viewer/slide/SlideSource.h"

#include <cstring>
#include <QAction>
#include <QCheckBox>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QTabWidget>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace spotglass {
namespace {

const QString hideKey = QStringLiteral("privacy/hideLabel");

/// A picture, or why there is none.
struct ReadPicture {
    QImage image;
    QString sentence;
};

ReadPicture readPicture(const SlideSource& slide, const std::string& name) {
    const auto raster = slide.readAssociatedImage(name);
    if (!raster)
        return {{},
                PropertiesDialog::tr("This picture cannot be read. %1")
                    .arg(QString::fromStdString(raster.error().sentence()))};
    if (raster->width <= 0 || raster->height <= 0)
        return {{}, PropertiesDialog::tr("This picture is empty.")};
    QImage image(raster->width, raster->height, QImage::Format_RGB32);
    if (image.isNull()) return {{}, PropertiesDialog::tr("This picture is too large to be shown.")};
    for (int y = 0; y < image.height(); ++y)
        std::memcpy(image.scanLine(y), raster->pixels.data() + static_cast<std::ptrdiff_t>(y) * image.width(),
                    static_cast<std::size_t>(image.width()) * 4);
    return {image, {}};
}

QString titleOf(const std::string& name) {
    if (name == "label") return PropertiesDialog::tr("Label");
    if (name == "macro") return PropertiesDialog::tr("Photograph");
    if (name == "thumbnail") return PropertiesDialog::tr("Small picture");
    return QString::fromStdString(name);
}

/// All but pictures of the tissue alone; what is not known may show the label.
bool identifies(const std::string& name) {
    return name != "thumbnail";
}

} // namespace

PropertiesDialog::PropertiesDialog(const OpenedSlide& slide, bool presentation, QWidget* parent)
    : QDialog(parent), presentation_(presentation), tabs_(new QTabWidget(this)) {
    setWindowTitle(tr("About %1").arg(QString::fromStdString(slide.path.filename().string())));
    resize(720, 560);
    auto* column = new QVBoxLayout(this);
    column->addWidget(tabs_, 1);
    buildSheet();
    hide_ = new QCheckBox(tr("Hide label and photograph during a presentation, as they may name the patient"),
                          this);
    hide_->setObjectName(QStringLiteral("hideLabel"));
    hide_->setChecked(QSettings().value(hideKey, true).toBool());
    column->addWidget(hide_);
    connect(hide_, &QCheckBox::toggled, this, [this](bool hide) {
        QSettings().setValue(hideKey, hide);
        updateHiding();
    });
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    auto* copyButton = buttons->addButton(tr("&Copy"), QDialogButtonBox::ActionRole);
    copyButton->setObjectName(QStringLiteral("copy"));
    copyButton->setToolTip(tr("Copies the selected lines, or all that are shown"));
    connect(copyButton, &QPushButton::clicked, this, &PropertiesDialog::copy);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    column->addWidget(buttons);
    reader_.read([slide] { return slideSheet(slide); },
                 [this](const QList<SheetRow>& rows) { showRows(rows); });
    buildPictures(slide);
    search_->setFocus();
}

void PropertiesDialog::buildSheet() {
    auto* page = new QWidget;
    auto* column = new QVBoxLayout(page);
    search_ = new QLineEdit(page);
    search_->setObjectName(QStringLiteral("searchProperties"));
    search_->setPlaceholderText(tr("Search"));
    search_->setClearButtonEnabled(true);
    connect(search_, &QLineEdit::textChanged, this, &PropertiesDialog::filter);
    column->addWidget(search_);
    sheet_ = new QTreeWidget(page);
    sheet_->setObjectName(QStringLiteral("properties"));
    sheet_->setHeaderLabels({tr("Name"), tr("Value")});
    sheet_->setSelectionMode(QAbstractItemView::ExtendedSelection);
    sheet_->setRootIsDecorated(false);
    sheet_->setAlternatingRowColors(true);
    sheet_->setUniformRowHeights(true);
    auto* copyAction = new QAction(this);
    copyAction->setShortcut(QKeySequence::Copy);
    copyAction->setShortcutContext(Qt::WidgetShortcut);
    connect(copyAction, &QAction::triggered, this, &PropertiesDialog::copy);
    sheet_->addAction(copyAction);
    column->addWidget(sheet_, 1);
    tabs_->addTab(page, tr("Properties"));
}

void PropertiesDialog::buildPictures(const OpenedSlide& slide) {
    const auto names = slide.source->info()->associatedImages;
    for (const std::string& name : names) {
        auto* tab = new PictureTab;
        tab->setObjectName(QString::fromStdString(name));
        tabs_->addTab(tab, titleOf(name));
        if (identifies(name)) identifying_.append(tab);
        reader_.read([source = slide.source, name] { return readPicture(*source, name); },
                     [tab](const ReadPicture& read) {
                         if (read.sentence.isEmpty())
                             tab->showPicture(read.image);
                         else
                             tab->showSentence(read.sentence);
                     });
    }
    hide_->setVisible(!identifying_.isEmpty());
    updateHiding();
}

void PropertiesDialog::showRows(const QList<SheetRow>& rows) {
    for (const SheetRow::Part part : {SheetRow::Part::Summary, SheetRow::Part::File}) {
        auto* group = new QTreeWidgetItem(
            {part == SheetRow::Part::Summary ? tr("The slide") : tr("In the words of the file")});
        QFont bold = font();
        bold.setBold(true);
        group->setFont(0, bold);
        group->setFlags(Qt::ItemIsEnabled);
        for (const SheetRow& row : rows) {
            if (row.part != part) continue;
            auto* item = new QTreeWidgetItem(group, {row.name, QString(row.value).replace(u'\n', u' ')});
            item->setToolTip(0, row.name);
            item->setToolTip(1, row.value);
        }
        if (part == SheetRow::Part::File && group->childCount() == 0)
            new QTreeWidgetItem(group, {tr("(nothing)"), QString()});
        sheet_->addTopLevelItem(group);
        group->setFirstColumnSpanned(true);
    }
    sheet_->expandAll();
    sheet_->resizeColumnToContents(0);
    sheet_->setColumnWidth(0, std::min(sheet_->columnWidth(0) + 12, 300));
    filter(search_->text());
}

void PropertiesDialog::filter(const QString& words) {
    const QString wanted = words.trimmed();
    for (int i = 0; i < sheet_->topLevelItemCount(); ++i) {
        QTreeWidgetItem* group = sheet_->topLevelItem(i);
        bool any = false;
        for (int k = 0; k < group->childCount(); ++k) {
            QTreeWidgetItem* item = group->child(k);
            const bool found = item->text(0).contains(wanted, Qt::CaseInsensitive) ||
                               item->text(1).contains(wanted, Qt::CaseInsensitive);
            item->setHidden(!found);
            if (!found) item->setSelected(false);
            any = any || found;
        }
        group->setHidden(!any);
    }
}

QString PropertiesDialog::copyText() const {
    QStringList lines;
    const bool selectedOnly = !sheet_->selectedItems().isEmpty();
    for (int i = 0; i < sheet_->topLevelItemCount(); ++i) {
        const QTreeWidgetItem* group = sheet_->topLevelItem(i);
        for (int k = 0; k < group->childCount(); ++k) {
            const QTreeWidgetItem* item = group->child(k);
            if (item->isHidden() || (selectedOnly && !item->isSelected())) continue;
            lines.append(item->text(0) + QLatin1Char('\t') + item->text(1));
        }
    }
    return lines.join(QLatin1Char('\n'));
}

void PropertiesDialog::copy() const {
    QGuiApplication::clipboard()->setText(copyText());
}

void PropertiesDialog::setPresentation(bool presentation) {
    presentation_ = presentation;
    updateHiding();
}

void PropertiesDialog::updateHiding() {
    const bool hidden = presentation_ && hide_->isChecked();
    for (PictureTab* tab : identifying_)
        tab->hideBehind(hidden ? tr("Hidden during the presentation: it may name the patient.") : QString());
}

} // namespace spotglass
