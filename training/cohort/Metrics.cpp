#include "training/cohort/Metrics.h"

#include "training/cohort/DefinedMean.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

namespace spotglass {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

struct Patient {
    DefinedMean mae, mse;
    std::vector<DefinedMean> perGene;
    std::vector<double> pcc; ///< means of perGene
};
using Patients = std::map<std::string, Patient>;

Result<void> check(const std::vector<SectionPrediction>& sections) {
    if (sections.empty()) return badInput("there is no section to compare");
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& s : sections) {
        const std::string where = "section " + s.section;
        if (s.spots == 0 || s.genes == 0) return badInput("it has no spots or no genes", where);
        if (!seen.emplace(s.patient, s.section).second) return badInput("it was given twice", where);
        if (s.genes != sections.front().genes)
            return badInput("it has " + std::to_string(s.genes) + " genes, section " +
                                sections.front().section + " has " + std::to_string(sections.front().genes),
                            where);
        if (s.places && s.places->size() != s.spots)
            return badInput("it has " + std::to_string(s.places->size()) + " places on the array for " +
                                std::to_string(s.spots) + " spots",
                            where);
        for (const auto* values : {&s.measured, &s.predicted}) {
            const std::string kind = values == &s.measured ? "measured" : "predicted";
            if (values->size() / s.genes != s.spots || values->size() % s.genes != 0)
                return badInput("it has " + std::to_string(values->size()) + " " + kind +
                                    " values instead of " + std::to_string(s.spots) + " spots x " +
                                    std::to_string(s.genes) + " genes",
                                where);
            if (!std::all_of(values->begin(), values->end(), [](float v) { return std::isfinite(v); }))
                return badInput("a " + kind + " value is not a finite number", where);
        }
    }
    return {};
}

/// Pearson correlation of one gene over the spots. Constancy is asked of the values themselves: rounding of
/// the mean would give a constant gene a tiny variance.
double correlation(const SectionPrediction& s, std::size_t gene) {
    double meanX = 0, meanY = 0;
    bool constantX = true, constantY = true;
    for (std::size_t at = gene; at < s.measured.size(); at += s.genes) {
        meanX += static_cast<double>(s.measured[at]);
        meanY += static_cast<double>(s.predicted[at]);
        constantX = constantX && s.measured[at] == s.measured[gene];
        constantY = constantY && s.predicted[at] == s.predicted[gene];
    }
    if (constantX || constantY) return undefined;
    meanX /= static_cast<double>(s.spots);
    meanY /= static_cast<double>(s.spots);
    double xx = 0, yy = 0, xy = 0;
    for (std::size_t at = gene; at < s.measured.size(); at += s.genes) {
        const double x = static_cast<double>(s.measured[at]) - meanX;
        const double y = static_cast<double>(s.predicted[at]) - meanY;
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    return xy / (std::sqrt(xx) * std::sqrt(yy)); // each root alone: the product of tiny variances may vanish
}

void addSection(Patient& patient, const SectionPrediction& s, std::size_t& undefinedCorrelations) {
    double absolute = 0, squared = 0;
    for (std::size_t i = 0; i < s.measured.size(); ++i) {
        const double d = static_cast<double>(s.measured[i]) - static_cast<double>(s.predicted[i]);
        absolute += std::abs(d);
        squared += d * d;
    }
    patient.mae.add(absolute / static_cast<double>(s.measured.size()));
    patient.mse.add(squared / static_cast<double>(s.measured.size()));
    patient.perGene.resize(s.genes);
    for (std::size_t g = 0; g < s.genes; ++g) {
        const double pcc = correlation(s, g);
        if (std::isnan(pcc)) ++undefinedCorrelations;
        patient.perGene[g].add(pcc);
    }
}

/// Numbers of the `count` highest scores, ascending; of equal scores the lower numbers.
std::vector<std::size_t> highest(const std::vector<double>& scores, std::size_t count) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
    order.resize(count);
    std::sort(order.begin(), order.end());
    return order;
}

/// Sum over the patients of every gene's rank, 0 for the lowest and for undefined ones.
std::vector<double> rankSums(const Patients& patients, std::size_t genes) {
    std::vector<double> sums(genes, 0);
    for (const auto& [name, patient] : patients) {
        const auto key = [&pcc = patient.pcc](std::size_t g) {
            return std::isnan(pcc[g]) ? -std::numeric_limits<double>::infinity() : pcc[g];
        };
        std::vector<std::size_t> order(genes);
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return key(a) < key(b); });
        for (std::size_t rank = 0; rank < genes; ++rank)
            if (!std::isnan(patient.pcc[order[rank]])) sums[order[rank]] += static_cast<double>(rank);
    }
    return sums;
}

struct PooledGenes {
    std::vector<double> mean, relativeVariance;
};

