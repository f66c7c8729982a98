#include "EncoderFixtures.h"
#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::test;
namespace fs = std::filesystem;

namespace {

/// A ResNet-18's tensors, all ones.
std::map<std::string, torch::Tensor> ones() {
    std::map<std::string, torch::Tensor> weights;
    const auto add = [&](const std::string& convolution, const std::string& norm, int64_t out, int64_t in,
                         int64_t side) {
        weights[convolution + ".weight"] =
            torch::ones({out, in, side, side}) / static_cast<double>(in * side * side);
        for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
            weights[norm + part] = torch::ones({out});
    };
    add("conv1", "bn1", 64, 3, 7);
    int64_t in = 64;
    for (int stage = 0; stage < 4; ++stage)
        for (int block = 0; block < 2; ++block) {
            const std::string prefix =
                "layer" + std::to_string(stage + 1) + "." + std::to_string(block) + ".";
            const int64_t out = int64_t{64} << stage;
            add(prefix + "conv1", prefix + "bn1", out, in, 3);
            add(prefix + "conv2", prefix + "bn2", out, out, 3);
            if (in != out) add(prefix + "downsample.0", prefix + "downsample.1", out, in, 1);
            in = out;
        }
    return weights;
}

EncoderSpec resnet18() {
    EncoderSpec spec;
    spec.kind = EncoderKind::ResNet18;
    spec.name = "r";
    spec.inputSide = 64;
    return spec;
}

} // namespace

