#include "training/cohort/SyntheticGenes.h"

#include "training/cohort/PortableRandom.h"

#include <sstream>
#include <string_view>

namespace spotglass {
namespace {

struct MarkerSet {
    Programme programme;
    double base, weight; ///< of the first gene; later ones fall off slowly
    std::string_view symbols;
};

constexpr MarkerSet markers[] = {
    {Programme::Tumour, 2.0, 42,
     "ERBB2 KRT8 KRT18 KRT19 GRB7 EPCAM CDH1 ELF3 TACSTD2 CLDN4 STARD3 PGAP3 MIEN1"},
    {Programme::Proliferation, 0.6, 22, "TOP2A MKI67 STMN1 PCNA TYMS CCNB1 BIRC5 UBE2C HMGB2"},
    {Programme::Luminal, 0.8, 200, "MUC1 AGR2 SCGB2A2 TFF3 PIP XBP1 AZGP1"},
    {Programme::DenseStroma, 2.5, 50, "COL1A1 COL1A2 COL3A1 FN1 SPARC POSTN COL5A1 THBS2 FAP CTHRC1 LUM"},
    {Programme::LooseStroma, 1.5, 26, "DCN VIM MGP IGFBP7 CXCL12 SFRP2 CFD TIMP1"},
    {Programme::Immune, 1.2, 34,
     "CD74 IGKC HLA-DRA PTPRC CD3D CD3E TRBC2 CCL5 CXCR4 MS4A1 CD79A LTB CORO1A IGHG1"},
    {Programme::Fat, 0.5, 60, "FABP4 ADIPOQ PLIN1 PLIN4 LPL ADH1B G0S2 CD36 SCD"},
    {Programme::Necrosis, 1.0, 45, "VEGFA NDRG1 SLC2A1 CA9 ADM HSPA1A DDIT4 LDHA"}};

constexpr std::string_view housekeeping =
    "ACTB GAPDH B2M EEF1A1 RPLP0 RPL3 RPL13 RPS4X RPS18 RPS27A TPT1 UBC FTL FTH1 PPIA TMSB10 TUBA1B ATP5F1B";

constexpr std::string_view others = "ACTN4 AHNAK ALDOA ANXA1 ANXA2 APOE APP ARF1 ATP1A1 BSG BTG1 C1QA C1QB "
                                    "C3 CALM2 CALR CANX CAPN2 CAPNS1 CCT3 CD24 "
                                    "CD44 CD63 CD81 CD9 CFL1 CLIC1 CLU CST3 CTNNB1 CTSB CTSD CTTN DDX5 DSP "
                                    "EEF2 EIF4A1 ENO1 ERBB3 ESR1 EZR FLNA FOS "
                                    "GNAS GPX1 GRN GSN GSTP1 HLA-A HLA-B HLA-C HNRNPA1 HSP90AA1 HSP90AB1 "
                                    "HSPA5 HSPA8 IFI27 IFI6 IFITM3 ITGB1 JUN JUNB "
                                    "KRT7 LAMP1 LAPTM4A LASP1 LGALS1 LGALS3 LMNA MAGED2 MCL1 MDK MYH9 MYL6 "
                                    "MYL9 NACA NEAT1 NPM1 P4HB PABPC1 PFN1 PKM "
                                    "PRDX1 PSAP PTMA RHOA S100A10 S100A11 S100A6 SERF2 SERPINA1 SLC25A3 SSR2 "
                                    "TAGLN TAPBP TGFBI TMSB4X TPM1 TUBB YWHAZ ZFP36L1";

template <typename Use> void eachWord(std::string_view text, Use use) {
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;)
        use(word);
}

std::uint64_t hashOf(const std::string& symbol) {
    std::uint64_t hash = 1469598103934665603ull; // FNV-1a, so that a gene's part never depends on the list
    for (const char c : symbol)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    return hash;
}

double& weightOf(SyntheticGene& gene, Programme programme) {
    return gene.weight[static_cast<std::size_t>(programme)];
}

std::vector<SyntheticGene> makeGenes() {
    std::vector<SyntheticGene> genes;
    for (const MarkerSet& set : markers) {
        double share = 1;
        eachWord(set.symbols, [&](const std::string& symbol) {
            SyntheticGene gene{symbol, set.base * share, {}, 0.18};
            weightOf(gene, set.programme) = set.weight * share;
            if (set.programme == Programme::Proliferation) weightOf(gene, Programme::Tumour) = 2 * share;
            if (set.programme == Programme::DenseStroma)
                weightOf(gene, Programme::LooseStroma) = 0.3 * set.weight * share;
            genes.push_back(std::move(gene));
            share *= 0.93;
        });
    }
    SyntheticGene stress{"HSPB1", 4, {}, 0.18};
    weightOf(stress, Programme::Tumour) = 22;
    weightOf(stress, Programme::Necrosis) = 40;
    genes.push_back(stress);
    double level = 40;
    eachWord(housekeeping, [&](const std::string& symbol) {
        genes.push_back({symbol, level, {}, 0.10});
        level *= 0.95;
    });
    eachWord(others, [&](const std::string& symbol) {
        PortableRandom random(hashOf(symbol));
        SyntheticGene gene{symbol, random.uniform(2, 9), {}, random.uniform(0.15, 0.35)};
        for (int i = 0; i < 2; ++i) // two programmes of different strength
            gene.weight[static_cast<std::size_t>(random.uniform() * programmes)] +=
                random.uniform(1, 14) / (1 + i);
        genes.push_back(std::move(gene));
    });
    return genes;
}

} // namespace

const std::vector<SyntheticGene>& syntheticGenes() {
    static const std::vector<SyntheticGene> genes = makeGenes();
    return genes;
}

} // namespace spotglass
