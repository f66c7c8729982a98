#include "app/desktop/ModelLibraryController.h"

#include "app/desktop/AskWorker.h"

namespace spotglass {
namespace fs = std::filesystem;

ModelLibraryController::ModelLibraryController(ModelLibrary library, QObject* parent)
    : ModelLibraryService(parent), library_(std::make_unique<ModelLibrary>(std::move(library))),
      worker_(std::make_unique<SerialWorker>()) {}

ModelLibraryController::~ModelLibraryController() {
    worker_.reset();
}

template <typename Work, typename Answer> void ModelLibraryController::ask(Work work, Answer answer) {
    askWorker(
        *worker_, this, [this, work = std::move(work)] { return work(*library_); }, std::move(answer));
}

template <typename Work, typename Done> void ModelLibraryController::change(Work work, Done done) {
    ask(std::move(work), [this, done = std::move(done)](const auto& result) {
        if (result)
            done(result);
        else
            Q_EMIT problem(result.error());
        look();
    });
}

void ModelLibraryController::look() {
    ask([](ModelLibrary& library) { return library.models(); },
        [this](const Result<QList<LibraryModel>>& read) {
            if (!read) {
                Q_EMIT problem(read.error());
                return;
            }
            models_ = *read;
            Q_EMIT changed();
        });
}

void ModelLibraryController::add(const fs::path& file, const QString& name, const QString& note,
                                 const QString& licence) {
    change([=](ModelLibrary& library) { return library.add(file, name, note, licence); },
           [this](const Result<LibraryModel>& model) { Q_EMIT added(*model); });
}

void ModelLibraryController::describe(const fs::path& file, const QString& name, const QString& note,
                                      const QString& licence) {
    change([=](ModelLibrary& library) { return library.describe(file, name, note, licence); },
           [](const Result<void>&) {});
}

void ModelLibraryController::exportTo(const fs::path& file, const fs::path& target) {
    change([=](ModelLibrary& library) { return library.exportTo(file, target); },
           [this, target](const Result<void>&) { Q_EMIT exported(target); });
}

void ModelLibraryController::remove(const fs::path& file) {
    change([=](ModelLibrary& library) { return library.remove(file); }, [](const Result<void>&) {});
}

void ModelLibraryController::verify(const fs::path& file) {
    change([=](ModelLibrary& library) { return library.verify(file); },
           [this, file](const Result<void>&) { Q_EMIT verified(file); });
}

} // namespace spotglass
