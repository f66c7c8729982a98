#include "app/desktop/ModelHead.h"

#include "viewer/base/Files.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <QCoreApplication>
#include <QCryptographicHash>

namespace spotglass {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLargestHead = 64u << 20;
constexpr std::size_t kPiece = 1u << 20;
constexpr const char* kCardKey = "spotglass";
constexpr const char* kHashKey = "tensors_sha256";

/// Hands the tensors' bytes on, piece by piece.
Result<void> readTensors(const fs::path& file, const ModelHead& head,
                         const std::function<void(const char*, std::size_t)>& take) {
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(head.dataOffset));
    std::vector<char> piece(kPiece);
    for (std::uint64_t left = head.dataBytes; left > 0;) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size()));
        if (!in.read(piece.data(), static_cast<std::streamsize>(count)))
            return badInput("this model file could not be read to its end", file.string(),
                            "Copy it again, and check the drive");
        take(piece.data(), count);
        left -= count;
    }
    return {};
}

/// Where the last tensor ends; nothing for a head that is none.
std::optional<std::uint64_t> endOfTensors(const Json& document) {
    std::uint64_t end = 0;
    for (const auto& [name, tensor] : document.items()) {
        if (name == "__metadata__") continue;
        if (!tensor.is_object() || !tensor.contains("data_offsets")) return std::nullopt;
        const auto& offsets = tensor["data_offsets"];
        if (!offsets.is_array() || offsets.size() != 2 || !offsets[1].is_number_unsigned())
            return std::nullopt;
        end = std::max(end, offsets[1].get<std::uint64_t>());
    }
    return end;
}

} // namespace

Result<ModelHead> readModelHead(const fs::path& file) {
    if (auto ok = checkReadable(file); !ok) return Failure(ok.error());
    const auto other = [&] {
        return badInput("this is not a model file of Spotglass", file.string(),
                        "Choose a .safetensors file that Spotglass has written");
    };
    std::error_code ec;
    const std::uint64_t bytes = fs::file_size(file, ec);
    std::ifstream in(file, std::ios::binary);
    std::array<unsigned char, 8> prefix{};
    if (ec || !in.read(reinterpret_cast<char*>(prefix.data()), prefix.size())) return other();
    std::uint64_t length = 0; // little-endian
    for (std::size_t i = prefix.size(); i-- > 0;)
        length = length << 8 | prefix[i];
    if (length > kLargestHead) return other();
    const auto cut = [&] {
        return badInput("this model file is not whole: its end is missing", file.string(),
                        "Copy or download it again");
    };
    if (length > bytes - prefix.size()) return cut();
    std::string text(length, '\0');
    if (!in.read(text.data(), static_cast<std::streamsize>(length))) return cut();
    ModelHead head;
    head.document = Json::parse(text, nullptr, false);
    if (!head.document.is_object()) return other();
    const auto metadata = head.document.find("__metadata__");
    if (metadata == head.document.end() || !metadata->is_object() || !metadata->contains(kCardKey) ||
        !(*metadata)[kCardKey].is_string())
        return other();
    head.card = Json::parse((*metadata)[kCardKey].get_ref<const std::string&>(), nullptr, false);
    if (!head.card.is_object() || !head.card.contains("genes") || !head.card["genes"].is_array())
        return other();
    const auto end = endOfTensors(head.document);
    if (!end) return other();
    head.dataOffset = prefix.size() + length;
    head.dataBytes = *end;
    if (head.dataOffset + *end > bytes) return cut();
    return head;
}

Result<std::string> hashOfTensors(const fs::path& file, const ModelHead& head) {
    QCryptographicHash hash(QCryptographicHash::Sha256);
    if (auto ok = readTensors(file, head,
                              [&](const char* bytes, std::size_t count) {
                                  hash.addData(QByteArrayView(bytes, static_cast<qsizetype>(count)));
                              });
        !ok)
        return Failure(ok.error());
    return hash.result().toHex().toStdString();
}

Result<void> writeModelWithCard(const fs::path& source, const ModelHead& head, const Json& card,
                                const fs::path& target) {
    const auto hash = hashOfTensors(source, head);
    if (!hash) return Failure(hash.error());
    Json document = head.document;
    document["__metadata__"][kCardKey] = card.dump();
    document["__metadata__"][kHashKey] = *hash;
    std::string text = document.dump();
    text.resize((text.size() + 7) / 8 * 8, ' '); // as the format's own writers do: tensors stay aligned
    return writeAside(target, [&](const fs::path& aside) -> Result<void> {
        std::ofstream out(aside, std::ios::binary | std::ios::trunc);
        for (std::uint64_t length = text.size(), i = 0; i < 8; ++i)
            out.put(static_cast<char>(length >> (8 * i) & 0xFF));
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        if (auto ok = readTensors(source, head,
                                  [&](const char* bytes, std::size_t count) {
                                      out.write(bytes, static_cast<std::streamsize>(count));
                                  });
            !ok)
            return ok;
        out.close();
        if (!out)
            return fail(ErrorKind::Device, "this file cannot be written", target.string(),
                        "Check the free space and the permissions of the folder");
        return {};
    });
}

Result<void> checkNotedHash(const fs::path& file, const ModelHead& head) {
    const auto& metadata = head.document.at("__metadata__");
    if (!metadata.contains(kHashKey)) return {};
    const auto hash = hashOfTensors(file, head);
    if (!hash) return Failure(hash.error());
    if (metadata[kHashKey] == *hash) return {};
    return badInput("this model file is damaged: its weights are not those that were written", file.string(),
                    "Copy or download it again");
}

QString warningOf(const Json& card) {
    const auto heldOut = card.find("held_out");
    if (heldOut == card.end() || !heldOut->is_object()) return {};
    const auto verdict = heldOut->find("verdict");
    if (verdict == heldOut->end() || !verdict->is_object()) return {};
    if (!verdict->contains("worse_than_ridge") || (*verdict)["worse_than_ridge"] != true) return {};
    return QCoreApplication::translate(
        "ModelHead", "On tissue that it had not seen, this model did worse than plain ridge "
                     "regression on the same images.");
}

} // namespace spotglass
