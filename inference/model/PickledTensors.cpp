#include "inference/model/PickledTensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <set>

namespace spotglass {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 64;
constexpr std::uint64_t kMostElements = 1ull << 48;
constexpr std::size_t kMostDimensions = 64;
// A list that holds itself twice doubles with every level: what the walk may cost in all, in bytes of result.
constexpr std::uint64_t kWalkBudget = 128ull << 20;
constexpr std::uint64_t kVisitCost = 256;

/// What a name stands for.
enum class Role : std::uint8_t {
    Unknown,
    Inert,      ///< a class or a constant that is only mentioned
    Mapping,    ///< called with pairs, filled with more
    Sequence,   ///< called with its elements
    Object,     ///< its state is a dictionary of its attributes
    Wrapper,    ///< an omegaconf node: its value is one attribute of its state
    Tensor,     ///< storage, offset, size, stride, ...
    TensorV3,   ///< the same with a dtype, over an untyped storage
    Inner,      ///< the first argument is the value
    TypedTensor,///< function, class, arguments of the function, state
    Device,     ///< type, index
    Encoded,    ///< text, encoding: bytes in protocol 2
    NumpyScalar ///< dtype, bytes
};

struct KnownName {
    std::string_view name;
    Role role;
};
constexpr auto kKnown = std::to_array<KnownName>({
    {"collections.OrderedDict", Role::Mapping},
    {"collections.defaultdict", Role::Mapping},
    {"collections.Counter", Role::Mapping},
    {"addict.addict.Dict", Role::Mapping},
    {"argparse.Namespace", Role::Object},
    {"types.SimpleNamespace", Role::Object},
    {"typing.Any", Role::Inert},
    {"torch._utils._rebuild_tensor", Role::Tensor},
    {"torch._utils._rebuild_tensor_v2", Role::Tensor},
    {"torch._utils._rebuild_tensor_v3", Role::TensorV3},
    {"torch._utils._rebuild_parameter", Role::Inner},
    {"torch._utils._rebuild_parameter_with_state", Role::Inner},
    {"torch._tensor._rebuild_from_type_v2", Role::TypedTensor},
    {"torch.Tensor", Role::Inert},
    {"torch.nn.parameter.Parameter", Role::Inert},
    {"torch.Size", Role::Sequence},
    {"torch.device", Role::Device},
    {"torch.jit._pickle.build_intlist", Role::Inner},
    {"torch.jit._pickle.build_doublelist", Role::Inner},
    {"torch.jit._pickle.build_boollist", Role::Inner},
    {"torch.jit._pickle.build_tensorlist", Role::Inner},
    {"torch.jit._pickle.restore_type_tag", Role::Inner},
    {"_codecs.encode", Role::Encoded},
    {"numpy.dtype", Role::Inert},
    {"numpy.core.multiarray.scalar", Role::NumpyScalar},
    {"numpy._core.multiarray.scalar", Role::NumpyScalar},
});
constexpr std::array kBuiltIns{std::string_view("__builtin__."), std::string_view("builtins.")};
constexpr auto kBuiltInNames = std::to_array<KnownName>({{"dict", Role::Mapping},
                                                         {"list", Role::Sequence},
                                                         {"tuple", Role::Sequence},
                                                         {"set", Role::Sequence},
                                                         {"frozenset", Role::Sequence},
                                                         {"object", Role::Inert},
                                                         {"bool", Role::Inert},
                                                         {"int", Role::Inert},
                                                         {"long", Role::Inert},
                                                         {"float", Role::Inert},
                                                         {"str", Role::Inert},
                                                         {"unicode", Role::Inert}});
/// Whole families: of nothing in them is more than the name and the attributes used.
struct Family {
    std::string_view prefix, suffix;
    Role role;
};
constexpr auto kFamilies = std::to_array<Family>({{"__torch__.", "", Role::Object}, // TorchScript's own classes
                                                  {"pytorch_lightning.", ".AttributeDict", Role::Mapping},
                                                  {"lightning.", ".AttributeDict", Role::Mapping},
                                                  {"lightning_fabric.", ".AttributeDict", Role::Mapping},
                                                  {"pytorch_lightning.callbacks.", "", Role::Inert},
                                                  {"lightning.pytorch.callbacks.", "", Role::Inert},
                                                  {"omegaconf.", "", Role::Wrapper}});

struct StorageClass {
    std::string_view name;
    TensorType type;
};
constexpr auto kStorages = std::to_array<StorageClass>({{"DoubleStorage", TensorType::F64},
                                                        {"FloatStorage", TensorType::F32},
                                                        {"HalfStorage", TensorType::F16},
                                                        {"BFloat16Storage", TensorType::BF16},
                                                        {"LongStorage", TensorType::I64},
                                                        {"IntStorage", TensorType::I32},
                                                        {"ShortStorage", TensorType::I16},
                                                        {"CharStorage", TensorType::I8},
                                                        {"ByteStorage", TensorType::U8},
                                                        {"BoolStorage", TensorType::Bool}});
constexpr auto kDtypes = std::to_array<StorageClass>({{"float64", TensorType::F64},
                                                      {"double", TensorType::F64},
                                                      {"float32", TensorType::F32},
                                                      {"float", TensorType::F32},
                                                      {"float16", TensorType::F16},
                                                      {"half", TensorType::F16},
                                                      {"bfloat16", TensorType::BF16},
                                                      {"int64", TensorType::I64},
                                                      {"long", TensorType::I64},
                                                      {"int32", TensorType::I32},
                                                      {"int", TensorType::I32},
                                                      {"int16", TensorType::I16},
                                                      {"short", TensorType::I16},
                                                      {"int8", TensorType::I8},
                                                      {"uint8", TensorType::U8},
                                                      {"bool", TensorType::Bool}});

std::optional<TensorType> typeNamed(std::string_view name, const auto& table) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const auto& t) { return t.name == name; });
    if (found == table.end()) return std::nullopt;
    return found->type;
}

/// "torch.FloatStorage" and "torch.cuda.FloatStorage", which is what it was called on a GPU in the legacy form.
std::string_view storageClassName(std::string_view global) {
    for (const std::string_view module : {"torch.cuda.", "torch.storage.", "torch."})
        if (global.starts_with(module)) return global.substr(module.size());
    return {};
}

std::optional<TensorType> dtypeNamed(std::string_view global) {
    return global.starts_with("torch.") ? typeNamed(global.substr(6), kDtypes) : std::nullopt;
}

Role roleOf(std::string_view global) {
    for (const KnownName& known : kKnown)
        if (known.name == global) return known.role;
    for (const std::string_view module : kBuiltIns)
        for (const KnownName& known : kBuiltInNames)
            if (global.starts_with(module) && global.substr(module.size()) == known.name) return known.role;
    for (const Family& family : kFamilies)
        if (global.starts_with(family.prefix) && global.ends_with(family.suffix)) return family.role;
    const std::string_view storage = storageClassName(global);
    if (storage == "UntypedStorage" || typeNamed(storage, kStorages) || dtypeNamed(global)) return Role::Inert;
    return Role::Unknown;
}

/// Python 2 wrote texts in any encoding; JSON needs UTF-8. Bytes that are not UTF-8 are taken as Latin-1.
std::string utf8(std::string_view raw) {
    if (!Json(std::string(raw)).dump(-1, ' ', false, Json::error_handler_t::replace).contains("\xEF\xBF\xBD"))
        return std::string(raw);
    return std::string(raw);
}

} // namespace
} // namespace spotglass
