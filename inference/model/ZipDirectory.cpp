#include "inference/model/ZipDirectory.h"

#include "viewer/base/Files.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace spotglass {
namespace {

constexpr std::uint64_t kDirectoryLimit = 64ull << 20;
constexpr std::uint64_t kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20, kEntrySize = 46, kLocalSize = 30;
const std::string kHint = "Copy it again from where it came from";

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    return value;
}

std::optional<std::string> readAt(std::ifstream& in, std::uint64_t at, std::uint64_t count) {
    std::string bytes(static_cast<std::size_t>(count), '\0');
    in.clear();
    in.seekg(static_cast<std::streamoff>(at));
    in.read(bytes.data(), static_cast<std::streamsize>(count));
    if (in.gcount() != static_cast<std::streamsize>(count)) return std::nullopt;
    return bytes;
}

/// Where the central directory lies.
struct Extent {
    std::uint64_t begin = 0, size = 0, entries = 0, end = 0;
};

/// Finds the end record, which a comment of up to 64 KiB may follow, and its ZIP64 form where that is used.
std::optional<Extent> findDirectory(std::ifstream& in, std::uint64_t fileSize) {
    if (fileSize < kEndSize) return std::nullopt;
    const std::uint64_t tailSize = std::min<std::uint64_t>(fileSize, kEndSize + 0xFFFF);
    const auto tail = readAt(in, fileSize - tailSize, tailSize);
    if (!tail) return std::nullopt;
    const std::size_t at = tail->rfind("PK\x05\x06", tail->size() - kEndSize);
    if (at == std::string::npos || at + kEndSize + number(*tail, at + 20, 2) != tail->size())
        return std::nullopt;
    Extent extent{number(*tail, at + 16, 4), number(*tail, at + 12, 4), number(*tail, at + 10, 2),
                  fileSize - tailSize + at};
    if (extent.begin == 0xFFFFFFFF || extent.size == 0xFFFFFFFF || extent.entries == 0xFFFF) {
        if (extent.end < kLocatorSize + kEnd64Size) return std::nullopt;
        const auto locator = readAt(in, extent.end - kLocatorSize, kLocatorSize);
        if (!locator || !locator->starts_with("PK\x06\x07")) return std::nullopt;
        const std::uint64_t end64 = number(*locator, 8, 8);
        if (end64 > extent.end - kLocatorSize - kEnd64Size) return std::nullopt;
        const auto record = readAt(in, end64, kEnd64Size);
        if (!record || !record->starts_with("PK\x06\x06")) return std::nullopt;
        extent = {number(*record, 48, 8), number(*record, 40, 8), number(*record, 32, 8), end64};
    }
    if (extent.begin > extent.end || extent.size > extent.end - extent.begin ||
        extent.size > kDirectoryLimit || extent.entries > extent.size / kEntrySize)
        return std::nullopt;
    return extent;
}

/// An entry's fields that did not fit 32 bits stand, in this order, in the extra field 1.
bool readZip64(std::string_view extra, std::uint64_t& plainSize, ZipEntry& entry) {
    while (extra.size() >= 4) {
        const std::uint64_t length = number(extra, 2, 2);
        if (length > extra.size() - 4) return false;
        if (number(extra, 0, 2) == 1) {
            std::string_view field = extra.substr(4, length);
            for (std::uint64_t* value : {&plainSize, &entry.size, &entry.header}) {
                if (*value != 0xFFFFFFFF) continue;
                if (field.size() < 8) return false;
                *value = number(field, 0, 8);
                field.remove_prefix(8);
            }
            return true;
        }
        extra.remove_prefix(4 + length);
    }
    return plainSize != 0xFFFFFFFF && entry.size != 0xFFFFFFFF && entry.header != 0xFFFFFFFF;
}

bool staysInside(std::string_view name) {
    if (name.empty() || name.front() == '/') return false;
    if (name.find_first_of(std::string_view("\\:\0", 3)) != std::string_view::npos) return false;
    for (std::size_t begin = 0; begin <= name.size();) {
        const std::size_t end = std::min(name.find('/', begin), name.size());
        if (name.substr(begin, end - begin) == "..") return false;
        begin = end + 1;
    }
    return true;
}

