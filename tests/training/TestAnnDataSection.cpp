#include "CohortFiles.h"
#include "Hdf5Writer.h"
#include "Shared.h"
#include "training/cohort/AnnDataFrame.h"
#include "training/cohort/AnnDataSection.h"

#include <cmath>
#include <functional>
#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

namespace {

enum class Form { Csr, Csc, Dense };

/// 3 spots x 3 genes: {1, 0, 2}, {0, 3, 0}, {4, 0, 0}, times `factor`.
void writeMatrix(const Hdf5Writer& file, const std::string& path, Form form, double factor = 1) {
    const auto times = [factor](std::vector<double> values) {
        for (double& v : values)
            v *= factor;
        return values;
    };
    if (form == Form::Dense) return file.decimals(path, times({1, 0, 2, 0, 3, 0, 4, 0, 0}), {3, 3});
    const bool csr = form == Form::Csr;
    file.group(path);
    file.attribute(path, "encoding-type", csr ? "csr_matrix" : "csc_matrix");
    file.numberAttribute(path, "shape", {3, 3});
    file.decimals(path + "/data",
                  times(csr ? std::vector<double>{1, 2, 3, 4} : std::vector<double>{1, 4, 3, 2}));
    file.numbers(path + "/indices", csr ? std::vector<double>{0, 2, 1, 0} : std::vector<double>{0, 2, 1, 0});
    file.numbers(path + "/indptr", csr ? std::vector<double>{0, 2, 3, 4} : std::vector<double>{0, 2, 3, 4});
}

void writeFrame(const Hdf5Writer& file, const std::string& group, const std::vector<std::string>& index) {
    file.group(group);
    file.attribute(group, "encoding-type", "dataframe");
    file.attribute(group, "_index", "names");
    file.texts(group + "/names", index);
}

/// A whole section with its image; `change` writes what a test wants besides, and `form` X.
void writeSection(const CohortFolder& folder, const std::string& name, Form form, double factor = 1,
                  const std::function<void(const Hdf5Writer&)>& change = {}) {
    folder.write(name + ".tif", "not looked at here");
    const Hdf5Writer file(folder.path() / (name + ".h5ad"));
    writeFrame(file, "obs", {"AAA-1", "CCC-1", "GGG-1"});
    file.numbers("obs/array_row", {2, 2, 3});
    file.numbers("obs/array_col", {4, 6, 5});
    writeFrame(file, "var", {"FN1", "ERBB2", "FN1"});
    file.texts("var/gene_ids", {"ENSG00000115414", "ENSG00000141736", "ENSG00000075624"});
    file.group("obsm");
    file.numbers("obsm/spatial", {2000, 1000, 2100.5, 1000, 2050, 1086.6}, {3, 2}, H5T_IEEE_F64LE);
    writeMatrix(file, "X", form, factor);
    if (change) change(file);
}

bool warns(const Section& section, const std::string& says) {
    return std::any_of(section.warnings.begin(), section.warnings.end(),
                       [&](const std::string& w) { return w.find(says) != std::string::npos; });
}

} // namespace

