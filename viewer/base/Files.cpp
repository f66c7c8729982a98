#include "viewer/base/Files.h"

#include <atomic>
#include <fstream>
#include <system_error>
#include <unistd.h>

namespace spotglass {
namespace fs = std::filesystem;

Result<void> checkReadable(const fs::path& path) {
    std::error_code ec;
    const auto status = fs::status(path, ec);
    if (status.type() == fs::file_type::not_found) {
        // What stands for bytes that are no text, once a window has had the name.
        if (path.string().find("\uFFFD") != std::string::npos)
            return badInput("this file cannot be found, for its name holds bytes that are not UTF-8",
                            path.string(), "Rename the file or its folder");
        return badInput("this file does not exist", path.string(), "Check the name and the folder");
    }
    if (ec == std::errc::filename_too_long)
        return badInput("the path to this file is longer than the system allows", path.string(),
                        "Move it to a folder with a shorter path");
    if (!fs::exists(status) || ec)
        return badInput("this file cannot be reached (" + ec.message() + ")", path.string(),
                        "Check that its drive is connected and that you may read it");
    if (fs::is_directory(status)) return badInput("this is a folder, not a file", path.string());
    const auto size = fs::file_size(path, ec);
    if (ec) return badInput("this is not a regular file", path.string());
    if (size == 0)
        return badInput("this file is empty", path.string(), "Copy it again from where it came from");
    if (!std::ifstream(path, std::ios::binary))
        return badInput("this file cannot be read", path.string(), "Check its permissions");
    return {};
}

Result<std::string> readFile(const fs::path& path, std::uint64_t limit) {
    if (auto ok = checkReadable(path); !ok) return Failure(ok.error());
    std::error_code ec;
    const auto size = fs::file_size(path, ec);
    if (ec || size > limit) return badInput("this file is too large to be read as a whole", path.string());
    std::ifstream in(path, std::ios::binary);
    std::string text(static_cast<std::size_t>(size), '\0');
    in.read(text.data(), static_cast<std::streamsize>(size));
    if (in.gcount() != static_cast<std::streamsize>(size))
        return badInput("this file could not be read to its end", path.string());
    return text;
}

Result<void> writeAside(const fs::path& path, const std::function<Result<void>(const fs::path&)>& write) {
    static std::atomic<unsigned> serial{0};
    std::error_code ec;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), ec);
    if (ec)
        return fail(ErrorKind::Device, "the folder for this file cannot be made (" + ec.message() + ")",
                    path.string());
    fs::path aside = path;
    aside += ".part" + std::to_string(serial++);
    if (auto ok = write(aside); !ok) {
        fs::remove(aside, ec);
        Error error = ok.error();
        if (error.where == aside.string()) error.where = path.string(); // nobody knows the other name
        return Failure(std::move(error));
    }
    fs::rename(aside, path, ec);
    if (ec) {
        const std::string reason = ec.message();
        fs::remove(aside, ec);
        return fail(ErrorKind::Device, "this file cannot be written (" + reason + ")", path.string());
    }
    return {};
}

Result<void> checkWritable(const fs::path& path) {
    std::error_code ec;
    if (fs::is_directory(path, ec))
        return fail(ErrorKind::Device, "this is a folder, not a file that can be written", path.string());
    fs::path beside = path;
    beside += ".try" + std::to_string(::getpid());
    const auto tried = writeFileAtomically(beside, "x");
    fs::remove(beside, ec);
    if (tried) return {};
    auto error = tried.error();
    error.where = path.string();
    return Failure(error);
}

Result<void> writeFileAtomically(const fs::path& path, std::string_view content) {
    return writeAside(path, [&](const fs::path& aside) -> Result<void> {
        std::ofstream out(aside, std::ios::binary | std::ios::trunc);
        out.write(content.data(), static_cast<std::streamsize>(content.size()));
        out.close();
        if (!out)
            return fail(ErrorKind::Device, "this file cannot be written", path.string(),
                        "Check the free space and the permissions of the folder");
        return {};
    });
}

} // namespace spotglass
