#include "Shared.h"
#include "viewer/base/Files.h"
#include "viewer/base/GeoJsonAnnotations.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

class TestGeoJsonAnnotations : public QObject {
    Q_OBJECT

    /// Quotes are written ' here: the meta-object compiler does not understand raw strings.
    static std::string json(std::string text) {
        std::replace(text.begin(), text.end(), '\'', '"');
        return text;
    }
    static std::vector<Annotation> read(std::string_view text) {
        Result<GeoJsonAnnotations> got = parseGeoJsonAnnotations(text, "t.geojson");
        if (!got) qWarning("%s", got.error().sentence().c_str());
        return got ? std::move(got->annotations) : std::vector<Annotation>();
    }
    static Annotation feature(const std::string& properties, const std::string& geometry = {}) {
        const std::string shape = geometry.empty() ? json("{'type':'Point','coordinates':[1,2]}") : geometry;
        auto all =
            read(json("{'type':'Feature','geometry':") + shape + json(",'properties':") + properties + "}");
        return all.size() == 1 ? all.front() : Annotation();
    }
    static std::string polygonFile(int count, bool pretty) {
        std::string text = json("{'type':'FeatureCollection','features':[");
        for (int i = 0; i < count; ++i) {
            if (i) text += ',';
            text += json(fmt::format("{{'type':'Feature','id':'00000000-0000-4000-8000-{:012x}',"
                                     "'geometry':{{'type':'Polygon','coordinates':[[",
                                     i));
            for (int v = 0; v <= 30; ++v) {
                const double angle = (v % 30) * std::numbers::pi / 15;
                text +=
                    fmt::format("{}{}[{:.2f}, {:.2f}]", v ? "," : "", pretty ? "\n            " : "",
                                i % 1000 * 100 + 20 * std::cos(angle), i / 1000 * 100 + 20 * std::sin(angle));
            }
            text += json("]]},'properties':{'objectType':'detection','classification':{'name':'Tumor',"
                         "'color':[200,0,0]},'measurements':{'Nucleus: Area':412.5,'Circularity':0.93}}}");
        }
        return text + "]}";
    }

