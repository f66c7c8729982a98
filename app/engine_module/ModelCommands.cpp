#include "app/engine_module/Commands.h"
#include "inference/model/CheckpointImporter.h"
#include "inference/model/DkanEnsemble.h"
#include "inference/model/ModelFile.h"
#include "inference/model/Replay.h"

#include <cstdio>

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

Result<void> runJoin(const JoinOptions& options) {
    std::vector<LoadedModel> members;
    nlohmann::json records = nlohmann::json::array();
    for (const auto& file : options.models) {
        auto model = loadModel(file);
        if (!model) return Failure(model.error());
        records.push_back(model->card.training);
        members.push_back(std::move(*model));
    }
    auto joined = joinedModel(std::move(members));
    if (!joined) return Failure(joined.error());
    joined->card.training["members"] = std::move(records);
    joined->card.heldOut = nlohmann::json::object(); // of the first alone
    joined->card.date = today();
    joined->card.programVersion = SPOTGLASS_VERSION;
    if (auto ok = saveModel(*joined, options.output); !ok) return ok;
    say(options.output.string() + ": the mean of " + std::to_string(joined->card.members) + " models.");
    return {};
}

namespace {

std::string listed(const nlohmann::json& names) {
    std::string all;
    for (const auto& name : names)
        if (name.is_string()) all += (all.empty() ? "" : ", ") + name.get<std::string>();
    return all.empty() ? "not stated" : all;
}

} // namespace

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
    const auto line = [](const std::string& text) { std::fprintf(stdout, "%s\n", text.c_str()); };
    line("Name             " + card.name);
    line("Genes            " + std::to_string(card.genes.size()));
    line("Unit             " + card.unit);
    line("Patch            " + std::to_string(card.patchPixels) + " px at " +
         threeDecimals(card.micronsPerPixel) + " um per pixel");
    line("Spot pitch       " + threeDecimals(card.spotPitchMicrons) + " um, context window " +
         threeDecimals(card.contextMicrons) + " um");
    line("Array            " + card.arrayGeometry);
    line("Image encoder    " + card.imageEncoder);
    line("Text encoder     " + card.textEncoder);
    line("Networks         " + std::to_string(card.members));
    line("Parameters       " + std::to_string(parameters * card.members));
    const auto training = card.training.is_object() ? card.training : nlohmann::json::object();
    line("Trained on       " + listed(training.value("sections", nlohmann::json::array())));
    for (const auto& parent : training.value("ancestry", nlohmann::json::array()))
        line("Fine-tuned from  " + parent.value("name", "") + ", " + parent.value("date", ""));
    line("Held-out PCC     " + (card.heldOut.is_object() && card.heldOut.contains("pcc_all")
                                    ? threeDecimals(card.heldOut["pcc_all"].get<double>())
                                    : "not known"));
    line("Licence          " + (card.licence.empty() ? "not stated" : card.licence));
    line("Source           " + (card.source.empty() ? "not stated" : card.source));
    line("Research use only. Predicted expression is not a measurement and not for diagnosis.");
    return {};
}

} // namespace spotglass
