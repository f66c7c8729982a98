#include "app/engine_module/EngineModule.h"

#include "viewer/base/Process.h"

#include <dlfcn.h>
#include <mutex>

namespace spotglass {
namespace {

Failure cannotOpen(const std::string& reason, const std::filesystem::path& file) {
    return fail(ErrorKind::Device, "the prediction part of the program cannot be loaded (" + reason + ")",
                file.string(),
                "Slides can still be viewed; install Spotglass again to predict gene expression");
}

Result<EngineModule*> openModule(const std::filesystem::path& file) {
    std::error_code ec;
    if (!std::filesystem::exists(file, ec)) return cannotOpen("the file is not there", file);
    // Never closed: LibTorch does not survive being unloaded.
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char* said = dlerror();
        std::string reason = said ? said : "no reason given";
        // The loader begins with the file's name, which the sentence has already.
        if (const auto prefix = file.string() + ": "; reason.starts_with(prefix))
            reason.erase(0, prefix.size());
        return cannotOpen(reason, file);
    }
    using Entry = EngineModule* (*)();
    const auto entry = reinterpret_cast<Entry>(dlsym(library, "spotglass_engine_module"));
    if (!entry) return cannotOpen("it belongs to another version", file);
    EngineModule* module = entry();
    if (!module) return cannotOpen("it does not start", file);
    return module;
}

} // namespace

Result<EngineModule*> loadEngineModule() {
    static std::mutex mutex; // guards opened; loading twice at once would run LibTorch's start-up twice
    static EngineModule* opened = nullptr;
    const std::lock_guard lock(mutex);
    if (opened) return opened;
    auto module = openModule(executableFolder().parent_path() / "lib" / "spotglass_engine.so");
    if (module) opened = *module;
    return module;
}

} // namespace spotglass
