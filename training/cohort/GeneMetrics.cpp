#include "training/cohort/GeneMetrics.h"

#include "training/cohort/DefinedMean.h"
#include "training/cohort/GeneThreads.h"
#include "training/cohort/PortableRandom.h"
#include "training/cohort/SpatialStatistics.h"

#include <array>
#include <cmath>
#include <map>

namespace spotglass {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t fewestBlocks = 4;
constexpr std::size_t shares = 32; // pieces of the genes; their number is fixed, so that sums are as well
enum GeneSet : std::size_t { All, Hpg, Heg, Hvg, sets };

/// The resamples of one section, which all genes share.
struct SectionResamples {
    const SectionPrediction* section = nullptr;
    std::size_t patient = 0; ///< number, in the order of the names
    ArrayBlocks blocks;
    std::vector<double> draws, spotsDrawn;
};

std::vector<BlockSums> sumsOf(const SectionResamples& resamples, std::size_t gene) {
    const auto& s = *resamples.section;
    double meanX = 0, meanY = 0;
    for (std::size_t at = gene; at < s.measured.size(); at += s.genes) {
        meanX += static_cast<double>(s.measured[at]);
        meanY += static_cast<double>(s.predicted[at]);
    }
    meanX /= static_cast<double>(s.spots);
    meanY /= static_cast<double>(s.spots);
    std::vector<BlockSums> sums(resamples.blocks.count);
    for (std::size_t spot = 0; spot < s.spots; ++spot) {
        const double x = static_cast<double>(s.measured[spot * s.genes + gene]) - meanX;
        const double y = static_cast<double>(s.predicted[spot * s.genes + gene]) - meanY;
        BlockSums& sum = sums[resamples.blocks.ofSpot[spot]];
        sum.x += x;
        sum.y += y;
        sum.xx += x * x;
        sum.yy += y * y;
        sum.xy += x * y;
    }
    return sums;
}

/// Of one gene the resampled PCC of each patient, and of a share of genes their sums over the gene sets.
class Resampling {
  public:
    Resampling(const std::vector<SectionPrediction>& sections, const BootstrapOptions& options)
        : options_(options) {
        std::map<std::string, std::size_t> patients;
        for (const auto& s : sections)
            patients.emplace(s.patient, 0);
        for (auto& [name, number] : patients)
            number = patients_++;
        double blocks = 0;
        for (const auto& s : sections) {
            SectionResamples r{&s, patients[s.patient], arrayBlocks(*s.places, options.blockSide), {}, {}};
            r.draws = drawBlocks(r.blocks.count, options.resamples, mixSeed(options.seed, resamples_.size()));
            std::vector<double> spots(r.blocks.count, 0.0);
            for (const auto block : r.blocks.ofSpot)
                ++spots[block];
            r.spotsDrawn = drawn(r, spots);
            blocks += static_cast<double>(r.blocks.count);
            resamples_.push_back(std::move(r));
        }
        const auto number = static_cast<double>(sections.size());
        degrees_ = blocks - number;
        narrowness_ = std::sqrt(blocks / std::max(degrees_, 1.0));
    }

    [[nodiscard]] const std::vector<SectionResamples>& sections() const { return resamples_; }
    [[nodiscard]] std::size_t patients() const { return patients_; }

    /// Patients x resamples.
    [[nodiscard]] std::vector<double> patientCorrelations(std::size_t gene) const {
        std::vector<DefinedMean> means(patients_ * options_.resamples);
        std::vector<double> pcc(options_.resamples);
        for (const auto& section : resamples_) {
            resampledCorrelations(sumsOf(section, gene), section.draws, section.spotsDrawn, pcc);
            for (std::size_t r = 0; r < pcc.size(); ++r)
                means[section.patient * options_.resamples + r].add(pcc[r]);
        }
        return values(means);
    }

    /// Interval of a figure that is the mean over patients; `ofPatients` is patients x resamples.
    [[nodiscard]] Interval interval(const std::vector<double>& ofPatients, double figure) const {
        std::vector<DefinedMean> means(options_.resamples);
        for (std::size_t i = 0; i < ofPatients.size(); ++i)
            means[i % options_.resamples].add(ofPatients[i]);
        return bootstrapInterval(values(means), figure, options_.confidence, degrees_, narrowness_);
    }

