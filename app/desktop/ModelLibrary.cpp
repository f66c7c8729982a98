#include "app/desktop/ModelLibrary.h"

#include "app/desktop/ModelHead.h"
#include "app/desktop/TrainingRecords.h"
#include "inference/store/Sha256.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <QDir>
#include <QFile>
#include <QRegularExpression>
#include <QStandardPaths>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

QString text(const Json& card, const char* key) {
    const auto found = card.find(key);
    return found != card.end() && found->is_string() ? QString::fromStdString(found->get<std::string>())
                                                     : QString();
}

/// The models a model was fine-tuned from, nearest first.
Json ancestryOf(const Json& card) {
    const auto training = card.find("training");
    if (training == card.end() || !training->is_object()) return Json::array();
    const auto line = training->find("ancestry");
    return line != training->end() && line->is_array() ? *line : Json::array();
}

LibraryModel modelOf(const fs::path& file, const Json& card) {
    LibraryModel model;
    model.file = file;
    model.card = toQt(card);
    model.name = text(card, "name");
    model.note = text(card, "note");
    model.licence = text(card, "licence");
    model.warning = warningOf(card);
    for (const auto& parent : ancestryOf(card))
        if (parent.is_object()) model.ancestors << text(parent, "name");
    return model;
}

/// Each model is told what in the library was made with it: by the hash of its file, which the card of a
/// fine-tuned model keeps.
void findDescendants(QList<LibraryModel>& models) {
    for (auto& model : models)
        for (const auto& other : models) {
            if (model.sha256.isEmpty() || &other == &model) continue;
            for (const auto& parent : ancestryOf(fromQt(other.card)))
                if (parent.is_object() && text(parent, "sha256") == model.sha256) {
                    model.descendants << other.name;
                    break;
                }
        }
}

/// NAME-HASH.safetensors: readable, and another for every model.
fs::path fileNameOf(QString name, const std::string& sha256) {
    name.replace(
        QRegularExpression(QStringLiteral("[^\\w.-]+"), QRegularExpression::UseUnicodePropertiesOption),
        QStringLiteral("-"));
    while (name.startsWith(u'.') || name.startsWith(u'-'))
        name.remove(0, 1);
    return fs::path(name.left(60).toStdString() + "-" + sha256.substr(0, 12) + ".safetensors");
}

Error notInLibrary(const fs::path& file) {
    return {ErrorKind::BadInput, "this model is not in your library", file.string(), "Add it first"};
}

} // namespace

Result<Workspace*> ModelLibrary::workspace() {
    if (!workspace_) {
        if (file_.empty())
            return fail(ErrorKind::Device, "there is no place to keep models: no home folder is known");
        auto opened = Workspace::open(file_);
        if (!opened) return Failure(opened.error());
        workspace_ = std::move(*opened);
    }
    return &*workspace_;
}

Result<KnownLibraryModel> ModelLibrary::known(const fs::path& file) {
    const auto workspace = this->workspace();
    if (!workspace) return Failure(workspace.error());
    const auto all = (*workspace)->library();
    if (!all) return Failure(all.error());
    const auto found = std::ranges::find(*all, file, &KnownLibraryModel::file);
    if (found == all->end()) return Failure(notInLibrary(file));
    return *found;
}

Result<QList<LibraryModel>> ModelLibrary::models() {
    const auto workspace = this->workspace();
    if (!workspace) return Failure(workspace.error());
    const auto added = (*workspace)->library();
    if (!added) return Failure(added.error());
    QList<LibraryModel> models;
    std::error_code ec;
    for (fs::directory_iterator it(builtIn_, ec), end; !ec && it != end; it.increment(ec)) {
        if (it->path().extension() != ".safetensors") continue;
        const auto head = readModelHead(it->path());
        if (!head) continue;
        auto model = modelOf(it->path(), head->card);
        model.builtIn = true;
        auto& hash = builtInHashes_[it->path()]; // read once: these files stay as they are
        if (hash.isEmpty())
            if (const auto read = sha256OfFile(it->path())) hash = QString::fromStdString(*read);
        model.sha256 = hash;
        models.append(std::move(model));
    }
    for (const auto& one : *added) {
        const auto head = readModelHead(one.file);
        LibraryModel model = head ? modelOf(one.file, head->card) : LibraryModel{};
        model.file = one.file;
        model.sha256 = QString::fromStdString(one.sha256);
        model.added = QDateTime::fromMSecsSinceEpoch(one.added);
        if (!one.name.empty()) model.name = QString::fromStdString(one.name);
        if (!one.note.empty()) model.note = QString::fromStdString(one.note);
        if (!one.licence.empty()) model.licence = QString::fromStdString(one.licence);
        if (!fs::exists(one.file, ec))
            model.state = LibraryModel::File::Missing;
        else if (!head || std::ranges::find(damaged_, one.file) != damaged_.end())
            model.state = LibraryModel::File::Changed;
        models.append(std::move(model));
    }
    findDescendants(models);
    std::ranges::stable_sort(models, [](const LibraryModel& a, const LibraryModel& b) {
        return a.name.localeAwareCompare(b.name) < 0;
    });
    return models;
}

