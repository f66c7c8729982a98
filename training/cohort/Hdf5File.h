#pragma once

#include "viewer/base/Result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spotglass {

/// An HDF5 file that is only read, as 10x Genomics and AnnData write them. The file may come from anywhere:
/// what it says about itself is compared with its size before memory is taken, and data that lie in other
/// files are refused. Paths are those inside the file ("matrix/data"). Safe on several threads (one at a time
/// reads); every function blocks on disk.
class Hdf5File {
  public:
    /// BadInput when the file is missing, empty, truncated or not HDF5.
    [[nodiscard]] static Result<Hdf5File> open(const std::filesystem::path& path);

    [[nodiscard]] bool hasGroup(const std::string& path) const;
    [[nodiscard]] bool hasDataset(const std::string& path) const;

    /// Names of what lies in a group, sorted; empty when there is no such group.
    [[nodiscard]] std::vector<std::string> members(const std::string& group) const;

    /// Extent of a dataset in every dimension (none for a single value). BadInput when there is no such
    /// dataset, or when it claims more values than a file of this size can hold.
    [[nodiscard]] Result<std::vector<std::uint64_t>> shape(const std::string& dataset) const;

    /// A dataset of numbers of any width (or booleans), row-major. BadInput as shape(), also for what are no
    /// numbers and for damaged data.
    [[nodiscard]] Result<std::vector<double>> numbers(const std::string& dataset) const;

    /// As numbers(), `count` entries of the first dimension from `from` on. BadInput when they do not exist.
    [[nodiscard]] Result<std::vector<double>> numbers(const std::string& dataset, std::uint64_t from,
                                                      std::uint64_t count) const;

    /// A one-dimensional dataset of texts (of fixed or variable length), or of whole numbers written as text.
    /// BadInput as numbers().
    [[nodiscard]] Result<std::vector<std::string>> texts(const std::string& dataset) const;

    /// A text that is attached to a group or dataset; nothing when there is none of that name and kind.
    [[nodiscard]] std::optional<std::string> textAttribute(const std::string& object,
                                                           const std::string& name) const;

    /// Numbers attached to a group or dataset; empty when there are none of that name.
    [[nodiscard]] std::vector<double> numberAttribute(const std::string& object,
                                                      const std::string& name) const;

    /// A BadInput failure about this file.
    [[nodiscard]] Failure failure(std::string what, std::string hint = {}) const;

    [[nodiscard]] const std::filesystem::path& path() const;

  private:
    struct Data;
    explicit Hdf5File(std::shared_ptr<const Data> data);
    std::shared_ptr<const Data> data_;
};

} // namespace spotglass
