#pragma once

#include "viewer/base/Result.h"

#include <c10/util/Exception.h>
#include <exception>
#include <new>
#include <string>

namespace spotglass {

/// Does `work` and makes an Error of what is thrown in it: LibTorch throws, and nothing may leave the module
/// as an exception.
template <typename Work> Result<void> guarded(const Work& work) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return fail(ErrorKind::Device, "there is not enough memory for this", {},
                    "Close other programs or use a smaller batch");
    } catch (const c10::Error& error) {
        return fail(ErrorKind::Defect,
                    "a computation failed (" + std::string(error.what_without_backtrace()) + ")");
    } catch (const std::exception& error) {
        return fail(ErrorKind::Defect, std::string("something unexpected happened (") + error.what() + ")");
    }
}

} // namespace spotglass
