#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Just enough of C++'s grammar to read include lines and to find banned names.
namespace spotglass::layers {

/// One `#include` line.
struct Include {
    int line = 0; ///< counted from 1
    std::string header;
    bool quoted = false; ///< "header" rather than <header>
    bool operator==(const Include&) const = default;
};

/// `source` with comments and the contents of string and character literals replaced by blanks; line breaks
/// stay where they were. Knows raw strings and digit separators.
[[nodiscard]] std::string withoutCommentsAndStrings(std::string_view source);

/// The include lines of `source` in order; those inside comments and raw strings are not included.
[[nodiscard]] std::vector<Include> includesOf(std::string_view source);

/// The lines of `text`, without their line breaks.
[[nodiscard]] std::vector<std::string_view> linesOf(std::string_view text);

/// Whether `word` occurs in `text` with no letter, digit or underscore on either side of it. `word` may hold
/// "::".
[[nodiscard]] bool hasWord(std::string_view text, std::string_view word);

} // namespace spotglass::layers