/// Parses every entry; the sentence says what is wrong.
Result<std::map<std::string, ZipEntry>> parseEntries(std::string_view bytes, const Extent& extent,
                                                     const std::string& file) {
    const auto damaged = [&] { return badInput("its table of contents is damaged", file, kHint); };
    std::map<std::string, ZipEntry> entries;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> spans;
    for (std::uint64_t i = 0; i < extent.entries; ++i) {
        if (bytes.size() < kEntrySize || !bytes.starts_with("PK\x01\x02")) return damaged();
        const std::uint64_t nameSize = number(bytes, 28, 2), extraSize = number(bytes, 30, 2);
        const std::uint64_t whole = kEntrySize + nameSize + extraSize + number(bytes, 32, 2);
        if (whole > bytes.size()) return damaged();
        const std::string name(bytes.substr(kEntrySize, nameSize));
        ZipEntry entry{number(bytes, 42, 4), number(bytes, 20, 4),
                       number(bytes, 10, 2) == 0 && (number(bytes, 8, 2) & 1) == 0};
        std::uint64_t plainSize = number(bytes, 24, 4);
        if (!readZip64(bytes.substr(kEntrySize + nameSize, extraSize), plainSize, entry)) return damaged();
        if (!staysInside(name))
            return badInput("one of its parts has a name that leaves the archive's folder", file,
                            "No program writes such a file by accident: do not use it");
        const std::uint64_t least = kLocalSize + nameSize;
        if (entry.header > extent.begin || extent.begin - entry.header < least ||
            extent.begin - entry.header - least < entry.size || (entry.stored && plainSize != entry.size))
            return damaged();
        spans.emplace_back(entry.header, entry.header + least + entry.size);
        if (!entries.emplace(name, entry).second)
            return badInput("it holds two parts of the same name", file, kHint);
        bytes.remove_prefix(whole);
    }
    std::sort(spans.begin(), spans.end());
    for (std::size_t i = 1; i < spans.size(); ++i)
        if (spans[i].first < spans[i - 1].second) return badInput("its parts overlap", file, kHint);
    return entries;
}

} // namespace

Result<ZipDirectory> ZipDirectory::read(const std::filesystem::path& path) {
    const std::string file = path.string();
    if (auto ok = checkReadable(path); !ok) return Failure(ok.error());
    std::error_code ec;
    const std::uint64_t fileSize = std::filesystem::file_size(path, ec);
    std::ifstream in(path, std::ios::binary);
    if (ec || !in) return badInput("this file cannot be read", file, kHint);
    const auto extent = findDirectory(in, fileSize);
    if (!extent)
        return badInput("this archive has no table of contents; it is truncated or damaged", file, kHint);
    const auto bytes = readAt(in, extent->begin, extent->size);
    if (!bytes) return badInput("this file could not be read to its end", file, kHint);
    auto entries = parseEntries(*bytes, *extent, file);
    if (!entries) return Failure(entries.error());
    ZipDirectory directory;
    directory.file_ = path;
    directory.directoryBegin_ = extent->begin;
    directory.entries_ = std::move(*entries);
    return directory;
}

Result<std::uint64_t> ZipDirectory::dataBegin(const std::string& name) const {
    const std::string file = file_.string();
    const auto found = entries_.find(name);
    if (found == entries_.end()) return badInput("its part " + name + " is missing", file, kHint);
    const ZipEntry& entry = found->second;
    if (!entry.stored)
        return badInput("its part " + name + " is compressed or encrypted, which PyTorch never does", file,
                        kHint);
    std::ifstream in(file_, std::ios::binary);
    const auto local = readAt(in, entry.header, kLocalSize);
    if (!local || !local->starts_with("PK\x03\x04"))
        return badInput("its part " + name + " is not where the table of contents says", file, kHint);
    // The extra field in front of the data may differ from the one in the table of contents: PyTorch pads
    // with it.
    const std::uint64_t begin = entry.header + kLocalSize + number(*local, 26, 2) + number(*local, 28, 2);
    if (begin > directoryBegin_ || entry.size > directoryBegin_ - begin)
        return badInput("its part " + name + " runs past its end", file, kHint);
    return begin;
}

} // namespace spotglass