    /// The same of a correlation, which is never beyond -1 and 1.
    [[nodiscard]] Interval correlationInterval(const std::vector<double>& ofPatients, double figure) const {
        auto found = interval(ofPatients, figure);
        if (found.low < -1) found.low = -1;
        if (found.high > 1) found.high = 1;
        return found;
    }

    /// Interval of a mean error, from one error a spot and gene (their mean over the genes is taken).
    template <typename Error> [[nodiscard]] Interval errorInterval(Error error, double figure) const {
        std::vector<DefinedMean> means(patients_ * options_.resamples);
        for (const auto& section : resamples_) {
            const auto& s = *section.section;
            std::vector<double> sums(section.blocks.count, 0.0);
            for (std::size_t i = 0; i < s.measured.size(); ++i)
                sums[section.blocks.ofSpot[i / s.genes]] +=
                    error(static_cast<double>(s.measured[i]) - static_cast<double>(s.predicted[i]));
            const auto all = drawn(section, sums);
            for (std::size_t r = 0; r < all.size(); ++r)
                means[section.patient * options_.resamples + r].add(
                    all[r] / (section.spotsDrawn[r] * static_cast<double>(s.genes)));
        }
        return interval(values(means), figure);
    }

    [[nodiscard]] static std::vector<double> values(const std::vector<DefinedMean>& means) {
        std::vector<double> out;
        out.reserve(means.size());
        for (const auto& mean : means)
            out.push_back(mean.value());
        return out;
    }

  private:
    /// Of each resample the sum of a number that each block has.
    [[nodiscard]] std::vector<double> drawn(const SectionResamples& section,
                                            const std::vector<double>& ofBlock) const {
        std::vector<double> sums(options_.resamples, 0.0);
        for (std::size_t r = 0; r < sums.size(); ++r)
            for (std::size_t b = 0; b < ofBlock.size(); ++b)
                sums[r] += section.draws[r * ofBlock.size() + b] * ofBlock[b];
        return sums;
    }

