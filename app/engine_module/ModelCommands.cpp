#include "app/engine_module/Commands.h"
#include "inference/model/CheckpointImporter.h"
#include "inference/model/ModelFile.h"
#include "inference/model/Replay.h"

namespace spotglass {

Result<void> runReplay(const ReplayOptions& options) {
    auto report = replay(options.folder, options.precision, options.output);
    if (!report) return Failure(report.error());
    for (const auto& [group, worst] : (*report)["worst_relative_l2"].items()) {
        char text[80];
        std::snprintf(text, sizeof text, "%-10s largest relative L2 distance %.3g", group.c_str(),
                      worst.get<double>());
        say(text);
    }
    for (const auto& name : (*report)["missing"])
        say("not computed: " + name.get<std::string>());
    for (const auto& item : (*report)["outside"])
        say("outside its bound: " + item["tensor"].get<std::string>());
    if (!(*report)["within_bounds"].get<bool>())
        return fail(ErrorKind::Defect, "the results do not agree with the expected numbers",
                    options.folder.string());
    say("Agrees with the expected numbers.");
    return {};
}

Result<void> runImport(const ImportOptions& options) {
    auto model = importCheckpoint(options.checkpoint, options.genes, options.text);
    if (!model) return Failure(model.error());
    model->card.date = today();
    model->card.programVersion = SPOTGLASS_VERSION;
    if (auto ok = saveModel(*model, options.output); !ok) return ok;
    say(options.output.string() + ": " + std::to_string(model->card.genes.size()) + " genes imported.");
    return {};
}

Result<void> runModelInfo(const std::filesystem::path& file, bool json) {
    auto model = loadModel(file);
    if (!model) return Failure(model.error());
    const auto& card = model->card;
    if (json) {
        printJson(toJson(card));
        return {};
    }
    std::int64_t parameters = 0;
    for (const auto& p : model->network->parameters())
        parameters += p.numel();
    say("Name             " + card.name);
    say("Genes            " + std::to_string(card.genes.size()));
    say("Unit             " + card.unit);
    say("Patch            " + std::to_string(card.patchPixels) + " px at " +
        threeDecimals(card.micronsPerPixel) + " um per pixel");
    say("Spot pitch       " + threeDecimals(card.spotPitchMicrons) + " um, context window " +
        threeDecimals(card.contextMicrons) + " um");
    say("Image encoder    " + card.imageEncoder);
    say("Text encoder     " + card.textEncoder);
    say("Parameters       " + std::to_string(parameters));
    say("Held-out PCC     " + (card.heldOut.is_object() && card.heldOut.contains("pcc_all")
                                   ? threeDecimals(card.heldOut["pcc_all"].get<double>())
                                   : "not known"));
    say("Licence          " + (card.licence.empty() ? "not stated" : card.licence));
    say("Source           " + (card.source.empty() ? "not stated" : card.source));
    say("Research use only. Predicted expression is not a measurement and not for diagnosis.");
    return {};
}

} // namespace spotglass
