#include "canvas/MadeAnnotations.h"
#include "viewer/canvas/OutlineLevels.h"

#include <QtTest>

using namespace spotglass;

class TestOutlineLevels : public QObject {
    Q_OBJECT

    struct Made {
        std::vector<Annotation> annotations;
        OutlineLevels levels;
        explicit Made(std::vector<Annotation> all) : annotations(std::move(all)) {
            std::vector<Level0Box> boxes;
            for (const Annotation& annotation : annotations)
                boxes.push_back(Level0Box::around(annotation.bounds()));
            levels = OutlineLevels(annotations, boxes, AnnotationIndex(boxes).order());
        }
        /// The paths of an annotation in level-0 pixels.
        [[nodiscard]] std::vector<AnnotationPath> paths(std::uint32_t number, int level) const {
            const Level0Rect bounds = annotations[number].bounds();
            std::vector<AnnotationPath> all;
            levels.visit(number, level, [&](const auto& path) {
                constexpr bool absolute = std::is_same_v<decltype(path.points), const Level0Point*>;
                AnnotationPath one;
                for (std::uint32_t i = 0; i < path.count; ++i)
                    one.push_back({path.points[i].x + (absolute ? 0 : bounds.x),
                                   path.points[i].y + (absolute ? 0 : bounds.y)});
                all.push_back(one);
            });
            return all;
        }
    };

    static double farthest(const AnnotationPath& from, const AnnotationPath& to, bool closed) {
        double most = 0;
        for (const Level0Point p : from)
            most = std::max(most, test::distanceToPath(p, to, closed));
        return most;
    }
    /// Points between those of a path, so that its lines are looked at as well.
    static AnnotationPath sampled(const AnnotationPath& path, bool closed) {
        AnnotationPath dense;
        for (std::size_t i = closed ? 0 : 1; i < path.size(); ++i) {
            const Level0Point a = path[i ? i - 1 : path.size() - 1], b = path[i];
            for (int k = 0; k < 8; ++k)
                dense.push_back({a.x + (b.x - a.x) * k / 8, a.y + (b.y - a.y) * k / 8});
        }
        return dense;
    }
    static AnnotationPath scribble(int points, std::mt19937& random) {
        std::uniform_real_distribution<double> step(-20, 20);
        AnnotationPath path{{500, 500}};
        for (int i = 1; i < points; ++i)
            path.push_back({path.back().x + step(random), path.back().y + step(random)});
        return path;
    }

  private Q_SLOTS:
    void simplifiedPathsStayWithinTheTolerance() {
        std::mt19937 random(5);
        for (int round = 0; round < 200; ++round) {
            const AnnotationPath path =
                round % 2 ? scribble(120, random) : test::blob({900, 900}, 20 + round * 3, 150, 0.4, random);
            for (const bool closed : {false, true})
                for (const double tolerance : {0.2, 1.0, 5.0, 25.0, 400.0}) {
                    AnnotationPath simple;
                    simplifyPath(path, closed, tolerance, simple);
                    QVERIFY(simple.front() == path.front());
                    if (!closed) QVERIFY(simple.back() == path.back());
                    QVERIFY(simple.size() <= path.size());
                    QVERIFY(farthest(path, simple, closed) <= tolerance * 1.25 + 1e-9);
                    QVERIFY(farthest(sampled(simple, closed), path, closed) <= tolerance * 1.25 + 1e-9);
                }
        }
    }
    void straightLinesNeedTwoPoints() {
        AnnotationPath line, simple;
        for (int i = 0; i < 1000; ++i)
            line.push_back({double(i), i * 0.5});
        simplifyPath(line, false, 0.1, simple);
        QCOMPARE(simple.size(), std::size_t(2));
    }
    void aSpikeIsKept() {
        AnnotationPath simple;
        simplifyPath({{0, 0}, {50, 0}, {100, 0}, {50, 0}, {-20, 0}}, false, 1, simple);
        QVERIFY(std::find(simple.begin(), simple.end(), Level0Point{100, 0}) != simple.end());
    }
    void everyLevelIsWithinAQuarterOfAPixel() {
        std::mt19937 random(11);
        std::vector<Annotation> all;
        for (int i = 0; i < 30; ++i)
            all.push_back(test::area(std::to_string(i), test::blob({3e4 + i * 1e3, 9e4}, 30 + i * i * 4,
                                                                   60 + i * 40, 0.3, random)));
        const Made made(all);
        for (std::uint32_t number = 0; number < all.size(); ++number) {
            const AnnotationPath& outer = all[number].polygons[0].outer;
            QVERIFY(made.paths(number, OutlineLevels::exact)[0] == outer);
            std::size_t last = outer.size();
            for (int level = 0; level < OutlineLevels::count; ++level) {
                const auto paths = made.paths(number, level);
                const double side = std::max(all[number].bounds().width, all[number].bounds().height);
                const double pixel = std::ldexp(1.0, level);
                QCOMPARE(paths.size(), std::size_t(side / pixel >= OutlineLevels::smallestOutline / 2));
                if (paths.empty()) continue;
                QVERIFY(farthest(outer, paths[0], true) <= 0.25 * pixel + 0.01);
                QVERIFY(farthest(paths[0], outer, true) <= 0.25 * pixel + 0.01);
                QVERIFY(paths[0].size() <= last);
                last = paths[0].size();
            }
            QVERIFY(last < 20);
        }
    }
    void smallHolesVanishAndSmallPartsStay() {
        Annotation parts =
            test::area("p", {{0, 0}, {4000, 0}, {4000, 4000}}, {{{3000, 100}, {3009, 100}, {3009, 109}}});
        parts.polygons.push_back({{{6000, 0}, {6010, 0}, {6000, 10}}, {}});
        parts.lines = {{{0, 5000}, {5, 5005}}};
        const Made made({parts});
        QCOMPARE(made.paths(0, 0).size(), std::size_t(4));
        const auto far = made.paths(0, 5); // 32 level-0 pixels a device pixel
        QCOMPARE(far.size(), std::size_t(3));
        QCOMPARE(far[1].size(), std::size_t(1));
        QCOMPARE(far[2].size(), std::size_t(1));
    }
    void boxesOfLongPathsHoldTheirPoints() {
        std::mt19937 random(2);
        const Made made({test::area("a", test::blob({5000, 5000}, 3000, 1000, 0.2, random))});
        made.levels.visit(0, OutlineLevels::exact, [](const auto& path) {
            QVERIFY(path.boxes);
            for (std::uint32_t i = 0; i < path.count; ++i) {
                const auto next = path.points[(i + 1) % path.count];
                for (const auto p : {path.points[i], next})
                    QVERIFY(path.boxes[i / path.chunk].touches({p.x, p.y, p.x, p.y}));
            }
        });
    }
    void levelsFollowTheScale() {
        QCOMPARE(OutlineLevels::levelFor(1.5), OutlineLevels::exact);
        QCOMPARE(OutlineLevels::levelFor(1), 0);
        QCOMPARE(OutlineLevels::levelFor(0.51), 0);
        QCOMPARE(OutlineLevels::levelFor(0.5), 1);
        QCOMPARE(OutlineLevels::levelFor(0.0135), 6);
        QCOMPARE(OutlineLevels::levelFor(1e-9), OutlineLevels::count - 1);
    }
};

QTEST_GUILESS_MAIN(TestOutlineLevels)
#include "TestOutlineLevels.moc"
