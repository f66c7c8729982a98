#pragma once

#include "viewer/base/Result.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotglass {

/// Reads a tab- or comma-separated table line by line, plain or gzip-compressed (told by content, not by
/// name). Tolerates CRLF, a byte-order mark, quoted cells and empty lines. One thread; blocking on disk.
class TableReader {
  public:
    /// BadInput when the file is missing, empty or unreadable. Reads nothing yet.
    [[nodiscard]] static Result<TableReader> open(const std::filesystem::path& path);

    TableReader(TableReader&&) noexcept;
    TableReader& operator=(TableReader&&) noexcept;
    ~TableReader();

    /// Splits the next non-empty line into cells(); false at the end of the file. The first line read decides
    /// the separator: a tab if it has one, otherwise a comma. BadInput when the compressed data are broken or
    /// truncated.
    [[nodiscard]] Result<bool> next();

    /// Cells of the line read last, without quotes; valid until the next call of next().
    [[nodiscard]] const std::vector<std::string_view>& cells() const { return cells_; }

    /// Number of the line read last, counted from 1.
    [[nodiscard]] std::size_t line() const { return line_; }

    /// A BadInput failure about this file.
    [[nodiscard]] Failure failure(std::string what, std::string hint = {}) const;

  private:
    struct Stream;
    explicit TableReader(std::filesystem::path path, std::unique_ptr<Stream> stream);
    [[nodiscard]] Result<bool> nextLine(std::string_view& text);
    void split(std::string_view text);

    std::filesystem::path path_;
    std::unique_ptr<Stream> stream_;
    std::vector<std::string_view> cells_;
    std::size_t line_ = 0;
    char separator_ = 0;
};

/// The number that fills the whole cell (blanks around it allowed), decimal or scientific, point as decimal
/// sign. Nothing when there is none, or when it is not finite.
[[nodiscard]] std::optional<double> parseNumber(std::string_view cell);

} // namespace spotglass
