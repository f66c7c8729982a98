#include "layers/LayerCheck.h"

#include "layers/SourceText.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

namespace spotglass::layers {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t longestFile = 500;

bool isBelow(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
}

bool isBelowAny(std::string_view path, const std::vector<std::string_view>& folders) {
    return std::any_of(folders.begin(), folders.end(),
                       [path](std::string_view f) { return isBelow(path, f); });
}

/// The file of the tree that an include line of `from` names, if it is one of ours.
std::optional<std::string> resolve(const Tree& tree, const std::string& from, const Include& include) {
    const std::string beside =
        (fs::path(from).parent_path() / include.header).lexically_normal().generic_string();
    for (const std::string& candidate : {include.header, "tests/" + include.header, beside})
        if (tree.contains(candidate)) return candidate;
    return std::nullopt;
}

/// Files that the build writes: they hold nothing that is not in a source.
bool isGenerated(std::string_view header) {
    return header.ends_with(".moc") || header.starts_with("moc_");
}

std::vector<Violation> checkIncludesOf(const Tree& tree, const std::string& file, const Layer& layer,
                                       const QtModuleOf& qtModuleOf) {
    std::vector<Violation> found;
    for (const Include& include : includesOf(tree.at(file))) {
        if (isGenerated(include.header)) continue;
        if (const auto target = resolve(tree, file, include)) {
            const Layer* other = layerOf(*target);
            if (isBelow(file, "tests") && isBelow(*target, "tests")) continue;
            if (other && !allowsFolder(layer, other->folder))
                found.push_back({file, include.line, "folder",
                                 std::string(layer.folder) + " may not use " + std::string(other->folder) +
                                     " (" + include.header + ")"});
            continue;
        }
        const std::string library = libraryOf(include.header, qtModuleOf);
        if (library == "unknown")
            found.push_back(
                {file, include.line, "unknown-header",
                 include.header + " is not in the checkout, and belongs to no library of the table"});
        else if (!allowsLibrary(layer, library))
            found.push_back(
                {file, include.line, "library",
                 std::string(layer.folder) + " may not use " + library + " (" + include.header + ")"});
    }
    return found;
}

/// Private libraries that `file` names itself.
std::set<std::string> namedPrivateLibraries(const Tree& tree, const std::string& file,
                                            const QtModuleOf& qtModuleOf) {
    std::set<std::string> names;
    for (const Include& include : includesOf(tree.at(file))) {
        if (resolve(tree, file, include) || isGenerated(include.header)) continue;
        const std::string library = libraryOf(include.header, qtModuleOf);
        const auto& all = privateLibraries();
        if (std::find(all.begin(), all.end(), library) != all.end()) names.insert(library);
    }
    return names;
}

/// All of our headers that `file` includes, directly or through others, with the line of `file` that leads
/// there.
std::map<std::string, int> reachedHeaders(const Tree& tree, const std::string& file) {
    std::map<std::string, int> reached;
    std::vector<std::pair<std::string, int>> open = {{file, 0}};
    while (!open.empty()) {
        const auto [current, line] = open.back();
        open.pop_back();
        for (const Include& include : includesOf(tree.at(current))) {
            const auto target = resolve(tree, current, include);
            const int origin = current == file ? include.line : line;
            if (target && *target != file && reached.emplace(*target, origin).second)
                open.emplace_back(*target, origin);
        }
    }
    return reached;
}

struct Ban {
    std::string_view word;
    std::vector<std::string_view> onlyBelow; ///< folders where the word is banned; empty: everywhere
    std::vector<std::string_view> exceptBelow;
    std::string_view reason;
};

const std::vector<Ban>& bans() {
    static const std::vector<std::string_view> printing = {"app", "tests/bench"};
    static const std::vector<std::string_view> pixmaps = {
        "viewer/canvas", "ui", "app/desktop", "tests/canvas", "tests/ui", "tests/app", "tests/bench"};
    static const std::string_view noSleep =
        "a test waits for what it wants (QTRY_*, QSignalSpy), it does not sleep";
    static const std::vector<Ban> list = {
        {"processEvents",
         {},
         {},
         "nothing spins the event loop; return to it, or wait for a signal in a test"},
        {"using namespace std;", {}, {}, "name what you use"},
        {"std::cout", {}, printing, "printing belongs to app; return a value, or log through spdlog"},
        {"printf", {}, printing, "printing belongs to app; return a value, or log through spdlog"},
        {"puts", {}, printing, "printing belongs to app; return a value, or log through spdlog"},
        {"QPixmap", {}, pixmaps, "pixmaps belong to the GUI thread; hand a QImage over"},
        {"QThread::sleep", {"tests"}, {}, noSleep},
        {"QThread::msleep", {"tests"}, {}, noSleep},
        {"QThread::usleep", {"tests"}, {}, noSleep},
        {"QTest::qSleep", {"tests"}, {}, noSleep},
    };
    return list;
}

} // namespace

