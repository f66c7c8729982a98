#include "Hdf5Writer.h"

#include "CohortFiles.h"
#include "Shared.h"
#include "training/cohort/Hdf5File.h"

#include <cstring>
#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

class TestHdf5File : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void numbersTextsAndAttributesAreRead() {
        const CohortFolder folder;
        const fs::path path = folder.path() / "a.h5";
        {
            const Hdf5Writer file(path);
            file.group("g");
            file.numbers("g/n", {1, 2, 3, 4, 5, 6}, {3, 2});
            file.decimals("g/d", {0.5, -2});
            file.texts("g/t", {"one", "", "drei ä"});
            file.texts("g/f", {"one", "two", "three"}, 5);
            file.attribute("g", "encoding-type", "csr_matrix");
            file.numberAttribute("g", "shape", {3, 2});
        }
        const auto file = Hdf5File::open(path);
        QVERIFY2(file.has_value(), qPrintable(sentence(file)));
        QVERIFY(file->hasGroup("g") && !file->hasGroup("g/n") && file->hasDataset("g/n") &&
                !file->hasGroup("h"));
        QCOMPARE(file->members("g"), (std::vector<std::string>{"d", "f", "n", "t"}));
        QCOMPARE(*file->shape("g/n"), (std::vector<std::uint64_t>{3, 2}));
        QCOMPARE(*file->numbers("g/n"), (std::vector<double>{1, 2, 3, 4, 5, 6}));
        QCOMPARE(*file->numbers("g/n", 1, 2), (std::vector<double>{3, 4, 5, 6}));
        QCOMPARE(*file->numbers("g/d"), (std::vector<double>{0.5, -2}));
        QCOMPARE(*file->texts("g/t"), (std::vector<std::string>{"one", "", "drei ä"}));
        QCOMPARE(*file->texts("g/f"), (std::vector<std::string>{"one", "two", "three"}));
        QCOMPARE(file->textAttribute("g", "encoding-type"), std::optional<std::string>("csr_matrix"));
        QVERIFY(!file->textAttribute("g", "none") && !file->textAttribute("g", "shape"));
        QCOMPARE(file->numberAttribute("g", "shape"), (std::vector<double>{3, 2}));
    }
    void whatIsNotThereOrOfAnotherKindIsSaid() {
        const CohortFolder folder;
        const fs::path path = folder.path() / "a.h5";
        {
            const Hdf5Writer file(path);
            file.texts("t", {"one"});
            file.numbers("n", {1, 2});
            file.decimals("d", {1});
        }
        const auto file = Hdf5File::open(path);
        VERIFY_BAD_INPUT(file->numbers("m"), "a.h5: ", "this file has no \"m\"");
        VERIFY_BAD_INPUT(file->numbers("t"), "a.h5: ", "\"t\" in this file holds no numbers");
        VERIFY_BAD_INPUT(file->texts("d"), "a.h5: ", "\"d\" in this file holds no texts");
        VERIFY_BAD_INPUT(file->numbers("n", 1, 2), "a.h5: ", "shorter than it should be");
        QCOMPARE(*file->texts("n"), (std::vector<std::string>{"1", "2"}));
    }
    void filesThatAreNoneOrDamagedAreRefused() {
        const CohortFolder folder;
        folder.write("text.h5", "no such file");
        VERIFY_BAD_INPUT(Hdf5File::open(folder.path() / "text.h5"), "text.h5: ", "this is not an HDF5 file");
        VERIFY_BAD_INPUT(Hdf5File::open(folder.path() / "none.h5"), "none.h5: ", "");
        {
            const Hdf5Writer file(folder.path() / "whole.h5");
            file.numbers("n", std::vector<double>(4000, 1));
        }
        const auto whole = readFile(folder.path() / "whole.h5");
        folder.write("cut.h5", whole->substr(0, whole->size() / 2));
        VERIFY_BAD_INPUT(Hdf5File::open(folder.path() / "cut.h5"),
                         "cut.h5: ", "ends too early or is damaged");
    }
    /// Flips every byte of the structure once: whatever comes of it, nothing crashes and nothing huge is
    /// read.
    void damagedBytesNeverCrash() {
        const CohortFolder folder;
        const fs::path path = folder.path() / "a.h5";
        {
            const Hdf5Writer file(path);
            file.group("g");
            file.numbers("g/n", {1, 2, 3});
            file.texts("g/t", {"one", "two"});
            file.attribute("g", "kind", "x");
        }
        const std::string whole = *readFile(path);
        int opened = 0;
        for (std::size_t at = 0; at < whole.size(); at += 7) {
            std::string damaged = whole;
            damaged[at] = static_cast<char>(damaged[at] ^ 0x5A);
            folder.write("damaged.h5", damaged);
            const auto file = Hdf5File::open(folder.path() / "damaged.h5");
            if (!file) continue;
            ++opened;
            const auto numbers = file->numbers("g/n");
            QVERIFY(!numbers || numbers->size() < 100'000);
            const auto texts = file->texts("g/t");
            QVERIFY(!texts || texts->size() < 100'000);
            static_cast<void>(file->textAttribute("g", "kind"));
            static_cast<void>(file->members("/"));
        }
        QVERIFY(opened > 0);
    }
    void sizesThatTheFileCannotHoldAreRefused() {
        const CohortFolder folder;
        const fs::path path = folder.path() / "a.h5";
        {
            const Hdf5Writer file(path);
            file.claim("long", {hsize_t{1} << 40});
            file.claim("square", {hsize_t{1} << 32, hsize_t{1} << 32});
        }
        const auto file = Hdf5File::open(path);
        VERIFY_BAD_INPUT(file->shape("long"), "a.h5: ", "claims more values than this file can hold");
        VERIFY_BAD_INPUT(file->numbers("long", 0, 10),
                         "a.h5: ", "claims more values than this file can hold");
        VERIFY_BAD_INPUT(file->numbers("square"), "a.h5: ", "claims more values than this file can hold");
    }
    void linksIntoOtherFilesAreNotFollowed() {
        const CohortFolder folder;
        {
            const Hdf5Writer secret(folder.path() / "other.h5");
            secret.numbers("n", {42});
            const Hdf5Writer file(folder.path() / "a.h5");
            file.linkTo("n", (folder.path() / "other.h5").string(), "n");
        }
        const auto file = Hdf5File::open(folder.path() / "a.h5");
        QVERIFY(!file->hasDataset("n"));
        VERIFY_BAD_INPUT(file->numbers("n"), "a.h5: ", "this file has no \"n\"");
    }
};

QTEST_GUILESS_MAIN(TestHdf5File)
#include "TestHdf5File.moc"
