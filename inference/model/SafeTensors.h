#pragma once

#include "viewer/base/Result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace spotglass {

/// Element types of a safetensors file.
enum class TensorType : std::uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };

[[nodiscard]] std::string_view name(TensorType type);
[[nodiscard]] std::size_t bytesPerElement(TensorType type);

/// Where one tensor lies in the file's buffer: row-major, little-endian.
struct TensorEntry {
    TensorType type = TensorType::F32;
    std::vector<std::int64_t> shape;
    std::size_t begin = 0, end = 0; ///< bytes, relative to the buffer after the header
    [[nodiscard]] std::size_t elements() const;
};

/// A safetensors file in memory (github.com/huggingface/safetensors, format description in its README). Every
/// entry has been checked: known type, shape that fits its bytes, no overlap, no hole, no duplicate name. No
/// Torch in here.
class SafeTensors {
  public:
    /// Reads and checks a whole file. Blocking. BadInput with the reason for anything that is not
    /// well-formed.
    [[nodiscard]] static Result<SafeTensors> read(const std::filesystem::path& file);

    [[nodiscard]] const std::map<std::string, TensorEntry>& entries() const { return entries_; }
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }
    [[nodiscard]] bool contains(const std::string& tensor) const { return entries_.contains(tensor); }
    /// The tensor's bytes; valid while this object lives. Empty when there is no such tensor.
    [[nodiscard]] std::string_view bytes(const std::string& tensor) const;
    /// The tensor's elements converted to float. BadInput when missing or not a floating type.
    [[nodiscard]] Result<std::vector<float>> floats(const std::string& tensor) const;

  private:
    std::string content_;
    std::size_t bufferBegin_ = 0;
    std::map<std::string, TensorEntry> entries_;
    std::map<std::string, std::string> metadata_;
};

/// Collects tensors and writes them as one safetensors file, aside and renamed.
class SafeTensorsWriter {
  public:
    void add(std::string tensor, TensorType type, std::vector<std::int64_t> shape, std::string bytes);
    void addFloats(std::string tensor, std::vector<std::int64_t> shape, const std::vector<float>& values);
    void setMetadata(std::string key, std::string value);
    [[nodiscard]] Result<void> write(const std::filesystem::path& file) const;

  private:
    struct Pending {
        TensorType type;
        std::vector<std::int64_t> shape;
        std::string bytes;
    };
    std::map<std::string, Pending> tensors_;
    std::map<std::string, std::string> metadata_;
};

} // namespace spotglass
