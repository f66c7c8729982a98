#include "viewer/base/SharedModule.h"

#include "viewer/base/Process.h"

#include <dlfcn.h>
#include <filesystem>

namespace spotglass {

Result<void*> moduleEntry(const std::string& file, const char* entry) {
    const std::filesystem::path path = executableFolder().parent_path() / "lib" / file;
    std::error_code ec;
    if (!std::filesystem::exists(path, ec))
        return fail(ErrorKind::Device, "the file is not there", path.string());
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char* said = dlerror();
        std::string reason = said ? said : "no reason given";
        // The loader begins with the file's name, which the error has already.
        if (const auto prefix = path.string() + ": "; reason.starts_with(prefix))
            reason.erase(0, prefix.size());
        return fail(ErrorKind::Device, reason, path.string());
    }
    if (void* found = dlsym(library, entry)) return found;
    return fail(ErrorKind::Device, "it belongs to another version", path.string());
}

} // namespace spotglass
