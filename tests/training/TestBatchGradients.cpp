#include "tests/training/TinyTraining.h"

#include "inference/model/DkanLoss.h"
#include "inference/model/ProductType.h"
#include "inference/model/SafeTensors.h"
#include "inference/model/TensorConversion.h"
#include "training/BatchGradients.h"

#include <QProcess>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
using torch::Tensor;

namespace {

constexpr const char* kShareOfTwo = "--share-of-two";
constexpr double kCorrelation = 0.7; // its weight in all of what is computed here

LoadedModel tinyModel(double dropout) {
    auto config = tinyConfig().model;
    for (auto* t :
         {&config.fusion, &config.slide, &config.region, &config.image, &config.expression, &config.text})
        t->dropout = dropout;
    torch::manual_seed(7);
    LoadedModel model;
    model.card.config = config;
    model.network = Dkan(config);
    model.geneEmbeddings = torch::randn({config.genes, config.textWidth});
    model.featureMean = torch::zeros({config.width});
    model.featureScale = torch::ones({config.width});
    return model;
}

/// Spots of two sections, all or those from `begin` on.
struct Data {
    std::vector<SectionTensors> sections{section("A1", 9, 1), section("B1", 9, 2)};

    [[nodiscard]] TrainingBatch batch(std::size_t begin, std::size_t count) const {
        const std::vector<std::pair<std::size_t, int64_t>> all{
            {0, 3}, {1, 8}, {0, 0}, {1, 1}, {1, 4}, {0, 7}, {0, 2}, {1, 6}, {1, 0}, {0, 5}, {1, 2}, {0, 8}};
        TrainingBatch batch;
        std::vector<Tensor> patches, neighbours, masks, expression;
        for (std::size_t i = begin; i < begin + count; ++i) {
            const auto& s = sections[all[i].first];
            const auto row = all[i].second;
            patches.push_back(s.patches[row]);
            neighbours.push_back(s.neighborFeatures[row]);
            masks.push_back(s.neighborMask[row]);
            expression.push_back(s.expression[row]);
            batch.spots.push_back(all[i]);
        }
        batch.patches = torch::stack(patches);
        batch.neighbours = torch::stack(neighbours);
        batch.mask = torch::stack(masks);
        batch.expression = torch::stack(expression);
        return batch;
    }
    [[nodiscard]] BatchGradients::Section lookUp() const {
        return [this](std::size_t i) { return std::pair(sections[i].features, sections[i].positions); };
    }
};

struct Gradients {
    DkanLoss loss;
    std::map<std::string, Tensor> of; ///< by parameter and buffer
};

Gradients computed(LoadedModel& model, const TrainingBatch& batch, const Data& data, int part,
                   const Ranks& ranks, std::optional<torch::ScalarType> products = {}) {
    model.network->zero_grad();
    BatchGradients gradients(model, {{.correlationWeight = kCorrelation}, part, 0, products}, ranks);
    Gradients result{gradients.add(batch, data.lookUp(), 5), {}};
    for (const auto& item : model.network->named_parameters())
        if (item.value().grad().defined()) result.of["gradient." + item.key()] = item.value().grad().clone();
    for (const auto& item : model.network->named_buffers())
        result.of["buffer." + item.key()] = item.value().clone();
    return result;
}

/// Largest relative distance (L2) of what two computations gave, of what is more than rounding.
double distance(const Gradients& a, const Gradients& b) {
    double worst = a.of.size() == b.of.size() ? 0 : 1e9;
    double largest = 0;
    for (const auto& item : a.of)
        largest = std::max(largest, item.second.to(torch::kFloat64).norm().item<double>());
    for (const auto& [name, tensor] : a.of) {
        const auto wide = tensor.to(torch::kFloat64);
        const double size = std::max(wide.norm().item<double>(), 1e-4 * largest);
        worst = std::max(worst, (b.of.at(name).to(torch::kFloat64) - wide).norm().item<double>() / size);
    }
    return worst;
}

/// Of the gradients of all parameters as one vector, but for those named so.
double cosine(const Gradients& a, const Gradients& b, const std::string& without) {
    double dot = 0, squareA = 0, squareB = 0;
    for (const auto& [name, tensor] : a.of) {
        if (!name.starts_with("gradient.")) continue;
        if (!without.empty() && name.find(without) != std::string::npos) continue;
        const auto& other = b.of.at(name);
        dot += (tensor * other).sum().item<double>();
        squareA += tensor.square().sum().item<double>();
        squareB += other.square().sum().item<double>();
    }
    return dot / std::sqrt(squareA * squareB);
}

/// One of two processes: its half of the twelve spots; what comes out goes into a file.
int shareOfTwo(const std::string& file) {
    const auto ranks = Ranks::join(60);
    if (!ranks) {
        qWarning("%s", ranks.error().sentence().c_str());
        return 1;
    }
    const Data data;
    auto model = tinyModel(0);
    model.network->train();
    const auto found = computed(model, data.batch(ranks->rank() == 0 ? 0 : 6, 6), data, 0, *ranks);
    SafeTensorsWriter writer;
    for (const auto& [name, tensor] : found.of)
        add(writer, name, tensor);
    const auto& loss = found.loss;
    add(writer, "loss",
        torch::tensor({loss.supervised, loss.contrastive, loss.correlation}, torch::kFloat64));
    return writer.write(file) ? 0 : 1;
}

} // namespace

