#include "viewer/slide/SlideFolder.h"

#include "viewer/base/Files.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;
namespace fs = std::filesystem;

class TestSlideFolder : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> dir_;
    [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_->path().toStdString()) / name; }
    void make(std::initializer_list<const char*> names) const {
        for (const char* name : names)
            QVERIFY(writeFileAtomically(at(name), "x").has_value());
    }
    [[nodiscard]] std::string neighbour(const char* name, int step) const {
        const auto found = neighbourOf(at(name), step);
        return found && *found ? (*found)->filename().string() : std::string();
    }

  private Q_SLOTS:
    void init() { dir_ = std::make_unique<QTemporaryDir>(); }

    void numbersCountAsNumbers() {
        for (const auto& [less, more] : {std::pair("slide 2.svs", "slide 10.svs"),
                                         {"a.svs", "B.svs"},
                                         {"S9-3", "S10-1"},
                                         {"a", "a1"},
                                         {"case 007", "case 8"},
                                         {"", "a"},
                                         {"99999999999999999999", "100000000000000000000"}}) {
            QVERIFY2(naturalLess(less, more), less);
            QVERIFY2(!naturalLess(more, less), less);
        }
        QVERIFY(!naturalLess("a.svs", "A.SVS") && !naturalLess("A.SVS", "a.svs"));
    }
    void onlyFilesThatCanBeSlides() {
        make({"b10.svs", "b2.SVS", "a.tiff", "notes.txt", "._b2.svs", "x.dcm", "svs"});
        fs::create_directory(at("folder.svs"));
        fs::create_symlink(at("nowhere"), at("broken.svs"));
        std::vector<std::string> names;
        const auto slides = slidesIn(at(""));
        QVERIFY(slides.has_value());
        for (const auto& path : *slides)
            names.push_back(path.filename().string());
        QCOMPARE(names, (std::vector<std::string>{"a.tiff", "b2.SVS", "b10.svs"}));
    }
    void theNextAndThePrevious() {
        make({"s1.svs", "s2.svs", "s10.svs"});
        QCOMPARE(neighbour("s1.svs", 1), std::string("s2.svs"));
        QCOMPARE(neighbour("s2.svs", 1), std::string("s10.svs"));
        QCOMPARE(neighbour("s10.svs", 1), std::string());
        QCOMPARE(neighbour("s1.svs", -1), std::string());
        QCOMPARE(neighbour("s10.svs", -1), std::string("s2.svs"));
    }
    void aFileThatHasGoneStillHasItsPlace() {
        make({"s1.svs", "s3.svs"});
        QCOMPARE(neighbour("s2.svs", 1), std::string("s3.svs"));
        QCOMPARE(neighbour("s2.svs", -1), std::string("s1.svs"));
        QCOMPARE(neighbour("s9.svs", 1), std::string());
        QCOMPARE(neighbour("odd.xyz", 1), std::string("s1.svs"));
    }
    void aFolderThatCannotBeReadIsASentence() {
        const auto found = neighbourOf(at("gone/s1.svs"), 1);
        QVERIFY(!found.has_value());
        QVERIFY(found.error().sentence().find("gone") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestSlideFolder)
#include "TestSlideFolder.moc"
