#pragma once

#include "inference/model/Pickle.h"
#include "inference/model/SafeTensors.h"

#include <nlohmann/json.hpp>

/// What the names in a pickle that PyTorch wrote stand for (torch/_utils.py, torch/serialization.py).
namespace spotglass {

/// A block of raw elements beside the pickle.
struct StorageReference {
    std::string key;
    TensorType type = TensorType::F32;
    bool untyped = false;       ///< bytes; the tensor says what they are
    std::uint64_t elements = 0; ///< of `type`; bytes when untyped
    std::uint64_t first = 0;    ///< where a legacy view begins in it, elements
};

/// A tensor as a view into a storage: element (i, j, ...) is at offset + i * strides[0] + j * strides[1] +
/// ...
struct TensorReference {
    std::string path;
    StorageReference storage;
    TensorType type = TensorType::F32;
    std::vector<std::int64_t> shape, strides; ///< elements; none negative
    std::uint64_t offset = 0;                 ///< elements
    std::uint64_t elements = 0;               ///< product of the shape
};

/// The content of a pickle, laid out flat.
struct PickledContent {
    std::vector<TensorReference>
        tensors;           ///< every path once; each lies inside its storage's declared elements
    nlohmann::json values; ///< everything else; null where a list holds a tensor
};

/// Reads a persistent identification ('storage', class, key, device, elements[, view]). BadInput without a
/// file name.
[[nodiscard]] Result<StorageReference> storageOf(const PickleDocument& document, PickleId persistent);

/// Walks the document from its root. At most `byteBudget` bytes of tensor elements may be described (a view
/// can repeat one element for ever). Time and memory bounded. BadInput, without a file name, for anything
/// that is not plain data.
[[nodiscard]] Result<PickledContent> layOut(const PickleDocument& document, std::uint64_t byteBudget);

} // namespace spotglass
