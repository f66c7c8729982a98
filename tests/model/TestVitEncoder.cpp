#include "EncoderFixtures.h"
#include "inference/model/encoders/VitEncoder.h"
#include "viewer/base/Files.h"
#include "viewer/base/Process.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::test;
namespace fs = std::filesystem;

namespace {

const QStringList kCases = {QStringLiteral("tiny"),
                            QStringLiteral("uni2"),
                            QStringLiteral("average"),
                            QStringLiteral("average_before"),
                            QStringLiteral("registers"),
                            QStringLiteral("clip"),
                            QStringLiteral("larger_grid"),
                            QStringLiteral("smaller_grid"),
                            QStringLiteral("larger_patches"),
                            QStringLiteral("smaller_patches"),
                            QStringLiteral("bicubic_patches"),
                            QStringLiteral("gated_gelu"),
                            QStringLiteral("vit_b_16")};

} // namespace

class TestVitEncoder : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    bool reference_ = false;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }

    /// Opens a case and compares its features with the reference's.
    void compareWithReference(const QString& name) {
        const auto spec = specOf(dir_.path().toStdString(), name);
        QVERIFY2(spec, spec ? "" : spec.error().sentence().c_str());
        const auto encoder = openEncoder(*spec, weightsOf(dir_.path().toStdString(), name));
        QVERIFY2(encoder, encoder ? "" : encoder.error().sentence().c_str());
        const auto wanted = numbersOf(dir_.path().toStdString(), name, "output");
        const auto patches = numbersOf(dir_.path().toStdString(), name, "input");
        const auto found = (*encoder)->encode(patches);
        QCOMPARE((*encoder)->width(), static_cast<int>(wanted.size(1)));
        QCOMPARE(found.sizes(), wanted.sizes());
        QVERIFY(found.scalar_type() == torch::kFloat32);
        QVERIFY(wanted.std().item<double>() > 0.05);
        const double difference = largestDifference(found, wanted);
        QVERIFY2(difference < 1e-4, qPrintable(QString::number(difference)));
        for (int64_t row = 0; row < patches.size(0); ++row) {
            const auto alone = (*encoder)->encode(patches.narrow(0, row, 1));
            const double change = largestDifference(alone, found.narrow(0, row, 1));
            QVERIFY2(change < 1e-5, qPrintable(QString::number(change)));
        }
    }

  private Q_SLOTS:
    void initTestCase() { reference_ = makeReference(dir_.path().toStdString(), kCases); }

    void featuresAreThoseOfPyTorch_data() {
        QTest::addColumn<QString>("name");
        for (const QString& name : kCases)
            QTest::newRow(qPrintable(name)) << name;
    }
    void featuresAreThoseOfPyTorch() {
        if (!reference_) QSKIP("python3-torchvision is not installed, with which the features are compared");
        QFETCH(QString, name);
        compareWithReference(name);
    }
    /// As large as UNI. Once: its weights fill 600 MB of disk and 1.2 GB of memory.
    void aLargeTransformerIsThatOfPyTorch() {
        if (!reference_) QSKIP("python3-torchvision is not installed, with which the features are compared");
        QVERIFY(makeReference(dir_.path().toStdString(), {QStringLiteral("vit_l_16")}));
        compareWithReference(QStringLiteral("vit_l_16"));
        // The file, its weights in 32 bits, and little beside them (a sanitizer keeps some of what is freed).
        QVERIFY2(memoryUse().peak < 2'800'000'000, qPrintable(QString::number(memoryUse().peak)));
        fs::remove(at("vit_l_16.safetensors"));
    }

    void sixteenBitsAgreeWithThirtyTwo_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("precision");
        for (const char* name : {"uni2", "tiny", "vit_b_16"})
            for (const char* precision : {"bf16", "fp16"})
                QTest::addRow("%s %s", name, precision)
                    << QString::fromLatin1(name) << QString::fromLatin1(precision);
    }
    void sixteenBitsAgreeWithThirtyTwo() {
        if (!reference_) QSKIP("python3-torchvision is not installed, which makes the weights");
        QFETCH(QString, name);
        QFETCH(QString, precision);
        auto encoder = openEncoder(specOf(dir_.path().toStdString(), name).value(),
                                   weightsOf(dir_.path().toStdString(), name))
                           .value();
        const auto input = numbersOf(dir_.path().toStdString(), name, "input");
        const auto exact = encoder->encode(input);
        encoder->moveTo(torch::kCPU, precisionNamed(precision.toStdString()).value());
        const auto rounded = encoder->encode(input);
        QVERIFY(rounded.scalar_type() == torch::kFloat32);
        QVERIFY2(!torch::equal(exact, rounded), "nothing was rounded");
        const double agreement = correlation(exact, rounded);
        QVERIFY2(agreement >= 0.999, qPrintable(QString::number(agreement)));
        // What was rounded away cannot come back.
        QVERIFY_EXCEPTION_THROWN(encoder->moveTo(torch::kCPU, Precision::Float32), c10::Error);
    }

    void aRowIsTheSameWhateverTheBatch() {
        const EncoderSpec spec = smallVit();
        writeSafeTensors(at("small.safetensors"), randomWeights(spec));
        const auto encoder = openEncoder(spec, at("small.safetensors")).value();
        const auto patches = torch::rand({21, 3, 32, 32});
        const auto together = encoder->encode(patches);
        QCOMPARE(together.size(0), int64_t{21});
        for (const int64_t count : {1, 2, 5, 8, 9, 20}) {
            const auto some = encoder->encode(patches.narrow(0, 21 - count, count));
            QVERIFY(largestDifference(some, together.narrow(0, 21 - count, count)) < 1e-5);
        }
        QVERIFY(torch::equal(encoder->encode(patches), together));
        QCOMPARE(encoder->encode(patches.narrow(0, 0, 0)).size(0), int64_t{0});
        QVERIFY_EXCEPTION_THROWN((void)encoder->encode(torch::rand({1, 4, 32, 32})), c10::Error);
        QVERIFY_EXCEPTION_THROWN((void)encoder->encode(torch::rand({3, 32, 32})), c10::Error);
    }

    void weightsDescribeThemselves() {
        const EncoderSpec spec = smallVit();
        auto weights = randomWeights(spec);
        std::map<std::string, torch::Tensor> wrapped;
        for (const auto& [name, tensor] : weights)
            wrapped["teacher.backbone." + name] = tensor;
        wrapped["teacher.backbone.mask_token"] = torch::rand({1, 64}); // of the training; not used
        writeSafeTensors(at("wrapped.safetensors"), wrapped);
        std::vector<std::string> notes;
        const auto found = describeEncoder(at("wrapped.safetensors"), {}, notes);
        QVERIFY2(found, found ? "" : found.error().sentence().c_str());
        QVERIFY(*found->vit == *spec.vit);
        QCOMPARE(found->inputSide, spec.inputSide);
        QCOMPARE(notes.size(), std::size_t(3)); // heads, pooling, colours
        // A configuration beside them is believed instead.
        QDir(dir_.path()).mkdir(QStringLiteral("with"));
        fs::copy_file(at("wrapped.safetensors"), at("with/weights.safetensors"));
        (void)writeFileAtomically(at("with/config.json"), R"({"architecture": "vit_base_patch16_224"})");
        const auto told = describeEncoder(at("with/weights.safetensors"), {}, notes);
        QVERIFY(told && told->vit->width == 768);
        QVERIFY2(refusal(*told, at("with/weights.safetensors")).contains(QStringLiteral("64")),
                 qPrintable(refusal(*told, at("with/weights.safetensors"))));
        (void)writeFileAtomically(at("with/config.json"), "not JSON");
        QVERIFY(!describeEncoder(at("with/weights.safetensors"), {}, notes));
    }

    void aMissingTensorIsNamed_data() {
        QTest::addColumn<QString>("tensor");
        const auto names = randomWeights(smallVit());
        for (const auto& [name, tensor] : names)
            if (name.find("blocks.1") != 0 && name.find("blocks.2") != 0)
                QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }
    void aMissingTensorIsNamed() {
        QFETCH(QString, tensor);
        const EncoderSpec spec = smallVit();
        auto weights = randomWeights(spec);
        QCOMPARE(weights.erase(tensor.toStdString()), std::size_t(1));
        writeSafeTensors(at("twin.safetensors"), weights);
        const QString sentence = refusal(spec, at("twin.safetensors"));
        QVERIFY2(sentence.contains(tensor) && sentence.contains(QStringLiteral("twin.safetensors")),
                 qPrintable(sentence));
    }

    void spoiltWeightsAreNamed_data() {
        QTest::addColumn<QString>("tensor");
        QTest::addColumn<QString>("says");
        QTest::newRow("shape") << "blocks.3.attn.qkv.weight"
                               << "blocks.3.attn.qkv.weight is 64 x 48, a width of 64 asks for 192 x 64";
        QTest::newRow("positions")
            << "pos_embed"
            << "pos_embed is 64 x 48, which is no square of patches and 1 other tokens";
        QTest::newRow("not used") << "blocks.4.norm1.weight"
                                  << "blocks.4.norm1.weight, which their configuration does not use";
        QTest::newRow("registers") << "reg_token"
                                   << "reg_token, which their configuration does not use";
        QTest::newRow("norm") << "fc_norm.weight"
                              << "fc_norm.weight, which their configuration does not use";
    }
    void spoiltWeightsAreNamed() {
        QFETCH(QString, tensor);
        QFETCH(QString, says);
        const EncoderSpec spec = smallVit();
        auto weights = randomWeights(spec);
        weights[tensor.toStdString()] = torch::rand({64, 48});
        writeSafeTensors(at("twin.safetensors"), weights);
        const QString sentence = refusal(spec, at("twin.safetensors"));
        QVERIFY2(sentence.contains(says), qPrintable(sentence));
    }

    void valuesThatAreNoNumbersAreRefused() {
        const EncoderSpec spec = smallVit();
        auto weights = randomWeights(spec);
        weights["blocks.2.mlp.fc1.weight"][3][4] = std::nan("");
        writeSafeTensors(at("twin.safetensors"), weights);
        QVERIFY(refusal(spec, at("twin.safetensors"))
                    .contains(QStringLiteral("blocks.2.mlp.fc1.weight that are not")));
        weights = randomWeights(spec);
        weights["blocks.2.mlp.fc1.weight"] = torch::ones({128, 64}, torch::kInt8);
        writeSafeTensors(at("twin.safetensors"), weights);
        QVERIFY(refusal(spec, at("twin.safetensors")).contains(QStringLiteral("whole numbers")));
    }

    void truncatedAndForeignFilesAreRefused() {
        const EncoderSpec spec = smallVit();
        writeSafeTensors(at("good.safetensors"), randomWeights(spec));
        const std::string good = readFile(at("good.safetensors")).value();
        (void)writeFileAtomically(at("short.safetensors"), good.substr(0, good.size() / 2));
        QVERIFY(refusal(spec, at("short.safetensors")).contains(QStringLiteral("truncated")));
        (void)writeFileAtomically(at("picture.bin"), "\x89PNG\r\n\x1a\n and more");
        QVERIFY(
            refusal(spec, at("picture.bin")).contains(QStringLiteral("does not hold an encoder's weights")));
        QVERIFY(!refusal(spec, at("absent.bin")).isEmpty());
        QVERIFY(!refusal(spec, dir_.path().toStdString()).isEmpty());
        writeSafeTensors(at("other.safetensors"), {{"fc.weight", torch::rand({3, 4})}});
        QVERIFY(refusal(spec, at("other.safetensors"))
                    .contains(QStringLiteral("there is no patch_embed.proj.weight")));
    }

    /// Speed: only when asked for (SPOTGLASS_BENCH), because it takes minutes.
    void speed_data();
    void speed();
};

