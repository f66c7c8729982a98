#pragma once

#include "inference/store/SqliteFile.h"
#include "viewer/base/Result.h"
#include "viewer/base/Units.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotglass {

/// A slide as the workspace knows it.
struct KnownSlide {
    std::string fingerprint; ///< SlideSource::fingerprint()
    std::filesystem::path path;
    std::string name;
    std::string picture = {}; ///< a small JPEG or PNG; empty when none is kept
};

/// A place of a slide that was marked.
struct KnownBookmark {
    std::string id; ///< unique over all slides; the caller's choice
    std::string name;
    Level0Point center;  ///< of the view
    double scale = 1;    ///< screen pixels per level-0 pixel
    double rotation = 0; ///< degrees clockwise, after mirroring
    bool mirrored = false;
    std::string picture; ///< a small JPEG or PNG, or empty
};

/// A model file as the workspace knows it.
struct KnownModel {
    std::filesystem::path path;
    std::string name;
};

/// A frozen image encoder as the workspace knows it. The file is described as it was when it was looked at
/// last: where size and time are still the same, it need not be hashed again.
struct KnownEncoder {
    std::string name; ///< unique; the user's or the catalogue's
    std::filesystem::path weights;
    std::string sha256;          ///< of the file, in hexadecimal digits
    std::uint64_t bytes = 0;     ///< its size
    std::int64_t modifiedNs = 0; ///< its time stamp, in nanoseconds since 1970
    std::string specJson;        ///< how to feed it; not interpreted here
    /// The user has agreed that this TorchScript file may run: that very file (sha256), and no other.
    bool trustedProgram = false;
};

/// A training that was asked for, as the workspace knows it.
struct KnownJob {
    std::string id;         ///< unique; the caller's choice
    std::int64_t place = 0; ///< in the queue: smaller ones first
    std::string state;      ///< in the caller's words
    std::string request;    ///< what another program asks of the one that runs the queue; empty: nothing
    std::string record;     ///< JSON with all else; not interpreted here
};

/// A model file that the user has added to the library.
struct KnownLibraryModel {
    std::filesystem::path file;
    std::string sha256;     ///< of the file when it was added
    std::int64_t added = 0; ///< milliseconds since 1970
    std::string name, note, licence;
};

/// Micrometres per level-0 pixel that were given for a slide, and by whom (e.g. "user").
struct KnownScale {
    MicronsPerPixel micronsPerPixel;
    std::string source;
};

/// What the program remembers between sessions: one SQLite file in WAL mode with a schema version (design
/// section 5, rule 6). Several programs may have the same file open. An object has one owner thread at a
/// time; every function blocks on disk (up to five seconds when another program writes), so not on the GUI
/// thread. Errors are of kind Device unless said otherwise; a failed call changes nothing.
class Workspace {
  public:
    static constexpr int schemaVersion = 5;
    static constexpr std::size_t maxPictureBytes = 64u << 10;
    static constexpr std::int64_t keptPictures = 24; ///< slides opened last; older ones lose their picture

    /// Opens the file, or makes it and its folder; brings older schemas up to date. A damaged file is renamed
    /// to NAME.damaged-N, with a warning, and a fresh one made. BadInput: made by a newer version of the
    /// program, or a file of something else.
    [[nodiscard]] static Result<Workspace> open(const std::filesystem::path& path);

    /// Sentences for the user about the opening.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

    /// Keeps the scale of the slide with that fingerprint; replaces an earlier one. Usage when the scale is
    /// not valid or the fingerprint empty.
    [[nodiscard]] Result<void> rememberScale(const std::string& fingerprint, MicronsPerPixel scale,
                                             std::string_view source = "user");
    /// The scale kept for that slide; nothing when there is none.
    [[nodiscard]] Result<std::optional<KnownScale>> scale(const std::string& fingerprint);

