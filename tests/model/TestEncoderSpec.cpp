#include "inference/model/encoders/EncoderSpec.h"
#include "inference/model/encoders/PublishedEncoders.h"
#include "inference/model/encoders/TimmConfig.h"
#include "inference/model/encoders/WeightShapes.h"

#include <QtTest>

using namespace spotglass;
using Json = nlohmann::json;

namespace {

/// MahmoodLab/UNI's config.json: its arguments stand at the top.
const char* const kUni = R"({
  "architecture": "vit_large_patch16_224", "patch_size": 16, "img_size": 224, "init_values": 1.0,
  "num_classes": 0, "num_features": 1024, "global_pool": "token", "dynamic_img_size": true,
  "pretrained_cfg": {"tag": "uni_mass100k", "custom_load": true, "crop_pct": 1, "input_size": [3, 224, 224],
    "fixed_input_size": false, "interpolation": "bilinear", "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225], "num_classes": 0, "pool_size": null, "first_conv": "patch_embed.proj",
    "classifier": "head", "license": "CC-BY-NC-ND-4.0"}})";

/// UNI2-h's arguments as its authors give them to timm, with and without the two that JSON cannot hold.
Json uni2(bool withMlp) {
    Json json = Json::parse(R"({
      "architecture": "vit_giant_patch14_224", "num_classes": 0, "num_features": 1536, "global_pool": "token",
      "model_args": {"img_size": 224, "patch_size": 14, "depth": 24, "num_heads": 24, "init_values": 1e-5,
        "embed_dim": 1536, "mlp_ratio": 5.33334, "num_classes": 0, "no_embed_class": true, "reg_tokens": 8,
        "dynamic_img_size": true},
      "pretrained_cfg": {"input_size": [3, 224, 224], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}})");
    if (withMlp) {
        json["model_args"]["mlp_layer"] = "timm.layers.SwiGLUPacked";
        json["model_args"]["act_layer"] = "<class 'torch.nn.modules.activation.SiLU'>";
    }
    return json;
}

VitArchitecture uni2Architecture() {
    VitArchitecture v;
    v.patchSize = 14;
    v.width = 1536;
    v.depth = 24;
    v.heads = 24;
    v.hidden = 8192;
    v.mlp = MlpForm::Gated;
    v.activation = Activation::Silu;
    v.layerScale = true;
    v.registerTokens = 8;
    v.prefixPosition = false;
    return v;
}

QString refusal(const Json& config) {
    const auto spec = parseTimmConfig(config, "config.json");
    return spec ? QString() : QString::fromStdString(spec.error().sentence());
}

} // namespace

