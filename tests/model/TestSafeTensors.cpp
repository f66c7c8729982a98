#include "inference/model/SafeTensors.h"
#include "Shared.h"
#include "viewer/base/Files.h"

#include <chrono>
#include <cmath>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

class TestSafeTensors : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }

    [[nodiscard]] fs::path written(const std::string& header, const std::string& buffer) const {
        std::string content;
        for (int i = 0; i < 8; ++i)
            content += static_cast<char>(header.size() >> (8 * i) & 0xFF);
        (void)writeFileAtomically(at("made.safetensors"), content + header + buffer);
        return at("made.safetensors");
    }
    [[nodiscard]] QString refusal(const std::string& header, const std::string& buffer) const {
        const auto read = SafeTensors::read(written(header, buffer));
        return read ? QString() : QString::fromStdString(read.error().sentence());
    }

  private Q_SLOTS:
    void whatIsWrittenIsReadBack() {
        SafeTensorsWriter writer;
        writer.addFloats("encoder.weight", {2, 3}, {1, 2, 3, 4, 5, -6.5f});
        writer.add("steps", TensorType::I64, {}, std::string("\x2a\0\0\0\0\0\0\0", 8));
        writer.add("nothing", TensorType::F16, {0, 5}, "");
        writer.setMetadata("card", "{\"tissue\": \"breast\"}");
        QVERIFY(writer.write(at("round.safetensors")).has_value());
        const auto file = SafeTensors::read(at("round.safetensors"));
        QVERIFY2(file, file ? "" : file.error().sentence().c_str());
        QCOMPARE(file->entries().size(), std::size_t(3));
        QCOMPARE(file->entries().at("encoder.weight").shape, (std::vector<std::int64_t>{2, 3}));
        QCOMPARE(file->entries().at("encoder.weight").elements(), std::size_t(6));
        QCOMPARE(file->floats("encoder.weight").value(), (std::vector<float>{1, 2, 3, 4, 5, -6.5f}));
        QVERIFY(file->entries().at("steps").shape.empty());
        QCOMPARE(file->bytes("steps"), std::string_view("\x2a\0\0\0\0\0\0\0", 8));
        QCOMPARE(file->entries().at("nothing").elements(), std::size_t(0));
        QCOMPARE(file->metadata().at("card"), std::string("{\"tissue\": \"breast\"}"));
    }

    void missingTensorsAndOtherTypesAreErrors() {
        SafeTensorsWriter writer;
        writer.add("steps", TensorType::I64, {1}, std::string(8, '\0'));
        QVERIFY(writer.write(at("types.safetensors")).has_value());
        const auto file = SafeTensors::read(at("types.safetensors")).value();
        QVERIFY(!file.floats("steps"));
        QVERIFY(!file.floats("weight"));
        QVERIFY(file.bytes("weight").empty());
    }

    void badHeadersAreRefused() {
        const std::string w = R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
        QVERIFY(refusal("{" + w + "}  ", std::string(8, 'x')).isEmpty()); // padding is allowed
        QVERIFY(refusal("{" + w + "}", std::string(7, 'x')).contains(QStringLiteral("truncated")));
        QVERIFY(refusal("{" + w + "}", std::string(9, 'x')).contains(QStringLiteral("do not fill the file")));
        QVERIFY(refusal(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})", std::string(9, 'x'))
                    .contains(QStringLiteral("holes")));
        QVERIFY(refusal(R"({"w":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}})", "")
                    .contains(QStringLiteral("larger than any file")));
        QVERIFY(refusal(R"({"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", std::string(8, 'x'))
                    .contains(QStringLiteral("whole numbers")));
        QVERIFY(refusal(R"({"w":{"dtype":"F32","shape":[2]}})", std::string(8, 'x'))
                    .contains(QStringLiteral("lacks")));
        QVERIFY(!refusal("{\"__metadata__\":{\"a\":1}," + w + "}", std::string(8, 'x')).isEmpty());
        QVERIFY(!refusal("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}," + w + "}", std::string(8, 'x'))
                     .isEmpty());
        QVERIFY(!refusal("{" + w + "}" + std::string(3, '\0'), std::string(8, 'x')).isEmpty());
        QVERIFY(!refusal("", "").isEmpty());
        std::string nested = "{\"w\":";
        for (int i = 0; i < 100'000; ++i)
            nested += "{\"a\":";
        QVERIFY(!refusal(nested, "").isEmpty());
    }

    void hostileFilesAreRefusedAtOnce_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("says");
        QTest::newRow("duplicate-key") << "duplicate-key.safetensors"
                                       << "twice";
        QTest::newRow("header-length-huge") << "header-length-huge.safetensors"
                                            << "not a safetensors file";
        QTest::newRow("header-not-json") << "header-not-json.safetensors"
                                         << "not valid JSON";
        QTest::newRow("header-past-the-end") << "header-past-the-end.safetensors"
                                             << "truncated";
        QTest::newRow("offsets-overlap") << "offsets-overlap.safetensors"
                                         << "overlap";
        QTest::newRow("offsets-past-the-end") << "offsets-past-the-end.safetensors"
                                              << "outside the file";
        QTest::newRow("shape-disagrees") << "shape-disagrees.safetensors"
                                         << "does not fit its bytes";
        QTest::newRow("shape-overflows") << "shape-overflows.safetensors"
                                         << "larger than any file";
        QTest::newRow("unknown-dtype") << "unknown-dtype.safetensors"
                                       << "F8_E9";
    }
    void hostileFilesAreRefusedAtOnce() {
        SPOTGLASS_NEED_SHARED(folder, "data/hostile");
        QFETCH(QString, file);
        QFETCH(QString, says);
        const auto start = std::chrono::steady_clock::now();
        const auto read = SafeTensors::read(folder / file.toStdString());
        QVERIFY(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
        QVERIFY(!read);
        QCOMPARE(read.error().exitCode(), 3);
        const QString sentence = QString::fromStdString(read.error().sentence());
        QVERIFY2(sentence.contains(says) && sentence.contains(file), qPrintable(sentence));
    }

    void numbersThatAreNotFiniteAreRead() {
        SPOTGLASS_NEED_SHARED(path, "data/hostile/not-finite.safetensors");
        const auto file = SafeTensors::read(path);
        QVERIFY(file.has_value());
        const auto values = file->floats("w").value();
        QCOMPARE(values.size(), std::size_t(2));
        QVERIFY(std::isnan(values[0]));
        QVERIFY(std::isinf(values[1]) && values[1] > 0);
    }

    void filesOfOtherProgramsAreRead() {
        SPOTGLASS_NEED_SHARED(folder, "data/weights");
        const auto layers = SafeTensors::read(folder / "burn" / "multi_layer.safetensors");
        QVERIFY2(layers, layers ? "" : layers.error().sentence().c_str());
        const auto mnist = SafeTensors::read(folder / "burn" / "mnist.safetensors");
        QVERIFY2(mnist, mnist ? "" : mnist.error().sentence().c_str());
        QVERIFY(!mnist->entries().empty());
        for (const auto& [tensor, entry] : mnist->entries())
            QCOMPARE(mnist->bytes(tensor).size(), entry.elements() * bytesPerElement(entry.type));
        QVERIFY(SafeTensors::read(folder / "candle" / "jfk-codes.safetensors").has_value());
    }
};

QTEST_GUILESS_MAIN(TestSafeTensors)
#include "TestSafeTensors.moc"
