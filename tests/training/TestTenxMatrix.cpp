#include "VisiumFiles.h"

#include "Shared.h"
#include "training/cohort/TenxMatrix.h"

#include <numeric>
#include <QtTest>

using namespace spotglass;
using namespace cohorttest;

namespace {

const std::string goodMatrix = "%%MatrixMarket matrix coordinate integer general\n"
                               "%metadata_json: {\"format_version\": 2, \"software_version\": \"3\"}\n"
                               "3 2 4\n1 1 1\n3 1 2\n2 2 3\n2 2 4\n";
const std::string goodFeatures = "ENSG00000115414\tFN1\tGene Expression\nENSG00000141736\tERBB2\tGene "
                                 "Expression\nENSG00000075624\tACTB\tGene Expression\n";

void writeFolder(const CohortFolder& folder, const std::string& matrix = goodMatrix,
                 const std::string& features = goodFeatures, const std::string& barcodes = "AAA-1\nCCC-1\n") {
    folder.write("m/matrix.mtx.gz", gzipped(matrix));
    folder.write("m/features.tsv.gz", gzipped(features));
    folder.write("m/barcodes.tsv", barcodes);
}

double total(const FeatureMatrix& matrix) {
    return std::accumulate(matrix.counts.values.begin(), matrix.counts.values.end(), 0.0);
}

std::vector<float> whole(const FeatureMatrix& matrix) {
    std::vector<std::size_t> all(matrix.features.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return matrix.counts.dense(all);
}

} // namespace

class TestTenxMatrix : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void theHdf5FileIsReadByBarcode() {
        const CohortFolder folder;
        writeTenxHdf5(folder.path() / "m.h5");
        const auto matrix = readTenxMatrix(folder.path() / "m.h5");
        QVERIFY2(matrix.has_value(), qPrintable(sentence(matrix)));
        QCOMPARE(matrix->barcodes, TenxParts().barcodes);
        QCOMPARE(matrix->features[1].symbol, std::string("ERBB2"));
        QCOMPARE(matrix->features[1].id, std::string("ENSG00000141736"));
        QCOMPARE(matrix->features[3].type, std::string("Antibody Capture"));
        QCOMPARE(whole(*matrix), (std::vector<float>{1, 0, 2, 0, 0, 3, 0, 0, 0, 0, 0, 0, 5, 0, 4, 9}));
        // Ascending in every row, although the file has the last one otherwise.
        QCOMPARE(matrix->counts.geneIndex, (std::vector<std::uint32_t>{0, 2, 1, 0, 2, 3}));
    }
    void theOldLayoutOfOneGenomeIsRead() {
        const CohortFolder folder;
        {
            const Hdf5Writer file(folder.path() / "old.h5");
            file.group("hg19");
            file.texts("hg19/barcodes", {"AAA-1", "CCC-1"});
            file.texts("hg19/genes", {"ENSG00000115414"});
            file.texts("hg19/gene_names", {"FN1"});
            file.numbers("hg19/data", {7});
            file.numbers("hg19/indices", {0});
            file.numbers("hg19/indptr", {0, 0, 1});
        }
        const auto matrix = readTenxMatrix(folder.path() / "old.h5");
        QVERIFY2(matrix.has_value(), qPrintable(sentence(matrix)));
        QCOMPARE(whole(*matrix), (std::vector<float>{0, 7}));
        QCOMPARE(matrix->features[0].symbol, std::string("FN1"));
    }
    void theFolderIsReadAndPlacesGivenTwiceAreAddedUp() {
        const CohortFolder folder;
        writeFolder(folder);
        QVERIFY(looksLikeTenxMatrix(folder.path() / "m"));
        const auto matrix = readTenxMatrix(folder.path() / "m");
        QVERIFY2(matrix.has_value(), qPrintable(sentence(matrix)));
        QCOMPARE(whole(*matrix), (std::vector<float>{1, 0, 2, 0, 7, 0}));
        QCOMPARE(matrix->features[2].symbol, std::string("ACTB"));
    }
    void badFoldersAreRefused_data() {
        QTest::addColumn<QString>("matrix");
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, const std::string& matrix, const char* says) {
            QTest::newRow(name) << qs(matrix) << qs(says);
        };
        const std::string head = "%%MatrixMarket matrix coordinate real general\n";
        row("other file", "a,b\n1,2\n", "this file is not a sparse Matrix Market file");
        row("symmetric", "%%MatrixMarket matrix coordinate real symmetric\n3 2 0\n", "is not of the form");
        row("no size", head, "does not say how large it is");
        row("other size", head + "4 2 1\n1 1 1\n",
            "is 4 features x 2 barcodes, but the files beside it name 3 and 2");
        row("outside", head + "3 2 1\n4 1 1\n", "line 3 points outside the matrix");
        row("zero-based", head + "3 2 1\n0 1 1\n", "line 3 points outside the matrix");
        row("too short", head + "3 2 2\n1 1 1\n", "has 1 entries and promises another number");
        row("fractional", head + "3 2 1\n2 2 1.5\n",
            "line 3 has the count 1.5 for spot CCC-1 and gene ERBB2, which is not a whole number. Give the "
            "raw "
            "counts");
        row("negative", head + "3 2 1\n2 2 -1\n", "which is negative");
        row("text", head + "3 2 1\n2 2 nan\n", "line 3 is not a feature, a barcode and a count");
        row("huge", head + "3 2 999999999999\n1 1 1\n", "promises another number");
    }
    void badFoldersAreRefused() {
        QFETCH(QString, matrix);
        QFETCH(QString, says);
        const CohortFolder folder;
        writeFolder(folder, matrix.toStdString());
        VERIFY_BAD_INPUT(readTenxMatrix(folder.path() / "m"), "matrix.mtx.gz: ", says);
    }
    void aFolderWithoutAPartIsRefused() {
        const CohortFolder folder;
        writeFolder(folder);
        fs::remove(folder.path() / "m/features.tsv.gz");
        VERIFY_BAD_INPUT(readTenxMatrix(folder.path() / "m"), "m: ", "this folder has no features.tsv");
        writeFolder(folder, goodMatrix, goodFeatures, "AAA-1\nAAA-1\n");
        VERIFY_BAD_INPUT(readTenxMatrix(folder.path() / "m"),
                         "barcodes.tsv: ", "barcode AAA-1 is there twice");
    }
    void badHdf5FilesAreRefused() {
        const CohortFolder folder;
        const fs::path path = folder.path() / "m.h5";
        const auto refused = [&](const TenxParts& parts, const char* says) {
            writeTenxHdf5(path, parts);
            VERIFY_BAD_INPUT(readTenxMatrix(path), "m.h5: ", says);
        };
        TenxParts parts;
        parts.data[2] = 0.5;
        refused(parts, "has the value 0.5 for spot CCC-1 and gene ERBB2, which is not a whole number");
        parts.data[2] = -3;
        refused(parts, "which is negative");
        parts.data[2] = std::numeric_limits<double>::quiet_NaN();
        refused(parts, "which is not a number");
        parts = {};
        parts.indices[0] = 4;
        refused(parts, "points outside the matrix");
        parts.indices[0] = -1;
        refused(parts, "points outside the matrix");
        parts = {};
        parts.indptr = {0, 2, 1, 3, 6};
        refused(parts, "is not ascending");
        parts.indptr = {0, 2, 3, 3, 5};
        refused(parts, "does not cover all entries");
        parts.indptr = {0, 2, 3, 6};
        refused(parts, "does not fit the names beside it (4 of them)");
        parts = {};
        parts.data.pop_back();
        refused(parts, "do not fit together");
        parts = {};
        parts.symbols.pop_back();
        refused(parts, "differ in length");
        parts = {};
        parts.barcodes[1] = "AAA-1";
        refused(parts, "barcode AAA-1 is there twice");
        { const Hdf5Writer empty(path); }
        VERIFY_BAD_INPUT(readTenxMatrix(path), "m.h5: ", "has no feature-barcode matrix");
    }
    void publishedMatricesAreRead() {
        SPOTGLASS_NEED_SHARED(folder, "data/tenx_matrix");
        const auto old = readTenxMatrix(folder / "1.2.0/filtered_gene_bc_matrices_h5.h5");
        const auto oldFolder = readTenxMatrix(folder / "1.2.0/filtered_gene_bc_matrices/hg19_chr21");
        QVERIFY2(old && oldFolder, qPrintable(sentence(old) + sentence(oldFolder)));
        QCOMPARE(old->features.size(), std::size_t{343});
        QCOMPARE(old->counts.values, oldFolder->counts.values);
        QCOMPARE(old->counts.geneIndex, oldFolder->counts.geneIndex);
        const auto current = readTenxMatrix(folder / "3.0.0/filtered_feature_bc_matrix.h5");
        const auto currentFolder = readTenxMatrix(folder / "3.0.0/filtered_feature_bc_matrix");
        QVERIFY2(current && currentFolder, qPrintable(sentence(current) + sentence(currentFolder)));
        QCOMPARE(total(*current), 41549.0);
        QCOMPARE(current->barcodes, currentFolder->barcodes);
        QCOMPARE(current->counts.geneIndex, currentFolder->counts.geneIndex);
        QCOMPARE(current->counts.values, currentFolder->counts.values);
        VERIFY_BAD_INPUT(readTenxMatrix(folder / "1.2.0/multiple_genomes.h5"),
                         "multiple_genomes.h5: ", "matrices of several genomes (another_genome, hg19_chr21)");
        QCOMPARE(readTenxMatrix(folder / "int-ids")->features[0].symbol, std::string("Pwwp4b"));
    }
};

QTEST_GUILESS_MAIN(TestTenxMatrix)
#include "TestTenxMatrix.moc"
