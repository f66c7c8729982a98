#include "inference/model/PyTorchArchive.h"

#include "inference/model/Pickle.h"
#include "inference/model/PickledTensors.h"
#include "inference/model/PyTorchNames.h"
#include "inference/model/ZipDirectory.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <new>
#include <system_error>

namespace spotglass {
namespace {

static_assert(std::endian::native == std::endian::little, "storages are read as they lie");

constexpr std::uint64_t kPickleLimit = 64ull << 20;
const std::string kHint = "Use only weights from a source you trust; ask it for a safetensors file";
// 0x1950a86a20f9469cfc6c, the number that the legacy form begins with.
constexpr std::string_view kLegacyMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr std::int64_t kLegacyProtocol = 1001;

bool isKnown(std::string_view global) {
    return meaningOf(global) != PyTorchName::Unknown;
}

/// Where a storage's bytes lie in the file.
struct Span {
    std::uint64_t begin = 0, size = 0;
};

/// One file being read. Names the file in every error.
class Reader {
  public:
    explicit Reader(const std::filesystem::path& path) : path_(path), file_(path.string()) {}

    Result<PyTorchArchive> read() {
        if (auto ok = checkReadable(path_); !ok) return Failure(ok.error());
        std::error_code ec;
        size_ = std::filesystem::file_size(path_, ec);
        in_.open(path_, std::ios::binary);
        if (ec || !in_) return bad("this file cannot be read");
        auto start = bytesAt(0, std::min<std::uint64_t>(size_, 4));
        if (!start) return Failure(start.error());
        if (start->starts_with("PK\x03\x04")) return readZip();
        if (start->front() != '\x80') return bad("this is not a file that PyTorch wrote");
        return readLegacy();
    }

  private:
    [[nodiscard]] Failure bad(std::string what) const { return badInput(std::move(what), file_, kHint); }
    [[nodiscard]] Failure named(Error error) const {
        if (error.where.empty()) error.where = file_;
        if (error.hint.empty()) error.hint = kHint;
        return Failure(std::move(error));
    }

    Result<std::string> bytesAt(std::uint64_t begin, std::uint64_t count) {
        if (begin > size_ || count > size_ - begin) return bad("this file is truncated");
        std::string bytes(static_cast<std::size_t>(count), '\0');
        in_.clear();
        in_.seekg(static_cast<std::streamoff>(begin));
        in_.read(bytes.data(), static_cast<std::streamsize>(count));
        if (in_.gcount() != static_cast<std::streamsize>(count))
            return bad("this file could not be read to its end");
        return bytes;
    }

    /// A tied weight or a view may repeat numbers, so the tensors may be larger than the file, but not
    /// without end.
    [[nodiscard]] std::uint64_t byteBudget() const { return 4 * size_ + (64ull << 20); }

    Result<PyTorchArchive> readZip() {
        const auto directory = ZipDirectory::read(path_);
        if (!directory) return Failure(directory.error());
        std::string root;
        for (const auto& [name, entry] : directory->entries()) {
            if (!name.ends_with("/data.pkl") || name.find('/') != name.size() - 9) continue;
            if (!root.empty()) return bad("this archive holds the weights of two models");
            root = name.substr(0, name.size() - 8);
        }
        if (root.empty()) return bad("this archive does not hold PyTorch weights");
        if (directory->entries().contains(root + "byteorder")) {
            const auto order = part(*directory, root + "byteorder", 16);
            if (!order) return Failure(order.error());
            if (!order->starts_with("little")) return bad("its numbers are stored in an unusual byte order");
        }
        const auto pickle = part(*directory, root + "data.pkl", kPickleLimit);
        if (!pickle) return Failure(pickle.error());
        const auto document = readPickle(*pickle, isKnown);
        if (!document) return named(document.error());
        auto content = layOut(*document, byteBudget());
        if (!content) return named(content.error());
        std::map<std::string, Span> spans;
        for (const TensorReference& tensor : content->tensors) {
            if (spans.contains(tensor.storage.key)) continue;
            const std::string name = root + "data/" + tensor.storage.key;
            const auto begin = directory->dataBegin(name);
            if (!begin) return Failure(begin.error());
            spans[tensor.storage.key] = {*begin, directory->entries().at(name).size};
        }
        return gather(std::move(*content), spans);
    }

    Result<std::string> part(const ZipDirectory& directory, const std::string& name, std::uint64_t limit) {
        const auto begin = directory.dataBegin(name);
        if (!begin) return Failure(begin.error());
        const std::uint64_t size = directory.entries().at(name).size;
        if (size > limit) return bad("its part " + name + " is far larger than in any weights file");
        return bytesAt(*begin, size);
    }

    /// Five pickles (magic, protocol, system, object, storage keys), then each storage: its element count and
    /// elements.
    Result<PyTorchArchive> readLegacy() {
        const auto head = bytesAt(0, std::min(size_, kPickleLimit));
        if (!head) return Failure(head.error());
        std::string_view rest = *head;
        const auto next = [&]() -> Result<PickleDocument> {
            auto document = readPickle(rest, isKnown);
            if (!document) return named(document.error());
            rest.remove_prefix(document->size);
            return document;
        };
        const auto magic = next();
        if (!magic) return Failure(magic.error());
        const PickleNode& number = magic->at(magic->root);
        if (number.kind != PickleKind::BigInteger || number.text != kLegacyMagic)
            return bad("this is a Python file, but not one that PyTorch wrote");
        const auto protocol = next();
        if (!protocol) return Failure(protocol.error());
        if (protocol->at(protocol->root).integer != kLegacyProtocol)
            return bad("it is of an unknown PyTorch version");
        const auto system = next();
        if (!system) return Failure(system.error());
        if (!isLittleEndian(*system)) return bad("its numbers are stored in an unusual byte order");
        const auto object = next();
        if (!object) return Failure(object.error());
        const auto keys = next();
        if (!keys) return Failure(keys.error());
        auto content = layOut(*object, byteBudget());
        if (!content) return named(content.error());
        const auto spans = legacySpans(*object, *keys, head->size() - rest.size());
        if (!spans) return Failure(spans.error());
        return gather(std::move(*content), *spans);
    }

