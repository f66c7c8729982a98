#include "app/engine_module/TrainReport.h"

#include "app/engine_module/Commands.h"
#include "app/engine_module/RunFolder.h"
#include "app/engine_module/SpotTable.h"
#include "training/experiment/HeldOutReport.h"
#include "viewer/base/Files.h"

#include <cmath>
#include <optional>

namespace spotglass {

Result<nlohmann::json> reportInto(const std::filesystem::path& run, const TrainPlan& plan, LoadedModel& model,
                                  const std::vector<SectionTensors>& training,
                                  const std::vector<SectionTensors>& reported) {
    std::optional<LoadedModel> parent = plan.parent;
    auto report = reportHeldOut(model, parent ? &*parent : nullptr, training, reported);
    if (!report) return Failure(report.error());
    model.card.heldOut = heldOutForCard(report->document);
    const auto& genes = model.card.genes;
    for (std::size_t i = 0; i < reported.size(); ++i) {
        const auto& section = reported[i];
        std::vector<std::pair<const char*, torch::Tensor>> maps{{"measured", section.expression},
                                                                {"predicted", report->predicted[i]}};
        if (parent) maps.emplace_back("parent", report->parent[i]);
        for (const auto& [what, values] : maps)
            if (auto ok = writeSpotTable(mapFile(run, section.name, what), genes, spotRows(section, values));
                !ok)
                return Failure(ok.error());
    }
    const auto& verdict = report->document["verdict"];
    if (auto ok = writeFileAtomically(run / "report.json", report->document.dump(1)); !ok)
        return Failure(ok.error());
    const auto pcc = [&](const char* method) {
        const auto& value = report->document[method]["pcc_all"];
        return threeDecimals(value.is_number() ? value.get<double>() : std::nan(""));
    };
    say("Held out: PCC " + pcc("model") + (parent ? ", parent " + pcc("parent") : "") + ", ridge " +
        pcc("ridge") + ", position only " + pcc("position") + ", shuffled images " + pcc("shuffled"));
    say(verdict["sentence"].get<std::string>());
    return nlohmann::json{{"sections", report->document["sections"]},
                          {"pcc_all", report->document["model"]["pcc_all"]},
                          {"verdict", verdict}};
}

} // namespace spotglass
