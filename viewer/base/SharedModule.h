#pragma once

#include "viewer/base/Result.h"

#include <string>

namespace spotglass {

/// Opens one of the program's own shared modules, in the folder `lib` beside that of the executable, and
/// finds its `entry`, a function with C linkage. What needs large libraries (LibTorch, OpenCV's image
/// formats) is kept in such modules, because loading those takes longer than showing a slide. A module is
/// never closed. Blocking; any thread. Kind Device with the loader's reason in Error::what when it cannot be
/// opened, Error::where naming the file.
[[nodiscard]] Result<void*> moduleEntry(const std::string& file, const char* entry);

} // namespace spotglass