    BootstrapOptions options_;
    std::size_t patients_ = 0;
    std::vector<SectionResamples> resamples_;
    double degrees_ = 0, narrowness_ = 1;
};

void addIntervals(GeneMetricsReport& report, const std::vector<SectionPrediction>& sections) {
    const Resampling resampling(sections, report.bootstrap);
    const std::size_t genes = report.genes.size(), resamples = report.bootstrap.resamples;
    const std::size_t piece = (genes + shares - 1) / shares, values = resampling.patients() * resamples;
    std::array<std::vector<char>, sets> member;
    member.fill(std::vector<char>(genes, 0));
    member[All].assign(genes, 1);
    for (const auto& [set, numbers] :
         {std::pair(Hpg, &report.published.hpg), std::pair(Heg, &report.published.heg),
          std::pair(Hvg, &report.published.hvg)})
        for (const std::size_t g : *numbers)
            member[set][g] = 1;
    std::vector<std::array<std::vector<DefinedMean>, sets>> partial((genes + piece - 1) / piece);
    inGeneThreads(genes, piece, report.bootstrap.threads, [&](std::size_t first, std::size_t last) {
        auto& means = partial[first / piece];
        for (auto& set : means)
            set.resize(values);
        for (std::size_t g = first; g < last; ++g) {
            const auto pcc = resampling.patientCorrelations(g);
            report.genes[g].pccInterval = resampling.correlationInterval(pcc, report.genes[g].pcc);
            for (std::size_t set = 0; set < sets; ++set)
                for (std::size_t i = 0; member[set][g] && i < values; ++i)
                    means[set][i].add(pcc[i]);
        }
    });
    const auto& published = report.published;
    const std::array<std::pair<Interval*, double>, sets> out{{{&report.pccAll, published.pccAll.mean},
                                                              {&report.pccHpg, published.pccHpg.mean},
                                                              {&report.pccHeg, published.pccHeg.mean},
                                                              {&report.pccHvg, published.pccHvg.mean}}};
    for (std::size_t set = 0; set < sets; ++set) {
        std::vector<DefinedMean> all(values);
        for (const auto& part : partial)
            for (std::size_t i = 0; i < values; ++i) {
                all[i].sum += part[set][i].sum;
                all[i].count += part[set][i].count;
            }
        *out[set].first = resampling.correlationInterval(Resampling::values(all), out[set].second);
    }
    report.mae = resampling.errorInterval([](double d) { return std::abs(d); }, published.mae.mean);
    report.mse = resampling.errorInterval([](double d) { return d * d; }, published.mse.mean);
}

Result<void> addMoransI(GeneMetricsReport& report, const std::vector<SectionPrediction>& sections) {
    std::vector<DefinedMean> measured(report.genes.size()), predicted(report.genes.size());
    for (const auto& s : sections) {
        const auto graph = arrayGraph(*s.places, s.geometry);
        if (!graph) return badInput(graph.error().what, "section " + s.section, graph.error().hint);
        for (const auto& [values, means] :
             {std::pair(&s.measured, &measured), std::pair(&s.predicted, &predicted)}) {
            const auto moran = moransI(*values, s.genes, *graph, report.bootstrap.threads);
            if (!moran) return Failure(moran.error());
            for (std::size_t g = 0; g < s.genes; ++g)
                (*means)[g].add(moran->statistic[g]);
        }
    }
    for (std::size_t g = 0; g < report.genes.size(); ++g) {
        report.genes[g].moranMeasured = measured[g].value();
        report.genes[g].moranPredicted = predicted[g].value();
    }
    return {};
}

/// Errors of each gene: means over spots, over the sections of a patient, and over patients.
void addErrors(GeneMetricsReport& report, const std::vector<SectionPrediction>& sections) {
    const std::size_t genes = report.genes.size();
    std::map<std::string, std::vector<std::array<DefinedMean, 2>>> patients;
    for (const auto& s : sections) {
        std::vector<std::array<double, 2>> sums(genes, {0, 0});
        for (std::size_t i = 0; i < s.measured.size(); ++i) {
            const double d = static_cast<double>(s.measured[i]) - static_cast<double>(s.predicted[i]);
            sums[i % genes][0] += d * d;
            sums[i % genes][1] += std::abs(d);
        }
        auto& means = patients[s.patient];
        means.resize(genes);
        for (std::size_t g = 0; g < genes; ++g)
            for (const std::size_t kind : {0, 1})
                means[g][kind].add(sums[g][kind] / static_cast<double>(s.spots));
    }
    for (std::size_t g = 0; g < genes; ++g) {
        DefinedMean mse, mae;
        for (const auto& [name, means] : patients) {
            mse.add(means[g][0].value());
            mae.add(means[g][1].value());
        }
        report.genes[g].mse = mse.value();
        report.genes[g].mae = mae.value();
    }
}

Result<void> check(const BootstrapOptions& options) {
    if (options.blockSide < 1) return fail(ErrorKind::Usage, "a block needs at least one place of the array");
    if (options.resamples < 20) return fail(ErrorKind::Usage, "an interval needs at least 20 resamples");
    if (!(options.confidence > 0 && options.confidence < 1))
        return fail(ErrorKind::Usage, "the confidence of an interval lies between 0 and 1");
    return {};
}

} // namespace

Result<GeneMetricsReport> geneMetrics(const std::vector<SectionPrediction>& sections,
                                      const std::vector<std::string>& genes, std::size_t topK,
                                      const BootstrapOptions& options) {
    if (auto ok = check(options); !ok) return Failure(ok.error());
    auto published = publishedMetrics(sections, topK);
    if (!published) return Failure(published.error());
    if (genes.size() != sections.front().genes)
        return badInput("there are names of " + std::to_string(genes.size()) + " genes, and values of " +
                        std::to_string(sections.front().genes));
    GeneMetricsReport report;
    report.bootstrap = options;
    for (std::size_t g = 0; g < genes.size(); ++g)
        report.genes.push_back({genes[g], published->genePcc[g], {}, 0, 0, undefined, undefined});
    report.published = std::move(*published);
    addErrors(report, sections);
    for (const auto& s : sections)
        if (!s.places) {
            report.warnings.push_back("Section " + s.section +
                                      " does not say where its spots lie on the array: there are no "
                                      "confidence intervals and no Moran's I.");
            return report;
        }
    if (auto ok = addMoransI(report, sections); !ok) return Failure(ok.error());
    for (const auto& s : sections) {
        const std::size_t blocks = arrayBlocks(*s.places, options.blockSide).count;
        if (blocks >= fewestBlocks) continue;
        report.warnings.push_back("Section " + s.section + " is too small for confidence intervals: it has " +
                                  std::to_string(blocks) + " blocks of " + std::to_string(options.blockSide) +
                                  " x " + std::to_string(options.blockSide) + " places, and needs " +
                                  std::to_string(fewestBlocks) + ".");
        return report;
    }
    addIntervals(report, sections);
    return report;
}

} // namespace spotglass
