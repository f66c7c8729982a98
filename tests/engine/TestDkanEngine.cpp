#include "inference/engine/DkanEngine.h"
#include "inference/model/BuiltInImageEncoder.h"
#include "inference/model/ModelFile.h"
#include "viewer/slide/SyntheticSlideSource.h"

#include <cmath>
#include <map>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

namespace {

LoadedModel smallModel() {
    torch::manual_seed(5);
    LoadedModel model;
    auto& c = model.card.config;
    c.patchWidth = 16;
    c.genes = 3;
    c.width = BuiltInImageEncoder::featureWidth;
    c.textWidth = 8;
    for (auto* t : {&c.fusion, &c.slide, &c.region, &c.image, &c.expression})
        *t = {1, 4, 1, 0.3};
    c.text = {1, 2, 1, 0.3};
    c.slide.depth = 2;
    model.card.name = "small";
    model.card.genes = {"FN1", "HSPB1", "ERBB2"};
    model.card.patchPixels = 128;
    model.card.micronsPerPixel = 200.0 / 128;
    model.card.contextMicrons = 1200;
    model.card.imageEncoder = BuiltInImageEncoder::encoderName;
    model.geneEmbeddings = torch::randn({3, 8});
    model.featureMean = torch::zeros({c.width});
    model.featureScale = torch::ones({c.width});
    model.network = Dkan(c);
    return model;
}

std::shared_ptr<SyntheticSlideSource> slide(std::vector<Level0Rect> broken = {}) {
    SyntheticSlideOptions options;
    options.width = 6000;
    options.height = 4800;
    options.allTissue = true;
    options.broken = std::move(broken);
    return std::make_shared<SyntheticSlideSource>(options);
}

using Values = std::map<std::int64_t, std::vector<float>>;

struct Collected {
    PredictionLattice lattice;
    Values values;
    std::vector<std::int64_t> order;
    Result<PredictionReport> outcome = fail(ErrorKind::Defect, "not run");
};

Collected run(PredictionEngine& engine, PredictionRequest request, CancelToken cancel = {},
              std::size_t cancelAfter = SIZE_MAX) {
    Collected c;
    PredictionListener listener;
    listener.planned = [&](const PredictionLattice& lattice) { c.lattice = lattice; };
    listener.batch = [&](const PredictionBatch& batch) {
        for (std::size_t i = 0; i < batch.cells.size(); ++i) {
            c.values[batch.cells[i]] = {batch.values.begin() + static_cast<std::ptrdiff_t>(3 * i),
                                        batch.values.begin() + static_cast<std::ptrdiff_t>(3 * i + 3)};
            c.order.push_back(batch.cells[i]);
        }
        if (c.values.size() >= cancelAfter) cancel.cancel();
    };
    c.outcome = engine.predictLattice(request, listener, cancel);
    return c;
}

double largestDifference(const Values& a, const Values& b) {
    double worst = 0;
    for (const auto& [cell, values] : a)
        for (std::size_t g = 0; g < values.size(); ++g)
            worst = std::max(worst, std::abs(static_cast<double>(values[g]) - b.at(cell)[g]));
    return worst;
}

} // namespace

class TestDkanEngine : public QObject {
    Q_OBJECT
    QTemporaryDir dir_;
    std::unique_ptr<PredictionEngine> engine_;