    /// Puts a slide at the head of the recent ones. A path is listed once: the slide that was there before
    /// leaves the list, its scale is kept. Usage when the fingerprint is empty.
    [[nodiscard]] Result<void> noteOpened(const std::string& fingerprint, const std::filesystem::path& path,
                                          const std::string& name);
    /// At most `count` slides, the one opened last first. Whether the files still exist is not looked at.
    [[nodiscard]] Result<std::vector<KnownSlide>> recentSlides(std::size_t count);

    /// Keeps a small picture of a slide noted before; nothing happens for another. Usage above
    /// maxPictureBytes.
    [[nodiscard]] Result<void> keepPicture(const std::string& fingerprint, std::string_view picture);

    /// The bookmarks of a slide, oldest first.
    [[nodiscard]] Result<std::vector<KnownBookmark>> bookmarks(const std::string& fingerprint);
    /// Adds a bookmark; one that is there already takes over the name alone. Usage without fingerprint or id,
    /// or with a picture above maxPictureBytes.
    [[nodiscard]] Result<void> keepBookmark(const std::string& fingerprint, const KnownBookmark& bookmark);
    /// Nothing happens when there is none.
    [[nodiscard]] Result<void> removeBookmark(const std::string& id);

    /// As noteOpened and recentSlides, for model files.
    [[nodiscard]] Result<void> noteModelUsed(const std::filesystem::path& path, const std::string& name);
    [[nodiscard]] Result<std::vector<KnownModel>> recentModels(std::size_t count);

    /// Keeps an encoder; replaces one of the same name. Its trust is what is given here: who gives another
    /// sha256 asks the user again. Usage without name, file or sha256.
    [[nodiscard]] Result<void> rememberEncoder(const KnownEncoder& encoder);
    /// All of them, by name. Whether the files still exist is not looked at.
    [[nodiscard]] Result<std::vector<KnownEncoder>> encoders();
    /// Nothing when there is none of that name.
    [[nodiscard]] Result<std::optional<KnownEncoder>> encoder(const std::string& name);
    /// Nothing happens when there is none. The file stays.
    [[nodiscard]] Result<void> forgetEncoder(const std::string& name);

    /// All jobs, in the order of the queue.
    [[nodiscard]] Result<std::vector<KnownJob>> jobs();
    /// Puts a job at the end of the queue; its place and request are not looked at. Usage without an id or
    /// where it is there already.
    [[nodiscard]] Result<void> addJob(const KnownJob& job);
    /// Takes over state and record, and leaves place and request as they are. Nothing happens when it is
    /// gone.
    [[nodiscard]] Result<void> updateJob(const std::string& id, const std::string& state,
                                         const std::string& record);
    /// False when there is none.
    [[nodiscard]] Result<bool> requestOfJob(const std::string& id, const std::string& request);
    /// Takes a request back, unless another has come in its place meanwhile.
    [[nodiscard]] Result<void> endRequest(const std::string& id, const std::string& request);
    /// Gives the jobs their places, in this order; those that are not named come after them, as they were.
    [[nodiscard]] Result<void> orderJobs(const std::vector<std::string>& ids);
    /// Nothing happens when there is none.
    [[nodiscard]] Result<void> forgetJob(const std::string& id);

    /// The models of the library, by name. Whether the files still exist is not looked at.
    [[nodiscard]] Result<std::vector<KnownLibraryModel>> library();
    /// Enters a model, or takes over what is said of one that is there. Usage without file or sha256.
    [[nodiscard]] Result<void> enterInLibrary(const KnownLibraryModel& model);
    /// Nothing happens when there is none. The file stays.
    [[nodiscard]] Result<void> leaveLibrary(const std::filesystem::path& file);

    /// Keeps a value under a key, instead of an earlier one. Usage without a key.
    [[nodiscard]] Result<void> setSetting(const std::string& key, const std::string& value);
    /// Nothing when the key was never set.
    [[nodiscard]] Result<std::optional<std::string>> setting(const std::string& key);

  private:
    explicit Workspace(SqliteFile file) : file_(std::move(file)) {}
    SqliteFile file_;
    std::vector<std::string> warnings_;
};

} // namespace spotglass
