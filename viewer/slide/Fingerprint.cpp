#include "viewer/slide/Fingerprint.h"

#include "viewer/base/Files.h"

#include <bit>
#include <cstring>
#include <fstream>
#include <vector>

namespace spotglass {
namespace {

constexpr std::uint64_t wholeLimit = 1 << 20, edge = 128 << 10, sample = 16 << 10;
constexpr int samples = 32;

std::uint64_t mixed(std::uint64_t v) {
    v = (v ^ (v >> 31)) * 0x7fb5d329728ea185ull;
    v = (v ^ (v >> 27)) * 0x81dadef4bc2dd44dull;
    return v ^ (v >> 33);
}

/// Two independent 64-bit lanes over the words of the input.
struct Hash {
    std::uint64_t a = 0x243f6a8885a308d3ull, b = 0x13198a2e03707344ull;

    void add(std::uint64_t word) {
        a = mixed(a ^ word) + 0x9e3779b97f4a7c15ull;
        b = mixed(b + std::rotl(word, 29)) ^ 0xc2b2ae3d27d4eb4full;
    }
    void add(const std::vector<char>& bytes) {
        for (std::size_t at = 0; at < bytes.size(); at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
            add(word);
        }
        add(bytes.size());
    }
    [[nodiscard]] std::string text() const {
        static constexpr const char* digits = "0123456789abcdef";
        std::string out;
        for (const std::uint64_t lane : {a, b})
            for (int shift = 60; shift >= 0; shift -= 4)
                out += digits[(lane >> shift) & 15];
        return out;
    }
};

} // namespace

Result<std::string> fileFingerprint(const std::filesystem::path& path) {
    if (auto ok = checkReadable(path); !ok) return Failure(ok.error());
    std::error_code ec;
    const std::uint64_t size = std::filesystem::file_size(path, ec);
    std::ifstream in(path, std::ios::binary);
    std::vector<char> bytes;
    Hash hash;
    hash.add(size);
    const auto addPart = [&](std::uint64_t at, std::uint64_t length) {
        bytes.resize(length);
        in.seekg(static_cast<std::streamoff>(at));
        in.read(bytes.data(), static_cast<std::streamsize>(length));
        hash.add(bytes);
        return static_cast<bool>(in);
    };
    bool complete = true;
    if (size <= wholeLimit) {
        complete = addPart(0, size);
    } else {
        complete = addPart(0, edge) && addPart(size - edge, edge);
        for (int i = 0; complete && i < samples; ++i)
            complete = addPart((size - sample) / samples * static_cast<std::uint64_t>(i), sample);
    }
    if (ec || !complete) return badInput("this file could not be read to its end", path.string());
    return hash.text();
}

} // namespace spotglass
