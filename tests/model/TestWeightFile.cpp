#include "EncoderFixtures.h"
#include "inference/model/encoders/WeightFile.h"
#include "inference/model/PyTorchArchive.h"
#include "Shared.h"
#include "viewer/base/Files.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using namespace spotglass::test;
namespace fs = std::filesystem;

class TestWeightFile : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(dir_.path().toStdString()) / name;
    }
    /// A file of tensors of those names, each holding its own number.
    [[nodiscard]] WeightFile fileOf(const std::vector<std::string>& names) const {
        std::map<std::string, torch::Tensor> tensors;
        for (const std::string& name : names)
            tensors[name] = torch::full({2}, static_cast<double>(tensors.size()));
        writeSafeTensors(at("made.safetensors"), tensors);
        return WeightFile::open(at("made.safetensors")).value();
    }

  private Q_SLOTS:
    void wrappersAreSeenThrough_data() {
        QTest::addColumn<QString>("prefix");
        for (const char* prefix :
             {"", "state_dict.", "model.", "module.", "model_state_dict.", "teacher.backbone.",
              "state_dict.module.model.encoder.", "state_dict.visual.trunk.", "0."})
            QTest::newRow(*prefix ? prefix : "none") << QString::fromLatin1(prefix);
    }
    void wrappersAreSeenThrough() {
        QFETCH(QString, prefix);
        const std::string p = prefix.toStdString();
        auto file =
            fileOf({p + "conv1.weight", p + "bn1.weight", "epoch.numbers", p + "layer1.0.conv1.weight"});
        QVERIFY(file.enter({"conv1.weight", "bn1.weight"}, "a network").has_value());
        QCOMPARE(file.prefix(), p);
        const auto inside = file.inside();
        QVERIFY(inside.contains("conv1.weight") && inside.contains("layer1.0.conv1.weight"));
        QVERIFY(p.empty() || !inside.contains("epoch.numbers"));
        QVERIFY(file.take("bn1.weight").has_value());
        const auto missing = file.take("bn2.weight");
        QVERIFY(!missing && missing.error().what == "the weights lack bn2.weight");
    }

    void twoNetworksInOneFile() {
        auto both = fileOf({"student.backbone.w.weight", "teacher.backbone.w.weight"});
        QVERIFY(both.enter({"w.weight"}, "a network").has_value());
        QCOMPARE(both.prefix(), std::string("teacher.backbone."));
        auto average = fileOf({"model.w.weight", "model_ema.w.weight"});
        QVERIFY(average.enter({"w.weight"}, "a network").has_value());
        QCOMPARE(average.prefix(), std::string("model_ema."));
        auto unclear = fileOf({"left.w.weight", "right.w.weight"});
        const auto refused = unclear.enter({"w.weight"}, "a network");
        QVERIFY(!refused);
        QVERIFY(refused.error().what.find("\"left.\" and \"right.\"") != std::string::npos);
        auto none = fileOf({"xw.weight"});
        QVERIFY(!none.holds({"w.weight"}));
        QVERIFY(none.enter({"w.weight"}, "a network").error().what ==
                "this file does not hold a network (there is no w.weight)");
    }

    void everyFloatingTypeIsWidened() {
        const auto values = torch::tensor({1.5, -2.25, 0.0});
        for (const auto type : {torch::kFloat64, torch::kFloat32, torch::kFloat16, torch::kBFloat16}) {
            writeSafeTensors(at("typed.safetensors"), {{"w", values.to(type)}});
            auto file = WeightFile::open(at("typed.safetensors")).value();
            const auto read = file.take("w");
            QVERIFY(read && read->scalar_type() == torch::kFloat32 &&
                    torch::equal(*read, values.to(torch::kFloat32)));
        }
    }

    void tensorsOfPyTorchFilesAreReadOnceAndLetGo() {
        SPOTGLASS_NEED_SHARED(path, "data/weights/lpips/v0.0_squeeze.pth");
        auto file = WeightFile::open(path);
        QVERIFY2(file, file ? "" : file.error().sentence().c_str());
        QVERIFY(file->enter({"lin0.model.1.weight"}, "LPIPS").has_value());
        const auto first = file->take("lin0.model.1.weight");
        QVERIFY(first && std::abs(first->flatten()[0].item<float>() - 0.32207f) < 1e-5f);
        QVERIFY(!file->take("lin0.model.1.weight"));
    }

    void everyFileOfWeightsOpens() {
        SPOTGLASS_NEED_SHARED(folder, "data");
        int opened = 0;
        for (const char* part : {"weights", "encoders"})
            for (const auto& entry : fs::recursive_directory_iterator(folder / part)) {
                if (!entry.is_regular_file() || entry.path().parent_path().filename() == "torchscript")
                    continue;
                const auto file = WeightFile::open(entry.path());
                const auto extension = entry.path().extension();
                const bool weights = extension != ".onnx" && extension != ".h5";
                QVERIFY2(file.has_value() == weights || file.error().what == "this file holds no tensors",
                         entry.path().c_str());
                opened += file.has_value() ? 1 : 0;
            }
        QVERIFY2(opened > 50, qPrintable(QString::number(opened)));
    }

    void hostileFilesAreRefused() {
        SPOTGLASS_NEED_SHARED(folder, "data/hostile");
        for (const auto& entry : fs::directory_iterator(folder)) {
            const std::string name = entry.path().filename().string();
            auto file = WeightFile::open(entry.path());
            if (name == "legacy.pt") {
                QVERIFY(file.has_value());
            } else if (name == "not-finite.safetensors") {
                QVERIFY(file.has_value());
                bool refused = false;
                for (const auto& [tensor, shape] : file->shapes())
                    refused |= !file->take(tensor);
                QVERIFY(refused);
            } else {
                QVERIFY2(!file, name.c_str());
                QVERIFY(!file.error().sentence().empty());
            }
        }
        QVERIFY(!fs::exists("WAS_RUN"));
    }
};

QTEST_GUILESS_MAIN(TestWeightFile)
#include "TestWeightFile.moc"
