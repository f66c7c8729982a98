#pragma once

#include <string>
#include <utility>
#include <vector>

/// A stored zip archive of the parts given, with every count and offset right, for tests that then spoil one
/// thing.
[[nodiscard]] std::string zipOf(const std::vector<std::pair<std::string, std::string>>& parts);

/// As zipOf, with the sizes, offsets and counts in the ZIP64 records.
[[nodiscard]] std::string zip64Of(const std::vector<std::pair<std::string, std::string>>& parts);

/// A PyTorch file in the zip form: the pickle, and a storage "0".
[[nodiscard]] std::string archiveOf(const std::string& pickle,
                                    const std::string& storage = std::string(16, '\0'));

/// Pickle text (BINUNICODE).
[[nodiscard]] std::string pickled(const std::string& text);

/// The pickle of a float tensor over storage "0" of four elements; sizes and strides below 256.
[[nodiscard]] std::string pickledTensor(const std::vector<int>& shape, const std::vector<int>& strides,
                                        int offset = 0);
