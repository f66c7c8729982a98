#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

namespace spotglass {

/// What kind of failure this is; decides the exit code of the command line (design section 7).
enum class ErrorKind : std::uint8_t {
    Usage,     ///< the request itself makes no sense (exit code 2)
    BadInput,  ///< a file is missing, broken or does not fit (exit code 3)
    Device,    ///< memory, disk or accelerator (exit code 4)
    Cancelled, ///< the user asked to stop (exit code 5)
    Defect     ///< our own mistake (exit code 1)
};

/// A failure as a sentence that a pathologist understands: what happened, to which file, what to do.
struct Error {
    ErrorKind kind = ErrorKind::BadInput;
    std::string what;  ///< what happened, without a full stop at the end
    std::string where; ///< the file or object it happened to; may be empty
    std::string hint;  ///< what to do about it; may be empty

    /// "WHERE: WHAT. HINT." in one line.
    [[nodiscard]] std::string sentence() const;
    [[nodiscard]] int exitCode() const;
};

/// A value, or the error that prevented it. Errors are values inside the libraries; nothing throws across a
/// layer.
template <typename T> using Result = tl::expected<T, Error>;
using Failure = tl::unexpected<Error>;

[[nodiscard]] Failure fail(ErrorKind kind, std::string what, std::string where = {}, std::string hint = {});
[[nodiscard]] Failure badInput(std::string what, std::string where = {}, std::string hint = {});
[[nodiscard]] Failure cancelled();

} // namespace spotglass