/// Mean of the measured values, and variance after dividing every spot by its sum, over all spots together.
PooledGenes poolGenes(const std::vector<SectionPrediction>& sections) {
    const std::size_t genes = sections.front().genes;
    std::vector<double> mean(genes, 0), relativeMean(genes, 0), variance(genes, 0);
    double spots = 0;
    const auto eachSpot = [&](auto&& use) {
        for (const auto& s : sections)
            for (std::size_t spot = 0; spot < s.spots; ++spot) {
                const float* row = s.measured.data() + spot * genes;
                const double sum = std::accumulate(row, row + genes, 0.0);
                use(row, sum == 0 ? 0 : 1 / sum);
            }
    };
    eachSpot([&](const float* row, double scale) {
        ++spots;
        for (std::size_t g = 0; g < genes; ++g) {
            mean[g] += static_cast<double>(row[g]);
            relativeMean[g] += static_cast<double>(row[g]) * scale;
        }
    });
    for (std::size_t g = 0; g < genes; ++g) {
        mean[g] /= spots;
        relativeMean[g] /= spots;
    }
    eachSpot([&](const float* row, double scale) {
        for (std::size_t g = 0; g < genes; ++g) {
            const double d = static_cast<double>(row[g]) * scale - relativeMean[g];
            variance[g] += d * d / spots;
        }
    });
    return {std::move(mean), std::move(variance)};
}

double meanOver(const std::vector<double>& pcc, const std::vector<std::size_t>& genes) {
    DefinedMean mean;
    for (const std::size_t g : genes)
        mean.add(pcc[g]);
    return mean.value();
}

MeanAndDeviation summarize(const std::vector<PatientMetrics>& patients, double PatientMetrics::*value) {
    DefinedMean mean, variance;
    for (const auto& p : patients)
        mean.add(p.*value);
    for (const auto& p : patients)
        variance.add((p.*value - mean.value()) * (p.*value - mean.value()));
    return {mean.value(), std::sqrt(variance.value())};
}

void summarizePatients(MetricsReport& report, const Patients& patients) {
    for (const auto& [name, p] : patients) {
        DefinedMean all;
        for (const double pcc : p.pcc)
            all.add(pcc);
        report.patients.push_back({name, p.mae.value(), p.mse.value(), all.value(),
                                   meanOver(p.pcc, report.hpg), meanOver(p.pcc, report.heg),
                                   meanOver(p.pcc, report.hvg)});
    }
    report.mae = summarize(report.patients, &PatientMetrics::mae);
    report.mse = summarize(report.patients, &PatientMetrics::mse);
    report.pccAll = summarize(report.patients, &PatientMetrics::pccAll);
    report.pccHpg = summarize(report.patients, &PatientMetrics::pccHpg);
    report.pccHeg = summarize(report.patients, &PatientMetrics::pccHeg);
    report.pccHvg = summarize(report.patients, &PatientMetrics::pccHvg);
}

} // namespace

Result<MetricsReport> publishedMetrics(const std::vector<SectionPrediction>& sections, std::size_t topK) {
    if (topK == 0) return fail(ErrorKind::Usage, "the sets of best genes need at least one gene");
    if (auto checked = check(sections); !checked) return Failure(checked.error());
    const std::size_t genes = sections.front().genes;
    MetricsReport report;
    report.topK = std::min(topK, genes);

    Patients patients;
    for (const auto& section : sections)
        addSection(patients[section.patient], section, report.undefinedCorrelations);
    std::vector<DefinedMean> overPatients(genes);
    for (auto& [name, patient] : patients)
        for (std::size_t g = 0; g < genes; ++g) {
            patient.pcc.push_back(patient.perGene[g].value());
            overPatients[g].add(patient.pcc[g]);
        }
    for (const auto& mean : overPatients)
        report.genePcc.push_back(mean.value());

    const auto pooled = poolGenes(sections);
    report.hpg = highest(rankSums(patients, genes), report.topK);
    report.heg = highest(pooled.mean, report.topK);
    report.hvg = highest(pooled.relativeVariance, report.topK);
    summarizePatients(report, patients);
    return report;
}

nlohmann::json toJson(const MetricsReport& report) {
    const auto number = [](double v) { return std::isfinite(v) ? nlohmann::json(v) : nlohmann::json(); };
    const auto pair = [&](const MeanAndDeviation& v) {
        return nlohmann::json{{"mean", number(v.mean)}, {"std", number(v.deviation)}};
    };
    return {{"top_k", report.topK},
            {"mae", pair(report.mae)},
            {"mse", pair(report.mse)},
            {"pcc_all", pair(report.pccAll)},
            {"pcc_hpg", pair(report.pccHpg)},
            {"pcc_heg", pair(report.pccHeg)},
            {"pcc_hvg", pair(report.pccHvg)},
            {"hpg", report.hpg},
            {"heg", report.heg},
            {"hvg", report.hvg},
            {"undefined_correlations", report.undefinedCorrelations}};
}

} // namespace spotglass
