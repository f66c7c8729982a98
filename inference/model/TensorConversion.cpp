#include "inference/model/TensorConversion.h"

#include <cstring>
#include <functional>

namespace spotglass {
namespace {

torch::ScalarType scalarType(TensorType type) {
    switch (type) {
    case TensorType::F64:
        return torch::kFloat64;
    case TensorType::F32:
        return torch::kFloat32;
    case TensorType::F16:
        return torch::kFloat16;
    case TensorType::BF16:
        return torch::kBFloat16;
    case TensorType::I64:
        return torch::kInt64;
    case TensorType::I32:
        return torch::kInt32;
    case TensorType::I16:
        return torch::kInt16;
    case TensorType::I8:
        return torch::kInt8;
    case TensorType::U8:
        return torch::kUInt8;
    case TensorType::Bool:
        return torch::kBool;
    }
    return torch::kFloat32;
}

TensorType tensorType(torch::ScalarType type) {
    for (const auto t : {TensorType::F64, TensorType::F32, TensorType::F16, TensorType::BF16, TensorType::I64,
                         TensorType::I32, TensorType::I16, TensorType::I8, TensorType::U8, TensorType::Bool})
        if (scalarType(t) == type) return t;
    return TensorType::F32;
}

} // namespace

torch::Tensor toTensor(TensorType type, const std::vector<std::int64_t>& shape, std::string_view bytes) {
    auto tensor = torch::empty(shape, scalarType(type));
    if (!bytes.empty()) std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
    return tensor;
}

Result<torch::Tensor> toTensor(const SafeTensors& file, const std::string& tensor) {
    const auto it = file.entries().find(tensor);
    if (it == file.entries().end()) return badInput("tensor " + tensor + " is missing");
    return toTensor(it->second.type, it->second.shape, file.bytes(tensor));
}

void add(SafeTensorsWriter& writer, const std::string& name, const torch::Tensor& tensor) {
    const auto flat = tensor.detach().to(torch::kCPU).contiguous();
    const std::string_view bytes(static_cast<const char*>(flat.data_ptr()),
                                 static_cast<std::size_t>(flat.numel()) * flat.element_size());
    writer.add(name, tensorType(flat.scalar_type()), flat.sizes().vec(), std::string(bytes));
}

std::string shapeText(const torch::Tensor& tensor) {
    std::string text;
    for (const auto side : tensor.sizes())
        text += (text.empty() ? "" : " x ") + std::to_string(side);
    return text.empty() ? "a single number" : text;
}

Result<void> loadWeights(torch::nn::Module& module,
                         const std::function<Result<torch::Tensor>(const std::string&)>& find,
                         const std::string& where) {
    const torch::NoGradGuard noGradient;
    const auto copy = [&](const std::string& name, torch::Tensor& target) -> Result<void> {
        auto found = find(name);
        if (!found)
            return badInput("the weights lack " + name + ", which its configuration asks for", where,
                            "The file is incomplete, or its configuration belongs to another model");
        if (found->sizes() != target.sizes())
            return badInput("the weights hold " + name + " as " + shapeText(*found) +
                                ", its configuration asks for " + shapeText(target),
                            where, "The configuration or the gene list belongs to another model");
        if (found->is_floating_point() && !torch::isfinite(*found).all().item<bool>())
            return badInput("the weights hold values in " + name + " that are not finite", where);
        target.copy_(*found);
        return {};
    };
    for (auto& item : module.named_parameters())
        if (auto ok = copy(item.key(), item.value()); !ok) return ok;
    for (auto& item : module.named_buffers())
        if (auto ok = copy(item.key(), item.value()); !ok) return ok;
    return {};
}

} // namespace spotglass
