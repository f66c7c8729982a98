#include "inference/model/PickledTensors.h"

#include "inference/model/PyTorchNames.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 64;
constexpr std::uint64_t kMostElements = 1ull << 48;
constexpr std::size_t kMostDimensions = 64;
// A list that holds itself twice doubles with every level: what the walk may cost in all, in bytes of result.
constexpr std::uint64_t kWalkBudget = 128ull << 20;
constexpr std::uint64_t kVisitCost = 256, kPairCost = 16;
constexpr std::size_t kLongestKey = 4096;

bool isUtf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80   ? 1
                                   : lead < 0xC2 ? 0
                                   : lead < 0xE0 ? 2
                                   : lead < 0xF0 ? 3
                                   : lead < 0xF5 ? 4
                                                 : 0;
        if (length == 0 || length > text.size() - i) return false;
        std::uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
        for (std::size_t k = 1; k < length; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xC0) != 0x80) return false;
            code = code << 6 | (next & 0x3Fu);
        }
        const bool tooLong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
        if (tooLong || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
        i += length;
    }
    return true;
}

/// JSON needs UTF-8, Python 2 wrote texts in any encoding: what is not UTF-8 is taken as Latin-1.
std::string toUtf8(std::string_view raw) {
    if (isUtf8(raw)) return std::string(raw);
    std::string text;
    for (const char c : raw) {
        const auto code = static_cast<unsigned char>(c);
        if (code >= 0x80) text += static_cast<char>(0xC0 | code >> 6);
        text += static_cast<char>(code < 0x80 ? code : 0x80 | (code & 0x3F));
    }
    return text;
}

/// The bytes behind a text of code points below 256, or nothing.
std::optional<std::string> fromLatin1(std::string_view utf8Text) {
    std::string bytes;
    for (std::size_t i = 0; i < utf8Text.size(); ++i) {
        const auto code = static_cast<unsigned char>(utf8Text[i]);
        if (code < 0x80) {
            bytes += utf8Text[i];
        } else if ((code == 0xC2 || code == 0xC3) && i + 1 < utf8Text.size()) {
            bytes +=
                static_cast<char>((code & 0x03) << 6 | (static_cast<unsigned char>(utf8Text[++i]) & 0x3F));
        } else {
            return std::nullopt;
        }
    }
    return bytes;
}

/// A whole number too large for 64 bits, as near as a double gets.
double bigInteger(std::string_view littleEndian) {
    double value = 0;
    for (std::size_t i = littleEndian.size(); i > 0; --i)
        value = value * 256 + static_cast<unsigned char>(littleEndian[i - 1]);
    const bool negative = !littleEndian.empty() && (littleEndian.back() & 0x80) != 0;
    return negative ? value - std::ldexp(1.0, static_cast<int>(8 * littleEndian.size())) : value;
}

template <typename T> T loaded(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

/// A numpy scalar by its dtype code ("f8"); discarded for the types that are not plain numbers.
Json numpyNumber(std::string_view code, std::string_view bytes) {
    if (code.size() == 2 && code[1] >= '1' && code[1] <= '8' &&
        bytes.size() == static_cast<std::size_t>(code[1] - '0')) {
        if (code == "f8") return loaded<double>(bytes);
        if (code == "f4") return loaded<float>(bytes);
        if (code == "i8") return loaded<std::int64_t>(bytes);
        if (code == "i4") return loaded<std::int32_t>(bytes);
        if (code == "i2") return loaded<std::int16_t>(bytes);
        if (code == "i1") return loaded<std::int8_t>(bytes);
        if (code == "u8") return loaded<std::uint64_t>(bytes);
        if (code == "u4") return loaded<std::uint32_t>(bytes);
        if (code == "u2") return loaded<std::uint16_t>(bytes);
        if (code == "u1") return loaded<std::uint8_t>(bytes);
        if (code == "b1") return bytes[0] != 0;
    }
    return Json(Json::value_t::discarded);
}

std::string below(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
}

/// Shape, strides and offset must stay inside the storage; sets elements.
Result<void> checkExtent(TensorReference& tensor) {
    const auto outside = [&] {
        return badInput("tensor " + tensor.path + " reaches beyond the numbers that the file holds for it");
    };
    const std::uint64_t size = bytesPerElement(tensor.type);
    const std::uint64_t held =
        tensor.storage.untyped ? tensor.storage.elements / size : tensor.storage.elements;
    if (tensor.offset > held) return outside();
    tensor.elements = 1;
    for (const std::int64_t side : tensor.shape) {
        const auto n = static_cast<std::uint64_t>(side);
        if (n != 0 && tensor.elements > kMostElements / n)
            return badInput("tensor " + tensor.path + " has a shape larger than any file");
        tensor.elements *= n;
    }
    if (tensor.elements == 0) return {};
    std::uint64_t last = tensor.offset;
    for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
        const auto steps = static_cast<std::uint64_t>(tensor.shape[d] - 1);
        const auto stride = static_cast<std::uint64_t>(tensor.strides[d]);
        if (steps != 0 && stride > held / steps) return outside();
        last += steps * stride;
        if (last >= held) return outside();
    }
    if (last >= held) return outside();
    return {};
}

