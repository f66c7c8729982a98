#include "training/experiment/ExperimentGrid.h"

#include "viewer/base/Files.h"

#include <set>

namespace spotglass {
namespace {

using Json = nlohmann::json;

/// A row before its configuration is read.
struct Draft {
    std::string name;
    Json changes;
};

struct Base {
    Json document;
    std::filesystem::path folder; ///< that its paths are relative to
};

Result<Base> readBase(const Json& grid, const std::filesystem::path& file) {
    const auto base = grid.find("base");
    if (base == grid.end())
        return badInput("this grid names no \"base\" configuration", file.string(),
                        "Name a configuration file there, or write the configuration itself");
    if (base->is_object()) return Base{*base, file.parent_path()};
    if (!base->is_string())
        return badInput("\"base\" should be a configuration file or a configuration", file.string());
    const auto path = file.parent_path() / std::filesystem::path(base->get<std::string>());
    auto text = readFile(path);
    if (!text) return Failure(text.error());
    auto document = Json::parse(*text, nullptr, false, true);
    if (!document.is_object()) return badInput("this is not a JSON object", path.string());
    return Base{std::move(document), path.parent_path()};
}

/// In the order of the file, which nlohmann's usual objects do not keep.
Result<std::vector<Draft>> readRows(const nlohmann::ordered_json& grid, const std::string& where) {
    const auto rows = grid.find("rows");
    if (rows == grid.end()) return std::vector<Draft>{{"", Json::object()}};
    if (!rows->is_object() || rows->empty())
        return badInput("\"rows\" should give each row's name its changes", where);
    std::vector<Draft> drafts;
    for (const auto& [name, changes] : rows->items()) {
        if (!changes.is_object())
            return badInput("the changes of row " + name + " are not a JSON object", where);
        drafts.push_back({name, Json(changes)});
    }
    return drafts;
}

std::string shortText(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Every draft with every value of one of the grid's settings.
Result<std::vector<Draft>> combined(const std::vector<Draft>& drafts, const std::string& pointer,
                                    const Json& values, const std::string& where) {
    if (!values.is_array() || values.empty())
        return badInput("the grid's " + pointer + " should be a list of values", where);
    std::vector<Draft> all;
    for (const auto& draft : drafts)
        for (const auto& value : values) {
            auto next = draft;
            try {
                next.changes[Json::json_pointer(pointer)] = value;
            } catch (const Json::exception&) {
                return badInput("the grid's " + pointer + " is not a JSON pointer to a setting", where,
                                "Write it as /learning_rate or /model/fusion");
            }
            const auto setting = pointer.substr(pointer.rfind('/') + 1) + " " + shortText(value);
            next.name += (next.name.empty() ? "" : ", ") + setting;
            all.push_back(std::move(next));
        }
    return all;
}

/// Letters, digits, dots and hyphens of a name; the rest becomes hyphens.
std::string asFolder(const std::string& name) {
    std::string folder;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           (c == '.' && !folder.empty());
        if (plain)
            folder += c;
        else if (!folder.empty() && folder.back() != '-')
            folder += '-';
    }
    while (!folder.empty() && folder.back() == '-')
        folder.pop_back();
    return folder.empty() ? "row" : folder;
}

std::string firstFree(const std::string& folder, std::set<std::string>& taken) {
    auto name = folder;
    for (int n = 2; !taken.insert(name).second; ++n)
        name = folder + "-" + std::to_string(n);
    return name;
}

} // namespace

Result<std::vector<ExperimentRow>> readExperimentGrid(const std::filesystem::path& file) {
    const auto where = file.string();
    auto text = readFile(file);
    if (!text) return Failure(text.error());
    const auto ordered = nlohmann::ordered_json::parse(*text, nullptr, false, true);
    if (!ordered.is_object())
        return badInput("this is not a JSON object", where, "See resources/training/ablations.json");
    const Json grid = ordered;
    for (const auto& [key, value] : grid.items())
        if (key != "base" && key != "rows" && key != "grid")
            return badInput("the setting " + key + " of a grid is not known", where,
                            "A grid has base, rows and grid");
    const auto base = readBase(grid, file);
    if (!base) return Failure(base.error());
    auto read = readRows(ordered, where);
    if (!read) return Failure(read.error());
    auto drafts = std::move(*read);
    const auto settings = grid.value("grid", Json::object());
    if (!settings.is_object()) return badInput("\"grid\" should give each setting its values", where);
    for (const auto& [pointer, values] : settings.items()) {
        auto next = combined(drafts, pointer, values, where);
        if (!next) return Failure(next.error());
        drafts = std::move(*next);
    }
    std::vector<ExperimentRow> rows;
    std::set<std::string> taken;
    for (auto& draft : drafts) {
        if (draft.name.empty()) draft.name = "DKAN";
        auto document = base->document;
        document.merge_patch(draft.changes);
        auto config = parseTrainingConfig(document, base->folder, where + ", row " + draft.name);
        if (!config) return Failure(config.error());
        rows.push_back(
            {draft.name, firstFree(asFolder(draft.name), taken), draft.changes, std::move(*config)});
    }
    return rows;
}

} // namespace spotglass
