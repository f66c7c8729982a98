#include "inference/model/DkanEnsemble.h"
#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

namespace {

LoadedModel member(std::uint64_t seed) {
    LoadedModel model;
    auto& c = model.card.config;
    c.patchWidth = 16;
    c.genes = 3;
    c.width = 8;
    c.textWidth = 8;
    for (auto* t : {&c.fusion, &c.slide, &c.region, &c.image, &c.expression, &c.text})
        *t = {1, 2, 1, 0.0};
    c.slide.depth = 2;
    model.card.name = "member " + std::to_string(seed);
    model.card.genes = {"FN1", "HSPB1", "ERBB2"};
    model.card.micronsPerPixel = 0.5;
    model.card.imageEncoder = "none";
    torch::manual_seed(seed);
    model.geneEmbeddings = torch::randn({3, 8});
    model.featureMean = torch::randn({8});
    model.featureScale = torch::rand({8}) + 0.5;
    model.network = Dkan(c);
    model.network->eval();
    return model;
}

struct Slide {
    Slide() {
        torch::manual_seed(77);
        features = torch::randn({12, 8});
        const auto index = torch::arange(12);
        positions = torch::stack({torch::div(index, 4, "floor"), index.remainder(4)}, 1);
        spots.patches = torch::randn({12, 3, 32, 32});
        spots.neighborFeatures = torch::randn({12, 25, 8});
        spots.neighborMask = torch::ones({12, 25});
    }
    template <typename Model> torch::Tensor predictedBy(Model& model) const {
        auto own = spots;
        own.slideTokens = model.slideTokens(features, positions);
        return model.predict(own);
    }
    torch::Tensor features, positions;
    DkanSpots spots;
};

torch::Tensor meanOf(const std::vector<std::uint64_t>& seeds, const std::vector<int64_t>& genes,
                     const Slide& slide) {
    torch::Tensor sum;
    for (const auto seed : seeds) {
        DkanInference alone(member(seed), torch::kCPU, Precision::Float32);
        alone.chooseGenes(genes);
        const auto predicted = slide.predictedBy(alone);
        sum = sum.defined() ? sum + predicted : predicted;
    }
    return sum / static_cast<double>(seeds.size());
}

} // namespace

class TestDkanEnsemble : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    [[nodiscard]] std::filesystem::path at(const char* name) const {
        return std::filesystem::path(dir_.path().toStdString()) / name;
    }

  private Q_SLOTS:
    /// Through a file: each member keeps its weights, its embeddings and its scale.
    void predictsTheMeanOfItsMembers() {
        auto joined = joinedModel({member(1), member(2), member(3)});
        QVERIFY2(joined.has_value(), joined ? "" : joined.error().sentence().c_str());
        QVERIFY(saveModel(*joined, at("three.safetensors")).has_value());
        auto read = loadModel(at("three.safetensors"));
        QVERIFY2(read.has_value(), read ? "" : read.error().sentence().c_str());
        QCOMPARE(read->card.members, 3);
        const Slide slide;
        DkanEnsemble ensemble(std::move(*read), torch::kCPU, Precision::Float32);
        const auto predicted = slide.predictedBy(ensemble);
        QVERIFY(torch::allclose(predicted, meanOf({1, 2, 3}, {}, slide), 1e-5, 1e-6));
        QVERIFY(!torch::allclose(predicted, meanOf({1}, {}, slide), 1e-2, 1e-3));
        ensemble.chooseGenes({2, 0});
        QVERIFY(torch::allclose(slide.predictedBy(ensemble), meanOf({1, 2, 3}, {2, 0}, slide), 1e-5, 1e-6));
    }
    void oneModelIsAnEnsembleOfOne() {
        const Slide slide;
        DkanEnsemble ensemble(member(4), torch::kCPU, Precision::Float32);
        QVERIFY(torch::equal(slide.predictedBy(ensemble), meanOf({4}, {}, slide)));
        QCOMPARE(membersOf(member(4)).size(), std::size_t{1});
    }
    void modelsThatDifferAreNotJoined_data() {
        QTest::addColumn<int>("what");
        QTest::addColumn<QString>("says");
        QTest::newRow("genes") << 0 << QStringLiteral("differ in their genes");
        QTest::newRow("configuration") << 1 << QStringLiteral("differ in their configuration");
        QTest::newRow("encoder") << 2 << QStringLiteral("differ in their image encoder");
        QTest::newRow("patches") << 3 << QStringLiteral("differ in their patches");
        QTest::newRow("ensemble") << 4 << QStringLiteral("is an ensemble itself");
    }
    void modelsThatDifferAreNotJoined() {
        QFETCH(const int, what);
        QFETCH(const QString, says);
        auto other = member(2);
        if (what == 0) std::swap(other.card.genes[0], other.card.genes[1]);
        if (what == 1) other.card.config.slide.dropout = 0.5;
        if (what == 2) other.card.imageEncoder = "uni";
        if (what == 3) other.card.micronsPerPixel = 0.6;
        if (what == 4) other = *joinedModel({member(2), member(3)});
        const auto joined = joinedModel({member(1), other});
        QVERIFY(!joined);
        QVERIFY2(QString::fromStdString(joined.error().sentence()).contains(says),
                 joined.error().sentence().c_str());
    }
    void aMemberThatIsMissingIsNamed() {
        auto joined = *joinedModel({member(1), member(2)});
        QVERIFY(saveModel(joined, at("two.safetensors")).has_value());
        auto bytes = *readFile(at("two.safetensors"));
        auto place = bytes.find(R"(\"members\":2)");
        QVERIFY(place != std::string::npos);
        bytes[place + std::string(R"(\"members\":)").size()] = '3';
        QVERIFY(writeFileAtomically(at("three.safetensors"), bytes).has_value());
        const auto read = loadModel(at("three.safetensors"));
        QVERIFY(!read);
        QVERIFY2(read.error().sentence().find("member3.") != std::string::npos,
                 read.error().sentence().c_str());
        bytes[place + std::string(R"(\"members\":)").size()] = '0';
        QVERIFY(writeFileAtomically(at("none.safetensors"), bytes).has_value());
        QVERIFY(!loadModel(at("none.safetensors")));
    }
};

QTEST_GUILESS_MAIN(TestDkanEnsemble)
#include "TestDkanEnsemble.moc"