class Layout {
  public:
    Layout(const PickleDocument& document, std::uint64_t byteBudget)
        : document_(document), byteBudget_(byteBudget) {}

    Result<PickledContent> run() {
        auto values = visit(document_.root, "", 0);
        if (!values) return Failure(values.error());
        // A discarded value marks a tensor; one alone in the file leaves no values.
        if (!values->is_discarded()) content_.values = std::move(*values);
        return std::move(content_);
    }

  private:
    using Items = std::vector<PickleId>;

    static Failure odd(const std::string& path, const std::string& what) {
        return badInput((path.empty() ? std::string("it") : "its part " + path.substr(0, 200)) + " " + what);
    }

    /// Whoever does work that grows with the file pays for it here, because one node may be reached many
    /// times.
    bool spend(std::uint64_t cost) {
        spent_ += std::min(cost, kWalkBudget);
        return spent_ <= kWalkBudget;
    }
    static Failure exhausted() { return badInput("it holds more objects than any weights file"); }

    [[nodiscard]] const PickleNode& at(PickleId id) const { return document_.at(id); }
    [[nodiscard]] std::string_view global(PickleId id) const {
        return at(id).kind == PickleKind::Global ? at(id).text : std::string_view();
    }
    /// The argument of a call, or a None node.
    [[nodiscard]] PickleId argument(const PickleNode& call, std::size_t index) const {
        const Items& arguments = at(call.arguments).items;
        return index < arguments.size() ? arguments[index] : 0;
    }

    Result<Json> visit(PickleId id, const std::string& path, int depth) {
        const PickleNode& node = at(id);
        const std::uint64_t cost = kVisitCost + path.size() + node.text.size();
        if (depth > kDeepest) return badInput("its objects are nested more deeply than in any weights file");
        if (!spend(cost)) return exhausted();
        switch (node.kind) {
        case PickleKind::None:
            return Json();
        case PickleKind::Bool:
            return Json(node.integer != 0);
        case PickleKind::Integer:
            return Json(node.integer);
        case PickleKind::BigInteger:
            return Json(bigInteger(node.text));
        case PickleKind::Real:
            return Json(node.real);
        case PickleKind::Text:
        case PickleKind::Bytes:
        case PickleKind::Global:
            return Json(toUtf8(node.text));
        case PickleKind::List:
        case PickleKind::Tuple:
        case PickleKind::Set:
            return sequence({&node.items}, path, depth);
        case PickleKind::Dictionary:
            return mapping({&node.items}, path, depth);
        case PickleKind::Persistent:
            return odd(path, "is a bare block of numbers without a shape");
        case PickleKind::Call:
            return call(node, path, depth);
        }
        return Json();
    }

    Result<Json> sequence(const std::vector<const Items*>& parts, const std::string& path, int depth) {
        Json list = Json::array();
        for (const Items* part : parts) {
            for (const PickleId id : *part) {
                auto value = visit(id, below(path, std::to_string(list.size())), depth + 1);
                if (!value) return value;
                list.push_back(value->is_discarded() ? Json() : std::move(*value));
            }
        }
        return list;
    }

