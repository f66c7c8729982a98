#include "ui/models/ModelsDialog.h"

#include "ui/models/ModelCardText.h"
#include "ui/models/ModelWordsDialog.h"

#include <algorithm>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMessageBox>
#include <QPushButton>
#include <QSplitter>
#include <QTextBrowser>

namespace spotglass {
namespace {

QString pathText(const std::filesystem::path& file) {
    return QString::fromStdString(file.string());
}

/// What a search looks in: names, sections, genes, and what the user has said.
bool isFound(const LibraryModel& model, const QString& words) {
    QString text = model.name + u' ' + model.note + u' ' + model.licence + u' ' + model.ancestors.join(u' ');
    const auto cardText = [&](const QJsonValue& list) {
        for (const auto& word : list.toVariant().toStringList())
            text += u' ' + word;
    };
    cardText(model.card[QStringLiteral("genes")]);
    cardText(model.card[QStringLiteral("training")].toObject()[QStringLiteral("sections")]);
    const auto all = words.split(u' ', Qt::SkipEmptyParts);
    return std::ranges::all_of(all,
                               [&](const QString& word) { return text.contains(word, Qt::CaseInsensitive); });
}

} // namespace

ModelsDialog::ModelsDialog(ModelLibraryService& library, QWidget* parent)
    : QDialog(parent), library_(library), search_(new QLineEdit), list_(new QListWidget),
      card_(new QTextBrowser), said_(new QLabel), use_(new QPushButton(tr("&Use for predictions"))),
      train_(new QPushButton(tr("&Train further..."))), describe_(new QPushButton(tr("&Name and note..."))),
      export_(new QPushButton(tr("&Export..."))), verify_(new QPushButton(tr("&Check file"))),
      remove_(new QPushButton(tr("&Remove..."))), import_(new QPushButton(tr("&Import..."))) {
    setWindowTitle(tr("Models"));
    build();
    connectButtons();
    connect(&library_, &ModelLibraryService::changed, this, &ModelsDialog::fill);
    connect(&library_, &ModelLibraryService::added, this, [this](const LibraryModel& model) {
        said_->setText(tr("%1 is in your library.").arg(model.name));
    });
    connect(&library_, &ModelLibraryService::exported, this, [this](const std::filesystem::path& target) {
        said_->setText(tr("Written to %1.").arg(pathText(target)));
    });
    connect(&library_, &ModelLibraryService::verified, this, [this](const std::filesystem::path& file) {
        said_->setText(tr("This file is as it was added: %1").arg(pathText(file)));
    });
    connect(&library_, &ModelLibraryService::problem, this,
            [this](const Error& error) { said_->setText(QString::fromStdString(error.sentence())); });
    fill();
    library_.look();
}

void ModelsDialog::build() {
    search_->setObjectName(QStringLiteral("search"));
    search_->setPlaceholderText(tr("Search names, sections, genes"));
    search_->setClearButtonEnabled(true);
    list_->setObjectName(QStringLiteral("list"));
    list_->setAccessibleName(tr("Models"));
    list_->setSelectionMode(QAbstractItemView::ExtendedSelection);
    list_->setWordWrap(true);
    list_->setAlternatingRowColors(true);
    list_->setToolTip(tr("Choose several (with Ctrl) to lay them beside each other"));
    card_->setObjectName(QStringLiteral("card"));
    said_->setObjectName(QStringLiteral("said"));
    said_->setWordWrap(true);
    auto* left = new QWidget;
    auto* leftColumn = new QVBoxLayout(left);
    leftColumn->setContentsMargins(0, 0, 0, 0);
    leftColumn->addWidget(search_);
    leftColumn->addWidget(list_, 1);
    auto* halves = new QSplitter(Qt::Horizontal);
    halves->addWidget(left);
    halves->addWidget(card_);
    halves->setStretchFactor(1, 2);
    auto* column = new QVBoxLayout(this);
    column->addWidget(halves, 1);
    column->addWidget(said_);
    auto* line = new QHBoxLayout;
    for (const auto& [button, name] :
         std::initializer_list<std::pair<QPushButton*, const char*>>{{use_, "use"},
                                                                     {train_, "train"},
                                                                     {describe_, "describe"},
                                                                     {export_, "export"},
                                                                     {verify_, "verify"},
                                                                     {remove_, "remove"},
                                                                     {import_, "import"}}) {
        button->setObjectName(QLatin1String(name));
        button->setAutoDefault(false);
        line->addWidget(button);
        if (button == remove_) line->addStretch(1);
    }
    column->addLayout(line);
    resize(980, 620);
}

void ModelsDialog::connectButtons() {
    connect(search_, &QLineEdit::textChanged, this, &ModelsDialog::fill);
    connect(list_, &QListWidget::itemSelectionChanged, this, &ModelsDialog::showChosen);
    connect(use_, &QPushButton::clicked, this, [this] { Q_EMIT useWanted(chosen().front().file); });
    connect(train_, &QPushButton::clicked, this, [this] { Q_EMIT trainWanted(chosen().front().file); });
    connect(describe_, &QPushButton::clicked, this, &ModelsDialog::describeChosen);
    connect(export_, &QPushButton::clicked, this, &ModelsDialog::exportChosen);
    connect(import_, &QPushButton::clicked, this, &ModelsDialog::importFile);
    connect(remove_, &QPushButton::clicked, this, &ModelsDialog::askToRemove);
    connect(verify_, &QPushButton::clicked, this, [this] {
        said_->setText(tr("Reading %1 ...").arg(chosen().front().name));
        library_.verify(chosen().front().file);
    });
}

QList<LibraryModel> ModelsDialog::chosen() const {
    QStringList files;
    for (const auto* item : list_->selectedItems())
        files << item->data(Qt::UserRole).toString();
    QList<LibraryModel> all;
    for (const auto& model : library_.models())
        if (files.contains(pathText(model.file))) all.append(model);
    return all;
}

void ModelsDialog::fill() {
    QStringList before;
    for (const auto& model : chosen())
        before << pathText(model.file);
    {
        const QSignalBlocker quiet(list_);
        list_->clear();
        for (const auto& model : library_.models()) {
            if (!isFound(model, search_->text())) continue;
            const auto cautions = cautionsOf(model);
            auto* item = new QListWidgetItem(
                cautions.isEmpty() ? model.name : model.name + u'\n' + cautions.front(), list_);
            item->setData(Qt::UserRole, pathText(model.file));
            item->setSelected(before.contains(pathText(model.file)));
        }
        if (list_->selectedItems().isEmpty() && list_->count() > 0) list_->setCurrentRow(0);
    }
    showChosen();
}

void ModelsDialog::showChosen() {
    const auto models = chosen();
    card_->setHtml(models.isEmpty() ? tr("No model is found by these words.") : cardsText(models));
    const bool one = models.size() == 1;
    const bool whole = one && models.front().state == LibraryModel::File::AsAdded;
    const bool own = one && !models.front().builtIn;
    for (auto* button : {use_, train_, export_})
        button->setEnabled(whole);
    describe_->setEnabled(own);
    remove_->setEnabled(own);
    verify_->setEnabled(own && models.front().state != LibraryModel::File::Missing);
}

void ModelsDialog::describeChosen() {
    const auto model = chosen().front();
    auto* dialog = new ModelWordsDialog(tr("Name and note"), {model.name, model.note, model.licence}, this);
    connect(dialog, &QDialog::accepted, this, [this, dialog, file = model.file] {
        const auto words = dialog->words();
        library_.describe(file, words.name, words.note, words.licence);
    });
    dialog->open();
}

void ModelsDialog::exportChosen() {
    const auto model = chosen().front();
    auto* dialog = new QFileDialog(this, tr("Export %1").arg(model.name),
                                   model.name + QStringLiteral(".safetensors"), tr("Models (*.safetensors)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("safetensors"));
    connect(dialog, &QFileDialog::fileSelected, this,
            [this, from = model.file](const QString& file) { library_.exportTo(from, file.toStdString()); });
    dialog->open();
}

void ModelsDialog::importFile() {
    auto* dialog =
        new QFileDialog(this, tr("Import a model"), QString(), tr("Models (*.safetensors);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& file) {
        said_->setText(tr("Copying ..."));
        library_.add(file.toStdString(), {}, {}, {});
    });
    dialog->open();
}

void ModelsDialog::askToRemove() {
    const auto model = chosen().front();
    QString text = tr("Move %1 to the bin?").arg(model.name);
    if (!model.descendants.isEmpty())
        text +=
            u' ' + tr("%1 was made with it, and stays.").arg(model.descendants.join(QStringLiteral(", ")));
    auto* box = new QMessageBox(QMessageBox::Question, tr("Remove model"), text, QMessageBox::NoButton, this);
    auto* go = box->addButton(tr("&Move to the bin"), QMessageBox::AcceptRole);
    go->setObjectName(QStringLiteral("bin"));
    box->addButton(QMessageBox::Cancel);
    box->setAttribute(Qt::WA_DeleteOnClose);
    connect(go, &QPushButton::clicked, this, [this, file = model.file] { library_.remove(file); });
    box->open();
}

} // namespace spotglass
