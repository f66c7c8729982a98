// What a configuration says about the panel.
#include "training/cohort/GenePanel.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

namespace spotglass {
namespace {

constexpr std::array<std::pair<const char*, GenePanelMethod>, 3> kMethods = {{
    {"spatially_variable", GenePanelMethod::SpatiallyVariable},
    {"most_variable", GenePanelMethod::MostVariable},
    {"most_expressed", GenePanelMethod::MostExpressed},
}};

Failure wrongKind(const char* key, const char* expected, const std::string& where) {
    return badInput(std::string("the setting panel.") + key + " should be " + expected, where);
}

} // namespace

const char* genePanelMethodName(GenePanelMethod method) {
    for (const auto& [name, value] : kMethods)
        if (value == method) return name;
    return "";
}

Result<GenePanelOptions> parseGenePanelOptions(const nlohmann::json& panel, const std::string& where) {
    if (!panel.is_object()) return badInput("the setting panel should be an object in braces", where);
    static const std::set<std::string> known{"size", "minimum_total", "must_have", "method"};
    for (const auto& [key, value] : panel.items())
        if (!known.contains(key))
            return badInput("the setting panel." + key + " is not known", where, "Check its spelling");
    GenePanelOptions options;
    if (const auto size = panel.find("size"); size != panel.end()) {
        if (!size->is_number_integer() || *size < 1)
            return wrongKind("size", "a whole number of at least 1", where);
        options.size = size->get<std::size_t>();
    }
    if (const auto total = panel.find("minimum_total"); total != panel.end()) {
        if (!total->is_number() || *total < 0) return wrongKind("minimum_total", "a number of counts", where);
        options.minimumTotal = total->get<double>();
    }
    if (const auto must = panel.find("must_have"); must != panel.end()) {
        const bool names = must->is_array() && std::all_of(must->begin(), must->end(),
                                                           [](const auto& g) { return g.is_string(); });
        if (!names) return wrongKind("must_have", "a list of gene names", where);
        options.mustHave = must->get<std::vector<std::string>>();
    }
    if (const auto method = panel.find("method"); method != panel.end()) {
        const std::string asked = method->is_string() ? method->get<std::string>() : method->dump();
        for (const auto& [name, value] : kMethods)
            if (asked == name) {
                options.method = value;
                return options;
            }
        return badInput("panel.method is " + asked +
                            ", which should be one of spatially_variable, most_variable and most_expressed",
                        where);
    }
    return options;
}

} // namespace spotglass