void TestVitEncoder::speed_data() {
    QTest::addColumn<QString>("architecture");
    QTest::addColumn<QString>("precision");
    for (const char* architecture : {"vit_base_patch16_224", "vit_large_patch16_224"})
        for (const char* precision : {"fp32", "bf16"})
            QTest::addRow("%s %s", architecture, precision)
                << QString::fromLatin1(architecture) << QString::fromLatin1(precision);
}

void TestVitEncoder::speed() {
    if (!qEnvironmentVariableIsSet("SPOTGLASS_BENCH")) QSKIP("a measurement, for SPOTGLASS_BENCH=1");
    QFETCH(QString, architecture);
    QFETCH(QString, precision);
    EncoderSpec spec;
    spec.vit = VitArchitecture{};
    if (architecture.contains(QStringLiteral("large"))) {
        spec.vit->width = 1024;
        spec.vit->depth = 24;
        spec.vit->heads = 16;
        spec.vit->hidden = 4096;
    }
    spec.vit->layerScale = true;
    writeSafeTensors(at("speed.safetensors"), randomWeights(spec));
    auto encoder = openEncoder(spec, at("speed.safetensors")).value();
    fs::remove(at("speed.safetensors"));
    encoder->moveTo(torch::kCPU, precisionNamed(precision.toStdString()).value());
    const double operations = static_cast<const VitEncoder&>(*encoder).operationsPerPatch();
    const auto best = [](auto&& run) {
        double seconds = 1e9;
        QElapsedTimer all;
        all.start();
        for (int i = 0; i < 2 || (all.elapsed() < 3000 && i < 20); ++i) {
            QElapsedTimer timer;
            timer.start();
            run();
            seconds = std::min(seconds, static_cast<double>(timer.nsecsElapsed()) / 1e9);
        }
        return seconds;
    };
    const torch::NoGradGuard noGradient;
    const int64_t d = spec.vit->width;
    const auto x = torch::rand({8 * 197, d}), w = torch::rand({4 * d, d}), b = torch::rand({4 * d});
    const double matrix = best([&] { (void)torch::addmm(b, x, w.t()); });
    qInfo("the matrix product alone (%ld x %ld x %ld): %.0f GFLOP/s", long(x.size(0)), long(d), long(4 * d),
          2e-9 * static_cast<double>(x.size(0) * d * 4 * d) / matrix);
    for (const int64_t batch : {1, 4, 8, 16}) {
        const auto patches = torch::rand({batch, 3, 224, 224});
        const double seconds = best([&] { (void)encoder->encode(patches); });
        qInfo("batch %ld: %.3f s, %.2f patches/s, %.0f GFLOP/s", long(batch), seconds,
              static_cast<double>(batch) / seconds, operations * static_cast<double>(batch) / seconds / 1e9);
    }
}

QTEST_GUILESS_MAIN(TestVitEncoder)
#include "TestVitEncoder.moc"