    static bool isLittleEndian(const PickleDocument& system) {
        const std::vector<PickleId>& items = system.at(system.root).items;
        for (std::size_t i = 0; i + 1 < items.size(); i += 2)
            if (system.at(items[i]).text == "little_endian") return system.at(items[i + 1]).integer == 1;
        return true;
    }

    Result<std::map<std::string, Span>> legacySpans(const PickleDocument& object, const PickleDocument& keys,
                                                    std::uint64_t at) {
        std::map<std::string, std::uint64_t, std::less<>> elementSize;
        for (PickleId id = 0; id < object.nodes.size(); ++id) {
            if (object.at(id).kind != PickleKind::Persistent) continue;
            const auto storage = storageOf(object, id);
            if (!storage) return named(storage.error());
            elementSize[storage->key] = bytesPerElement(storage->type);
        }
        if (keys.at(keys.root).kind != PickleKind::List) return bad("its list of storages is malformed");
        std::map<std::string, Span> spans;
        for (const PickleId id : keys.at(keys.root).items) {
            const auto known = elementSize.find(keys.at(id).text);
            if (known == elementSize.end()) return bad("it holds numbers that belong to no tensor");
            const auto count = bytesAt(at, 8);
            if (!count) return Failure(count.error());
            std::uint64_t elements = 0;
            std::memcpy(&elements, count->data(), 8);
            at += 8;
            if (elements > (size_ - at) / known->second) return bad("this file is truncated");
            if (!spans.emplace(known->first, Span{at, elements * known->second}).second)
                return bad("it holds the same numbers twice");
            at += elements * known->second;
        }
        return spans;
    }

    /// Reads every storage once, takes all its tensors from it and lets it go.
    Result<PyTorchArchive> gather(PickledContent content, const std::map<std::string, Span>& spans) {
        std::map<std::string, std::vector<const TensorReference*>> users;
        for (const TensorReference& tensor : content.tensors)
            users[tensor.storage.key].push_back(&tensor);
        PyTorchArchive archive;
        for (const auto& [key, tensors] : users) {
            const auto span = spans.find(key);
            if (span == spans.end())
                return bad("the numbers of tensor " + tensors.front()->path + " are missing");
            for (const TensorReference* tensor : tensors) {
                const std::uint64_t declared =
                    tensor->storage.elements * bytesPerElement(tensor->storage.type);
                if (declared > span->second.size)
                    return bad("it holds fewer numbers for tensor " + tensor->path + " than it says");
            }
            const auto storage = bytesAt(span->second.begin, span->second.size);
            if (!storage) return Failure(storage.error());
            for (const TensorReference* tensor : tensors)
                archive.tensors[tensor->path] = {tensor->type, tensor->shape, elementsOf(*tensor, *storage)};
        }
        archive.values = std::move(content.values);
        return archive;
    }

    /// The tensor's elements in row-major order; PickledTensors has checked that all of them lie in the
    /// storage.
    static std::string elementsOf(const TensorReference& tensor, const std::string& storage) {
        const std::size_t size = bytesPerElement(tensor.type);
        std::string bytes(static_cast<std::size_t>(tensor.elements) * size, '\0');
        if (tensor.elements == 0) return bytes;
        const std::size_t dimensions = tensor.shape.size();
        // The innermost dimensions that lie densely are copied as one run.
        std::size_t outer = dimensions;
        std::uint64_t run = 1;
        while (outer > 0 &&
               (tensor.shape[outer - 1] == 1 || static_cast<std::uint64_t>(tensor.strides[outer - 1]) == run))
            run *= static_cast<std::uint64_t>(tensor.shape[--outer]);
        std::vector<std::int64_t> index(outer, 0);
        std::uint64_t from = tensor.offset;
        for (std::size_t to = 0; to < bytes.size(); to += run * size) {
            std::memcpy(bytes.data() + to, storage.data() + from * size, run * size);
            for (std::size_t d = outer; d > 0; --d) {
                from += static_cast<std::uint64_t>(tensor.strides[d - 1]);
                if (++index[d - 1] < tensor.shape[d - 1]) break;
                from -= static_cast<std::uint64_t>(tensor.shape[d - 1] * tensor.strides[d - 1]);
                index[d - 1] = 0;
            }
        }
        return bytes;
    }

    std::filesystem::path path_;
    std::string file_;
    std::ifstream in_;
    std::uint64_t size_ = 0;
};

} // namespace

Result<PyTorchArchive> readPyTorchArchive(const std::filesystem::path& file) {
    try {
        return Reader(file).read();
    } catch (const std::bad_alloc&) {
        return fail(ErrorKind::Device, "there is not enough memory to read this file", file.string(),
                    "Close other programs and try again");
    }
}

} // namespace spotglass