std::string Violation::sentence() const {
    std::string text = file;
    if (line > 0) text.append(":").append(std::to_string(line));
    return text.append(": ").append(message).append(" [").append(rule).append("]");
}

Tree readSources(const fs::path& top) {
    Tree tree;
    for (const char* folder : {"viewer", "inference", "training", "ui", "app", "tests"}) {
        std::error_code ec;
        for (const auto& entry : fs::recursive_directory_iterator(top / folder, ec)) {
            const fs::path extension = entry.path().extension();
            if (!entry.is_regular_file() || (extension != ".cpp" && extension != ".h")) continue;
            std::ifstream in(entry.path(), std::ios::binary);
            std::ostringstream text;
            text << in.rdbuf();
            tree[entry.path().lexically_relative(top).generic_string()] = text.str();
        }
    }
    return tree;
}

std::vector<Violation> checkIncludes(const Tree& tree, const QtModuleOf& qtModuleOf) {
    std::vector<Violation> found;
    for (const auto& [file, text] : tree) {
        const Layer* layer = layerOf(file);
        if (!layer) {
            found.push_back({file, 0, "no-row", "this folder is not in the table of layers"});
            continue;
        }
        const auto here = checkIncludesOf(tree, file, *layer, qtModuleOf);
        found.insert(found.end(), here.begin(), here.end());
    }
    return found;
}

std::vector<Violation> checkReach(const Tree& tree, const QtModuleOf& qtModuleOf) {
    std::map<std::string, std::set<std::string>> named;
    for (const auto& [file, text] : tree)
        named[file] = namedPrivateLibraries(tree, file, qtModuleOf);
    std::vector<Violation> found;
    for (const auto& [file, text] : tree) {
        const Layer* layer = layerOf(file);
        if (!layer) continue;
        for (const auto& [header, line] : reachedHeaders(tree, file))
            for (const std::string& library : named[header])
                if (!allowsLibrary(*layer, library))
                    found.push_back({file, line, "private-library",
                                     std::string(layer->folder) + " may not see " + library +
                                         ", which reaches it through " + header});
    }
    return found;
}

std::vector<Violation> checkBans(const Tree& tree) {
    std::vector<Violation> found;
    for (const auto& [file, text] : tree) {
        const std::string code = withoutCommentsAndStrings(text);
        int number = 0;
        for (const std::string_view line : linesOf(code)) {
            ++number;
            for (const Ban& ban : bans()) {
                if (!hasWord(line, ban.word) || isBelowAny(file, ban.exceptBelow)) continue;
                if (!ban.onlyBelow.empty() && !isBelowAny(file, ban.onlyBelow)) continue;
                found.push_back(
                    {file, number, "ban", std::string(ban.word) + ": " + std::string(ban.reason)});
            }
        }
    }
    return found;
}

std::vector<Violation> checkShape(const Tree& tree) {
    std::vector<Violation> found;
    for (const auto& [file, text] : tree) {
        const std::size_t lines = linesOf(text).size();
        if (lines > longestFile)
            found.push_back(
                {file, 0, "length", std::to_string(lines) + " lines; split it (the limit is 500)"});
        if (!file.ends_with(".h")) continue;
        if (text.find("#pragma once") == std::string::npos)
            found.push_back({file, 0, "pragma-once", "a header starts with #pragma once"});
        if (!isBelow(file, "tests") && text.find("///") == std::string::npos)
            found.push_back({file, 0, "comment", "a public header documents what it declares (///)"});
    }
    return found;
}

std::vector<Violation> checkAll(const Tree& tree, const QtModuleOf& qtModuleOf) {
    std::vector<Violation> all = checkIncludes(tree, qtModuleOf);
    for (const auto& more : {checkReach(tree, qtModuleOf), checkBans(tree), checkShape(tree)})
        all.insert(all.end(), more.begin(), more.end());
    std::stable_sort(all.begin(), all.end(), [](const Violation& a, const Violation& b) {
        return std::tie(a.file, a.line) < std::tie(b.file, b.line);
    });
    return all;
}

} // namespace spotglass::layers
