#include "inference/model/SafeTensors.h"

#include "viewer/base/Files.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

namespace spotglass {
namespace {

using Json = nlohmann::json;

struct TypeName {
    TensorType type;
    std::string_view name;
    std::size_t bytes;
};
constexpr std::array<TypeName, 10> kTypes{{{TensorType::F64, "F64", 8},
                                           {TensorType::F32, "F32", 4},
                                           {TensorType::F16, "F16", 2},
                                           {TensorType::BF16, "BF16", 2},
                                           {TensorType::I64, "I64", 8},
                                           {TensorType::I32, "I32", 4},
                                           {TensorType::I16, "I16", 2},
                                           {TensorType::I8, "I8", 1},
                                           {TensorType::U8, "U8", 1},
                                           {TensorType::Bool, "BOOL", 1}}};
constexpr std::uint64_t kHeaderLimit = 100'000'000; // as the format's own reader
constexpr std::uint64_t kFileLimit = 16ull << 30;
const std::string kHint =
    "The file is damaged or was not saved as safetensors; copy it again from where it came from";

/// The header's length, from a file that begins like a safetensors file.
Result<std::uint64_t> readHeaderSize(const std::filesystem::path& path) {
    if (auto ok = checkReadable(path); !ok) return Failure(ok.error());
    std::array<char, 9> start{};
    std::ifstream in(path, std::ios::binary);
    in.read(start.data(), start.size());
    std::uint64_t size = 0;
    std::memcpy(&size, start.data(), 8);
    if (in.gcount() != 9 || size == 0 || size > kHeaderLimit || start[8] != '{')
        return badInput("this is not a safetensors file", path.string(), kHint);
    return size;
}

/// Parses the header and refuses duplicate keys at any depth (a second entry would silently replace the
/// first), and nesting deeper than the format has.
Result<Json> parseHeader(std::string_view text, const std::string& file) {
    std::vector<std::set<std::string>> open;
    bool duplicate = false, deep = false;
    const Json::parser_callback_t watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > 4) deep = true;
        if (deep) return false;
        if (event == Json::parse_event_t::object_start) open.emplace_back();
        if (event == Json::parse_event_t::object_end && !open.empty()) open.pop_back();
        if (event == Json::parse_event_t::key && !open.empty() &&
            !open.back().insert(parsed.get<std::string>()).second)
            duplicate = true;
        return true;
    };
    // The JSON parser takes a zero byte for the end and would not look at what follows.
    const bool zero = text.find('\0') != std::string_view::npos;
    Json header = Json::parse(text.begin(), text.end(), watch, false);
    if (zero || deep || header.is_discarded() || !header.is_object())
        return badInput("its header is not valid JSON", file, kHint);
    if (duplicate) return badInput("its header names a tensor twice", file, kHint);
    return header;
}

Result<TensorEntry> parseEntry(const std::string& tensor, const Json& j, std::size_t bufferSize,
                               const std::string& file) {
    const auto broken = [&](const std::string& why) {
        return badInput("tensor " + tensor + " " + why, file, kHint);
    };
    if (!j.is_object() || !j.contains("dtype") || !j["dtype"].is_string() || !j.contains("shape") ||
        !j["shape"].is_array() || !j.contains("data_offsets") || !j["data_offsets"].is_array() ||
        j["data_offsets"].size() != 2)
        return broken("lacks its type, shape or offsets");
    TensorEntry entry;
    const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& t) {
        return t.name == j["dtype"].get_ref<const std::string&>();
    });
    if (type == kTypes.end()) return broken("has the unknown type " + j["dtype"].get<std::string>());
    entry.type = type->type;
    std::size_t bytes = type->bytes;
    for (const Json& side : j["shape"]) {
        if (!side.is_number_unsigned()) return broken("has a shape that is not made of whole numbers");
        const auto n = side.get<std::uint64_t>();
        if (n > kFileLimit || (n != 0 && bytes > kFileLimit / n))
            return broken("has a shape larger than any file");
        bytes *= n;
        entry.shape.push_back(static_cast<std::int64_t>(n));
    }
    if (!j["data_offsets"][0].is_number_unsigned() || !j["data_offsets"][1].is_number_unsigned())
        return broken("has offsets that are not whole numbers");
    entry.begin = j["data_offsets"][0].get<std::size_t>();
    entry.end = j["data_offsets"][1].get<std::size_t>();
    if (entry.begin > entry.end || entry.end > bufferSize)
        return broken("lies outside the file; the file is truncated");
    if (entry.end - entry.begin != bytes) return broken("has a shape that does not fit its bytes");
    return entry;
}

} // namespace

