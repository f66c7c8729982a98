#pragma once

#include "layers/LayerTable.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// The rules that the sources are held to. Every function is pure but readSources().
namespace spotglass::layers {

/// Source files by their path from the top of the checkout, with their text.
using Tree = std::map<std::string, std::string>;

/// One broken rule at one place. `rule` is a short name: folder, library, unknown-header, private-library,
/// no-row, ban, length, comment, pragma-once.
struct Violation {
    std::string file;
    int line = 0; ///< 0: the whole file
    std::string rule;
    std::string message;
    [[nodiscard]] std::string sentence() const; ///< "FILE:LINE: MESSAGE [RULE]"
};

/// All sources (.cpp, .h) of the checkout at `top`: the folders viewer, inference, training, ui, app and
/// tests.
[[nodiscard]] Tree readSources(const std::filesystem::path& top);

/// Include lines that the table forbids, and sources outside every folder of the table.
[[nodiscard]] std::vector<Violation> checkIncludes(const Tree& tree, const QtModuleOf& qtModuleOf);

/// Private libraries that a folder sees through our own headers though it may not use them.
[[nodiscard]] std::vector<Violation> checkReach(const Tree& tree, const QtModuleOf& qtModuleOf);

/// Names that are dangerous or belong elsewhere: processEvents, printing outside app, QPixmap off the GUI
/// side, sleeping tests, `using namespace std`.
[[nodiscard]] std::vector<Violation> checkBans(const Tree& tree);

/// Files over 500 lines; headers of the libraries without a documentation comment or without `#pragma once`.
[[nodiscard]] std::vector<Violation> checkShape(const Tree& tree);

/// All of the above, ordered by file and line.
[[nodiscard]] std::vector<Violation> checkAll(const Tree& tree, const QtModuleOf& qtModuleOf);

} // namespace spotglass::layers
