#include "EncoderFixtures.h"

#include "viewer/base/Files.h"

#include <QProcess>

namespace spotglass::test {
namespace fs = std::filesystem;

bool makeReference(const fs::path& folder, const QStringList& cases) {
    const QString python = QStringLiteral("/usr/bin/python3");
    QProcess process;
    process.start(python, {QStringLiteral("-c"), QStringLiteral("import torchvision")});
    if (!process.waitForFinished(120'000) || process.exitStatus() != QProcess::NormalExit ||
        process.exitCode() != 0)
        return false;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(python, QStringList{QStringLiteral(SPOTGLASS_REFERENCE_SCRIPT),
                                      QString::fromStdString(folder.string())} +
                              cases);
    return process.waitForFinished(280'000) && process.exitCode() == 0;
}

fs::path weightsOf(const fs::path& folder, const QString& name) {
    const fs::path plain = folder / (name.toStdString() + ".safetensors");
    return fs::exists(plain) ? plain : folder / (name.toStdString() + ".pth");
}

Result<EncoderSpec> specOf(const fs::path& folder, const QString& name) {
    const auto text = readFile(folder / (name.toStdString() + ".json"));
    if (!text) return Failure(text.error());
    return parseEncoderSpec(nlohmann::json::parse(*text, nullptr, false), name.toStdString());
}

torch::Tensor numbersOf(const fs::path& folder, const QString& name, const char* which) {
    return toTensor(SafeTensors::read(folder / (name.toStdString() + ".io.safetensors")).value(), which)
        .value();
}

double largestDifference(const torch::Tensor& a, const torch::Tensor& b) {
    return (a - b).abs().max().item<double>();
}

double correlation(const torch::Tensor& a, const torch::Tensor& b) {
    const auto x = a.flatten().to(torch::kFloat64), y = b.flatten().to(torch::kFloat64);
    const auto dx = x - x.mean(), dy = y - y.mean();
    return ((dx * dy).sum() / (dx.norm() * dy.norm())).item<double>();
}

EncoderSpec smallVit() {
    EncoderSpec spec;
    spec.name = "small";
    spec.inputSide = 32;
    VitArchitecture v;
    v.patchSize = 8;
    v.width = 64;
    v.depth = 4;
    v.heads = 1;
    v.hidden = 128;
    v.layerScale = true;
    spec.vit = v;
    return spec;
}

std::map<std::string, torch::Tensor> randomWeights(const EncoderSpec& spec) {
    torch::manual_seed(11);
    std::map<std::string, torch::Tensor> weights;
    for (const auto& [name, shape] : vitShapes(*spec.vit, spec.inputSide / spec.vit->patchSize)) {
        auto values = torch::randn(shape);
        if (shape.size() >= 2 && shape[0] > 1)
            values = values / std::sqrt(static_cast<double>(values[0].numel()));
        weights[name] = values;
    }
    return weights;
}

void writeSafeTensors(const fs::path& file, const std::map<std::string, torch::Tensor>& tensors) {
    SafeTensorsWriter writer;
    for (const auto& [name, tensor] : tensors)
        add(writer, name, tensor);
    (void)writer.write(file);
}

QString refusal(const EncoderSpec& spec, const fs::path& weights) {
    const auto opened = openEncoder(spec, weights);
    return opened ? QString() : QString::fromStdString(opened.error().sentence());
}

} // namespace spotglass::test
