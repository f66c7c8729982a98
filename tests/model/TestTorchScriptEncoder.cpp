#include "EncoderFixtures.h"
#include "inference/model/encoders/TorchScriptEncoder.h"
#include "inference/model/encoders/WeightFile.h"
#include "Shared.h"
#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>
#include <torch/script.h>

using namespace spotglass;
using namespace spotglass::test;
namespace fs = std::filesystem;

class TestTorchScriptEncoder : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    const TorchScriptConsent agreed_{std::string(64, 'a')};
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }

    /// A program with that forward().
    [[nodiscard]] fs::path program(const std::string& body) const {
        torch::jit::Module module("encoder");
        module.define("def forward(self, x):\n    " + body + "\n");
        module.save(at("program.pt").string());
        return at("program.pt");
    }
    [[nodiscard]] static EncoderSpec spec() {
        EncoderSpec s;
        s.kind = EncoderKind::TorchScript;
        s.name = "scripted";
        s.inputSide = 32;
        return s;
    }
    [[nodiscard]] QString sentence(const std::string& body) const {
        const auto opened = TorchScriptEncoder::open(spec(), program(body), agreed_);
        return opened ? QString() : QString::fromStdString(opened.error().sentence());
    }

  private Q_SLOTS:
    void aModuleEncodes() {
        EncoderOpening opening;
        opening.consent = agreed_;
        const auto encoder = openEncoder(spec(), program("return x.flatten(2).mean(2)"), &opening);
        QVERIFY2(encoder, encoder ? "" : encoder.error().sentence().c_str());
        QCOMPARE((*encoder)->width(), 3);
        const auto patches = torch::rand({5, 3, 32, 32});
        const auto mean = torch::tensor({0.485f, 0.456f, 0.406f}),
                   std = torch::tensor({0.229f, 0.224f, 0.225f});
        const auto wanted = (patches.mean({2, 3}) - mean) / std;
        QVERIFY(largestDifference((*encoder)->encode(patches), wanted) < 1e-5);
        (*encoder)->moveTo(torch::kCPU, Precision::BFloat16);
        QVERIFY(largestDifference((*encoder)->encode(patches), wanted) < 1e-5);
        // Another size is resampled.
        QCOMPARE((*encoder)->encode(torch::rand({2, 3, 50, 41})).sizes().vec(), (std::vector<int64_t>{2, 3}));
    }
    void aModuleThatNormalisesGetsPlainColours() {
        EncoderSpec s = spec();
        s.normalisesItself = true;
        const auto encoder = TorchScriptEncoder::open(s, program("return x.flatten(2).mean(2)"), agreed_);
        QVERIFY(encoder.has_value());
        const auto patches = torch::rand({2, 3, 32, 32});
        QVERIFY(largestDifference((*encoder)->encode(patches), patches.mean({2, 3})) < 1e-6);
    }

    void nothingRunsWithoutConsent() {
        const fs::path file = program("return x.flatten(2).mean(2)");
        QVERIFY(refusal(spec(), file).contains(QStringLiteral("nobody has agreed")));
        for (const char* hash : {"", "yes", "zz"})
            QVERIFY(!TorchScriptEncoder::open(spec(), file, {hash}));
        QVERIFY(!TorchScriptEncoder::open(spec(), file, {std::string(64, 'g')}));
    }

    void wrongAnswersGiveSentences() {
        QVERIFY(sentence("return x.flatten(2).mean(2)").isEmpty());
        QVERIFY2(sentence("return (x.mean(), x)").contains(QStringLiteral("returns a Tuple[Tensor, Tensor]")),
                 qPrintable(sentence("return (x.mean(), x)")));
        QVERIFY(sentence("return {'features': x}").contains(QStringLiteral("Dict[str, Tensor]")));
        QVERIFY(sentence("return x").contains(QStringLiteral("a tensor of 2 x 3 x 32 x 32")));
        QVERIFY(sentence("return x.flatten(1).mean(0)").contains(QStringLiteral("a tensor of 3072,")));
        QVERIFY(sentence("return x[0:1].flatten(1)").contains(QStringLiteral("2 rows of features")));
        QVERIFY(sentence("return x.flatten(1) / 0").contains(QStringLiteral("not finite")));
        QVERIFY(sentence("return x.flatten(1).long()").contains(QStringLiteral("not finite numbers")));
        QVERIFY(
            sentence("return x.view(7, 7, 7)").contains(QStringLiteral("cannot take patches of 32 x 32")));
        QVERIFY(sentence("assert False, 'no'\n    return x").contains(QStringLiteral("cannot take patches")));
    }

    void otherFilesAreRefused() {
        const auto said = [&](const fs::path& file) {
            const auto opened = TorchScriptEncoder::open(spec(), file, agreed_);
            return opened ? QString() : QString::fromStdString(opened.error().sentence());
        };
        writeSafeTensors(at("plain.safetensors"), {{"w", torch::rand({2})}});
        QVERIFY(said(at("plain.safetensors")).contains(QStringLiteral("not a TorchScript program")));
        QVERIFY(!said(at("absent.pt")).isEmpty());
        const std::string good = readFile(program("return x.flatten(2).mean(2)")).value();
        (void)writeFileAtomically(at("short.pt"), good.substr(0, good.size() / 2));
        QVERIFY(!said(at("short.pt")).isEmpty());
        // The table of contents is whole, the code is not.
        std::string spoilt = good;
        const auto code = spoilt.find("def forward");
        QVERIFY(code != std::string::npos);
        spoilt.replace(code, 3, "fed");
        (void)writeFileAtomically(at("spoilt.pt"), spoilt);
        QVERIFY2(said(at("spoilt.pt")).contains(QStringLiteral("cannot be loaded")),
                 qPrintable(said(at("spoilt.pt"))));
    }

    void asWeightsItIsRefusedAndNotRun() {
        const fs::path file = program("assert False, 'was run'\n    return x");
        const auto opened = WeightFile::open(file);
        QVERIFY(!opened);
        const QString what = QString::fromStdString(opened.error().sentence());
        QVERIFY2(what.contains(QStringLiteral("TorchScript program, not plain weights")), qPrintable(what));
        EncoderSpec vit = smallVit();
        QVERIFY(refusal(vit, file).contains(QStringLiteral("TorchScript program")));
    }

    void realProgramsAreToldFromWeights() {
        SPOTGLASS_NEED_SHARED(folder, "data/weights");
        for (const auto& entry : fs::directory_iterator(folder / "torchscript")) {
            QVERIFY2(isTorchScript(entry.path()), entry.path().c_str());
            QVERIFY(!WeightFile::open(entry.path()));
        }
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (entry.is_regular_file() && entry.path().parent_path().filename() != "torchscript")
                QVERIFY2(!isTorchScript(entry.path()), entry.path().c_str());
    }
};

QTEST_GUILESS_MAIN(TestTorchScriptEncoder)
#include "TestTorchScriptEncoder.moc"
