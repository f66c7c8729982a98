#include "training/SpotDataset.h"

#include "inference/engine/FeatureBank.h"
#include "inference/model/DkanEnsemble.h"
#include "inference/model/TensorConversion.h"
#include "training/cohort/Expression.h"
#include "viewer/slide/SlidePyramid.h"

#include <numeric>
#include <random>
#include <sstream>

namespace spotglass {
namespace {

constexpr int patchReaders = 2, encoderBatch = 16;
constexpr std::size_t loaderBytes = std::size_t{128} << 20;

std::filesystem::path cacheFile(const PatchSettings& settings, const std::string& fingerprint,
                                const PatchReader& reader, const std::string& encoder) {
    std::ostringstream name;
    name << fingerprint << '-' << encoder << '-' << settings.pixels << '-' << reader.sideX()
         << ".safetensors";
    return settings.featureCache / name.str();
}

void restoreCache(FeatureBank& bank, const std::filesystem::path& file) {
    if (!std::filesystem::exists(file)) return;
    const auto cached = SafeTensors::read(file);
    if (!cached) return; // a broken cache is made anew
    const auto centres = toTensor(*cached, "centres"), features = toTensor(*cached, "features");
    if (centres && features && centres->dim() == 2 && features->dim() == 2 &&
        centres->size(0) == features->size(0))
        bank.restore(*centres, *features);
}

Result<void> saveCache(const FeatureBank& bank, const std::filesystem::path& file) {
    SafeTensorsWriter writer;
    const auto [centres, features] = bank.snapshot();
    add(writer, "centres", centres);
    add(writer, "features", features);
    return writer.write(file);
}

} // namespace

Result<SectionTensors> loadSection(Section& section, const std::vector<std::string>& panel,
                                   const PatchSettings& settings, const OpenedEncoder& opened,
                                   const CancelToken& cancel) {
    const auto& encoder = *opened.encoder;
    auto slide = openSlide(section.image);
    if (!slide) return Failure(slide.error());
    const auto bounds = level0Bounds(*(*slide)->info());
    auto left = leaveOutSpotsOutside(section, static_cast<std::int64_t>(bounds.width),
                                     static_cast<std::int64_t>(bounds.height));
    if (!left) return Failure(left.error());
    if (!section.micronsPerPixel.isValid())
        return badInput("this section has no scale", section.image.string(),
                        "Give microns_per_pixel in the cohort's cohort.json");
    auto expression = panelExpression(section, panel);
    if (!expression) return Failure(expression.error());
    const PatchReader reader(**slide, section.micronsPerPixel, settings.pixels, settings.micronsPerPixel);
    PatchLoader loader(reader, patchReaders, loaderBytes);
    DeviceRunner runner(makeEncoderCompute(encoder), {});
    BatchSize batch(encoderBatch, encoderBatch);
    FeatureBank bank(loader, runner, batch, settings.pixels, encoder.width());
    const bool caching = !settings.featureCache.empty();
    const auto cache = cacheFile(settings, (*slide)->fingerprint(), reader, opened.id);
    if (caching) restoreCache(bank, cache);

    SectionTensors data;
    data.name = section.name;
    data.patient = section.patient;
    std::vector<torch::Tensor> patches, neighbours, masks;
    std::vector<PatchKey> own, wanted;
    for (const auto& spot : section.spots) {
        wanted.push_back(reader.patchAt(spot.center));
        const auto region = reader.regionAt(spot.center, settings.regionRows, settings.regionColumns);
        for (std::size_t n = 0; n < region.patches.size(); ++n)
            if (region.mask[n] > 0) wanted.push_back(region.patches[n]);
    }
    loader.schedule(wanted);
    if (auto ok = bank.ensure(wanted, cancel); !ok) return Failure(ok.error());
    std::vector<int64_t> positions;
    for (const auto& spot : section.spots) {
        own.push_back(reader.patchAt(spot.center));
        auto rgb = reader.read(own.back());
        if (!rgb) return Failure(rgb.error());
        patches.push_back(torch::tensor(at::ArrayRef<std::uint8_t>(*rgb), torch::kUInt8)
                              .view({settings.pixels, settings.pixels, 3})
                              .permute({2, 0, 1})
                              .contiguous());
        const auto region = reader.regionAt(spot.center, settings.regionRows, settings.regionColumns);
        std::vector<torch::Tensor> rows;
        for (std::size_t n = 0; n < region.patches.size(); ++n)
            rows.push_back(region.mask[n] > 0 ? bank.features({region.patches[n]})[0]
                                              : bank.maskedFeatures());
        neighbours.push_back(torch::stack(rows));
        masks.push_back(torch::tensor(at::ArrayRef<float>(region.mask)));
        positions.insert(positions.end(), {spot.row, spot.column});
        data.ids.push_back(spot.id);
        data.places.push_back(spot.center);
    }
    if (caching && bank.encoderPasses() > 0)
        if (auto ok = saveCache(bank, cache); !ok) return Failure(ok.error());
    const auto n = static_cast<int64_t>(own.size());
    data.patches = torch::stack(patches);
    data.features = bank.features(own).to(torch::kFloat32);
    data.neighborFeatures = torch::stack(neighbours).to(torch::kFloat32);
    data.neighborMask = torch::stack(masks);
    data.positions = torch::tensor(at::ArrayRef<int64_t>(positions), torch::kInt64).view({n, 2});
    data.expression =
        torch::tensor(at::ArrayRef<float>(expression->values)).view({n, static_cast<int64_t>(panel.size())});
    return data;
}

void shuffleImages(SectionTensors& section, std::uint64_t seed) {
    std::vector<int64_t> order(section.ids.size());
    std::iota(order.begin(), order.end(), 0);
    std::mt19937_64 random(seed);
    for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[random() % i]);
    const auto index = torch::tensor(at::ArrayRef<int64_t>(order), torch::kInt64);
    for (auto* tensor :
         {&section.patches, &section.features, &section.neighborFeatures, &section.neighborMask})
        *tensor = tensor->index_select(0, index);
    for (auto& view : section.otherStains)
        view = {view.own.index_select(0, index), view.neighbors.index_select(0, index)};
}

