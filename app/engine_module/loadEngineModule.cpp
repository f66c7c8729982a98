#include "app/engine_module/EngineModule.h"

#include "viewer/base/SharedModule.h"

#include <mutex>

namespace spotglass {
namespace {

Failure cannotOpen(const Error& error) {
    return fail(ErrorKind::Device, "the prediction part of the program cannot be loaded (" + error.what + ")",
                error.where,
                "Slides can still be viewed; install Spotglass again to predict gene expression");
}

Result<EngineModule*> openModule() {
    const auto entry = moduleEntry("spotglass_engine.so", "spotglass_engine_module");
    if (!entry) return cannotOpen(entry.error());
    EngineModule* module = reinterpret_cast<EngineModule* (*)()>(*entry)();
    if (!module) return cannotOpen({ErrorKind::Device, "it does not start", "spotglass_engine.so", {}});
    return module;
}

} // namespace

Result<EngineModule*> loadEngineModule() {
    static std::mutex mutex; // guards opened; loading twice at once would run LibTorch's start-up twice
    static EngineModule* opened = nullptr;
    const std::lock_guard lock(mutex);
    if (opened) return opened;
    auto module = openModule();
    if (module) opened = *module;
    return module;
}

} // namespace spotglass
