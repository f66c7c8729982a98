#include "HandMadeArchive.h"
#include "inference/model/PyTorchArchive.h"
#include "Shared.h"
#include "viewer/base/Files.h"
#include "viewer/base/Process.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <QCryptographicHash>
#include <QDir>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

namespace {

template <typename T> std::vector<T> elements(const ArchivedTensor& tensor) {
    std::vector<T> values(tensor.bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), values.size() * sizeof(T));
    return values;
}

/// A normal 16-bit float, which is all that the reference weights hold, widened.
float widened(std::uint16_t half) {
    const std::uint32_t exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
    const float magnitude =
        exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                      : std::ldexp(static_cast<float>(1024 + fraction), static_cast<int>(exponent) - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

/// Walks whatever torch.load gives as PyTorchArchive.h says, and prints type, shape and hash of each tensor
/// as JSON.
const char* const kReference = R"(
import sys, json, hashlib, warnings
warnings.simplefilter('ignore')
import torch
names = {torch.float64:'F64', torch.float32:'F32', torch.float16:'F16', torch.bfloat16:'BF16', torch.int64:'I64',
         torch.int32:'I32', torch.int16:'I16', torch.int8:'I8', torch.uint8:'U8', torch.bool:'BOOL'}
def walk(x, path, out):
    if isinstance(x, torch.Tensor):
        t = x.detach().cpu().contiguous().reshape(-1)
        raw = t.view(torch.uint8).numpy().tobytes() if t.numel() else b''
        out[path] = [names[x.dtype], list(x.shape), hashlib.md5(raw).hexdigest()]
    elif isinstance(x, torch.jit.ScriptModule):
        walk(dict(x.state_dict()), path, out)
    elif isinstance(x, dict):
        for k, v in x.items(): walk(v, (path + '.' if path else '') + str(k), out)
    elif isinstance(x, (list, tuple)):
        for i, v in enumerate(x): walk(v, (path + '.' if path else '') + str(i), out)
def safetensors(raw):
    size = int.from_bytes(raw[:8], 'little')
    for k, v in json.loads(raw[8:8 + size]).items():
        if k != '__metadata__':
            begin, end = (8 + size + at for at in v['data_offsets'])
            yield k, [v['dtype'], v['shape'], hashlib.md5(raw[begin:end]).hexdigest()]
result = {}
for f in sys.argv[1:]:
    result[f] = {}
    if f.endswith('.safetensors'):
        result[f] = dict(safetensors(open(f, 'rb').read()))
    else:
        walk(torch.load(f, map_location='cpu'), '', result[f])
print(json.dumps(result))
)";

/// Files in forms that the shared folder lacks.
const char* const kMoreFiles = R"(
import sys, argparse, collections, torch
folder = sys.argv[1] + '/'
base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
state = {'w': base, 't': base.permute(2, 0, 1), 'cut': base[1, ::2, 1:3], 'wide': base[:, :1, :1].expand(2, 5, 3),
         'empty': torch.zeros(3, 0, 2), 'half': base.half()[0], 'p': torch.nn.Parameter(base[0].double()),
         'tied': base, 'list': [base[0], {'x': (base[1],)}], 7: torch.tensor([True, False])}
hyper = argparse.Namespace(lr=1e-4, sizes=(5, 5), name='dkan', deep={'a': [1, None, True]}, big=2 ** 70, low=-2 ** 40,
                           device=torch.device('cuda:1'), dtype=torch.float16, size=base.shape, kinds={3},
                           table=collections.defaultdict(list, {'k': [1]}))
try:
    import numpy
    hyper.rate, hyper.count, hyper.flag = numpy.float64(0.25), numpy.int64(-3), numpy.bool_(True)
except ImportError:
    hyper.rate, hyper.count, hyper.flag = 0.25, -3, True
whole = {'state_dict': collections.OrderedDict(state), 'hyper_parameters': hyper}
for protocol in (2, 3, 4, 5):
    torch.save(whole, folder + 'p%d.pt' % protocol, pickle_protocol=protocol)
    torch.save(whole, folder + 'legacy%d.pt' % protocol, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
torch.save(base, folder + 'alone.pt')
)";

} // namespace