class TestAnnDataSection : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void everyFormOfTheMatrixGivesTheSame() {
        for (const Form form : {Form::Csr, Form::Csc, Form::Dense}) {
            const CohortFolder folder;
            writeSection(folder, "A1", form);
            const auto cohort = readCohort(folder.path() / "A1.h5ad");
            QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
            const Section& s = cohort->sections.at(0);
            QCOMPARE(s.name, std::string("A1"));
            QCOMPARE(s.image.filename().string(), std::string("A1.tif"));
            QCOMPARE(s.spots[1], (CohortSpot{"CCC-1", 2, 2, {2100.5, 1000}}));
            QCOMPARE(s.genes, (std::vector<std::string>{"FN1", "ERBB2"}));
            QCOMPARE(s.ensemblIds, (std::vector<std::string>{"ENSG00000115414", "ENSG00000141736"}));
            QCOMPARE(s.counts.dense({0, 1}), (std::vector<float>{3, 0, 0, 3, 4, 0}));
            QCOMPARE(s.array.geometry, ArrayGeometry::Hexagonal);
            QVERIFY(std::abs(s.micronsPerPixel.x - 1) < 0.01);
            QVERIFY(warns(s, "1 gene columns repeat a symbol"));
        }
    }
    void rawCountsAreLookedForWhereXIsNormalised() {
        const CohortFolder folder;
        writeSection(folder, "A1", Form::Csr, 0.3, [](const Hdf5Writer& file) {
            file.group("layers");
            writeMatrix(file, "layers/counts", Form::Csc);
        });
        const auto layer = readCohort(folder.path() / "A1.h5ad");
        QVERIFY2(layer.has_value(), qPrintable(sentence(layer)));
        QVERIFY(warns(layer->sections[0], "X holds no raw counts; those of layers['counts'] are taken"));
        QCOMPARE(layer->sections[0].counts.geneTotals(), (std::vector<double>{7, 3}));
        writeSection(folder, "B1", Form::Dense, -1, [](const Hdf5Writer& file) {
            file.group("raw");
            writeFrame(file, "raw/var", {"ENSG00000115414.5", "ENSG00000141736", "X1"});
            writeMatrix(file, "raw/X", Form::Csr);
        });
        const auto raw = readCohort(folder.path() / "B1.h5ad");
        QVERIFY2(raw.has_value(), qPrintable(sentence(raw)));
        QCOMPARE(raw->sections[0].genes,
                 (std::vector<std::string>{"ENSG00000115414", "ENSG00000141736", "X1"}));
        // Together with a section that knows both names, ids become symbols.
        const auto both = readCohort(folder.path());
        QCOMPARE(both->sections[1].genes, (std::vector<std::string>{"FN1", "ERBB2", "X1"}));
        // That section helps even where it is not asked for.
        QCOMPARE(readCohort(folder.path(), {"B1"})->sections[0].genes[0], std::string("FN1"));
    }
    void withoutRawCountsTheFirstBadValueIsNamed() {
        const CohortFolder folder;
        writeSection(folder, "A1", Form::Csr, 0.3);
        VERIFY_BAD_INPUT(
            readCohort(folder.path()), "A1.h5ad: ",
            "\"X\" in this file has the value 0.3 for spot AAA-1 and gene FN1, which is not a whole "
            "number. Give the raw counts");
        writeSection(folder, "A1", Form::Dense, std::nan(""));
        VERIFY_BAD_INPUT(readCohort(folder.path()), "A1.h5ad: ", "which is not a number");
    }
    void onlySpotsUnderTissueAreTaken() {
        const CohortFolder folder;
        writeSection(folder, "A1", Form::Csr, 1, [](const Hdf5Writer& file) {
            file.group("obs/in_tissue"); // as categories
            file.numbers("obs/in_tissue/codes", {1, 0, 1});
            file.texts("obs/in_tissue/categories", {"0", "1"});
        });
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        QCOMPARE(cohort->sections[0].spots.size(), std::size_t{2});
        QCOMPARE(cohort->sections[0].counts.geneTotals(), (std::vector<double>{7, 0}));
        QVERIFY(warns(cohort->sections[0], "1 spots lie outside the tissue"));
    }
    void squareArraysAreToldByTheirPlaces() {
        const CohortFolder folder;
        folder.write("A1.tif", "x");
        {
            const Hdf5Writer file(folder.path() / "A1.h5ad");
            writeFrame(file, "obs", {"4x5", "5x5", "4x6"}); // no array_row: the names say it
            writeFrame(file, "var", {"FN1", "ERBB2", "ACTB"});
            file.group("obsm");
            file.numbers("obsm/spatial", {1000, 2000, 1290, 2000, 1000, 2290}, {3, 2});
            writeMatrix(file, "X", Form::Csr);
        }
        const auto cohort = readCohort(folder.path());
        QVERIFY2(cohort.has_value(), qPrintable(sentence(cohort)));
        const Section& s = cohort->sections[0];
        QCOMPARE(s.array.geometry, ArrayGeometry::Square);
        QCOMPARE(s.spots[1], (CohortSpot{"5x5", 5, 5, {1290, 2000}}));
        QVERIFY(std::abs(s.micronsPerPixel.x - 200.0 / 290) < 1e-9);
        QVERIFY(warns(s, "a pitch of 200 um is assumed"));
    }
    void filesThatLackSomethingAreRefused() {
        const CohortFolder folder;
        writeSection(folder, "A1", Form::Csr);
        fs::remove(folder.path() / "A1.tif");
        VERIFY_BAD_INPUT(readCohort(folder.path()), "A1.h5ad: ", "section A1 has no image");
        folder.write("A1.tif", "x");
        writeSection(folder, "A1", Form::Csr, 1, [](const Hdf5Writer& file) {
            file.group("uns");
            file.group("uns/spatial");
            file.group("uns/spatial/one");
            file.group("uns/spatial/two");
        });
        VERIFY_BAD_INPUT(readCohort(folder.path()), "A1.h5ad: ", "this file holds 2 sections");
        const auto refused = [&](const std::function<void(const Hdf5Writer&)>& write, const char* says) {
            {
                const Hdf5Writer file(folder.path() / "A1.h5ad");
                write(file);
            }
            VERIFY_BAD_INPUT(readCohort(folder.path()), "A1.h5ad: ", says);
        };
        refused([](const Hdf5Writer&) {}, "this file has no \"obs\"");
        refused([](const Hdf5Writer& file) { file.numbers("obs", {1}); }, "written by anndata before 0.7");
        refused(
            [](const Hdf5Writer& file) {
                writeFrame(file, "obs", {"AAA-1", "AAA-1"});
            },
            "spot AAA-1 is there twice");
        refused([](const Hdf5Writer& file) { writeFrame(file, "obs", {"AAA-1"}); },
                "no positions of its spots (obsm['spatial'])");
        refused(
            [](const Hdf5Writer& file) {
                writeFrame(file, "obs", {"AAA-1", "CCC-1"});
                file.group("obsm");
                file.numbers("obsm/spatial", {1, 2}, {1, 2});
            },
            "is not one x and y for each of the 2 spots");
        refused(
            [](const Hdf5Writer& file) {
                writeFrame(file, "obs", {"AAA-1"});
                file.group("obsm");
                file.numbers("obsm/spatial", {1, 2}, {1, 2});
            },
            "does not say where its spots lie on the array");
        refused(
            [](const Hdf5Writer& file) {
                writeFrame(file, "obs", {"AAA-1", "CCC-1"});
                file.numbers("obs/array_row", {1, 1});
                file.numbers("obs/array_col", {1, 1});
                file.group("obsm");
                file.numbers("obsm/spatial", {1, 2, 3, 4}, {2, 2});
            },
            "spots AAA-1 and CCC-1 have the same place on the array");
        refused(
            [](const Hdf5Writer& file) {
                writeFrame(file, "obs", {"1x1", "2x1"});
                file.group("obsm");
                file.numbers("obsm/spatial", {1, 2, 3, 4}, {2, 2});
                writeFrame(file, "var", {"FN1", "ERBB2", "ACTB"});
                writeMatrix(file, "X", Form::Csr);
            },
            "does not fit its tables of 2 spots and 3 genes");
    }
    void publishedTablesOfOldAndNewFilesAreRead() {
        SPOTGLASS_NEED_SHARED(folder, "data/h5ad");
        const auto squidpy = Hdf5File::open(folder / "squidpy_test_data.h5ad");
        const auto obs = AnnDataFrame::open(*squidpy, "obs");
        QVERIFY2(obs.has_value(), qPrintable(sentence(obs)));
        QCOMPARE(obs->index().size(), std::size_t{49});
        QCOMPARE(obs->numbers("in_tissue")->size(), std::size_t{49});
        QCOMPARE(obs->texts("leiden")->size(), std::size_t{49});
        const auto var = AnnDataFrame::open(*squidpy, "var");
        QVERIFY(var->firstTexts({"none", "gene_ids"})->at(0).starts_with("ENS"));
        VERIFY_BAD_INPUT(AnnDataFrame::open(*Hdf5File::open(folder / "anndata_v0.5.0.h5ad"), "obs"),
                         "anndata_v0.5.0.h5ad: ", "written by anndata before 0.7");
        VERIFY_BAD_INPUT(readCohort(folder / "sopa_toy_tangram_ref.h5ad"),
                         "sopa_toy_tangram_ref.h5ad: ", "no positions of its spots");
    }
};

QTEST_GUILESS_MAIN(TestAnnDataSection)
#include "TestAnnDataSection.moc"