Result<LibraryModel> ModelLibrary::add(const fs::path& file, const QString& name, const QString& note,
                                       const QString& licence) {
    const auto workspace = this->workspace();
    if (!workspace) return Failure(workspace.error());
    const auto head = readModelHead(file);
    if (!head) return Failure(head.error());
    if (auto ok = checkNotedHash(file, *head); !ok) return Failure(ok.error());
    const auto hash = sha256OfFile(file);
    if (!hash) return Failure(hash.error());
    auto model = modelOf(file, head->card);
    KnownLibraryModel entry{folder_ / fileNameOf(name.isEmpty() ? model.name : name, *hash),
                            *hash,
                            QDateTime::currentMSecsSinceEpoch(),
                            (name.isEmpty() ? model.name : name).toStdString(),
                            (note.isEmpty() ? model.note : note).toStdString(),
                            (licence.isEmpty() ? model.licence : licence).toStdString()};
    const auto all = (*workspace)->library();
    if (!all) return Failure(all.error());
    std::error_code ec;
    for (const auto& other : *all) // the same model again: only what is said of it may be new
        if (other.sha256 == *hash && fs::exists(other.file, ec)) {
            entry.file = other.file;
            entry.added = other.added;
        }
    if (!fs::exists(entry.file, ec)) {
        const auto copied = writeAside(entry.file, [&](const fs::path& aside) -> Result<void> {
            std::error_code refused;
            fs::copy_file(file, aside, fs::copy_options::overwrite_existing, refused);
            const auto copy = refused ? Result<std::string>(std::string()) : sha256OfFile(aside);
            if (!copy) return Failure(copy.error());
            if (*copy == *hash) return {};
            return fail(ErrorKind::Device, "the model could not be copied into your library",
                        entry.file.string(), "Check the free space and the permissions of the folder");
        });
        if (!copied) return Failure(copied.error());
    }
    if (auto ok = (*workspace)->enterInLibrary(entry); !ok) return Failure(ok.error());
    const auto now = models();
    if (!now) return Failure(now.error());
    const auto found = std::ranges::find(*now, entry.file, &LibraryModel::file);
    return found == now->end() ? Result<LibraryModel>(Failure(notInLibrary(entry.file))) : *found;
}

Result<void> ModelLibrary::describe(const fs::path& file, const QString& name, const QString& note,
                                    const QString& licence) {
    auto entry = known(file);
    if (!entry) return Failure(entry.error());
    entry->name = name.toStdString();
    entry->note = note.toStdString();
    entry->licence = licence.toStdString();
    return (*workspace_).enterInLibrary(*entry);
}

Result<void> ModelLibrary::exportTo(const fs::path& file, const fs::path& target) {
    if (auto ok = checkWritable(target); !ok) return ok;
    const auto entry = known(file);
    const bool isBuiltIn = file.parent_path() == builtIn_;
    if (!entry && !isBuiltIn) return Failure(entry.error());
    if (entry)
        if (auto ok = verify(file); !ok) return ok;
    auto head = readModelHead(file);
    if (!head) return Failure(head.error());
    if (entry)
        for (const auto& [key, value] : {std::pair{"name", entry->name}, std::pair{"note", entry->note},
                                         std::pair{"licence", entry->licence}})
            if (!value.empty()) head->card[key] = value;
    return writeModelWithCard(file, *head, head->card, target);
}

Result<void> ModelLibrary::remove(const fs::path& file) {
    const auto entry = known(file);
    if (!entry) return Failure(entry.error());
    std::error_code ec;
    // Where the folder of the bin is missing, Qt 6.4 moves files into the working folder instead.
    QDir().mkpath(QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation));
    if (fs::exists(file, ec) && !QFile::moveToTrash(QString::fromStdString(file.string())))
        return fail(ErrorKind::Device, "this model could not be moved to the bin", file.string(),
                    "Check the permissions of its folder");
    std::erase(damaged_, file);
    return (*workspace_).leaveLibrary(file);
}

Result<void> ModelLibrary::verify(const fs::path& file) {
    const auto entry = known(file);
    if (!entry) return Failure(entry.error());
    const auto hash = sha256OfFile(file);
    if (!hash) return Failure(hash.error());
    std::erase(damaged_, file);
    if (*hash == entry->sha256) return {};
    damaged_.push_back(file);
    return badInput("this model is no longer the one that was added: its file has been changed or damaged",
                    file.string(), "Remove it, and import it again");
}

} // namespace spotglass
