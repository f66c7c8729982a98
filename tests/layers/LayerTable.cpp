#include "layers/LayerTable.h"

#include <algorithm>
#include <filesystem>
#include <set>

namespace spotglass::layers {
namespace {

using Names = std::vector<std::string_view>;

const Names everything = {"viewer/base",
                          "viewer/slide",
                          "viewer/tiles",
                          "viewer/canvas",
                          "inference/model",
                          "inference/engine",
                          "inference/store",
                          "inference/knowledge",
                          "training/cohort",
                          "training/audit",
                          "training",
                          "training/experiment",
                          "ui",
                          "app/desktop",
                          "app/engine_module",
                          "app/matrix_probe",
                          "app/jobs",
                          "app/cli"};

Layer row(std::string_view folder, Names folders, Names libraries) {
    return {folder, std::move(folders), std::move(libraries)};
}

/// Tests see what the folders they mirror see, those folders themselves, Qt Test, and the helpers of all
/// tests.
Layer tests(std::string_view folder, Names mirrored, Names libraries = {}) {
    Layer layer{folder, {"tests"}, std::move(libraries)};
    layer.libraries.insert(layer.libraries.end(), {"QtTest", "QtCore", "posix"});
    for (const std::string_view name : mirrored) {
        layer.folders.push_back(name);
        const Layer* source = layerOf(name);
        if (!source) continue;
        layer.folders.insert(layer.folders.end(), source->folders.begin(), source->folders.end());
        layer.libraries.insert(layer.libraries.end(), source->libraries.begin(), source->libraries.end());
    }
    return layer;
}

std::vector<Layer> sources() {
    const Names qtGui = {"QtCore", "QtGui"};
    const Names qtWidgets = {"QtCore", "QtGui", "QtWidgets"};
    return {
        row("viewer/base", {}, {"posix", "module-loader"}),
        row("viewer/slide", {"viewer/base"}, {"openslide", "tiff", "jpeg", "lcms", "zlib", "opencv"}),
        row("viewer/tiles", {"viewer/base", "viewer/slide"}, qtGui),
        row("viewer/canvas", {"viewer/base", "viewer/slide", "viewer/tiles"}, qtWidgets),
        row("inference/model", {"viewer/base"}, {"torch"}),
        row("inference/engine", {"viewer/base", "viewer/slide", "inference/model", "inference/store"},
            {"torch", "opencv"}),
        row("inference/store", {"viewer/base"}, {"sqlite", "hdf5", "crypto"}),
        row("inference/knowledge", {"viewer/base", "inference/model", "inference/store"}, {"torch", "curl"}),
        row("training/cohort", {"viewer/base"}, {"zlib", "opencv", "jpeg", "hdf5"}),
        row("training/audit", {"viewer/base", "viewer/slide", "training/cohort"}, {}),
        row("training",
            {"viewer/base", "viewer/slide", "inference/model", "inference/engine", "inference/store",
             "inference/knowledge", "training/cohort"},
            {"torch", "opencv"}),
        row("training/experiment", {"viewer/base", "inference/model", "training", "training/cohort"},
            {"torch"}),
        row("ui", {"viewer/base", "viewer/slide", "viewer/tiles", "viewer/canvas"},
            {"QtCore", "QtGui", "QtWidgets", "QtPrintSupport", "qcustomplot"}),
        row("app/engine_module",
            {"viewer/base", "viewer/slide", "inference/model", "inference/engine", "inference/store",
             "inference/knowledge", "training", "training/cohort", "training/audit", "training/experiment"},
            {"torch", "opencv"}),
        row("app/matrix_probe", {"viewer/base"}, {}),
        row("app/jobs", {"viewer/base", "inference/store"}, {"QtCore"}),
        row("app/cli",
            {"viewer/base", "viewer/slide", "viewer/tiles", "inference/engine", "inference/store",
             "training/cohort", "app/engine_module", "app/jobs"},
            {"cli11", "QtCore", "QtGui", "jpeg"}), // jpeg: the floor beside which the viewer is measured
        row("app/desktop",
            {"viewer/base", "viewer/slide", "viewer/tiles", "viewer/canvas", "inference/engine",
             "inference/store", "training/cohort", "ui", "app/engine_module", "app/jobs"},
            {"QtCore", "QtGui", "QtWidgets", "QtPrintSupport", "QtDBus", "cli11"}),
    };
}

std::vector<Layer> withTests(std::vector<Layer> table) {
    const std::vector<Layer> rows = {
        tests("tests", {}),
        tests("tests/base", {"viewer/base"}),
        tests("tests/slide", {"viewer/slide"}),
        tests("tests/tiles", {"viewer/tiles"}),
        tests("tests/canvas", {"viewer/canvas"}),
        tests("tests/model", {"inference/model"}),
        tests("tests/engine", {"inference/engine"}),
        tests("tests/store", {"inference/store"}),
        tests("tests/knowledge", {"inference/knowledge"}),
        tests("tests/training", {"training", "training/cohort", "training/audit", "training/experiment"},
              {"QtNetwork"}), // to find a free port
        tests("tests/ui", {"ui"}),
        tests("tests/app", {"app/cli", "app/desktop", "app/engine_module", "app/jobs"},
              {"QtNetwork", "QtDBus"}),
        tests("tests/bench", everything, {"torch", "opencv"}),
        tests("tests/layers", {}),
    };
    table.insert(table.end(), rows.begin(), rows.end());
    return table;
}

bool startsWithAny(std::string_view header, const Names& prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view p) { return header.starts_with(p); });
}