  private Q_SLOTS:
    void initTestCase() {
        const fs::path file = fs::path(dir_.path().toStdString()) / "m.safetensors";
        QVERIFY(saveModel(smallModel(), file).has_value());
        auto opened = openDkanEngine(file);
        QVERIFY2(opened.has_value(), opened ? "" : opened.error().sentence().c_str());
        engine_ = std::move(*opened);
    }
    void everyTissueSpotIsPredictedOnce() {
        const auto c = run(*engine_, {slide(), {0.5, 0.5}, 0, {}, {}});
        QVERIFY(c.outcome.has_value());
        QCOMPARE(c.lattice.columns, 15);
        QCOMPARE(c.lattice.rows, 12);
        QCOMPARE(c.values.size(), c.lattice.tissueSpots);
        QCOMPARE(c.order.size(), c.values.size());
        QVERIFY(c.values.size() > 100);
    }
    void valuesDoNotDependOnWhatWasLookedAtFirst() {
        const auto a = run(*engine_, {slide(), {0.5, 0.5}, 0, {}, {}});
        const auto b = run(*engine_, {slide(), {0.5, 0.5}, 0, {4800, 3600, 800, 800}, {}});
        QCOMPARE(a.values.size(), b.values.size());
        QVERIFY(a.order != b.order);
        QVERIFY(largestDifference(a.values, b.values) < 1e-5);
    }
    void whatIsOnScreenComesFirst() {
        const Level0Rect view{4800, 3600, 800, 800};
        const auto c = run(*engine_, {slide(), {0.5, 0.5}, 0, view, {}});
        std::size_t inView = 0;
        for (const auto& [cell, values] : c.values)
            if (view.contains(
                    c.lattice.latticeToLevel0.toLevel0(static_cast<double>(cell % c.lattice.columns),
                                                       static_cast<double>(cell / c.lattice.columns))))
                ++inView;
        QVERIFY(inView > 0);
        for (std::size_t i = 0; i < inView; ++i) {
            const auto cell = c.order[i];
            QVERIFY(view.contains(
                c.lattice.latticeToLevel0.toLevel0(static_cast<double>(cell % c.lattice.columns),
                                                   static_cast<double>(cell / c.lattice.columns))));
        }
    }
    void finerOutputContainsTheCoarseOneInPlace() {
        // At a third of the pitch, the middle one of three shifted lattices lies where the model's own
        // lattice does.
        const auto coarse = run(*engine_, {slide(), {0.5, 0.5}, 0, {}, {}});
        const auto fine = run(*engine_, {slide(), {0.5, 0.5}, 200.0 / 3, {}, {}});
        QCOMPARE(fine.lattice.columns, 45);
        double worst = 0;
        for (const auto& [cell, values] : coarse.values) {
            const auto column = cell % 15 * 3 + 1, row = cell / 15 * 3 + 1;
            const auto it = fine.values.find(row * 45 + column);
            if (it == fine.values.end()) continue;
            for (std::size_t g = 0; g < 3; ++g)
                worst = std::max(worst, std::abs(static_cast<double>(values[g]) - it->second[g]));
        }
        QVERIFY2(worst < 1e-5, qPrintable(QString::number(worst)));
    }
    void cancelStopsAndSaysSo() {
        const auto c = run(*engine_, {slide(), {0.5, 0.5}, 0, {}, {}}, {}, 16);
        QVERIFY(!c.outcome);
        QCOMPARE(c.outcome.error().exitCode(), 5);
        QVERIFY(c.values.size() < c.lattice.tissueSpots);
    }
    void aBrokenPlaceLeavesTheRestUsable() {
        const auto whole = run(*engine_, {slide(), {0.5, 0.5}, 0, {}, {}});
        const auto c = run(*engine_, {slide({{2900, 2100, 300, 300}}), {0.5, 0.5}, 0, {}, {}});
        QVERIFY(c.outcome.has_value());
        QVERIFY(c.values.size() < whole.values.size());
        QVERIFY(c.values.size() > whole.values.size() - 9);
        for (const auto& [cell, values] : c.values)
            for (const float v : values)
                QVERIFY(std::isfinite(v));
    }
    void spotsGiveTheSameAsALatticeOfTheSameContext() {
        // A slide narrower than a window: its lattice is one context, as measured spots are.
        SyntheticSlideOptions options;
        options.width = options.height = 2000;
        options.allTissue = true;
        const auto small = std::make_shared<SyntheticSlideSource>(options);
        auto model = smallModel();
        model.card.contextMicrons = 20000;
        const fs::path file = fs::path(dir_.path().toStdString()) / "wide.safetensors";
        QVERIFY(saveModel(model, file).has_value());
        const auto engine = openDkanEngine(file).value().release();
        const std::unique_ptr<PredictionEngine> owner(engine);
        const auto c = run(*engine, {small, {0.5, 0.5}, 0, {}, {}});
        std::vector<SpotPlace> spots;
        for (const auto& [cell, values] : c.values) {
            const int column = static_cast<int>(cell % c.lattice.columns),
                      row = static_cast<int>(cell / c.lattice.columns);
            spots.push_back({"", column, row, c.lattice.latticeToLevel0.toLevel0(column, row)});
        }
        const auto at = engine->predictSpots(*small, {0.5, 0.5}, spots, {}, {});
        QVERIFY(at.has_value());
        std::size_t i = 0;
        for (const auto& [cell, values] : c.values)
            for (const float v : values)
                QVERIFY(std::abs(v - at->values[i++]) < 1e-5);
    }
    void spotsFarApartOnTheArrayAreRefused() {
        const std::vector<SpotPlace> spots{{"a", 0, 0, {500, 500}}, {"b", 900000, 900000, {900, 900}}};
        const auto result = engine_->predictSpots(*slide(), {0.5, 0.5}, spots, {}, {});
        QVERIFY(!result);
        QVERIFY(result.error().sentence().find("array coordinates") != std::string::npos);
    }
    void withoutAScaleNothingIsGuessed() {
        const auto c = run(*engine_, {slide(), {0, 0}, 0, {}, {}});
        QVERIFY(!c.outcome);
        QVERIFY(c.outcome.error().sentence().find("--mpp") != std::string::npos);
    }
    void anUnknownEncoderIsNamed() {
        auto model = smallModel();
        model.card.imageEncoder = "uni";
        const fs::path file = fs::path(dir_.path().toStdString()) / "uni.safetensors";
        QVERIFY(saveModel(model, file).has_value());
        const auto opened = openDkanEngine(file);
        QVERIFY(!opened);
        QVERIFY(opened.error().sentence().find("\"uni\"") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestDkanEngine)
#include "TestDkanEngine.moc"
