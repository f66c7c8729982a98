#include "app/engine_module/Commands.h"
#include "inference/engine/Compute.h"
#include "inference/engine/Devices.h"
#include "inference/engine/EncoderRegistry.h"
#include "inference/model/TensorConversion.h"

#include <algorithm>

namespace spotglass {
namespace {

void sayEncoder(const nlohmann::json& e) {
    std::string line = e.value("name", "") + "  " + e.value("kind", "");
    if (e.contains("width")) line += ", " + std::to_string(e["width"].get<int>()) + " numbers a patch";
    if (e.contains("weights")) line += ", " + e["weights"].get<std::string>();
    const auto state = e.value("state", "ready");
    if (state == "missing") line += " (the file is not there)";
    if (state == "changed") line += " (the file has changed since)";
    say(line);
}

EncoderOffer offerOf(const EncoderAddOptions& o) {
    return {o.weights, o.config, o.name, o.trusted, o.micronsPerPixel};
}

/// B x 3 x H x W floats in [0, 1], or bytes B x H x W x 3.
Result<torch::Tensor> readPatches(const std::filesystem::path& path) {
    auto file = SafeTensors::read(path);
    if (!file) return Failure(file.error());
    const std::string name = file->contains("patches") ? "patches" : file->entries().begin()->first;
    if (file->entries().empty()) return badInput("this file holds no tensor", path.string());
    auto patches = toTensor(*file, name);
    if (!patches) return patches;
    if (patches->dim() == 4 && patches->scalar_type() == torch::kUInt8 && patches->size(3) == 3)
        return unitRgb(*patches);
    if (patches->dim() == 4 && patches->size(1) == 3 && patches->is_floating_point())
        return patches->to(torch::kFloat32);
    return badInput("its tensor \"" + name + "\" is " + shapeText(*patches) + ", no patches", path.string(),
                    "Give B x 3 x H x W floats from 0 to 1, or B x H x W x 3 bytes");
}

} // namespace

Result<void> runEncoderAdd(const EncoderAddOptions& options) {
    auto added = addEncoder(options.workspace, offerOf(options), cancelOnInterrupt());
    if (!added) return Failure(added.error());
    if (options.json) printJson(*added);
    sayEncoder(*added);
    for (const auto& note : (*added)["notes"])
        say(note.get<std::string>());
    return {};
}

Result<void> runEncoderList(const EncoderListOptions& options) {
    const auto all = listEncoders(options.workspace);
    if (!all) return Failure(all.error());
    if (options.json) printJson(*all);
    if (!options.json)
        for (const auto& encoder : *all)
            sayEncoder(encoder);
    return {};
}

Result<void> runEncoderRemove(const EncoderRemoveOptions& options) {
    return removeEncoder(options.workspace, options.name);
}

Result<void> runEncoderEmbed(const EncoderEmbedOptions& options) {
    const auto precision = precisionNamed(options.precision);
    if (!precision)
        return fail(ErrorKind::Usage, "there is no precision \"" + options.precision + "\"", {},
                    "Choose fp32, bf16 or fp16");
    std::string note;
    const auto device = chooseDevice(options.device, note);
    if (!device) return Failure(device.error());
    if (!note.empty()) say(note);
    auto patches = readPatches(options.patches);
    if (!patches) return Failure(patches.error());
    auto opened = std::filesystem::exists(options.encoder)
                      ? openOfferedEncoder({options.encoder, options.config, {}, options.trusted, {}})
                      : openNamedEncoder(options.encoder, options.workspace);
    if (!opened) return Failure(opened.error());
    for (const auto& sentence : opened->notes)
        say(sentence);
    const torch::NoGradGuard noGradient;
    opened->encoder->moveTo(*device, *precision);
    std::vector<torch::Tensor> rows;
    for (int64_t begin = 0; begin < patches->size(0); begin += options.batch) {
        const auto count = std::min<int64_t>(options.batch, patches->size(0) - begin);
        rows.push_back(opened->encoder->encode(patches->narrow(0, begin, count).to(*device)).cpu());
    }
    SafeTensorsWriter writer;
    add(writer, "features", torch::cat(rows));
    writer.setMetadata("encoder", opened->id);
    writer.setMetadata("precision", options.precision);
    if (auto ok = writer.write(options.output); !ok) return ok;
    say(options.output.string() + ": " + std::to_string(patches->size(0)) + " x " +
        std::to_string(opened->encoder->width()) + " features of " + opened->encoder->name() + ".");
    return {};
}

Result<void> runDevices(const DevicesOptions& options) {
    const auto all = examineDevices(true);
    const auto missing = whyNoCuda();
    nlohmann::json document{{"devices", nlohmann::json::array()}, {"no_graphics_processor", missing}};
    for (const auto& d : all) {
        document["devices"].push_back({{"name", d.name},
                                       {"description", d.description},
                                       {"usable", d.usable},
                                       {"sentence", d.sentence},
                                       {"self_test_difference", d.agreement},
                                       {"gflops_fp32", d.rateFp32},
                                       {"gflops_bf16", d.rateBf16},
                                       {"gflops_fp16", d.rateFp16}});
        if (options.json) continue;
        say(d.name + ": " + d.description + (d.usable ? "" : ". " + d.sentence));
        if (d.usable)
            say("  matrix products, 10^9 operations a second: fp32 " + threeDecimals(d.rateFp32) + ", bf16 " +
                threeDecimals(d.rateBf16) + ", fp16 " + threeDecimals(d.rateFp16));
    }
    if (!missing.empty() && !options.json) say(missing + ".");
    if (options.json) printJson(document);
    return {};
}

} // namespace spotglass