  private Q_SLOTS:
    void everyFileOfTheSharedFolder() {
        SPOTGLASS_NEED_SHARED(folder, "data/geojson");
        const auto count = [&folder](const char* name) {
            const auto got = readGeoJsonAnnotations(folder / name);
            if (!got) qWarning("%s", got.error().sentence().c_str());
            return got ? static_cast<int>(got->annotations.size()) : -1;
        };
        QCOMPARE(count("dlup_qupath05.geojson"), 3);
        QCOMPARE(count("py-lmd_annotated_regions_Qupath.geojson"), 5);
        QCOMPARE(count("Qupath_to_LMD_Single_cells.geojson"), 131);
        QCOMPARE(count("qupath_polygon_geometry_only.geojson"), 1);
        QCOMPARE(count("negative_geographic_sample.geojson"), 10);
        QVERIFY(count("qupath_project/classifiers/classes.json") == -1);
        QVERIFY(count("qupath_project/data/1/data.qpdata") == -1);
    }
    void whatTheSharedFilesSay() {
        SPOTGLASS_NEED_SHARED(folder, "data/geojson");
        const auto cells = readGeoJsonAnnotations(folder / "Qupath_to_LMD_Single_cells.geojson");
        const Annotation& region = cells->annotations.front();
        QCOMPARE(region.id, std::string("eed9a4f6-c4f0-4185-9ccd-fbe220449d00"));
        QCOMPARE(region.className, std::string("class_1"));
        QVERIFY(region.shownColor() == (Rgb{3, 128, 17}));
        QVERIFY(region.locked);
        QCOMPARE(region.bounds(), (Level0Rect{296, 0, 686, 416}));
        QCOMPARE(region.polygons.front().outer.size(), std::size_t(4)); // closed, not repeated
        QVERIFY(cells->annotations[1].role == AnnotationRole::Cell);
        const auto lmd = readGeoJsonAnnotations(folder / "py-lmd_annotated_regions_Qupath.geojson");
        QVERIFY(lmd->annotations[0].ellipse);
        QVERIFY(lmd->annotations[2].points == (AnnotationPath{{343.24, 368.53}}));
        QCOMPARE(lmd->annotations[2].name, std::string("calib1"));
        const auto many = readGeoJsonAnnotations(folder / "qupath_polygon_geometry_only.geojson");
        QCOMPARE(many->annotations.front().polygons.size(), std::size_t(3));
    }
    void whatIsWrittenComesBack() {
        SPOTGLASS_NEED_SHARED(folder, "data/geojson");
        QTemporaryDir dir;
        const std::filesystem::path copy = std::filesystem::path(dir.path().toStdString()) / "copy.geojson";
        for (const char* name : {"dlup_qupath05.geojson", "py-lmd_annotated_regions_Qupath.geojson",
                                 "Qupath_to_LMD_Single_cells.geojson", "qupath_polygon_geometry_only.geojson",
                                 "negative_geographic_sample.geojson"}) {
            const auto first = readGeoJsonAnnotations(folder / name);
            QVERIFY(writeGeoJsonAnnotations(copy, first->annotations).has_value());
            const auto second = readGeoJsonAnnotations(copy);
            QVERIFY2(second && second->annotations == first->annotations, name);
        }
    }
    void everyKindOfGeometrySurvivesWriting() {
        Annotation all;
        all.id = "an \"id\"";
        all.name = "Gef\u00e4\u00df \\ one";
        all.className = "Tumor: Positive";
        all.color = Rgb{1, 2, 3};
        all.classColor = Rgb{255, 0, 128};
        all.role = AnnotationRole::Cell;
        all.locked = true;
        all.polygons = {{{{0, 0}, {10.25, 0}, {10, 10}}, {{{4, 2}, {6, 2}, {5, 3}}}},
                        {{{20, 20}, {30, 20}, {-30.5, 30}}, {}}};
        all.lines = {{{1, 1}, {2, 2}, {3, 1}}, {{0, 0}, {5, 5}}};
        all.points = {{7, 7}, {8.01, 8}};
        all.nucleus = {{{{1, 1}, {2, 1}, {2, 2}}, {}}};
        Annotation classOnly = Annotation::rectangle("r", {5, 5, 10, 20});
        classOnly.className = "Stroma"; // no colour: written as a plain string
        classOnly.role = AnnotationRole::TmaCore;
        const std::vector<Annotation> written = {all, classOnly};
        QVERIFY(read(geoJsonOf(written)) == written);
        QVERIFY(read(geoJsonOf({})).empty());
        // QuPath's reader insists on these.
        const auto parsed = nlohmann::json::parse(geoJsonOf(written));
        QVERIFY(parsed["features"][0]["properties"]["classification"].contains("color"));
        const auto ring = parsed["features"][1]["geometry"]["coordinates"][0];
        QVERIFY(ring.size() == 5 && ring.front() == ring.back());
    }
    void rootsOfEveryForm() {
        const std::string point = json("{'type':'Point','coordinates':[3,4]}");
        const std::string one = json("{'type':'Feature','geometry':") + point + "}";
        QCOMPARE(read(point).size(), std::size_t(1));
        QCOMPARE(read(one).size(), std::size_t(1));
        QCOMPARE(read("[" + one + "," + one + "]").size(), std::size_t(2));
        QCOMPARE(read("[" + point + "]").size(), std::size_t(1));
        QCOMPARE(read(json("{'features':[") + one + json("],'type':'FeatureCollection'}")).size(),
                 std::size_t(1));
        QCOMPARE(read("\xEF\xBB\xBF" + one).size(), std::size_t(1));
        QVERIFY(read("[]").empty());
    }
    void membersInAnyOrder() {
        const auto all = read(json("{'properties':{'name':'n','more':{'deep':[1,{'a':null}]}},'geometry':"
                                   "{'coordinates':[[[0,0,9],[4,0,9],[4,4,9],[0,0,9]]],'plane':{'c':-1},"
                                   "'type':'Polygon'},'id':7,'type':'Feature'}"));
        QCOMPARE(all.size(), std::size_t(1));
        QCOMPARE(all[0].id, std::string("7"));
        QCOMPARE(all[0].name, std::string("n"));
        QVERIFY(all[0].polygons[0].outer == (AnnotationPath{{0, 0}, {4, 0}, {4, 4}}));
    }
    void coloursAndClassesOfAllVersions() {
        QVERIFY(feature(json("{'classification':{'name':'A','colorRGB':-65281}}")).classColor ==
                (Rgb{255, 0, 255}));
        QVERIFY(
            feature(json("{'color':[9,8,7],'classification':{'name':'A','color':[1,2,3]}}")).shownColor() ==
            (Rgb{9, 8, 7}));
        QCOMPARE(feature(json("{'classification':{'names':['Tumor','Positive']}}")).className,
                 std::string("Tumor: Positive"));
        QCOMPARE(feature(json("{'classification':'Stroma'}")).className, std::string("Stroma"));
        QCOMPARE(feature(json("{'classification':null,'name':null}")).className, std::string());
        QVERIFY(!feature("null").shownColor());
        QVERIFY(feature(json("{'measurements':[{'name':'a','value':1}],'isLocked':true}")).locked);
    }
    void idsAreThereAndUnique() {
        const std::string one = json("{'type':'Point','coordinates':[3,4]}");
        const auto old = json("{'type':'Feature','id':'PathCellObject','geometry':") + one + "}";
        const auto all =
            read("[" + one + "," + old + "," + old + json(",{'type':'Feature','id':'x','geometry':") + one +
                 json("},{'type':'Feature','id':'x','geometry':") + one + "}]");
        std::set<std::string> ids;
        for (const Annotation& annotation : all)
            ids.insert(annotation.id);
        QCOMPARE(ids.size(), std::size_t(5));
        QVERIFY(!ids.contains("PathCellObject") && !ids.contains(""));
        QVERIFY(all[1].role == AnnotationRole::Cell);
        QCOMPARE(all[3].id, std::string("x"));
    }
    void featuresWithoutGeometryAreCounted() {
        const auto got = parseGeoJsonAnnotations(
            json(
                "[{'type':'Feature','geometry':null},"
                "{'type':'Feature','geometry':{'type':'Polygon','coordinates':[]}},"
                "{'type':'Feature','geometry':{'type':'GeometryCollection','geometries':["
                "{'type':'Point','coordinates':[1,1]},{'type':'LineString','coordinates':[[1,1],[2,2]]}]}}]"),
            "");
        QCOMPARE(got->withoutGeometry, std::size_t(2));
        QCOMPARE(got->annotations.size(), std::size_t(1));
        QVERIFY(!got->annotations[0].points.empty() && !got->annotations[0].lines.empty());
    }
    void damageIsNamed_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("sentence");
        const auto row = [](const char* name, const std::string& text, const char* sentence) {
            QTest::newRow(name) << QString::fromStdString(text) << QString::fromLatin1(sentence);
        };
        const auto second = [](const std::string& geometry) {
            return json("[{'type':'Point','coordinates':[1,2]},{'type':'Feature','geometry':") + geometry +
                   "}]";
        };
        const auto polygon = [second](const std::string& coordinates) {
            return second(json("{'type':'Polygon','coordinates':") + coordinates + "}");
        };
        row("empty", {}, "cut off");
        row("truncated", json("{'type':'FeatureCollection','features':[{'type':'Fea"), "cut off");
        row("truncated between", json("{'type':'FeatureCollection','features':["), "cut off");
        row("not JSON", "<xml>\n</xml>", "not valid JSON on line 1");
        row("one bracket more", "{\"type\":\"Point\",\n\"coordinates\":[1,2]}}", "not valid JSON on line 2");
        row("NaN", polygon("[[[0,0],[NaN,0],[1,1]]]"), "not valid JSON on line 1, in feature 2");
        row("NaN as text", polygon(json("[[[0,0],['NaN',0],[1,1]]]")),
            "feature 2 has a coordinate that is not a number");
        row("null", polygon("[[[0,0],[null,0],[1,1]]]"), "feature 2 has a coordinate that is not a number");
        row("too large", polygon("[[[0,0],[1e999,0],[1,1]]]"), "feature 2 has a number that is too large");
        row("far away", polygon("[[[0,0],[-2e8,0],[1,1]]]"),
            "feature 2 has a coordinate that lies far outside");
        row("two points", polygon("[[[0,0],[5,5],[0,0]]]"), "feature 2 has a ring of fewer than 3");
        row("bad hole", polygon("[[[0,0],[5,5],[0,5]],[[1,1]]]"), "feature 2 has a ring of fewer than 3");
        row("empty ring", polygon("[[],[[0,0],[5,5],[0,5]]]"), "feature 2 has an empty list");
        row("one coordinate", polygon("[[[0],[5,5],[0,5]]]"), "feature 2 has a point of one coordinate");
        row("flat", polygon("[0,0,5,5]"), "feature 2 has coordinates that do not fit its type, Polygon");
        row("uneven", polygon("[[[0,0],[5,5]],[1,1]]"),
            "feature 2 has coordinates that are not nested evenly");
        row("mixed", polygon("[[0,[1,1]]]"), "feature 2 mixes numbers and lists");
        row("object", polygon(json("[[{'x':1}]]")), "feature 2 has a coordinate that is not a number");
        row("deep coordinates", polygon(std::string(2000, '[')),
            "feature 2 has coordinates that are nested too deeply");
        row("short line", second(json("{'type':'LineString','coordinates':[[1,1]]}")),
            "line of fewer than 2");
        row("unknown type", second(json("{'type':'Circle','coordinates':[1,1]}")),
            "\"Circle\", which is not known");
        row("no type", second(json("{'coordinates':[1,1]}")), "feature 2 has no type");
        row("geometry as text", second("\"POINT\""), "feature 2 has \"geometry\" of the wrong type");
        row("geometry as list", second("[1,2]"), "feature 2 has \"geometry\" of the wrong type");
        row("number as type", json("{'type':5}"), "\"type\" of the wrong type");
        row("feature as number", "[4]", "feature 1 is not an object");
        row("single value", "42", "single value");
        row("other JSON", json("{'pathClasses':[{'name':'a'}]}"), "not GeoJSON");
        row("no list", json("{'type':'FeatureCollection'}"), "without a list of features");
        row("collection in a collection", json("[{'type':'FeatureCollection','features':[]}]"),
            "collection of its own");
        row("colour", json("{'type':'Feature','geometry':null,'properties':{'color':[1,2]}}"),
            "three numbers");
        row("colour of text", json("{'type':'Feature','properties':{'color':['red']}}"),
            "not made of numbers");
        row("deep", json("{'a':") + std::string(100000, '['), "nested more than 64 deep");
    }
    void damageIsNamed() {
        QFETCH(QString, text);
        QFETCH(QString, sentence);
        const auto got = parseGeoJsonAnnotations(text.toStdString(), "file.geojson");
        QVERIFY(!got);
        const QString said = QString::fromStdString(got.error().sentence());
        QVERIFY2(said.contains(sentence) && said.startsWith(QLatin1String("file.geojson: ")),
                 qPrintable(said));
        QCOMPARE(got.error().exitCode(), 3);
    }
    void everyPrefixOfAFileIsRefusedOrRead() {
        const std::string whole = polygonFile(2, true);
        for (std::size_t length = 0; length < whole.size(); ++length)
            QVERIFY(!parseGeoJsonAnnotations(std::string_view(whole).substr(0, length), ""));
        QVERIFY(parseGeoJsonAnnotations(whole, "").has_value());
    }
    void canBeCancelled() {
        const CancelToken token;
        token.cancel();
        const auto got = parseGeoJsonAnnotations(polygonFile(1, false), "", token);
        QVERIFY(!got && got.error().kind == ErrorKind::Cancelled);
    }
    void readsAHundredThousandPolygons() {
        const std::string text = polygonFile(100'000, true);
        QElapsedTimer timer;
        timer.start();
        const auto got = parseGeoJsonAnnotations(text, "");
        qInfo("%.0f MB with 100,000 polygons read in %lld ms", double(text.size()) / 1e6, timer.elapsed());
        QCOMPARE(got->annotations.size(), std::size_t(100'000));
        timer.start();
        const std::string written = geoJsonOf(got->annotations);
        qInfo("%.0f MB written in %lld ms", double(written.size()) / 1e6, timer.elapsed());
    }
};

QTEST_GUILESS_MAIN(TestGeoJsonAnnotations)
#include "TestGeoJsonAnnotations.moc"