bool isStandard(std::string_view header) {
    static const std::set<std::string_view> names = {"algorithm",
                                                     "any",
                                                     "array",
                                                     "atomic",
                                                     "barrier",
                                                     "bit",
                                                     "bitset",
                                                     "charconv",
                                                     "chrono",
                                                     "compare",
                                                     "complex",
                                                     "concepts",
                                                     "condition_variable",
                                                     "coroutine",
                                                     "deque",
                                                     "exception",
                                                     "execution",
                                                     "filesystem",
                                                     "format",
                                                     "forward_list",
                                                     "fstream",
                                                     "functional",
                                                     "future",
                                                     "initializer_list",
                                                     "iomanip",
                                                     "ios",
                                                     "iosfwd",
                                                     "iostream",
                                                     "istream",
                                                     "iterator",
                                                     "latch",
                                                     "limits",
                                                     "list",
                                                     "locale",
                                                     "map",
                                                     "memory",
                                                     "memory_resource",
                                                     "mutex",
                                                     "new",
                                                     "numbers",
                                                     "numeric",
                                                     "optional",
                                                     "ostream",
                                                     "queue",
                                                     "random",
                                                     "ranges",
                                                     "ratio",
                                                     "regex",
                                                     "semaphore",
                                                     "set",
                                                     "shared_mutex",
                                                     "source_location",
                                                     "span",
                                                     "sstream",
                                                     "stack",
                                                     "stdexcept",
                                                     "stop_token",
                                                     "streambuf",
                                                     "string",
                                                     "string_view",
                                                     "system_error",
                                                     "thread",
                                                     "tuple",
                                                     "type_traits",
                                                     "typeindex",
                                                     "typeinfo",
                                                     "unordered_map",
                                                     "unordered_set",
                                                     "utility",
                                                     "valarray",
                                                     "variant",
                                                     "vector",
                                                     "version",
                                                     "cassert",
                                                     "cctype",
                                                     "cerrno",
                                                     "cfenv",
                                                     "cfloat",
                                                     "cinttypes",
                                                     "climits",
                                                     "clocale",
                                                     "cmath",
                                                     "csetjmp",
                                                     "csignal",
                                                     "cstdarg",
                                                     "cstddef",
                                                     "cstdint",
                                                     "cstdio",
                                                     "cstdlib",
                                                     "cstring",
                                                     "ctime",
                                                     "cuchar",
                                                     "cwchar",
                                                     "cwctype",
                                                     "immintrin.h"};
    return names.contains(header);
}

