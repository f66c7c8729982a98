#include "training/cohort/Hdf5Heaps.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace spotglass {
namespace {

constexpr std::string_view kSignature{"GCOL\1", 5}; // with the only version there is
constexpr std::size_t kBlock = 4 << 20;
constexpr std::uint64_t kFixed = 8; ///< bytes of a heap, and of an object, before its size

std::uint64_t number(const char* bytes, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = count; i > 0; --i)
        value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
    return value;
}

/// Places of all that begins like a heap.
std::vector<std::uint64_t> heapsIn(std::ifstream& file) {
    std::vector<std::uint64_t> places;
    std::string block;
    for (std::uint64_t at = 0;;) { // blocks overlap by less than a signature
        const std::size_t kept = block.size();
        block.resize(kept + kBlock);
        file.read(block.data() + kept, static_cast<std::streamsize>(kBlock));
        block.resize(kept + static_cast<std::size_t>(file.gcount()));
        for (auto found = block.find(kSignature); found != std::string::npos;
             found = block.find(kSignature, found + 1))
            places.push_back(at + found);
        if (!file) return places;
        const std::size_t tail = std::min(block.size(), kSignature.size() - 1);
        at += block.size() - tail;
        block.erase(0, block.size() - tail);
    }
}

/// Objects follow each other, each with a header; number 0 is the free space, whose size counts its header.
bool canBeWalked(std::string_view heap, std::size_t lengthBytes) {
    const std::uint64_t header = kFixed + lengthBytes, end = heap.size();
    for (std::uint64_t at = header; at + header <= end;) {
        const std::uint64_t index = number(heap.data() + at, 2);
        const std::uint64_t size = number(heap.data() + at + kFixed, lengthBytes);
        if (size > end) return false;
        const std::uint64_t needed = index == 0 ? size : header + (size + 7) / 8 * 8;
        if (needed == 0 || needed > end - at) return false;
        at += needed;
    }
    return true;
}

} // namespace

bool globalHeapsAreSound(const std::filesystem::path& path, std::size_t lengthBytes) {
    std::ifstream file(path, std::ios::binary);
    const auto places = heapsIn(file);
    file.clear();
    std::error_code problem;
    const std::uint64_t bytes = std::filesystem::file_size(path, problem);
    std::string heap;
    for (const std::uint64_t place : places) {
        heap.assign(kFixed + lengthBytes, '\0');
        file.seekg(static_cast<std::streamoff>(place));
        if (!file.read(heap.data(), static_cast<std::streamsize>(heap.size()))) return false;
        const std::uint64_t size = number(heap.data() + kFixed, lengthBytes);
        if (size < heap.size() || size > bytes - place) continue; // HDF5 refuses it
        heap.resize(size);
        file.seekg(static_cast<std::streamoff>(place));
        if (!file.read(heap.data(), static_cast<std::streamsize>(heap.size()))) return false;
        if (!canBeWalked(heap, lengthBytes)) return false;
    }
    return true;
}

} // namespace spotglass