class TestPyTorchArchive : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_.path().toStdString()) / name; }

    [[nodiscard]] Result<PyTorchArchive> readBytes(const std::string& content) const {
        (void)writeFileAtomically(at("made.pt"), content);
        return readPyTorchArchive(at("made.pt"));
    }
    [[nodiscard]] QString refusal(const std::string& content) const {
        const auto read = readBytes(content);
        return read ? QString() : QString::fromStdString(read.error().sentence());
    }
    [[nodiscard]] QString pickleRefusal(const std::string& pickle) const {
        return refusal(archiveOf("\x80\x02" + pickle));
    }

    [[nodiscard]] static QByteArray python(const char* script, const QStringList& arguments) {
        QProcess process;
        process.start(QStringLiteral("/usr/bin/python3"),
                      QStringList{QStringLiteral("-c"), QString::fromUtf8(script)} + arguments);
        if (!process.waitForFinished(120'000) || process.exitCode() != 0) return {};
        return process.readAllStandardOutput();
    }
    [[nodiscard]] static bool hasReference() {
        QProcess process;
        process.start(QStringLiteral("/usr/bin/python3"),
                      {QStringLiteral("-c"), QStringLiteral("import torch")});
        return process.waitForFinished(120'000) && process.exitStatus() == QProcess::NormalExit &&
               process.exitCode() == 0;
    }

    /// Compares every tensor of every file with what PyTorch itself reads.
    void compareWithReference(const QStringList& files) {
        const QByteArray printed = python(kReference, files);
        const auto expected = nlohmann::json::parse(printed.toStdString(), nullptr, false);
        QVERIFY2(expected.is_object(), "the reference reader printed nothing");
        for (const QString& file : files) {
            nlohmann::json found = nlohmann::json::object();
            const auto note = [&](const std::string& path, TensorType type, const auto& shape,
                                  std::string_view bytes) {
                const QByteArray raw(bytes.data(), static_cast<qsizetype>(bytes.size()));
                found[path] = {name(type), shape,
                               QCryptographicHash::hash(raw, QCryptographicHash::Md5).toHex().toStdString()};
            };
            if (file.endsWith(QLatin1String(".safetensors"))) {
                const auto plain = SafeTensors::read(file.toStdString());
                QVERIFY2(plain, plain ? "" : plain.error().sentence().c_str());
                for (const auto& [path, entry] : plain->entries())
                    note(path, entry.type, entry.shape, plain->bytes(path));
            } else {
                const auto archive = readPyTorchArchive(file.toStdString());
                QVERIFY2(archive, archive ? "" : archive.error().sentence().c_str());
                for (const auto& [path, tensor] : archive->tensors)
                    note(path, tensor.type, tensor.shape, tensor.bytes);
            }
            const auto& wanted = expected[file.toStdString()];
            QVERIFY2(found == wanted,
                     qPrintable(file + QString::fromStdString("\n" + found.dump() + "\n" + wanted.dump())));
        }
    }

  private Q_SLOTS:
    void hostileFilesAreRefusedAtOnce_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("says");
        QTest::newRow("deep-nesting") << "deep-nesting.pt"
                                      << "nested";
        QTest::newRow("imports-a-module") << "imports-a-module.pt"
                                          << "webbrowser.open";
        QTest::newRow("missing-storage") << "missing-storage.pt"
                                         << "data/0 is missing";
        QTest::newRow("nested-getattr") << "nested-getattr.pt"
                                        << "__builtin__.getattr";
        QTest::newRow("offset-past-the-end") << "offset-past-the-end.pt"
                                             << "beyond the numbers";
        QTest::newRow("path-leaves-the-folder") << "path-leaves-the-folder.pt"
                                                << "leaves the archive";
        QTest::newRow("raw-pickle") << "raw-pickle.pt"
                                    << "posix.system";
        QTest::newRow("runs-a-command") << "runs-a-command.pt"
                                        << "posix.system";
        QTest::newRow("runs-python") << "runs-python.pt"
                                     << "__builtin__.exec";
        QTest::newRow("storage-too-short") << "storage-too-short.pt"
                                           << "fewer numbers";
        QTest::newRow("truncated") << "truncated.pt"
                                   << "truncated";
    }
    void hostileFilesAreRefusedAtOnce() {
        SPOTGLASS_NEED_SHARED(folder, "data/hostile");
        QFETCH(QString, file);
        QFETCH(QString, says);
        QTemporaryDir working;
        const QString before = QDir::currentPath();
        QVERIFY(QDir::setCurrent(working.path()));
        const auto peak = memoryUse().peak;
        const auto start = std::chrono::steady_clock::now();
        const auto read = readPyTorchArchive(folder / file.toStdString());
        const auto took = std::chrono::steady_clock::now() - start;
        const QStringList left =
            QDir(working.path()).entryList(QDir::AllEntries | QDir::NoDotAndDotDot | QDir::Hidden);
        QVERIFY(QDir::setCurrent(before));
        QVERIFY(!read);
        QCOMPARE(read.error().exitCode(), 3);
        const QString sentence = QString::fromStdString(read.error().sentence());
        QVERIFY2(sentence.contains(says) && sentence.contains(file), qPrintable(sentence));
        QVERIFY2(left.isEmpty(), qPrintable(left.join(QLatin1Char(' '))));
        QVERIFY(took < std::chrono::seconds(1));
        QVERIFY(memoryUse().peak - peak < 64'000'000);
    }
    void theHarmlessLegacyFileIsRead() {
        SPOTGLASS_NEED_SHARED(path, "data/hostile/legacy.pt");
        const auto archive = readPyTorchArchive(path);
        QVERIFY2(archive, archive ? "" : archive.error().sentence().c_str());
        QCOMPARE(archive->tensors.size(), std::size_t(1));
        QCOMPARE(archive->tensors.begin()->first, std::string("w"));
    }

    void knownValues() {
        SPOTGLASS_NEED_SHARED(folder, "data/weights");
        const auto tensor = [&](const char* file, const char* path) {
            const auto archive = readPyTorchArchive(folder / file);
            return archive && archive->tensors.contains(path) ? archive->tensors.at(path) : ArchivedTensor{};
        };
        QCOMPARE(elements<float>(tensor("burn/float32.pt", "tensor")),
                 (std::vector<float>{1, 2.5f, -3.7f, 0}));
        QCOMPARE(elements<double>(tensor("burn/float64.pt", "tensor")), (std::vector<double>{1.1, 2.2, 3.3}));
        QCOMPARE(elements<std::int8_t>(tensor("burn/int8.pt", "tensor")),
                 (std::vector<std::int8_t>{127, -128, 0, 50}));
        QCOMPARE(elements<std::uint16_t>(tensor("burn/float16.pt", "tensor")),
                 (std::vector<std::uint16_t>{0x3E00, 0xC080, 0x4240})); // 1.5, -2.25, 3.125
        QVERIFY(tensor("burn/bfloat16.pt", "tensor").type == TensorType::BF16);
        QCOMPARE(elements<std::uint8_t>(tensor("burn/bool.pt", "tensor")),
                 (std::vector<std::uint8_t>{1, 0, 1, 1, 0}));
        const ArchivedTensor scalar = tensor("burn/scalar.pt", "tensor");
        QVERIFY(scalar.shape.empty());
        QCOMPARE(elements<float>(scalar), (std::vector<float>{42}));
        QCOMPARE(tensor("burn/empty.pt", "tensor").shape, (std::vector<std::int64_t>{0}));
        // Stored column by column; read row by row.
        const ArchivedTensor fortran = tensor("candle/fortran_tensor_3d.pth", "tensor_fortran");
        QCOMPARE(fortran.shape, (std::vector<std::int64_t>{2, 3, 4}));
        for (std::int64_t i = 0; i < 24; ++i)
            QCOMPARE(elements<std::int64_t>(fortran).at(static_cast<std::size_t>(i)), i + 1);
        QCOMPARE(elements<float>(tensor("burn/legacy_uncloned_views.pt", "tensor2")).at(1), 51.0f);
        QCOMPARE(elements<std::int64_t>(tensor("candle/test_with_key.pt", "model_state_dict.test")),
                 (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
        QVERIFY(std::abs(elements<float>(tensor("lpips/v0.0_squeeze.pth", "lin0.model.1.weight")).at(0) -
                         0.32207f) < 1e-5f);
        const auto resnet = readPyTorchArchive(folder / "lightning" / "cifar10_ResNet.ckpt").value();
        QCOMPARE(resnet.values["hyper_parameters"]["model_hparams"]["c_hidden"],
                 nlohmann::json({16, 32, 64}));
        QCOMPARE(resnet.values["epoch"], nlohmann::json(162));
    }

    void everyFileOfWeightsReadsAsPyTorchReadsIt() {
        SPOTGLASS_NEED_SHARED(folder, "data");
        QStringList files;
        for (const char* part : {"weights", "encoders"})
            for (const auto& entry : fs::recursive_directory_iterator(folder / part)) {
                const std::string extension = entry.path().extension().string();
                if (extension == ".safetensors") files << QString::fromStdString(entry.path().string());
                if (extension != ".pt" && extension != ".pth" && extension != ".th" && extension != ".ckpt")
                    continue;
                files << QString::fromStdString(entry.path().string());
                const auto archive = readPyTorchArchive(entry.path());
                QVERIFY2(archive, archive ? "" : archive.error().sentence().c_str());
            }
        QVERIFY(files.size() > 60);
        if (!hasReference())
            QSKIP("every file was read, but /usr/bin/python3 has no torch to compare the values with");
        compareWithReference(files);
    }

    void otherFormsReadAsPyTorchReadsThem() {
        if (!hasReference()) QSKIP("/usr/bin/python3 has no torch to write the files with");
        (void)python(kMoreFiles, {dir_.path()});
        QStringList files;
        for (const QString& file : QDir(dir_.path()).entryList({QStringLiteral("*.pt")}))
            if (file != QLatin1String("made.pt")) files << dir_.filePath(file);
        QCOMPARE(files.size(), 9);
        compareWithReference(files);
        const auto expected = nlohmann::json::parse(
            R"({"lr":1e-4,"sizes":[5,5],"name":"dkan","deep":{"a":[1,null,true]},"big":1180591620717411303424.0,
                "low":-1099511627776,"device":"cuda:1","dtype":"torch.float16","size":[2,3,4],"kinds":[3],
                "table":{"k":[1]},"rate":0.25,"count":-3,"flag":true})");
        for (const QString& file : files) {
            const auto archive = readPyTorchArchive(file.toStdString()).value();
            if (file.endsWith(QLatin1String("alone.pt"))) continue;
            const auto& found = archive.values["hyper_parameters"];
            QVERIFY2(found == expected, found.dump().c_str());
            QVERIFY(archive.values["state_dict"]["list"][0].is_null());
        }
    }

    void theReferenceCheckpointHoldsTheReferenceWeights() {
        SPOTGLASS_NEED_SHARED(folder, "reference/dkan");
        const auto archive = readPyTorchArchive(folder / "lightning.ckpt");
        QVERIFY2(archive, archive ? "" : archive.error().sentence().c_str());
        const auto weights = SafeTensors::read(folder / "weights.safetensors");
        QVERIFY(weights.has_value());
        QCOMPARE(archive->tensors.size(), weights->entries().size());
        for (const auto& [key, entry] : weights->entries()) {
            const auto found = archive->tensors.find("state_dict." + key);
            QVERIFY2(found != archive->tensors.end(), key.c_str());
            const ArchivedTensor& tensor = found->second;
            QCOMPARE(tensor.shape, entry.shape);
            if (entry.type != TensorType::F16) {
                QVERIFY(tensor.type == entry.type);
                QVERIFY2(tensor.bytes == weights->bytes(key), key.c_str());
                continue;
            }
            QVERIFY(tensor.type == TensorType::F32);
            const auto values = elements<float>(tensor);
            QCOMPARE(values.size(), entry.elements());
            for (std::size_t i = 0; i < values.size(); ++i) {
                std::uint16_t half = 0;
                std::memcpy(&half, weights->bytes(key).data() + 2 * i, 2);
                if (values[i] != widened(half)) QFAIL(key.c_str());
            }
        }
        const auto& hyper = archive->values["hyper_parameters"];
        QCOMPARE(hyper["num_genes"], nlohmann::json(7));
        QCOMPARE(hyper["res_neighbor"], nlohmann::json({5, 5}));
        QCOMPARE(hyper["dropout1"], nlohmann::json(0.4));
        QCOMPARE(hyper["target_encoder_name"], nlohmann::json("resnet18"));
        QVERIFY(archive->values["loops"].is_null());
    }

    void handMadeTensorsAreRead() {
        const float numbers[4] = {1, 2, 3, 4};
        const std::string storage(reinterpret_cast<const char*>(numbers), sizeof numbers);
        const auto read =
            readBytes(archiveOf("\x80\x02}" + pickled("w") + pickledTensor({2, 2}, {1, 2}) + "s.", storage));
        QVERIFY2(read, read ? "" : read.error().sentence().c_str());
        QCOMPARE(elements<float>(read->tensors.at("w")), (std::vector<float>{1, 3, 2, 4}));
        const auto wide = readBytes(
            zip64Of({{"m/data.pkl", "\x80\x02" + pickledTensor({2}, {1}, 2) + "."}, {"m/data/0", storage}}));
        QVERIFY2(wide, wide ? "" : wide.error().sentence().c_str());
        QCOMPARE(elements<float>(wide->tensors.at("")), (std::vector<float>{3, 4}));
    }

    void tensorsThatDoNotFitAreRefused() {
        QVERIFY(pickleRefusal(pickledTensor({4}, {1}) + ".").isEmpty());
        QVERIFY(pickleRefusal(pickledTensor({5}, {1}) + ".").contains(QStringLiteral("beyond")));
        QVERIFY(pickleRefusal(pickledTensor({2}, {4}) + ".").contains(QStringLiteral("beyond")));
        QVERIFY(pickleRefusal(pickledTensor({1}, {1}, 4) + ".").contains(QStringLiteral("beyond")));
        QVERIFY(pickleRefusal(pickledTensor({2, 2}, {1}) + ".").contains(QStringLiteral("malformed")));
        const std::vector<int> many(5, 200), still(5, 0);
        QVERIFY(pickleRefusal(pickledTensor(many, still) + ".").contains(QStringLiteral("far beyond")));
        const std::vector<int> more(40, 200), quiet(40, 0);
        QVERIFY(
            pickleRefusal(pickledTensor(more, quiet) + ".").contains(QStringLiteral("larger than any file")));
        const std::string w = pickledTensor({1}, {1});
        QVERIFY(pickleRefusal("}(" + pickled("a.b") + w + pickled("a") + "}" + pickled("b") + w + "su.")
                    .contains(QStringLiteral("two tensors named a.b")));
    }

    void nothingButPlainDataIsAccepted() {
        for (const char* global :
             {"os\nsystem", "builtins\neval", "builtins\ngetattr", "torch\nload", "torch.hub\nload",
              "torch._utils\n_rebuild_tensor_v2.__globals__", "collections\nOrderedDict.pop", "numpy\nload",
              "functools\npartial", "pathlib\nPosixPath", "torch.jit\nload"})
            QVERIFY2(pickleRefusal("c" + std::string(global) + "\n.").contains(QStringLiteral("asks to use")),
                     global);
        QVERIFY(pickleRefusal(pickled("posix") + pickled("system") + "\x93.")
                    .contains(QStringLiteral("posix.system")));
        QVERIFY(pickleRefusal("ctorch\nfloat32\n)R.").contains(QStringLiteral("asks to call torch.float32")));
        QVERIFY(pickleRefusal(pickled("f") + ")R.").contains(QStringLiteral("not a name")));
        QVERIFY(!pickleRefusal("\x82\x01.").isEmpty());
        QVERIFY(!pickleRefusal("(iposix\nsystem\n.").isEmpty());
    }

    void bombsAreRefusedAtOnce() {
        const auto start = std::chrono::steady_clock::now();
        std::string doubling = "]q" + std::string(1, '\0');
        for (char i = 1; i < 60; ++i)
            doubling +=
                std::string("](h") + static_cast<char>(i - 1) + "h" + static_cast<char>(i - 1) + "eq" + i;
        QVERIFY(pickleRefusal(doubling + ".").contains(QStringLiteral("more objects")));
        QVERIFY(pickleRefusal(std::string("]q\0h\0a.", 7)).contains(QStringLiteral("nested")));
        const std::string text = pickled(std::string(1'000'000, 'x')) + std::string("q\0](", 4);
        std::string repeated;
        for (int i = 0; i < 100'000; ++i)
            repeated += std::string("h\0", 2);
        QVERIFY(!pickleRefusal(text + repeated + "e.").isEmpty());
        QVERIFY(!pickleRefusal(std::string(5'000'000, '(')).isEmpty());
        QVERIFY(!pickleRefusal(std::string(5'000'000, 'N')).isEmpty());
        QVERIFY(!pickleRefusal(std::string("\x8d\xff\xff\xff\xff\xff\xff\xff\xff", 9) + "x.").isEmpty());
        QVERIFY(!pickleRefusal("X\xff\xff\xff\xffx.").isEmpty());
        QVERIFY(pickleRefusal("Nr\xff\xff\xff\xff.").isEmpty());
        QVERIFY(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
    }

    void archivesThatDoNotAddUpAreRefused() {
        const std::string good = archiveOf("\x80\x02}.");
        QVERIFY(refusal(good).isEmpty());
        QVERIFY(refusal("PK\x03\x04").contains(QStringLiteral("truncated")));
        QVERIFY(refusal("GIF89a").contains(QStringLiteral("not a file that PyTorch wrote")));
        QVERIFY(refusal("\x80\x02}.").contains(QStringLiteral("not one that PyTorch wrote")));
        QVERIFY(refusal(zipOf({{"a/data.pkl", "\x80\x02}."}, {"b/data.pkl", "\x80\x02}."}}))
                    .contains(QStringLiteral("two models")));
        QVERIFY(refusal(zipOf({{"a/weights", "x"}})).contains(QStringLiteral("does not hold")));
        QVERIFY(refusal(zipOf({{"a/data.pkl", "\x80\x02}."}, {"a/data.pkl", "\x80\x02}."}}))
                    .contains(QStringLiteral("same name")));
        QVERIFY(refusal(zipOf({{"a/data.pkl", "\x80\x02}."}, {"a/byteorder", "big"}}))
                    .contains(QStringLiteral("byte order")));
        for (const char* name : {"/etc/x", "../x", "a/..", "a\\..\\x", "C:x"})
            QVERIFY2(refusal(zipOf({{"a/data.pkl", "\x80\x02}."}, {name, "x"}}))
                         .contains(QStringLiteral("leaves")),
                     name);
        QVERIFY(!readPyTorchArchive(at("missing.pt")));
        QVERIFY(!readPyTorchArchive(dir_.path().toStdString()));
    }

    void spoiledFilesNeverCrash() {
        SPOTGLASS_NEED_SHARED(folder, "data/weights");
        for (const char* name : {"burn/parameter.pt", "burn/simple_legacy.pt", "burn/mixed_types.pt",
                                 "torchscript/tchrs_foo.pt"}) {
            const std::string good = readFile(folder / name).value();
            for (std::size_t i = 0; i < good.size(); i += 3) {
                std::string bad = good;
                bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
                (void)readBytes(bad);
                bad[i] = static_cast<char>(0xFF);
                (void)readBytes(bad);
                if (i % 9 == 0) QVERIFY(!readBytes(good.substr(0, i)));
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestPyTorchArchive)
#include "TestPyTorchArchive.moc"
