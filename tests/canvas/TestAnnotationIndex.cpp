#include "viewer/canvas/AnnotationIndex.h"

#include <algorithm>
#include <numeric>
#include <random>

#include <QElapsedTimer>
#include <QtTest>

using namespace spotglass;

class TestAnnotationIndex : public QObject {
    Q_OBJECT

    using Numbers = std::vector<std::uint32_t>;

    static std::vector<Level0Box> boxes(std::size_t count, std::mt19937& random) {
        std::uniform_real_distribution<double> x(-500, 100'000), y(-500, 80'000), size(0, 1);
        std::vector<Level0Box> made(count);
        for (Level0Box& box : made) {
            const double side = 20 / (size(random) + 1e-3); // mostly small, some huge
            box = {x(random), y(random), 0, 0};
            box.right = box.left + side * size(random);
            box.bottom = box.top + side;
        }
        return made;
    }
    static Numbers sorted(Numbers numbers) {
        std::sort(numbers.begin(), numbers.end());
        return numbers;
    }
    static Numbers bruteForce(const std::vector<Level0Box>& all, const Level0Box& area) {
        Numbers found;
        for (std::uint32_t i = 0; i < all.size(); ++i)
            if (all[i].touches(area)) found.push_back(i);
        return found;
    }

  private Q_SLOTS:
    void findsWhatBruteForceFinds_data() {
        QTest::addColumn<int>("count");
        for (const int count : {0, 1, 2, 15, 16, 17, 256, 257, 4097, 30'000})
            QTest::addRow("%d", count) << count;
    }
    void findsWhatBruteForceFinds() {
        QFETCH(int, count);
        std::mt19937 random(7);
        const auto all = boxes(static_cast<std::size_t>(count), random);
        const AnnotationIndex index(all);
        QCOMPARE(index.size(), all.size());
        std::uniform_real_distribution<double> x(-1000, 101'000), y(-1000, 81'000), side(0, 9000);
        for (int i = 0; i < 200; ++i) {
            const Level0Point at{x(random), y(random)};
            const Level0Box area{at.x, at.y, at.x + side(random), at.y + side(random)};
            QCOMPARE(sorted(index.find(area)), bruteForce(all, area));
            QCOMPARE(sorted(index.find(Level0Box::around(at))), bruteForce(all, Level0Box::around(at)));
        }
        Numbers everything(all.size());
        std::iota(everything.begin(), everything.end(), 0u);
        QCOMPARE(sorted(index.order()), everything);
        QCOMPARE(index.find({-1e9, -1e9, 1e9, 1e9}), index.order());
    }
    void edgesAndPointsBelong() {
        const AnnotationIndex index({{10, 10, 20, 20}, {30, 30, 30, 30}});
        QCOMPARE(index.find({20, 20, 25, 25}), Numbers{0});
        QCOMPARE(index.find({20.001, 20, 25, 25}), Numbers{});
        QCOMPARE(index.find(Level0Box::around(Level0Point{30, 30})), Numbers{1});
        QCOMPARE(index.find(Level0Box::around(Level0Point{33, 30}, 3)), Numbers{1});
    }
    void allInOnePlace() {
        const AnnotationIndex index(std::vector<Level0Box>(1000, Level0Box{5, 5, 5, 5}));
        QCOMPARE(index.find({0, 0, 10, 10}).size(), std::size_t(1000));
        QVERIFY(index.find({6, 6, 10, 10}).empty());
    }
    void aQueryLooksAtFewBoxes() {
        std::mt19937 random(1);
        std::vector<Level0Box> all;
        for (int i = 0; i < 100'000; ++i) {
            const double x = i % 316 * 300.0, y = i / 316 * 250.0;
            all.push_back({x, y, x + 40, y + 40});
        }
        std::shuffle(all.begin(), all.end(), random);
        QElapsedTimer timer;
        timer.start();
        const AnnotationIndex index(all);
        qInfo("packed 100,000 boxes in %lld ms", timer.elapsed());
        timer.start();
        std::size_t found = 0;
        for (int i = 0; i < 10'000; ++i)
            found += index.find(Level0Box::around(Level0Point{i * 9.0, i * 7.0}, 150)).size();
        qInfo("10,000 queries with %zu answers in %lld ms", found, timer.elapsed());
        QVERIFY(found > 0);
    }
};

QTEST_GUILESS_MAIN(TestAnnotationIndex)
#include "TestAnnotationIndex.moc"