class TestEncoderSpec : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void theConfigurationOfUni() {
        auto spec = parseTimmConfig(Json::parse(kUni), "config.json");
        QVERIFY2(spec, spec ? "" : spec.error().sentence().c_str());
        QVERIFY(spec->kind == EncoderKind::Vit);
        QCOMPARE(spec->inputSide, 224);
        VitArchitecture wanted;
        wanted.width = 1024;
        wanted.depth = 24;
        wanted.heads = 16;
        wanted.hidden = 4096;
        wanted.layerScale = true;
        wanted.mlp = MlpForm::FromWeights;
        QVERIFY(*spec->vit == wanted);
        QVERIFY(spec->interpolation == Interpolation::Bilinear);
        wanted.mlp = MlpForm::Plain;
        std::vector<std::string> notes;
        QVERIFY(completeVit(*spec, vitShapes(wanted, 14), "weights", notes).has_value());
        QVERIFY(*spec->vit == wanted);
        QVERIFY(notes.empty());
        auto published = publishedSpec("uni");
        QVERIFY(published.has_value());
        QCOMPARE(published->name, std::string("uni"));
        published->vit->mlp = MlpForm::Plain;
        QVERIFY(*published->vit == wanted);
        QVERIFY(published->mean == spec->mean && published->std == spec->std);
    }

    void theConfigurationOfUni2h() {
        const auto full = parseTimmConfig(uni2(true), "config.json");
        QVERIFY2(full, full ? "" : full.error().sentence().c_str());
        QVERIFY(*full->vit == uni2Architecture());
        QCOMPARE(full->inputSide, 224);
        // Without mlp_layer, which JSON cannot hold, the weights show the gated MLP.
        auto bare = parseTimmConfig(uni2(false), "config.json");
        QVERIFY(bare && bare->vit->mlp == MlpForm::FromWeights);
        std::vector<std::string> notes;
        QVERIFY(completeVit(*bare, vitShapes(uni2Architecture(), 16), "weights", notes).has_value());
        QVERIFY(*bare->vit == uni2Architecture());
        QCOMPARE(notes.size(), std::size_t(1));
        QVERIFY(*publishedSpec("uni2-h")->vit == uni2Architecture());
        QVERIFY(!publishedSpec("uni3"));
    }

    void otherArchitecturesOfTimm() {
        const auto giga = parseTimmConfig(
            Json::parse(R"({"architecture": "vit_giant_patch14_dinov2", "num_features": 1536, "model_args":
                {"img_size": 224, "in_chans": 3, "patch_size": 16, "embed_dim": 1536, "depth": 40, "num_heads": 24,
                 "init_values": 1e-05, "mlp_ratio": 5.33334, "num_classes": 0}})"),
            "config.json");
        QVERIFY2(giga, giga ? "" : giga.error().sentence().c_str());
        QVERIFY(giga->vit->mlp == MlpForm::Gated && giga->vit->activation == Activation::Silu);
        QCOMPARE(giga->vit->hidden, 8192);
        QCOMPARE(giga->inputSide, 224);
        QVERIFY(giga->vit->prefixPosition);
        const auto optimus = parseTimmConfig(
            Json::parse(
                R"({"architecture": "vit_giant_patch14_reg4_dinov2", "model_args": {"img_size": 224}})"),
            "");
        QVERIFY(optimus && optimus->vit->registerTokens == 4 && !optimus->vit->prefixPosition);
        QCOMPARE(timmArchitecture("vit_giant_patch14_224", "")->vit->hidden, 6144);
        QCOMPARE(timmArchitecture("vit_huge_patch14_224.orig_in21k", "")->vit->heads, 16);
        QCOMPARE(timmArchitecture("vit_base_patch14_dinov2.lvd142m", "")->inputSide, 518);
        QVERIFY(timmArchitecture("resnet50", "")->kind == EncoderKind::ResNet50);
        const auto average = parseTimmConfig(
            Json::parse(R"({"architecture": "vit_base_patch16_224", "global_pool": "avg", "qk_norm": true})"),
            "");
        QVERIFY(average->vit->pooling == Pooling::Average && average->vit->poolNorm && average->vit->qkNorm);
    }

    void whatWouldChangeTheNumbersIsRefused_data() {
        QTest::addColumn<QString>("arguments");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const char* arguments, const char* says) {
            QTest::newRow(name) << QString::fromLatin1(arguments) << QString::fromLatin1(says);
        };
        row("unknown", R"({"rope_theta": 100})", "the entry rope_theta is not known");
        row("block", R"({"block_fn": "ParallelScalingBlock"})", "the entry block_fn is not known");
        row("mlp", R"({"mlp_layer": "timm.layers.GluMlp"})", "mlp_layer should be Mlp or SwiGLUPacked");
        row("gate", R"({"mlp_layer": "SwiGLUPacked"})", "act_layer should be said");
        row("activation", R"({"act_layer": "quick_gelu"})", "act_layer should be gelu or silu");
        row("norm", R"({"norm_layer": "RmsNorm"})", "norm_layer should be LayerNorm");
        row("pool", R"({"global_pool": "map"})", "global_pool should be token or avg");
        row("all tokens", R"({"global_pool": ""})", "global_pool should be token or avg");
        row("channels", R"({"in_chans": 4})", "in_chans should be 3");
        row("final norm", R"({"final_norm": false})", "final_norm should be true");
        row("prefix", R"({"pool_include_prefix": true})", "pool_include_prefix should be false");
        row("kind", R"({"depth": "24"})", "depth should be a whole number");
        row("heads", R"({"num_heads": 7})", "does not divide by its 7 heads");
        row("side", R"({"img_size": 230})", "does not divide by its patches of 16");
        row("oblong", R"({"img_size": [224, 448]})", "img_size should be one whole number");
        row("token", R"({"class_token": false})", "has no class token");
        row("features", R"({"embed_dim": 384})", "promises 768 features");
    }
    void whatWouldChangeTheNumbersIsRefused() {
        QFETCH(QString, arguments);
        QFETCH(QString, says);
        Json config = {{"architecture", "vit_base_patch16_224"}, {"num_features", 768}};
        QVERIFY2(refusal(config).isEmpty(), qPrintable(refusal(config)));
        config["model_args"] = Json::parse(arguments.toStdString());
        QVERIFY2(refusal(config).contains(says), qPrintable(refusal(config)));
        QVERIFY(refusal(config).contains(QStringLiteral("config.json")));
        // The same beside model_args, as UNI has it.
        Json flat = {{"architecture", "vit_base_patch16_224"}, {"num_features", 768}};
        flat.update(config["model_args"]);
        QVERIFY2(refusal(flat).contains(says), qPrintable(refusal(flat)));
    }
    void whatMattersInTrainingAloneIsPassedOver() {
        QCOMPARE(
            refusal({{"architecture", "vit_base_patch16_224"},
                     {"model_args", {{"drop_path_rate", 0.4}, {"weight_init", "jax"}, {"num_classes", 3}}}}),
            QString());
    }
    void otherConfigurationsAreRefused() {
        QVERIFY(refusal(Json::array()).contains(QStringLiteral("not a JSON object")));
        QVERIFY(refusal(Json::object()).contains(QStringLiteral("does not name its architecture")));
        QVERIFY(refusal({{"model_type", "vit"}}).contains(QStringLiteral("transformers library")));
        for (const char* name :
             {"swin_tiny_patch4_window7_224", "vit_base_patch16_clip_quickgelu_224", "resnet34",
              "vit_base_patch16_rope_reg1_gap_256", "vit_base_patch16_reg4_224"})
            QVERIFY2(refusal({{"architecture", name}}).contains(QStringLiteral("is not one that")), name);
    }

    void whatIsWrittenIsReadBack() {
        EncoderSpec vit;
        vit.name = "mine";
        vit.inputSide = 448;
        vit.mean = {0.7, 0.6, 0.5};
        vit.interpolation = Interpolation::Bicubic;
        vit.micronsPerPixel = 0.5;
        vit.vit = uni2Architecture();
        vit.vit->pooling = Pooling::Average;
        vit.vit->poolNorm = true;
        EncoderSpec bare;
        EncoderSpec resnet;
        resnet.kind = EncoderKind::ResNet50;
        resnet.stopsAtLayer3 = true;
        EncoderSpec script;
        script.kind = EncoderKind::TorchScript;
        script.normalisesItself = true;
        for (const EncoderSpec& spec : {vit, bare, resnet, script}) {
            const auto read = parseEncoderSpec(Json::parse(toJson(spec).dump()), "spec.json");
            QVERIFY2(read, read ? "" : read.error().sentence().c_str());
            QVERIFY(*read == spec);
        }
        Json json = toJson(vit);
        json["vit"]["rope"] = true;
        QVERIFY(parseEncoderSpec(json, "").error().what.find("rope is not known") != std::string::npos);
        json = toJson(vit);
        json["kind"] = "swin";
        QVERIFY(parseEncoderSpec(json, "").error().what.find("one of vit, resnet18") != std::string::npos);
        json = toJson(vit);
        json["std"] = {0.2, 0, 0.2};
        QVERIFY(!parseEncoderSpec(json, ""));
        QVERIFY(!parseEncoderSpec(Json::object(), ""));
        QVERIFY(!parseEncoderSpec(3, ""));
    }

    void shapesShowTheArchitecture() {
        std::vector<std::string> notes;
        EncoderSpec spec;
        auto wanted = uni2Architecture();
        QVERIFY(completeVit(spec, vitShapes(wanted, 16), "w", notes).has_value());
        QVERIFY(*spec.vit == wanted);
        QCOMPARE(spec.inputSide, 224);
        QCOMPARE(notes.size(), std::size_t(3)); // the gate's activation, heads, pooling
        for (const auto& [width, heads] :
             {std::pair{1280, 16}, {1408, 16}, {1024, 16}, {768, 12}, {384, 6}}) {
            EncoderSpec other;
            VitArchitecture v;
            v.width = width;
            v.heads = heads;
            v.poolNorm = width == 768;
            v.pooling = v.poolNorm ? Pooling::Average : Pooling::Token;
            notes.clear();
            QVERIFY(completeVit(other, vitShapes(v, 14), "w", notes).has_value());
            QVERIFY(*other.vit == v);
            QVERIFY(notes.front().find(std::to_string(heads) + " was assumed") != std::string::npos);
        }
    }
    void shapesThatShowNoArchitectureAreRefused() {
        std::vector<std::string> notes;
        EncoderSpec spec;
        const auto said = [&](const TensorShapes& shapes) {
            EncoderSpec open;
            const auto ok = completeVit(open, shapes, "w", notes);
            return ok ? QString() : QString::fromStdString(ok.error().sentence());
        };
        QVERIFY(said({}).contains(QStringLiteral("lack patch_embed.proj.weight")));
        auto shapes = vitShapes(VitArchitecture{}, 14);
        shapes["pos_embed"] = {1, 200, 768};
        QVERIFY(said(shapes).contains(QStringLiteral("200 position embeddings")));
        shapes.erase("pos_embed");
        QVERIFY(said(shapes).contains(QStringLiteral("lack pos_embed")));
        shapes = vitShapes(VitArchitecture{}, 14);
        shapes["patch_embed.proj.weight"] = {0, 3, 16, 16};
        QVERIFY(said(shapes).contains(QStringLiteral("0 x 3 x 16 x 16, which no encoder has")));
        shapes["patch_embed.proj.weight"] = {1ll << 40, 3, 0, 0};
        QVERIFY(!said(shapes).isEmpty());
    }

    void knownEncodersSayWhereTheyComeFrom() {
        const PublishedEncoder* uni = publishedEncoder("UNI");
        QVERIFY(uni && uni->gated && uni->width == 1024);
        const QString how = QString::fromStdString(howToGet(*uni));
        QVERIFY2(how.contains(QStringLiteral("huggingface.co/MahmoodLab/UNI, request access")) &&
                     how.contains(QStringLiteral("pytorch_model.bin")) &&
                     how.endsWith(QStringLiteral("Spotglass.")),
                 qPrintable(how));
        QVERIFY(howToGet(*publishedEncoder("conch")).find("torch.jit.trace") != std::string::npos);
        QVERIFY(howToGet(*publishedEncoder("resnet50")).find("freely") != std::string::npos);
        QVERIFY(!publishedEncoder("nothing"));
        for (const PublishedEncoder& encoder : publishedEncoders())
            QVERIFY(publishedEncoder(encoder.title) == &encoder);
    }
};

QTEST_GUILESS_MAIN(TestEncoderSpec)
#include "TestEncoderSpec.moc"
