#include "training/cohort/AnnDataFrame.h"

#include "training/cohort/TableReader.h"

#include <cmath>
#include <limits>

namespace spotglass {
namespace {

constexpr const char* saveAgain = "Open it once with a current anndata and save it again";

} // namespace

Result<AnnDataFrame> AnnDataFrame::open(const Hdf5File& file, const std::string& group) {
    if (file.hasDataset(group)) return file.failure("this file was written by anndata before 0.7", saveAgain);
    if (!file.hasGroup(group))
        return file.failure("this file has no \"" + group + "\"",
                            "An .h5ad file of anndata has \"obs\" (spots) and \"var\" (genes) in it");
    AnnDataFrame frame(file, group);
    std::string name = file.textAttribute(group, "_index").value_or("");
    if (name.empty()) name = file.hasDataset(group + "/_index") ? "_index" : "index";
    auto index =
        frame.column<std::string>(name, "", [&](const std::string& dataset) { return file.texts(dataset); });
    if (!index) return Failure(index.error());
    frame.index_ = std::move(*index);
    return frame;
}

bool AnnDataFrame::has(const std::string& name) const {
    return file_->hasDataset(group_ + "/" + name) || file_->hasGroup(group_ + "/" + name);
}

/// The dataset with the categories of a column; nothing when it has none.
std::optional<std::string> AnnDataFrame::categoriesOf(const std::string& name) const {
    const std::string path = group_ + "/" + name;
    if (file_->hasDataset(path + "/categories")) return path + "/categories";
    const std::string old = group_ + "/__categories/" + name; // anndata 0.7
    return file_->hasDataset(path) && file_->hasDataset(old) ? std::optional(old) : std::nullopt;
}

template <typename Value, typename Read>
Result<std::vector<Value>> AnnDataFrame::column(const std::string& name, Value missing,
                                                const Read& read) const {
    const std::string path = group_ + "/" + name;
    Result<std::vector<Value>> values = std::vector<Value>();
    if (const auto categories = categoriesOf(name)) {
        const auto codes = file_->numbers(file_->hasDataset(path) ? path : path + "/codes");
        if (!codes) return Failure(codes.error());
        const auto kinds = read(*categories);
        if (!kinds) return Failure(kinds.error());
        for (const double code : *codes) {
            if (!(code >= -1) || code >= static_cast<double>(kinds->size()))
                return file_->failure("the column \"" + path + "\" in this file is damaged", saveAgain);
            values->push_back(code < 0 ? missing : (*kinds)[static_cast<std::size_t>(code)]);
        }
    } else if (file_->hasDataset(path + "/values")) { // with a mask of what is missing
        values = read(path + "/values");
        if (!values) return values;
        const auto mask = file_->numbers(path + "/mask");
        if (!mask) return Failure(mask.error());
        if (mask->size() != values->size())
            return file_->failure("the column \"" + path + "\" in this file is damaged", saveAgain);
        for (std::size_t i = 0; i < mask->size(); ++i)
            if ((*mask)[i] != 0) (*values)[i] = missing;
    } else {
        values = read(path);
        if (!values) return values;
    }
    if (!index_.empty() && values->size() != index_.size())
        return file_->failure("the column \"" + path + "\" in this file has " +
                                  std::to_string(values->size()) + " values, the table " +
                                  std::to_string(index_.size()),
                              saveAgain);
    return values;
}

Result<std::vector<std::string>> AnnDataFrame::texts(const std::string& name) const {
    return column<std::string>(name, "", [&](const std::string& dataset) { return file_->texts(dataset); });
}

Result<std::vector<double>> AnnDataFrame::numbers(const std::string& name) const {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    return column<double>(name, nan, [&](const std::string& dataset) -> Result<std::vector<double>> {
        auto values = file_->numbers(dataset);
        if (values) return values;
        const auto texts = file_->texts(dataset); // "0" and "1" as categories
        if (!texts) return values;
        std::vector<double> parsed;
        for (const std::string& text : *texts)
            parsed.push_back(parseNumber(text).value_or(nan));
        return parsed;
    });
}

Result<std::vector<std::string>> AnnDataFrame::firstTexts(const std::vector<std::string>& columns) const {
    for (const std::string& name : columns)
        if (has(name)) return texts(name);
    return std::vector<std::string>(index_.size());
}

} // namespace spotglass