SectionTensors asTheModelSees(const LoadedModel& model, SectionTensors section) {
    const auto scale = featureScaleOf(model, section.features);
    section.features = scale.apply(section.features);
    section.neighborFeatures = scale.apply(section.neighborFeatures);
    return section;
}

torch::Tensor networkPatches(const torch::Tensor& bytes) {
    return imageNetNormalised(bytes.to(torch::kFloat32).div_(255));
}

namespace {

torch::Tensor predictedBy(LoadedModel& model, const SectionTensors& section) {
    const torch::NoGradGuard noGradient;
    model.network->eval();
    const auto device = model.network->parameters().front().device();
    const auto scale = featureScaleOf(model, section.features);
    const auto text = model.network->encodeText(model.geneEmbeddings);
    const auto tokens =
        model.network->encodeSlide(scale.apply(section.features).to(device), section.positions.to(device));
    std::vector<torch::Tensor> rows;
    constexpr int64_t batch = 32;
    for (int64_t at = 0; at < tokens.size(0); at += batch) {
        const auto n = std::min(batch, tokens.size(0) - at);
        rows.push_back(
            model.network
                ->forward({networkPatches(section.patches.narrow(0, at, n).to(device)),
                           scale.apply(section.neighborFeatures.narrow(0, at, n)).to(device),
                           section.neighborMask.narrow(0, at, n).to(device), tokens.narrow(0, at, n)},
                          text)
                .prediction.to(torch::kCPU));
    }
    return torch::cat(rows);
}

} // namespace

torch::Tensor predictSection(LoadedModel& model, const SectionTensors& section) {
    const torch::NoGradGuard noGradient;
    torch::Tensor sum;
    for (auto& member : membersOf(model)) {
        auto predicted = predictedBy(member, section);
        sum = sum.defined() ? sum + predicted : predicted;
    }
    return sum / model.card.members;
}

} // namespace spotglass
