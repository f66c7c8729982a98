#pragma once

#include "training/cohort/Hdf5File.h"

#include <optional>
#include <string>
#include <vector>

namespace spotglass {

/// One of the tables of an .h5ad file ("obs", "var", "raw/var"), as anndata 0.7 and later write them. Refers
/// to the file, which must outlive it. Every function blocks on disk.
class AnnDataFrame {
  public:
    /// BadInput when there is no such table, or it is of anndata before 0.7.
    [[nodiscard]] static Result<AnnDataFrame> open(const Hdf5File& file, const std::string& group);

    /// Names of the rows.
    [[nodiscard]] const std::vector<std::string>& index() const { return index_; }

    [[nodiscard]] bool has(const std::string& column) const;

    /// A column of texts or of categories, missing ones empty. BadInput when it is of another kind, or not as
    /// long as the index.
    [[nodiscard]] Result<std::vector<std::string>> texts(const std::string& column) const;

    /// A column of numbers, booleans or categories that are numbers; missing ones NaN. BadInput as texts().
    [[nodiscard]] Result<std::vector<double>> numbers(const std::string& column) const;

    /// The first of these columns that is there, as texts; empty texts when none is.
    [[nodiscard]] Result<std::vector<std::string>> firstTexts(const std::vector<std::string>& columns) const;

  private:
    AnnDataFrame(const Hdf5File& file, std::string group) : file_(&file), group_(std::move(group)) {}
    [[nodiscard]] std::optional<std::string> categoriesOf(const std::string& column) const;
    template <typename Value, typename Read>
    [[nodiscard]] Result<std::vector<Value>> column(const std::string& name, Value missing,
                                                    const Read& read) const;

    const Hdf5File* file_;
    std::string group_;
    std::vector<std::string> index_;
};

} // namespace spotglass