    /// A key as the part of a path, or nothing for one that has no text.
    [[nodiscard]] std::optional<std::string> keyText(PickleId id) const {
        const PickleNode& key = at(id);
        switch (key.kind) {
        case PickleKind::Text:
        case PickleKind::Bytes:
        case PickleKind::Global:
            return toUtf8(key.text);
        case PickleKind::Integer:
            return std::to_string(key.integer);
        case PickleKind::Bool:
            return key.integer ? "True" : "False";
        case PickleKind::None:
            return "None";
        case PickleKind::Real:
            return Json(key.real).dump();
        default:
            return std::nullopt;
        }
    }

    Result<Json> mapping(const std::vector<const Items*>& parts, const std::string& path, int depth) {
        std::map<std::string, PickleId> last; // as in Python, a later value replaces an earlier one
        for (const Items* part : parts) {
            for (std::size_t i = 0; i + 1 < part->size(); i += 2) {
                auto key = keyText((*part)[i]);
                if (!key) return odd(path, "is a table whose keys are not texts");
                if (key->size() > kLongestKey) return odd(path, "is a table with an overlong key");
                if (!spend(kPairCost + key->size())) return exhausted();
                last[std::move(*key)] = (*part)[i + 1];
            }
        }
        Json table = Json::object();
        for (const auto& [key, id] : last) {
            auto value = visit(id, below(path, key), depth + 1);
            if (!value) return value;
            if (!value->is_discarded()) table[key] = std::move(*value);
        }
        return table;
    }

    /// dict(), OrderedDict(pairs), AttributeDict(table), defaultdict(factory, table), with what was set
    /// afterwards.
    Result<Json> mappingCall(const PickleNode& node, const std::string& path, int depth) {
        Items given;
        if (!spend(kPairCost * at(node.arguments).items.size())) return exhausted();
        for (const PickleId id : at(node.arguments).items) {
            const PickleNode& from = at(id);
            if (!spend(kPairCost * from.items.size())) return exhausted();
            if (from.kind == PickleKind::Dictionary) {
                given.insert(given.end(), from.items.begin(), from.items.end());
            } else if (from.kind == PickleKind::List || from.kind == PickleKind::Tuple) {
                for (const PickleId pair : from.items) {
                    const PickleNode& both = at(pair);
                    if ((both.kind != PickleKind::List && both.kind != PickleKind::Tuple) ||
                        both.items.size() != 2)
                        return odd(path, "is a table that is not made of pairs");
                    given.insert(given.end(), both.items.begin(), both.items.end());
                }
            } else if (from.kind != PickleKind::Global && from.kind != PickleKind::None) {
                return odd(path, "is a table that is not made of pairs");
            }
        }
        static const Items none;
        return mapping({&given, node.pairs ? &node.items : &none}, path, depth);
    }

    /// An object that is nothing but its attributes, or an omegaconf node, of which one attribute is the
    /// value.
    Result<Json> attributes(const PickleNode& node, bool wrapper, const std::string& path, int depth) {
        const PickleNode& state = at(node.state);
        if (state.kind == PickleKind::None && !wrapper) return Json(Json::value_t::object);
        if (state.kind != PickleKind::Dictionary) return odd(path, "is an object without plain attributes");
        if (!wrapper) return mapping({&state.items}, path, depth);
        if (!spend(state.items.size())) return exhausted();
        for (std::size_t i = 0; i + 1 < state.items.size(); i += 2) {
            const std::string_view key = at(state.items[i]).text;
            if (key == "_content" || key == "_val") return visit(state.items[i + 1], path, depth + 1);
        }
        return odd(path, "is a setting without a value");
    }

