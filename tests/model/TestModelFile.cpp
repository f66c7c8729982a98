#include "inference/model/CheckpointImporter.h"
#include "inference/model/ModelFile.h"
#include "inference/model/TensorConversion.h"
#include "Shared.h"
#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

namespace {

LoadedModel smallModel() {
    LoadedModel model;
    auto& c = model.card.config;
    c.patchWidth = 16;
    c.genes = 3;
    c.width = 8;
    c.textWidth = 8;
    for (auto* t : {&c.fusion, &c.slide, &c.region, &c.image, &c.expression, &c.text})
        *t = {1, 2, 1, 0.0};
    c.slide.depth = 2;
    model.card.name = "small";
    model.card.genes = {"FN1", "HSPB1", "ERBB2"};
    model.card.micronsPerPixel = 0.5;
    model.card.imageEncoder = "none";
    model.geneEmbeddings = torch::randn({3, 8});
    model.featureMean = torch::zeros({8});
    model.featureScale = torch::ones({8});
    model.network = Dkan(c);
    return model;
}

std::string sentence(const fs::path& file) {
    const auto model = loadModel(file);
    return model ? "loaded" : model.error().sentence();
}

} // namespace

class TestModelFile : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }

    /// The small model with its card changed, written without the checks of saveModel.
    fs::path tampered(const char* name, const std::function<void(nlohmann::json&)>& change) {
        const auto model = smallModel();
        auto card = toJson(model.card);
        change(card);
        SafeTensorsWriter writer;
        writer.setMetadata("spotglass", card.dump());
        for (const auto& p : model.network->named_parameters())
            add(writer, p.key(), p.value());
        for (const auto& b : model.network->named_buffers())
            add(writer, b.key(), b.value());
        add(writer, "gene_embeddings", model.geneEmbeddings);
        add(writer, "frozen_encoder.feature_mean", model.featureMean);
        add(writer, "frozen_encoder.feature_scale", model.featureScale);
        (void)writer.write(at(name));
        return at(name);
    }

  private Q_SLOTS:
    void comesBackAsItWasSaved() {
        const auto model = smallModel();
        QVERIFY(saveModel(model, at("m.safetensors")).has_value());
        const auto again = loadModel(at("m.safetensors"));
        QVERIFY(again.has_value());
        QCOMPARE(again->card.genes, model.card.genes);
        QVERIFY(again->card.config == model.card.config);
        QVERIFY(torch::equal(again->geneEmbeddings, model.geneEmbeddings));
        for (const auto& p : again->network->named_parameters())
            QVERIFY(torch::equal(p.value(), model.network->named_parameters()[p.key()]));
        QVERIFY(!again->network->is_training());
    }
    void aTruncatedFileIsRefused() {
        QVERIFY(saveModel(smallModel(), at("whole.safetensors")).has_value());
        const auto content = readFile(at("whole.safetensors")).value();
        for (const std::size_t keep :
             {std::size_t(5), std::size_t(200), content.size() / 2, content.size() - 1}) {
            QVERIFY(writeFileAtomically(at("cut.safetensors"), content.substr(0, keep)).has_value());
            QVERIFY(sentence(at("cut.safetensors")).find("cut.safetensors: ") != std::string::npos);
        }
    }
    void anotherVersionSaysWhichAndWhatToDo() {
        const auto text = sentence(tampered("new.safetensors", [](auto& card) { card["format"] = 9; }));
        QVERIFY2(text.find("format version 9; this program reads version 1. Update Spotglass.") !=
                     std::string::npos,
                 text.c_str());
    }
    void genesAndWeightsThatDisagreeAreRefused() {
        auto text = sentence(tampered("two.safetensors", [](auto& card) {
            card["genes"] = {"FN1", "HSPB1"};
        }));
        QVERIFY2(text.find("gene list has 2 genes, its weights have 3") != std::string::npos, text.c_str());
        text = sentence(tampered("four.safetensors", [](auto& card) {
            card["genes"] = {"FN1", "HSPB1", "ERBB2", "KRT8"};
            card["configuration"]["num_genes"] = 4;
        }));
        QVERIFY2(text.find("gene_embeddings is 3 x 8") != std::string::npos, text.c_str());
        text = sentence(tampered("twice.safetensors", [](auto& card) {
            card["genes"] = {"FN1", "FN1", "ERBB2"};
        }));
        QVERIFY2(text.find("names a gene twice") != std::string::npos, text.c_str());
    }
    void weightsThatDoNotFitTheConfigurationNameTheTensor() {
        const auto text = sentence(
            tampered("deep.safetensors", [](auto& card) { card["configuration"]["depth_img"] = 2; }));
        QVERIFY2(text.find("lack img_fusion_encoder.layers.1.0.norm.weight") != std::string::npos,
                 text.c_str());
    }
    void weightsWithoutACardAreRefused() {
        SafeTensorsWriter writer;
        writer.addFloats("x", {2}, {1, 2});
        QVERIFY(writer.write(at("bare.safetensors")).has_value());
        QVERIFY(sentence(at("bare.safetensors")).find("no Spotglass model card") != std::string::npos);
    }
    void notAModelAtAll() {
        QVERIFY(writeFileAtomically(at("text.safetensors"), "hello, this is a text file").has_value());
        QVERIFY(sentence(at("text.safetensors")).find("not a safetensors file") != std::string::npos);
        QVERIFY(sentence(at("missing.safetensors")).find("does not exist") != std::string::npos);
    }
    void importsAnOfficialStyleCheckpoint() {
        SPOTGLASS_NEED_SHARED(folder, "reference/dkan");
        std::string genes;
        for (int i = 0; i < 7; ++i)
            genes += "GENE" + std::to_string(i) + '\n';
        QVERIFY(writeFileAtomically(at("genes.txt"), genes).has_value());
        const auto model =
            importCheckpoint(folder / "lightning.ckpt", at("genes.txt"), folder / "tensors.safetensors");
        QVERIFY2(model.has_value(), model ? "" : model.error().sentence().c_str());
        const auto weights = SafeTensors::read(folder / "weights.safetensors");
        for (const auto& p : model->network->named_parameters())
            QVERIFY(torch::equal(p.value(), toTensor(*weights, p.key())->to(torch::kFloat32)));
        QVERIFY(saveModel(*model, at("imported.safetensors")).has_value());
        QCOMPARE(loadModel(at("imported.safetensors"))->card.config.slide.depth, 5);
        QVERIFY(writeFileAtomically(at("six.txt"), "A\nB\nC\nD\nE\nF\n").has_value());
        const auto refused =
            importCheckpoint(folder / "lightning.ckpt", at("six.txt"), folder / "tensors.safetensors");
        QVERIFY(!refused && refused.error().sentence().find(
                                "gene list has 6 genes, the checkpoint predicts 7") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestModelFile)
#include "TestModelFile.moc"
