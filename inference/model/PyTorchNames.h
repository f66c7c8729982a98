#pragma once

#include "inference/model/SafeTensors.h"

#include <cstdint>
#include <optional>
#include <string_view>

/// The names ("module.name") that may stand in a pickle of weights, and what each says about the data around
/// it. Nothing of that name is ever looked up. All functions: any thread, no errors.
namespace spotglass {

/// What a name stands for.
enum class PyTorchName : std::uint8_t {
    Unknown,
    Inert,       ///< a class or a constant that is only mentioned
    Mapping,     ///< called with pairs, filled with more
    Sequence,    ///< called with its elements
    Object,      ///< its state is a dictionary of its attributes
    Wrapper,     ///< an omegaconf node: its value is one attribute of its state
    Tensor,      ///< storage, offset, size, stride, ...
    TensorV3,    ///< the same with a dtype, over an untyped storage
    Inner,       ///< the first argument is the value
    TypedTensor, ///< function, class, arguments of the function, state
    Device,      ///< type, index
    Encoded,     ///< text, encoding: bytes in protocol 2
    NumpyScalar  ///< dtype, bytes
};

/// Unknown for every name that weights do not need.
[[nodiscard]] PyTorchName meaningOf(std::string_view global);

/// The element type of a storage class ("torch.FloatStorage"), or nothing.
[[nodiscard]] std::optional<TensorType> storageElementType(std::string_view global);
[[nodiscard]] bool isUntypedStorage(std::string_view global);

/// The element type behind "torch.float32", or nothing.
[[nodiscard]] std::optional<TensorType> dtypeNamed(std::string_view global);

} // namespace spotglass