    Result<Json> call(const PickleNode& node, const std::string& path, int depth) {
        const std::string_view name = global(node.callable);
        switch (meaningOf(name)) {
        case PyTorchName::Mapping:
            return mappingCall(node, path, depth);
        case PyTorchName::Sequence: {
            const PickleNode& from = at(argument(node, 0));
            const bool plain = from.kind == PickleKind::None || from.kind == PickleKind::List ||
                               from.kind == PickleKind::Tuple || from.kind == PickleKind::Set;
            if (node.pairs || !plain) break;
            return sequence({&from.items, &node.items}, path, depth);
        }
        case PyTorchName::Object:
            return attributes(node, false, path, depth);
        case PyTorchName::Wrapper:
            return attributes(node, true, path, depth);
        case PyTorchName::Tensor:
            return tensor(at(node.arguments).items, false, path);
        case PyTorchName::TensorV3:
            return tensor(at(node.arguments).items, true, path);
        case PyTorchName::Inner:
            return visit(argument(node, 0), path, depth + 1);
        case PyTorchName::TypedTensor: {
            const PyTorchName inner = meaningOf(global(argument(node, 0)));
            const PickleNode& arguments = at(argument(node, 2));
            if (arguments.kind != PickleKind::Tuple || arguments.items.empty()) break;
            if (inner == PyTorchName::Inner) return visit(arguments.items[0], path, depth + 1);
            if (inner != PyTorchName::Tensor && inner != PyTorchName::TensorV3) break;
            return tensor(arguments.items, inner == PyTorchName::TensorV3, path);
        }
        case PyTorchName::Device:
            return device(node);
        case PyTorchName::Encoded:
        case PyTorchName::NumpyScalar:
            return number(node, path);
        case PyTorchName::Inert:
        case PyTorchName::Unknown:
            break;
        }
        return odd(path, "asks to call " + std::string(name) + " in a way that weights never need");
    }

    Result<Json> device(const PickleNode& node) {
        if (!spend(at(argument(node, 0)).text.size())) return exhausted();
        std::string text = toUtf8(at(argument(node, 0)).text);
        const PickleNode& index = at(argument(node, 1));
        if (index.kind == PickleKind::Integer) text += ":" + std::to_string(index.integer);
        return Json(text);
    }

    /// Bytes, given as such or (protocol 2) as a text to encode.
    std::optional<std::string> bytesOf(const PickleNode& node) {
        if (node.kind == PickleKind::Bytes || node.kind == PickleKind::Text)
            return spend(node.text.size()) ? std::optional(std::string(node.text)) : std::nullopt;
        if (node.kind != PickleKind::Call || meaningOf(global(node.callable)) != PyTorchName::Encoded)
            return std::nullopt;
        const std::string_view encoding = at(argument(node, 1)).text;
        const PickleNode& text = at(argument(node, 0));
        if (text.kind != PickleKind::Text || (encoding != "latin1" && encoding != "latin-1"))
            return std::nullopt;
        if (!spend(text.text.size())) return std::nullopt;
        return fromLatin1(text.text);
    }

    Result<Json> number(const PickleNode& node, const std::string& path) {
        if (meaningOf(global(node.callable)) == PyTorchName::Encoded) {
            if (const auto bytes = bytesOf(node)) return Json(toUtf8(*bytes));
            return odd(path, "is a text in an unknown encoding");
        }
        const PickleNode& dtype = at(argument(node, 0));
        const auto bytes = bytesOf(at(argument(node, 1)));
        if (bytes && dtype.kind == PickleKind::Call && global(dtype.callable) == "numpy.dtype") {
            const PickleNode& state = at(dtype.state);
            const bool swapped = state.items.size() > 1 && at(state.items[1]).text == ">";
            Json value = numpyNumber(at(argument(dtype, 0)).text, *bytes);
            if (!value.is_discarded() && !swapped) return value;
        }
        return odd(path, "is a numpy value that is not a plain number");
    }

    /// Whole numbers of a tuple or a torch.Size, none negative.
    [[nodiscard]] std::optional<std::vector<std::int64_t>> extents(PickleId id) const {
        const PickleNode* node = &at(id);
        if (node->kind == PickleKind::Call && global(node->callable) == "torch.Size")
            node = &at(argument(*node, 0));
        if (node->kind != PickleKind::Tuple && node->kind != PickleKind::List) return std::nullopt;
        if (node->items.size() > kMostDimensions) return std::nullopt;
        std::vector<std::int64_t> result;
        for (const PickleId side : node->items) {
            if (at(side).kind != PickleKind::Integer || at(side).integer < 0) return std::nullopt;
            result.push_back(at(side).integer);
        }
        return result;
    }