class TestBatchGradients : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    /// With dropout off and batch normalisation at rest nothing tells parts from the whole.
    void partsGiveTheGradientsOfTheWhole() {
        const Data data;
        auto model = tinyModel(0);
        model.network->train();
        model.network->patchEncoder()->eval();
        const auto whole = computed(model, data.batch(0, 12), data, 0, {});
        for (const int part : {2, 5, 12}) {
            const auto parts = computed(model, data.batch(0, 12), data, part, {});
            QVERIFY2(distance(whole, parts) < 1e-4, std::to_string(distance(whole, parts)).c_str());
            QVERIFY(std::abs(whole.loss.contrastive - parts.loss.contrastive) < 1e-5);
            QVERIFY(std::abs(whole.loss.correlation - parts.loss.correlation) < 1e-5);
        }
        // Contrast or correlation within the parts alone would be something else.
        const auto half = computed(model, data.batch(0, 6), data, 0, {});
        QVERIFY(std::abs(half.loss.contrastive - whole.loss.contrastive) > 1e-2);
        QVERIFY(std::abs(half.loss.correlation - whole.loss.correlation) > 1e-2);
    }
    /// Only if the second pass draws the masks of the first does a step along the gradient change the loss of
    /// those masks by what the gradient says.
    void partsAreComputedAgainWithTheirDropout() {
        const Data data;
        auto model = tinyModel(0.3);
        model.network->train();
        model.network->patchEncoder()->eval();
        const auto batch = data.batch(0, 12);
        const auto at = [&] {
            torch::manual_seed(99);
            return computed(model, batch, data, 5, {});
        };
        const auto start = at();
        double square = 0;
        for (const auto& [name, tensor] : start.of)
            if (name.starts_with("gradient.")) square += tensor.square().sum().item<double>();
        constexpr double step = 2e-4; // the correlation bends early
        {
            const torch::NoGradGuard noGradient;
            for (auto& item : model.network->named_parameters())
                if (item.value().grad().defined())
                    item.value().sub_(start.of.at("gradient." + item.key()), step / std::sqrt(square));
        }
        // The weights of the two terms follow their values and carry no gradient.
        const auto moved = at();
        const auto weighed = [&](const Gradients& g) {
            return start.loss.weightSupervised * g.loss.supervised +
                   start.loss.weightContrastive * g.loss.contrastive + kCorrelation * g.loss.correlation;
        };
        const double expected = -step * std::sqrt(square), found = weighed(moved) - weighed(start);
        QVERIFY2(std::abs(found - expected) < 0.01 * std::abs(expected),
                 (std::to_string(found) + " instead of " + std::to_string(expected)).c_str());
    }
    /// Products of 8 bits of precision give a gradient of the same direction, in 32 bits.
    void productsOfBrainFloatsGiveTheGradients() {
        const Data data;
        auto model = tinyModel(0.2);
        model.network->train();
        const auto batch = data.batch(0, 12);
        const auto with = [&](std::optional<torch::ScalarType> products, int part) {
            torch::manual_seed(3); // the same dropout
            model.network->patchEncoder()->train(part == 0);
            return computed(model, batch, data, part, {}, products);
        };
        for (const int part : {0, 5}) {
            const auto exact = with({}, part), rough = with(torch::kBFloat16, part);
            QCOMPARE(rough.of.size(), exact.of.size());
            // Noise for patches makes the batch normalisation of the patch encoder enlarge every rounding.
            const double whole = cosine(exact, rough, ""), rest = cosine(exact, rough, "target_encoder");
            qInfo("in parts of %d: cosine %.5f, without the patch encoder %.5f", part, whole, rest);
            QVERIFY(whole > 0.95 && rest > 0.999);
            QVERIFY(rest < 1 - 1e-9); // they are not the same computation
            for (const auto& item : rough.of)
                QCOMPARE(item.second.scalar_type(), exact.of.at(item.first).scalar_type());
            QVERIFY(std::abs(rough.loss.supervised / exact.loss.supervised - 1) < 0.02);
            QVERIFY(std::abs(rough.loss.contrastive / exact.loss.contrastive - 1) < 0.02);
            QVERIFY(std::abs(rough.loss.correlation / exact.loss.correlation - 1) < 0.02);
        }
        QCOMPARE(productType(torch::ones(1)), torch::kFloat32); // nothing is left behind
    }
    /// Against the formula in plain numbers, the gradient against differences of them.
    void correlationIsThatOfEachGeneOverTheSpots() {
        torch::manual_seed(11);
        const auto f64 = torch::TensorOptions().dtype(torch::kFloat64);
        const auto predicted = torch::randn({7, 3}, f64).set_requires_grad(true);
        auto measured = torch::randn({7, 3}, f64);
        measured.select(1, 2).fill_(0.5); // no variance: correlates with nothing
        const auto byHand = [&](const Tensor& p) {
            double sum = 0;
            for (int g = 0; g < 2; ++g) {
                double mp = 0, mm = 0, pm = 0, pp = 0, mmSquare = 0;
                for (int i = 0; i < 7; ++i)
                    mp += p[i][g].item<double>() / 7, mm += measured[i][g].item<double>() / 7;
                for (int i = 0; i < 7; ++i) {
                    const double a = p[i][g].item<double>() - mp, b = measured[i][g].item<double>() - mm;
                    pm += a * b, pp += a * a, mmSquare += b * b;
                }
                sum += pm / std::sqrt(pp * mmSquare);
            }
            return 1 - sum / 3;
        };
        const auto loss = correlationLoss(predicted, measured);
        QVERIFY(std::abs(loss.item<double>() - byHand(predicted)) < 1e-6);
        loss.backward();
        for (int g = 0; g < 3; ++g) {
            auto moved = predicted.detach().clone();
            moved[3][g] += 1e-5;
            const double slope = (byHand(moved) - byHand(predicted)) / 1e-5;
            QVERIFY(std::abs(predicted.grad()[3][g].item<double>() - slope) < 1e-4);
        }
        const auto same = torch::ones({4, 2}).set_requires_grad(true);
        correlationLoss(same, torch::ones({4, 2})).backward();
        QVERIFY(torch::isfinite(same.grad()).all().item<bool>());
    }
    void runningStatisticsSeeEachPartOnce() {
        const Data data;
        auto model = tinyModel(0);
        model.network->train();
        const auto parts = computed(model, data.batch(0, 12), data, 4, {});
        QCOMPARE(parts.of.at("buffer.target_encoder.1.num_batches_tracked").item<int64_t>(), int64_t{3});
    }
    /// Two real processes over a socket: gradients, losses and the statistics of batch normalisation are
    /// those of the whole batch in one process.
    void twoProcessesGiveTheGradientsOfOne() {
        const Data data;
        auto model = tinyModel(0);
        model.network->train();
        const auto whole = computed(model, data.batch(0, 12), data, 0, {});
        const QTemporaryDir folder;
        QTcpServer server; // finds a port that is free
        QVERIFY(server.listen(QHostAddress::LocalHost));
        const auto port = QString::number(server.serverPort());
        server.close();
        std::array<QProcess, 2> processes;
        for (int rank = 0; rank < 2; ++rank) {
            auto environment = QProcessEnvironment::systemEnvironment();
            environment.insert(QStringLiteral("RANK"), QString::number(rank));
            environment.insert(QStringLiteral("WORLD_SIZE"), QStringLiteral("2"));
            environment.insert(QStringLiteral("MASTER_ADDR"), QStringLiteral("127.0.0.1"));
            environment.insert(QStringLiteral("MASTER_PORT"), port);
            auto& process = processes[static_cast<std::size_t>(rank)];
            process.setProcessEnvironment(environment);
            process.setProcessChannelMode(QProcess::ForwardedChannels);
            process.start(QCoreApplication::applicationFilePath(),
                          {QString::fromLatin1(kShareOfTwo), folder.filePath(QString::number(rank))});
        }
        for (auto& process : processes)
            QVERIFY(process.waitForFinished(120000) && process.exitCode() == 0);
        for (int rank = 0; rank < 2; ++rank) {
            const auto file = SafeTensors::read(folder.filePath(QString::number(rank)).toStdString());
            QVERIFY(file.has_value());
            Gradients found;
            for (const auto& item : whole.of)
                found.of[item.first] = *toTensor(*file, item.first);
            QVERIFY2(distance(whole, found) < 1e-4, std::to_string(distance(whole, found)).c_str());
            const auto loss = *toTensor(*file, "loss");
            QVERIFY(std::abs(loss[0].item<double>() - whole.loss.supervised) < 1e-5);
            QVERIFY(std::abs(loss[1].item<double>() - whole.loss.contrastive) < 1e-5);
            QVERIFY(std::abs(loss[2].item<double>() - whole.loss.correlation) < 1e-5);
        }
    }
    void whatIsMissingInTheEnvironmentIsNamed_data() {
        QTest::addColumn<QStringList>("set");
        QTest::addColumn<QString>("says");
        QTest::newRow("no address") << QStringList{QStringLiteral("RANK=0"), QStringLiteral("WORLD_SIZE=2"),
                                                   QStringLiteral("MASTER_PORT=29500")}
                                    << QStringLiteral("MASTER_ADDR is not set");
        QTest::newRow("no port") << QStringList{QStringLiteral("RANK=0"), QStringLiteral("WORLD_SIZE=2")}
                                 << QStringLiteral("MASTER_PORT is \"\"");
        QTest::newRow("rank too high")
            << QStringList{QStringLiteral("RANK=2"), QStringLiteral("WORLD_SIZE=2")}
            << QStringLiteral("RANK is \"2\", not a number between 0 and 1");
        QTest::newRow("srun without a port")
            << QStringList{QStringLiteral("SLURM_PROCID=1"), QStringLiteral("SLURM_STEP_NUM_TASKS=2")}
            << QStringLiteral("MASTER_PORT is \"\"");
    }
    void whatIsMissingInTheEnvironmentIsNamed() {
        QFETCH(const QStringList, set);
        QFETCH(const QString, says);
        for (const auto& item : set)
            qputenv(item.section(QLatin1Char('='), 0, 0).toLatin1(),
                    item.section(QLatin1Char('='), 1).toLatin1());
        const auto ranks = Ranks::join(1);
        for (const auto& item : set)
            qunsetenv(item.section(QLatin1Char('='), 0, 0).toLatin1());
        QVERIFY(!ranks);
        QVERIFY2(QString::fromStdString(ranks.error().sentence()).contains(says),
                 ranks.error().sentence().c_str());
    }
    /// A batch script has tasks, but is none of them.
    void aBatchScriptTrainsAlone() {
        qputenv("SLURM_PROCID", "0");
        qputenv("SLURM_NTASKS", "4");
        const auto ranks = Ranks::join(1);
        qunsetenv("SLURM_PROCID");
        qunsetenv("SLURM_NTASKS");
        QVERIFY(ranks && ranks->alone() && ranks->first());
    }
};

int main(int argc, char** argv) {
    QCoreApplication app(argc, argv);
    if (argc == 3 && std::string_view(argv[1]) == kShareOfTwo) return shareOfTwo(argv[2]);
    TestBatchGradients test;
    return QTest::qExec(&test, argc, argv);
}
#include "TestBatchGradients.moc"
