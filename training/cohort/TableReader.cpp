#include "training/cohort/TableReader.h"

#include "viewer/base/Files.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <zlib.h>

namespace spotglass {

struct TableReader::Stream {
    gzFile file = nullptr;
    std::string buffer; // unread bytes are [begin, buffer.size())
    std::size_t begin = 0;
    bool ended = false;

    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() {
        if (file) gzclose(file);
    }
};

TableReader::TableReader(std::filesystem::path path, std::unique_ptr<Stream> stream)
    : path_(std::move(path)), stream_(std::move(stream)) {}
TableReader::TableReader(TableReader&&) noexcept = default;
TableReader& TableReader::operator=(TableReader&&) noexcept = default;
TableReader::~TableReader() = default;

Result<TableReader> TableReader::open(const std::filesystem::path& path) {
    if (auto ok = checkReadable(path); !ok) return Failure(ok.error());
    auto stream = std::make_unique<Stream>();
    stream->file = gzopen(path.string().c_str(), "rb");
    if (!stream->file) return badInput("this file cannot be opened", path.string());
    gzbuffer(stream->file, 1u << 18);
    return TableReader(path, std::move(stream));
}

Failure TableReader::failure(std::string what, std::string hint) const {
    return badInput(std::move(what), path_.string(), std::move(hint));
}

Result<bool> TableReader::nextLine(std::string_view& text) {
    constexpr std::size_t chunk = 1u << 18;
    constexpr std::size_t longestLine = 1u << 28;
    Stream& s = *stream_;
    std::size_t searched = s.begin;
    for (;;) {
        const void* newline = std::memchr(s.buffer.data() + searched, '\n', s.buffer.size() - searched);
        if (newline || (s.ended && s.begin < s.buffer.size())) {
            const std::size_t end =
                newline ? static_cast<std::size_t>(static_cast<const char*>(newline) - s.buffer.data())
                        : s.buffer.size();
            text = std::string_view(s.buffer).substr(s.begin, end - s.begin);
            s.begin = newline ? end + 1 : end;
            return true;
        }
        if (s.ended) return false;
        s.buffer.erase(0, s.begin);
        s.begin = 0;
        searched = s.buffer.size();
        if (searched > longestLine) return failure("this file is not a table (it has no line ends)");
        s.buffer.resize(searched + chunk);
        const int got = gzread(s.file, s.buffer.data() + searched, static_cast<unsigned>(chunk));
        s.buffer.resize(searched + static_cast<std::size_t>(got > 0 ? got : 0));
        int code = Z_OK;
        if (got < static_cast<int>(chunk)) gzerror(s.file, &code);
        if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
            return failure("the compressed data of this file end too early or are damaged",
                           "Copy it again from where it came from");
        s.ended = got == 0;
    }
}

Result<bool> TableReader::next() {
    for (;;) {
        std::string_view text;
        auto more = nextLine(text);
        if (!more || !*more) return more;
        ++line_;
        if (line_ == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
        if (text.ends_with('\r')) text.remove_suffix(1);
        if (text.empty()) continue;
        if (text.find('\0') != std::string_view::npos)
            return failure("this file is not a text table (line " + std::to_string(line_) + " is binary)");
        if (separator_ == 0) separator_ = text.find('\t') != std::string_view::npos ? '\t' : ',';
        split(text);
        return true;
    }
}

void TableReader::split(std::string_view text) {
    cells_.clear();
    for (std::size_t at = 0;;) {
        if (at < text.size() && text[at] == '"') {
            const std::size_t close = text.find('"', at + 1);
            if (close != std::string_view::npos &&
                (close + 1 == text.size() || text[close + 1] == separator_)) {
                cells_.push_back(text.substr(at + 1, close - at - 1));
                if (close + 1 == text.size()) return;
                at = close + 2;
                continue;
            }
        }
        const std::size_t end = text.find(separator_, at);
        cells_.push_back(text.substr(at, end == std::string_view::npos ? end : end - at));
        if (end == std::string_view::npos) return;
        at = end + 1;
    }
}

std::optional<double> parseNumber(std::string_view cell) {
    if (cell.size() == 1 && cell[0] >= '0' && cell[0] <= '9') return cell[0] - '0'; // nearly every count
    while (!cell.empty() && cell.front() == ' ')
        cell.remove_prefix(1);
    while (!cell.empty() && cell.back() == ' ')
        cell.remove_suffix(1);
    if (cell.size() > 1 && cell[0] == '+' && cell[1] != '-') cell.remove_prefix(1);
    double value = 0;
    const auto [end, problem] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (problem != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

} // namespace spotglass
