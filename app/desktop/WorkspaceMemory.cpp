#include "app/desktop/WorkspaceMemory.h"

#include <QStandardPaths>

namespace spotglass {

std::filesystem::path workspaceFile() {
    const QString set = qEnvironmentVariable("SPOTGLASS_WORKSPACE");
    if (!set.isEmpty()) return set.toStdString();
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
    return std::filesystem::path(folder.toStdString()) / "workspace.sqlite";
}

Result<std::unique_ptr<SlideMemory>> openWorkspaceMemory(const std::filesystem::path& file) {
    return fail(ErrorKind::Device, "there is no workspace", file.string());
}

} // namespace spotglass
