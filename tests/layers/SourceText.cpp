#include "layers/SourceText.h"

#include <algorithm>
#include <cctype>

namespace spotglass::layers {
namespace {

bool isWordCharacter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

void blank(std::string& text, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, text.size()); ++i)
        if (text[i] != '\n') text[i] = ' ';
}

/// The end of a literal that starts with `quote` at `start`: one past the closing quote, or the end of the
/// line.
std::size_t endOfLiteral(std::string_view text, std::size_t start, char quote) {
    std::size_t i = start + 1;
    while (i < text.size() && text[i] != quote && text[i] != '\n')
        i += text[i] == '\\' ? 2 : 1;
    return std::min(i + 1, text.size());
}

/// The end of a raw string whose opening quote is at `quote`: one past its closing quote.
std::size_t endOfRawString(std::string_view text, std::size_t quote) {
    const std::size_t open = text.find('(', quote);
    if (open == std::string_view::npos) return text.size();
    std::string close(text.substr(quote + 1, open - quote - 1));
    close.insert(close.begin(), ')');
    close += '"';
    const std::size_t end = text.find(close, open);
    return end == std::string_view::npos ? text.size() : end + close.size();
}

bool startsRawString(std::string_view text, std::size_t quote) {
    if (quote == 0 || text[quote - 1] != 'R') return false;
    return quote == 1 || !isWordCharacter(text[quote - 2]) || text[quote - 2] == '8' ||
           text[quote - 2] == 'u' || text[quote - 2] == 'U' || text[quote - 2] == 'L';
}

/// Whether the line that holds `position` is an include line up to there.
bool isIncludeLine(std::string_view text, std::size_t position) {
    const std::size_t start = text.rfind('\n', position) + 1; // npos + 1 is 0
    std::string_view line = text.substr(start, position - start);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with('#')) return false;
    line.remove_prefix(1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line.starts_with("include");
}

} // namespace

std::string withoutCommentsAndStrings(std::string_view source) {
    std::string text(source);
    std::size_t i = 0;
    while (i < source.size()) {
        const std::string_view rest = source.substr(i);
        std::size_t end = i + 1;
        if (rest.starts_with("//")) {
            end = std::min(source.find('\n', i), source.size());
            blank(text, i, end);
        } else if (rest.starts_with("/*")) {
            const std::size_t close = source.find("*/", i + 2);
            end = close == std::string_view::npos ? source.size() : close + 2;
            blank(text, i, end);
        } else if (rest.starts_with('"') && startsRawString(source, i)) {
            end = endOfRawString(source, i);
            blank(text, i + 1, end - 1);
        } else if (rest.starts_with('"')) {
            end = endOfLiteral(source, i, '"');
            if (!isIncludeLine(source, i)) blank(text, i + 1, end - 1);
        } else if (rest.starts_with('\'') && (i == 0 || !isWordCharacter(source[i - 1]))) {
            end = endOfLiteral(source, i, '\'');
            blank(text, i + 1, end - 1);
        }
        i = end;
    }
    return text;
}

std::vector<Include> includesOf(std::string_view source) {
    const std::string text = withoutCommentsAndStrings(source);
    std::vector<Include> found;
    int number = 0;
    for (std::string_view line : linesOf(text)) {
        ++number;
        const std::size_t open = line.find_first_of("<\"");
        if (open == std::string_view::npos || !isIncludeLine(line, open)) continue;
        const bool quoted = line[open] == '"';
        const std::size_t close = line.find(quoted ? '"' : '>', open + 1);
        if (close == std::string_view::npos) continue;
        found.push_back({number, std::string(line.substr(open + 1, close - open - 1)), quoted});
    }
    return found;
}

std::vector<std::string_view> linesOf(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

bool hasWord(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const bool before = at > 0 && isWordCharacter(text[at - 1]);
        const bool after = at + word.size() < text.size() && isWordCharacter(text[at + word.size()]);
        if (!before && !after) return true;
    }
    return false;
}

} // namespace spotglass::layers
