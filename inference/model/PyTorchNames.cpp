#include "inference/model/PyTorchNames.h"

#include <algorithm>
#include <array>

namespace spotglass {
namespace {

struct KnownName {
    std::string_view name;
    PyTorchName role;
};
constexpr auto kKnown = std::to_array<KnownName>({
    {"collections.OrderedDict", PyTorchName::Mapping},
    {"collections.defaultdict", PyTorchName::Mapping},
    {"collections.Counter", PyTorchName::Mapping},
    {"addict.addict.Dict", PyTorchName::Mapping},
    {"argparse.Namespace", PyTorchName::Object},
    {"types.SimpleNamespace", PyTorchName::Object},
    {"omegaconf.dictconfig.DictConfig", PyTorchName::Wrapper},
    {"omegaconf.listconfig.ListConfig", PyTorchName::Wrapper},
    {"omegaconf.base.ContainerMetadata", PyTorchName::Inert},
    {"omegaconf.base.Metadata", PyTorchName::Inert},
    {"typing.Any", PyTorchName::Inert},
    {"torch._utils._rebuild_tensor", PyTorchName::Tensor},
    {"torch._utils._rebuild_tensor_v2", PyTorchName::Tensor},
    {"torch._utils._rebuild_tensor_v3", PyTorchName::TensorV3},
    {"torch._utils._rebuild_parameter", PyTorchName::Inner},
    {"torch._utils._rebuild_parameter_with_state", PyTorchName::Inner},
    {"torch._tensor._rebuild_from_type_v2", PyTorchName::TypedTensor},
    {"torch.Tensor", PyTorchName::Inert},
    {"torch.nn.parameter.Parameter", PyTorchName::Inert},
    {"torch.Size", PyTorchName::Sequence},
    {"torch.device", PyTorchName::Device},
    {"torch.jit._pickle.build_intlist", PyTorchName::Inner},
    {"torch.jit._pickle.build_doublelist", PyTorchName::Inner},
    {"torch.jit._pickle.build_boollist", PyTorchName::Inner},
    {"torch.jit._pickle.build_tensorlist", PyTorchName::Inner},
    {"torch.jit._pickle.restore_type_tag", PyTorchName::Inner},
    {"_codecs.encode", PyTorchName::Encoded},
    {"numpy.dtype", PyTorchName::Inert},
    {"numpy.core.multiarray.scalar", PyTorchName::NumpyScalar},
    {"numpy._core.multiarray.scalar", PyTorchName::NumpyScalar},
});
constexpr std::array kBuiltIns{std::string_view("__builtin__."), std::string_view("builtins.")};
constexpr auto kBuiltInNames = std::to_array<KnownName>({{"dict", PyTorchName::Mapping},
                                                         {"list", PyTorchName::Sequence},
                                                         {"tuple", PyTorchName::Sequence},
                                                         {"set", PyTorchName::Sequence},
                                                         {"frozenset", PyTorchName::Sequence},
                                                         {"object", PyTorchName::Inert},
                                                         {"bool", PyTorchName::Inert},
                                                         {"int", PyTorchName::Inert},
                                                         {"long", PyTorchName::Inert},
                                                         {"float", PyTorchName::Inert},
                                                         {"str", PyTorchName::Inert},
                                                         {"unicode", PyTorchName::Inert}});
/// Whole families: of nothing in them is more than the name and the attributes used.
struct Family {
    std::string_view prefix, suffix;
    PyTorchName role;
};
constexpr auto kFamilies =
    std::to_array<Family>({{"__torch__.", "", PyTorchName::Object}, // TorchScript's own classes
                           {"pytorch_lightning.", ".AttributeDict", PyTorchName::Mapping},
                           {"lightning.", ".AttributeDict", PyTorchName::Mapping},
                           {"lightning_fabric.", ".AttributeDict", PyTorchName::Mapping},
                           {"pytorch_lightning.callbacks.", "", PyTorchName::Inert},
                           {"lightning.pytorch.callbacks.", "", PyTorchName::Inert},
                           {"omegaconf.nodes.", "Node", PyTorchName::Wrapper}});

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
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const auto& t) { return t.name == name; });
    if (found == table.end()) return std::nullopt;
    return found->type;
}

/// "torch.FloatStorage" and "torch.cuda.FloatStorage", which is what it was called on a GPU in the legacy
/// form.
std::string_view storageClassName(std::string_view global) {
    for (const std::string_view module : {"torch.cuda.", "torch."})
        if (global.starts_with(module)) return global.substr(module.size());
    return {};
}

} // namespace

PyTorchName meaningOf(std::string_view global) {
    for (const KnownName& known : kKnown)
        if (known.name == global) return known.role;
    for (const std::string_view module : kBuiltIns)
        for (const KnownName& known : kBuiltInNames)
            if (global.starts_with(module) && global.substr(module.size()) == known.name) return known.role;
    for (const Family& family : kFamilies)
        if (global.starts_with(family.prefix) && global.ends_with(family.suffix)) return family.role;
    if (isUntypedStorage(global) || storageElementType(global) || dtypeNamed(global))
        return PyTorchName::Inert;
    return PyTorchName::Unknown;
}

std::optional<TensorType> storageElementType(std::string_view global) {
    return typeNamed(storageClassName(global), kStorages);
}

bool isUntypedStorage(std::string_view global) {
    return global == "torch.storage.UntypedStorage" || global == "torch.UntypedStorage";
}

std::optional<TensorType> dtypeNamed(std::string_view global) {
    return global.starts_with("torch.") ? typeNamed(global.substr(6), kDtypes) : std::nullopt;
}

} // namespace spotglass
