#include "inference/knowledge/BuiltInTextEncoder.h"
#include "inference/knowledge/GeneTexts.h"
#include "viewer/base/Files.h"

#include <cmath>
#include <QTemporaryDir>
#include <QtTest>

using namespace spotglass;

namespace {

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return ab / std::sqrt(aa * bb);
}

} // namespace

class TestBuiltInTextEncoder : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void isDeterministicAndOfUnitVariance() {
        const BuiltInTextEncoder encoder(128);
        const auto a = encoder.embed("FN1", "fibronectin, a glycoprotein of the extracellular matrix");
        QCOMPARE(a, encoder.embed("FN1", "fibronectin, a glycoprotein of the extracellular matrix"));
        double sum = 0;
        for (const float v : a)
            sum += v * v;
        QVERIFY(std::abs(sum / 128 - 1) < 1e-4);
    }
    void familiesAndLikeDescriptionsComeOutAlike() {
        const BuiltInTextEncoder encoder(512);
        const auto embed = [&](const char* s, const char* t = "") { return encoder.embed(s, t); };
        QVERIFY(cosine(embed("COL1A1"), embed("COL1A2")) > 0.4);
        QVERIFY(std::abs(cosine(embed("COL1A1"), embed("HSPB8"))) < 0.2);
        const char* heat = "small heat shock protein, a molecular chaperone in the stress response";
        const char* chaperone =
            "molecular chaperone of the heat shock family that acts in the stress response of the cell";
        const char* keratin = "type II keratin, an intermediate filament of epithelial cells";
        QVERIFY(cosine(embed("AAA", heat), embed("ZZZ", chaperone)) >
                cosine(embed("AAA", heat), embed("ZZZ", keratin)) + 0.1);
    }
    void anEmptyTextIsNotANumberFreeOfMeaning() {
        for (const float v : BuiltInTextEncoder(16).embed("", ""))
            QVERIFY(std::isfinite(v));
    }
    void tableOfTextsIsReadByItsHeader() {
        QTemporaryDir dir;
        const auto file = std::filesystem::path(dir.path().toStdString()) / "genes.tsv";
        QVERIFY(
            writeFileAtomically(
                file, "gene_id\tsymbol\tsummary\r\n1\tA1BG\tfirst\r\n1\tA1BG\tsecond\r\n2\tFN1\tmatrix\r\n")
                .has_value());
        const auto texts = readGeneTexts(file);
        QCOMPARE(texts->at("A1BG"), std::string("first"));
        QCOMPARE(texts->at("FN1"), std::string("matrix"));
        QVERIFY(writeFileAtomically(file, "id\tname\n").has_value());
        QVERIFY(readGeneTexts(file).error().sentence().find("lacks the column") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestBuiltInTextEncoder)
#include "TestBuiltInTextEncoder.moc"