    Result<Json> tensor(const Items& arguments, bool withDtype, const std::string& path) {
        const auto broken = [&] { return odd(path, "is a tensor whose description is malformed"); };
        if (arguments.size() < 4 || at(arguments[1]).kind != PickleKind::Integer ||
            at(arguments[1]).integer < 0)
            return broken();
        auto storage = storageOf(document_, arguments[0]);
        if (!storage) return Failure(storage.error());
        const auto shape = extents(arguments[2]), strides = extents(arguments[3]);
        if (!shape || !strides || shape->size() != strides->size()) return broken();
        const std::optional<TensorType> type =
            withDtype ? (arguments.size() > 6 ? dtypeNamed(global(arguments[6])) : std::nullopt)
                      : storage->type;
        if (!type || (storage->untyped && !withDtype))
            return odd(path, "is a tensor of a type that is not read");
        // Marks such as "negate when used" change the values without touching the numbers.
        const std::size_t marks = withDtype ? 7 : 6;
        if (arguments.size() > marks && !at(arguments[marks]).items.empty())
            return odd(path, "is a tensor with marks that are not read");
        const auto offset = static_cast<std::uint64_t>(at(arguments[1]).integer);
        if (offset > kMostElements) return broken();
        TensorReference found{path, *storage, *type, *shape, *strides, offset + storage->first, 0};
        if (auto ok = checkExtent(found); !ok) return Failure(ok.error());
        const std::uint64_t bytes = found.elements * bytesPerElement(found.type);
        if (bytes > byteBudget_ - bytes_)
            return badInput("its tensors repeat their numbers far beyond the file's size");
        bytes_ += bytes;
        if (!spend(kVisitCost + storage->key.size() + shape->size() * kPairCost)) return exhausted();
        if (!paths_.insert(path).second) return badInput("it holds two tensors named " + path.substr(0, 200));
        content_.tensors.push_back(std::move(found));
        return Json(Json::value_t::discarded);
    }

    const PickleDocument& document_;
    const std::uint64_t byteBudget_;
    std::uint64_t spent_ = 0, bytes_ = 0;
    std::set<std::string> paths_;
    PickledContent content_;
};

} // namespace

Result<StorageReference> storageOf(const PickleDocument& document, PickleId persistent) {
    const auto broken = [] { return badInput("it refers to a block of numbers in an unknown way"); };
    const PickleNode& node = document.at(persistent);
    if (node.kind != PickleKind::Persistent) return broken();
    const PickleNode& parts = document.at(node.items[0]);
    if (parts.kind != PickleKind::Tuple || parts.items.size() < 5) return broken();
    const auto part = [&](std::size_t i) -> const PickleNode& { return document.at(parts.items[i]); };
    if (part(0).text != "storage" || part(1).kind != PickleKind::Global || part(2).kind != PickleKind::Text ||
        part(2).text.size() > 1024 || part(4).kind != PickleKind::Integer || part(4).integer < 0)
        return broken();
    StorageReference storage;
    storage.key = std::string(part(2).text);
    storage.untyped = isUntypedStorage(part(1).text);
    const auto type = storageElementType(part(1).text);
    if (!type && !storage.untyped) return broken();
    storage.type = type.value_or(TensorType::U8);
    storage.elements = static_cast<std::uint64_t>(part(4).integer);
    if (storage.elements > kMostElements) return broken();
    // The legacy form may name a view: (its key, where it begins, its size).
    if (parts.items.size() > 5 && part(5).kind == PickleKind::Tuple && part(5).items.size() == 3) {
        const PickleNode& first = document.at(part(5).items[1]);
        if (first.kind != PickleKind::Integer || first.integer < 0) return broken();
        storage.first = static_cast<std::uint64_t>(first.integer);
        if (storage.first > storage.elements) return broken();
    }
    return storage;
}

Result<PickledContent> layOut(const PickleDocument& document, std::uint64_t byteBudget) {
    return Layout(document, byteBudget).run();
}

} // namespace spotglass