std::string_view name(TensorType type) {
    return kTypes[static_cast<std::size_t>(type)].name;
}
std::size_t bytesPerElement(TensorType type) {
    return kTypes[static_cast<std::size_t>(type)].bytes;
}
std::size_t TensorEntry::elements() const {
    return (end - begin) / bytesPerElement(type);
}

Result<SafeTensors> SafeTensors::read(const std::filesystem::path& path) {
    const std::string file = path.string();
    // The first bytes tell whether the rest is worth reading: a file chosen by mistake may be a whole slide.
    const auto headerSize = readHeaderSize(path);
    if (!headerSize) return Failure(headerSize.error());
    auto content = readFile(path, kFileLimit);
    if (!content) return Failure(content.error());
    SafeTensors result;
    result.content_ = std::move(*content);
    if (result.content_.size() < 8 || *headerSize > result.content_.size() - 8)
        return badInput("this file is truncated inside its header", file, kHint);
    result.bufferBegin_ = 8 + *headerSize;
    const std::string_view text(result.content_.data() + 8, *headerSize);
    auto header = parseHeader(text, file);
    if (!header) return Failure(header.error());
    const std::size_t bufferSize = result.content_.size() - result.bufferBegin_;
    for (const auto& [key, value] : header->items()) {
        if (key == "__metadata__") {
            if (!value.is_object()) return badInput("its metadata is not a table of texts", file, kHint);
            for (const auto& [k, v] : value.items()) {
                if (!v.is_string()) return badInput("its metadata is not a table of texts", file, kHint);
                result.metadata_[k] = v.get<std::string>();
            }
            continue;
        }
        auto entry = parseEntry(key, value, bufferSize, file);
        if (!entry) return Failure(entry.error());
        result.entries_[key] = std::move(*entry);
    }
    std::vector<std::pair<std::size_t, std::size_t>> spans;
    for (const auto& [key, entry] : result.entries_)
        spans.emplace_back(entry.begin, entry.end);
    std::sort(spans.begin(), spans.end());
    std::size_t at = 0;
    for (const auto& [begin, end] : spans) {
        if (begin != at) return badInput("its tensors overlap or leave holes", file, kHint);
        at = end;
    }
    if (at != bufferSize)
        return badInput("its tensors do not fill the file; it may be truncated", file, kHint);
    return result;
}

std::string_view SafeTensors::bytes(const std::string& tensor) const {
    const auto it = entries_.find(tensor);
    if (it == entries_.end()) return {};
    return std::string_view(content_).substr(bufferBegin_ + it->second.begin,
                                             it->second.end - it->second.begin);
}

Result<std::vector<float>> SafeTensors::floats(const std::string& tensor) const {
    const auto it = entries_.find(tensor);
    if (it == entries_.end()) return badInput("tensor " + tensor + " is missing");
    const std::string_view raw = bytes(tensor);
    std::vector<float> values(it->second.elements());
    if (it->second.type == TensorType::F32) {
        if (!values.empty()) std::memcpy(values.data(), raw.data(), raw.size());
    } else if (it->second.type == TensorType::F64) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            double v;
            std::memcpy(&v, raw.data() + 8 * i, 8);
            values[i] = static_cast<float>(v);
        }
    } else {
        return badInput("tensor " + tensor + " is not of a 32 or 64 bit floating type");
    }
    return values;
}

void SafeTensorsWriter::add(std::string tensor, TensorType type, std::vector<std::int64_t> shape,
                            std::string bytes) {
    tensors_[std::move(tensor)] = {type, std::move(shape), std::move(bytes)};
}

void SafeTensorsWriter::addFloats(std::string tensor, std::vector<std::int64_t> shape,
                                  const std::vector<float>& values) {
    std::string bytes(values.size() * sizeof(float), '\0');
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    add(std::move(tensor), TensorType::F32, std::move(shape), std::move(bytes));
}

void SafeTensorsWriter::setMetadata(std::string key, std::string value) {
    metadata_[std::move(key)] = std::move(value);
}

Result<void> SafeTensorsWriter::write(const std::filesystem::path& file) const {
    static_assert(std::endian::native == std::endian::little);
    Json header = Json::object();
    if (!metadata_.empty()) header["__metadata__"] = metadata_;
    std::size_t at = 0;
    for (const auto& [key, t] : tensors_) {
        header[key] = {
            {"dtype", name(t.type)}, {"shape", t.shape}, {"data_offsets", {at, at + t.bytes.size()}}};
        at += t.bytes.size();
    }
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    std::string content(8, '\0');
    const std::uint64_t size = text.size();
    std::memcpy(content.data(), &size, 8);
    content += text;
    content.reserve(content.size() + at);
    for (const auto& [key, t] : tensors_)
        content += t.bytes;
    return writeFileAtomically(file, content);
}

} // namespace spotglass