/// "opencv2/core/mat.hpp" belongs to the module core. Only core, imgproc and imgcodecs may be used.
bool isAllowedOpenCv(std::string_view header) {
    return startsWithAny(header, {"opencv2/core", "opencv2/imgproc", "opencv2/imgcodecs"});
}

} // namespace

const std::vector<Layer>& layerTable() {
    static const std::vector<Layer> table = withTests(sources());
    return table;
}

const Layer* layerOf(std::string_view path) {
    // Rows of tests are made from the rows of the sources while the table is being built, hence not
    // layerTable() there.
    static const std::vector<Layer> sourceRows = sources();
    const auto deepest = [path](const std::vector<Layer>& table) {
        const Layer* best = nullptr;
        for (const Layer& layer : table) {
            const bool inside = path == layer.folder || (path.starts_with(layer.folder) &&
                                                         path.substr(layer.folder.size()).starts_with('/'));
            if (inside && (!best || layer.folder.size() > best->folder.size())) best = &layer;
        }
        return best;
    };
    return path == "tests" || path.starts_with("tests/") ? deepest(layerTable()) : deepest(sourceRows);
}

bool allowsFolder(const Layer& layer, std::string_view folder) {
    return folder == layer.folder ||
           std::find(layer.folders.begin(), layer.folders.end(), folder) != layer.folders.end();
}

bool allowsLibrary(const Layer& layer, std::string_view library) {
    static const Names everywhere = {"standard", "expected", "spdlog", "json"};
    const auto has = [library](const Names& names) {
        return std::find(names.begin(), names.end(), library) != names.end();
    };
    return has(everywhere) || has(layer.libraries);
}

std::string installedQtModuleOf(std::string_view header) {
    if (!header.starts_with('Q') && !header.starts_with('q')) return "";
    std::error_code ec;
    for (const auto& module : std::filesystem::directory_iterator(QT_HEADER_DIR, ec))
        if (std::filesystem::exists(module.path() / header)) return module.path().filename().string();
    return "";
}

std::string libraryOf(std::string_view header, const QtModuleOf& qtModuleOf) {
    if (isStandard(header)) return "standard";
    if (header == "tl/expected.hpp") return "expected";
    if (startsWithAny(header, {"spdlog/", "fmt/"})) return "spdlog";
    if (startsWithAny(header, {"nlohmann/"})) return "json";
    if (startsWithAny(header, {"torch/", "ATen/", "c10/", "caffe2/"})) return "torch";
    if (startsWithAny(header, {"opencv2/"})) return isAllowedOpenCv(header) ? "opencv" : "unknown";
    if (startsWithAny(header, {"openslide"})) return "openslide";
    if (startsWithAny(header, {"tiff"})) return "tiff";
    if (startsWithAny(header, {"jpeglib", "jerror.h", "turbojpeg"})) return "jpeg";
    if (startsWithAny(header, {"lcms2"})) return "lcms";
    if (startsWithAny(header, {"sqlite3"})) return "sqlite";
    if (startsWithAny(header, {"hdf5", "H5"})) return "hdf5";
    if (startsWithAny(header, {"CLI/"})) return "cli11";
    if (startsWithAny(header, {"curl/"})) return "curl";
    if (startsWithAny(header, {"openssl/"})) return "crypto";
    if (header == "zlib.h") return "zlib";
    if (header == "dlfcn.h") return "module-loader";
    if (header == "qcustomplot.h") return "qcustomplot";
    if (startsWithAny(header, {"sys/", "linux/", "unistd.h", "fcntl.h", "pthread.h", "sched.h", "signal.h",
                               "spawn.h", "poll.h", "malloc.h"}))
        return "posix";
    const std::size_t slash = header.find('/');
    if (slash != std::string_view::npos && header.starts_with("Qt"))
        return std::string(header.substr(0, slash));
    const std::string module = qtModuleOf(header);
    return module.empty() ? "unknown" : module;
}

const std::vector<std::string_view>& privateLibraries() {
    static const Names names = {"torch", "sqlite", "hdf5", "openslide", "tiff",
                                "jpeg",  "lcms",   "curl", "crypto"};
    return names;
}

} // namespace spotglass::layers
