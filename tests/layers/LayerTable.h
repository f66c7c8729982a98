#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// What each folder may use: the table of ARCHITECTURE.md in a form that a test can check.
namespace spotglass::layers {

/// A folder of the sources, with everything that its files may name in an include line. The standard library,
/// tl-expected, spdlog/fmt and nlohmann-json are allowed everywhere.
struct Layer {
    std::string_view folder;                 ///< from the top of the checkout
    std::vector<std::string_view> folders;   ///< our own other folders
    std::vector<std::string_view> libraries; ///< as libraryOf() names them
};

/// All folders that may hold sources. A file elsewhere has no row and is a violation.
[[nodiscard]] const std::vector<Layer>& layerTable();

/// The row of the deepest folder that holds `path` (from the top of the checkout), or nullptr.
[[nodiscard]] const Layer* layerOf(std::string_view path);

/// Whether files of `layer` may include headers of our folder `folder`, and of a library.
[[nodiscard]] bool allowsFolder(const Layer& layer, std::string_view folder);
[[nodiscard]] bool allowsLibrary(const Layer& layer, std::string_view library);

/// The Qt module that a header such as "QLabel" or "QtWidgets/QLabel" belongs to ("QtWidgets"), empty when it
/// is not Qt's. The default looks the header up in the installed Qt.
using QtModuleOf = std::function<std::string(std::string_view header)>;

/// Looks the header up in the installed Qt.
[[nodiscard]] std::string installedQtModuleOf(std::string_view header);

/// The library that an include line names: "standard", "posix", "torch", "opencv", "QtGui" and so on;
/// "unknown" for one that no row of the table can allow.
[[nodiscard]] std::string libraryOf(std::string_view header, const QtModuleOf& qtModuleOf);

/// Libraries that must not be seen through our own headers by a folder that may not use them itself.
[[nodiscard]] const std::vector<std::string_view>& privateLibraries();

} // namespace spotglass::layers
