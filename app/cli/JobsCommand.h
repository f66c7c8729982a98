#pragma once

#include "viewer/base/Result.h"

#include <filesystem>
#include <string>

namespace spotglass {

struct JobsOptions {
    std::filesystem::path workspace;
    std::string id; ///< or how it begins, where that is one job only
    bool json = false;
};

/// The trainings of the workspace, as the window shows them. Without a window open, what is over is found out
/// here. Blocking. Errors as JobQueue.
[[nodiscard]] Result<void> runJobsList(const JobsOptions& options);
/// BadInput where no job, or more than one, has an id that begins so.
[[nodiscard]] Result<void> runJobsShow(const JobsOptions& options);
/// Ends a training and waits until it has ended, at most half a minute.
[[nodiscard]] Result<void> runJobsCancel(const JobsOptions& options);

} // namespace spotglass
