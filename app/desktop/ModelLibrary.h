#pragma once

#include "inference/store/Workspace.h"
#include "ui/models/ModelLibraryService.h"

#include <map>

namespace spotglass {

/// The models of a user on disk: those that come with the program, and those that were added, which lie in a
/// folder of their own and are entered in the workspace with the hash of their file. One thread at a time;
/// every function blocks. Errors of kind BadInput are about a model file, others about the drive or the
/// workspace.
class ModelLibrary {
  public:
    /// `workspace`: its file; `folder`: of added models; `builtIn`: of those that come with the program.
    ModelLibrary(std::filesystem::path workspace, std::filesystem::path folder, std::filesystem::path builtIn)
        : file_(std::move(workspace)), folder_(std::move(folder)), builtIn_(std::move(builtIn)) {}

    /// By name. Files are looked at, not hashed; what verify() has found stays known.
    [[nodiscard]] Result<QList<LibraryModel>> models();
    /// Copies the file aside, compares the copy with it, and enters it. One that is there already (the same
    /// weights and card) is described anew instead.
    [[nodiscard]] Result<LibraryModel> add(const std::filesystem::path& file, const QString& name,
                                           const QString& note, const QString& licence);
    [[nodiscard]] Result<void> describe(const std::filesystem::path& file, const QString& name,
                                        const QString& note, const QString& licence);
    /// BadInput, too, where the file is no longer what was added.
    [[nodiscard]] Result<void> exportTo(const std::filesystem::path& file,
                                        const std::filesystem::path& target);
    [[nodiscard]] Result<void> remove(const std::filesystem::path& file);
    /// Hashes the file. BadInput where it is no longer what was added.
    [[nodiscard]] Result<void> verify(const std::filesystem::path& file);

  private:
    [[nodiscard]] Result<Workspace*> workspace();
    [[nodiscard]] Result<KnownLibraryModel> known(const std::filesystem::path& file);

    const std::filesystem::path file_, folder_, builtIn_;
    std::optional<Workspace> workspace_;
    std::vector<std::filesystem::path> damaged_; ///< as verify() has found
    std::map<std::filesystem::path, QString> builtInHashes_;
};

} // namespace spotglass
