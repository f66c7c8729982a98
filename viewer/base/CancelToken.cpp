#include "viewer/base/CancelToken.h"

namespace spotglass {

CancelToken::CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
void CancelToken::cancel() const noexcept {
    flag_->store(true, std::memory_order_relaxed);
}
bool CancelToken::isCancelled() const noexcept {
    return flag_->load(std::memory_order_relaxed);
}

} // namespace spotglass