class TestResNetEncoder : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    bool reference_ = false;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    static void rows() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("width");
        QTest::newRow("resnet18") << QStringLiteral("resnet18") << 512;
        QTest::newRow("resnet50") << QStringLiteral("resnet50") << 2048;
        QTest::newRow("resnet50_layer3") << QStringLiteral("resnet50_layer3") << 1024;
    }

  private Q_SLOTS:
    void initTestCase() {
        reference_ =
            makeReference(dir_.path().toStdString(), {QStringLiteral("resnet18"), QStringLiteral("resnet50"),
                                                      QStringLiteral("resnet50_layer3")});
    }

    void featuresAreThoseOfPyTorch_data() { rows(); }
    void featuresAreThoseOfPyTorch() {
        if (!reference_) QSKIP("python3-torchvision is not installed, with which the features are compared");
        QFETCH(QString, name);
        QFETCH(int, width);
        const fs::path folder = dir_.path().toStdString();
        const auto encoder = openEncoder(specOf(folder, name).value(), weightsOf(folder, name));
        QVERIFY2(encoder, encoder ? "" : encoder.error().sentence().c_str());
        QCOMPARE((*encoder)->width(), width);
        QCOMPARE((*encoder)->name(), name.toStdString());
        const auto wanted = numbersOf(folder, name, "output");
        const auto patches = numbersOf(folder, name, "input");
        const auto found = (*encoder)->encode(patches);
        QCOMPARE(found.sizes(), wanted.sizes());
        QVERIFY(wanted.std().item<double>() > 0.02);
        const double difference = largestDifference(found, wanted);
        QVERIFY2(difference < 1e-4, qPrintable(QString::number(difference)));
        for (int64_t row = 0; row < patches.size(0); ++row)
            QVERIFY(largestDifference((*encoder)->encode(patches.narrow(0, row, 1)),
                                      found.narrow(0, row, 1)) < 1e-5);
        const auto many = (*encoder)->encode(patches.repeat({7, 1, 1, 1}));
        QVERIFY(largestDifference(many, found.repeat({7, 1})) < 1e-5);
    }

    void sixteenBitsAgreeWithThirtyTwo_data() { rows(); }
    void sixteenBitsAgreeWithThirtyTwo() {
        if (!reference_) QSKIP("python3-torchvision is not installed, which makes the weights");
        QFETCH(QString, name);
        const fs::path folder = dir_.path().toStdString();
        for (const Precision precision : {Precision::BFloat16, Precision::Float16}) {
            auto encoder = openEncoder(specOf(folder, name).value(), weightsOf(folder, name)).value();
            const auto patches = numbersOf(folder, name, "input");
            const auto exact = encoder->encode(patches);
            encoder->moveTo(torch::kCPU, precision);
            const auto rounded = encoder->encode(patches);
            QVERIFY(!torch::equal(exact, rounded));
            QVERIFY(correlation(exact, rounded) >= 0.999);
            QVERIFY_EXCEPTION_THROWN(encoder->moveTo(torch::kCPU, Precision::Float32), c10::Error);
        }
    }

    void whatIsMissingOrOddIsNamed() {
        const auto sentence = [&](const std::map<std::string, torch::Tensor>& weights) {
            writeSafeTensors(at("twin.safetensors"), weights);
            return refusal(resnet18(), at("twin.safetensors"));
        };
        QVERIFY2(sentence(ones()).isEmpty(), qPrintable(sentence(ones())));
        auto weights = ones();
        weights.erase("layer2.1.bn2.running_var");
        QVERIFY(sentence(weights).contains(QStringLiteral("the weights lack layer2.1.bn2.running_var")));
        weights = ones();
        weights["layer2.0.conv1.weight"] = torch::ones({128, 64, 1, 1});
        QVERIFY2(sentence(weights).contains(QStringLiteral(
                     "layer2.0.conv1.weight is 128 x 64 x 1 x 1, resnet18 asks for 128 x 64 x 3 x 3")),
                 qPrintable(sentence(weights)));
        weights = ones();
        weights["bn1.running_var"][5] = -1;
        QVERIFY(sentence(weights).contains(QStringLiteral("negative variance")));
        weights = ones(); // ResNet-34
        weights["layer1.2.conv1.weight"] = torch::ones({64, 64, 3, 3});
        QVERIFY(sentence(weights).contains(
            QStringLiteral("layer1.2.conv1.weight, which a resnet18 does not have")));
        weights = ones();
        weights.erase("conv1.weight");
        QVERIFY2(sentence(weights).contains(QStringLiteral("does not hold a ResNet")),
                 qPrintable(sentence(weights)));
    }

    void aRealResNetOfAnotherShapeIsRefused() {
        writeSafeTensors(at("r.safetensors"), ones());
        EncoderSpec spec = resnet18();
        spec.kind = EncoderKind::ResNet50;
        QVERIFY2(refusal(spec, at("r.safetensors"))
                     .contains(QStringLiteral("layer1.0.conv1.weight is 64 x 64 x 3 x 3")),
                 qPrintable(refusal(spec, at("r.safetensors"))));
    }

    void weightsDescribeThemselves() {
        writeSafeTensors(at("r.safetensors"), ones());
        std::vector<std::string> notes;
        const auto spec = describeEncoder(at("r.safetensors"), {}, notes);
        QVERIFY2(spec, spec ? "" : spec.error().sentence().c_str());
        QVERIFY(spec->kind == EncoderKind::ResNet18);
        QCOMPARE(spec->name, std::string("r"));
        QCOMPARE(notes.size(), std::size_t(2));
        auto weights = ones(); // one of the tensors that a ResNet is known by
        weights.erase("layer3.0.conv1.weight");
        writeSafeTensors(at("r.safetensors"), weights);
        const auto cut = describeEncoder(at("r.safetensors"), {}, notes);
        QVERIFY(!cut && cut.error().what == "the weights lack layer3.0.conv1.weight");
    }

    /// Speed: only when asked for (SPOTGLASS_BENCH).
    void speed() {
        if (!qEnvironmentVariableIsSet("SPOTGLASS_BENCH")) QSKIP("a measurement, for SPOTGLASS_BENCH=1");
        writeSafeTensors(at("r.safetensors"), ones());
        EncoderSpec spec = resnet18();
        spec.inputSide = 224;
        for (const Precision precision : {Precision::Float32, Precision::BFloat16}) {
            const auto encoder = openEncoder(spec, at("r.safetensors")).value();
            encoder->moveTo(torch::kCPU, precision);
            for (const int64_t batch : {1, 16}) {
                const auto patches = torch::rand({batch, 3, 224, 224});
                qint64 best = std::numeric_limits<qint64>::max();
                for (int i = 0; i < 10; ++i) {
                    QElapsedTimer timer;
                    timer.start();
                    (void)encoder->encode(patches);
                    best = std::min(best, timer.nsecsElapsed());
                }
                qInfo("%s batch %ld: %.1f patches/s, %.0f GFLOP/s", name(precision).data(), long(batch),
                      1e9 * static_cast<double>(batch) / static_cast<double>(best),
                      3.63 * static_cast<double>(batch) * 1e9 / static_cast<double>(best));
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestResNetEncoder)
#include "TestResNetEncoder.moc"
