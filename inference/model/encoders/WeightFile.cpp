#include "inference/model/encoders/WeightFile.h"

#include "inference/model/PyTorchArchive.h"
#include "inference/model/TensorConversion.h"
#include "inference/model/ZipDirectory.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <fstream>
#include <new>
#include <variant>

namespace spotglass {
namespace {

enum class Form { SafeTensors, PyTorch, Other };

/// What the first bytes say. SafeTensors: a length, then a JSON object.
Form formOf(const std::filesystem::path& file) {
    std::array<char, 9> start{};
    std::ifstream in(file, std::ios::binary);
    in.read(start.data(), start.size());
    const std::string_view bytes(start.data(), static_cast<std::size_t>(in.gcount()));
    if (bytes.starts_with("PK\x03\x04")) return Form::PyTorch;
    // Before the legacy form: a header may be 0x80 bytes long. A pickle has no '{' there (0x80, protocol,
    // then a number of ten bytes).
    if (bytes.size() == 9 && bytes[8] == '{') return Form::SafeTensors;
    if (bytes.starts_with("\x80")) return Form::PyTorch;
    return Form::Other;
}

bool isFloating(TensorType type) {
    return type == TensorType::F64 || type == TensorType::F32 || type == TensorType::F16 ||
           type == TensorType::BF16;
}

/// Which of two networks in one file its authors mean: the averaged one.
bool isAverage(const std::string& prefix) {
    for (std::size_t begin = 0; begin < prefix.size();) {
        const std::size_t end = std::min(prefix.find('.', begin), prefix.size());
        const std::string part = prefix.substr(begin, end - begin);
        if (part.starts_with("teacher") || part.starts_with("averaged") || part == "ema" ||
            part.starts_with("ema_") || part.ends_with("_ema"))
            return true;
        begin = end + 1;
    }
    return false;
}

} // namespace

struct WeightFile::Content {
    std::variant<SafeTensors, PyTorchArchive> file;
};

WeightFile::WeightFile() = default;
WeightFile::WeightFile(WeightFile&&) noexcept = default;
WeightFile& WeightFile::operator=(WeightFile&&) noexcept = default;
WeightFile::~WeightFile() = default;

bool isTorchScript(const std::filesystem::path& file) {
    if (formOf(file) != Form::PyTorch) return false;
    const auto directory = ZipDirectory::read(file);
    if (!directory) return false;
    bool constants = false, code = false;
    for (const auto& [name, entry] : directory->entries()) {
        const auto inside = name.find('/');
        if (inside == std::string::npos) continue;
        const std::string_view rest = std::string_view(name).substr(inside + 1);
        constants |= rest == "constants.pkl";
        code |= rest.starts_with("code/");
    }
    return constants && code;
}

Result<WeightFile> WeightFile::open(const std::filesystem::path& file) {
    const std::string where = file.string();
    if (auto ok = checkReadable(file); !ok) return Failure(ok.error());
    const Form form = formOf(file);
    if (form == Form::Other)
        return badInput(
            "this file does not hold an encoder's weights", where,
            "Weights are safetensors files (.safetensors) or PyTorch files (.bin, .pt, .pth, .ckpt)");
    if (isTorchScript(file))
        return badInput(
            "this is a TorchScript program, not plain weights", where,
            "Add it as an encoder of the kind TorchScript and agree that it may run, or ask for its "
            "weights alone");
    try {
        WeightFile result;
        result.where_ = where;
        if (form == Form::SafeTensors) {
            auto read = SafeTensors::read(file);
            if (!read) return Failure(read.error());
            for (const auto& [name, entry] : read->entries())
                result.shapes_[name] = entry.shape;
            result.content_ = std::make_unique<Content>(Content{std::move(*read)});
        } else {
            auto read = readPyTorchArchive(file);
            if (!read) return Failure(read.error());
            for (const auto& [name, tensor] : read->tensors)
                result.shapes_[name] = tensor.shape;
            result.content_ = std::make_unique<Content>(Content{std::move(*read)});
        }
        if (result.shapes_.empty()) return badInput("this file holds no tensors", where);
        return result;
    } catch (const std::bad_alloc&) {
        return fail(ErrorKind::Device, "there is not enough memory to read this file", where,
                    "Close other programs and try again");
    }
}

std::vector<std::string> WeightFile::prefixes(const std::vector<std::string>& names) const {
    std::vector<std::string> found;
    for (const auto& [full, shape] : shapes_) {
        if (names.empty() || !full.ends_with(names.front())) continue;
        const std::string prefix = full.substr(0, full.size() - names.front().size());
        const bool whole = prefix.empty() || prefix.back() == '.';
        if (whole && std::all_of(names.begin(), names.end(),
                                 [&](const std::string& name) { return shapes_.contains(prefix + name); }))
            found.push_back(prefix);
    }
    return found;
}

bool WeightFile::holds(const std::vector<std::string>& names) const {
    return !prefixes(names).empty();
}

Result<void> WeightFile::enter(const std::vector<std::string>& names, const std::string& what) {
    auto found = prefixes(names);
    if (found.empty()) {
        const auto missing = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
            return std::none_of(shapes_.begin(), shapes_.end(), [&](const auto& s) {
                return s.first == name || s.first.ends_with("." + name);
            });
        });
        return badInput("this file does not hold " + what + " (there is no " +
                            (missing == names.end() ? names.front() : *missing) + ")",
                        where_, "Check that the weights and the encoder's kind belong together");
    }
    if (found.size() > 1 && std::any_of(found.begin(), found.end(), isAverage))
        std::erase_if(found, [](const std::string& prefix) { return !isAverage(prefix); });
    if (found.size() > 1)
        return badInput("this file holds " + std::to_string(found.size()) + " encoders (under \"" + found[0] +
                            "\" and \"" + found[1] + "\"), and nothing says which is meant",
                        where_, "Save the one that is wanted in a file of its own");
    prefix_ = found.front();
    return {};
}

TensorShapes WeightFile::inside() const {
    TensorShapes result;
    for (const auto& [full, shape] : shapes_)
        if (full.starts_with(prefix_)) result[full.substr(prefix_.size())] = shape;
    return result;
}

Result<torch::Tensor> WeightFile::take(const std::string& name) {
    const std::string full = prefix_ + name;
    const auto notNumbers = [&] {
        return badInput("the weights hold " + name + " as whole numbers, not as measured weights", where_,
                        "Quantised weights are not supported; ask for those of 16 or 32 bits");
    };
    torch::Tensor tensor;
    if (auto* plain = std::get_if<SafeTensors>(&content_->file)) {
        const auto entry = plain->entries().find(full);
        if (entry == plain->entries().end()) return badInput("the weights lack " + name, where_);
        if (!isFloating(entry->second.type)) return notNumbers();
        tensor = toTensor(entry->second.type, entry->second.shape, plain->bytes(full));
    } else {
        auto& tensors = std::get<PyTorchArchive>(content_->file).tensors;
        const auto entry = tensors.find(full);
        if (entry == tensors.end()) return badInput("the weights lack " + name, where_);
        if (!isFloating(entry->second.type)) return notNumbers();
        tensor = toTensor(entry->second.type, entry->second.shape, entry->second.bytes);
        tensors.erase(entry);
    }
    tensor = tensor.to(torch::kFloat32);
    if (!torch::isfinite(tensor).all().item<bool>())
        return badInput("the weights hold values in " + name + " that are not finite", where_,
                        "The file is damaged; copy it again from where it came from");
    return tensor;
}

} // namespace spotglass
