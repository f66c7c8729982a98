#include "training/cohort/SyntheticCohort.h"

#include "training/cohort/LegacyCohort.h"
#include "training/cohort/PortableRandom.h"
#include "training/cohort/SyntheticGenes.h"
#include "training/cohort/TissuePainter.h"
#include "viewer/base/Files.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <zlib.h>

namespace spotglass {
namespace {
namespace fs = std::filesystem;

constexpr double pitchMicrons = 200, diameterMicrons = 100;
constexpr double pitch = pitchMicrons / TissueMap::micronsPerPixel;
constexpr double radius = 0.5 * diameterMicrons / TissueMap::micronsPerPixel;

/// What lies under one spot.
struct Footprint {
    std::array<double, compartments> share{};  ///< of the spot's area
    std::array<double, nucleusKinds> nuclei{}; ///< count
    double density = 0, grade = 0, lumen = 0;  ///< means over stroma, over tumour, over the area
};

/// Nuclei by place, so that a spot looks at those near it only.
class NucleusIndex {
  public:
    NucleusIndex(const std::vector<Nucleus>& nuclei, int pixels) : side_(pixels / cell + 1) {
        cells_.resize(static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_));
        for (const Nucleus& n : nuclei)
            cells_[at(static_cast<int>(n.x) / cell, static_cast<int>(n.y) / cell)].push_back(&n);
    }
    void count(Level0Point center, Footprint& out) const {
        const int cx = static_cast<int>(center.x) / cell, cy = static_cast<int>(center.y) / cell;
        for (int j = std::max(0, cy - 1); j <= std::min(side_ - 1, cy + 1); ++j)
            for (int i = std::max(0, cx - 1); i <= std::min(side_ - 1, cx + 1); ++i)
                for (const Nucleus* n : cells_[at(i, j)])
                    if (std::hypot(n->x - center.x, n->y - center.y) <= radius)
                        out.nuclei[static_cast<std::size_t>(n->kind)] += 1;
    }

  private:
    static constexpr int cell = 96;
    [[nodiscard]] std::size_t at(int i, int j) const {
        return static_cast<std::size_t>(j) * static_cast<std::size_t>(side_) + static_cast<std::size_t>(i);
    }
    int side_;
    std::vector<std::vector<const Nucleus*>> cells_;
};

Footprint measure(const TissueMap& map, const NucleusIndex& nuclei, Level0Point center) {
    Footprint print;
    double cells = 0, stroma = 0, tumour = 0;
    for (double y = center.y - radius; y <= center.y + radius; y += TissueMap::step)
        for (double x = center.x - radius; x <= center.x + radius; x += TissueMap::step) {
            if (std::hypot(x - center.x, y - center.y) > radius) continue;
            const std::size_t k = map.index(x, y);
            const Compartment compartment = map.compartment(k);
            ++cells;
            print.share[static_cast<std::size_t>(compartment)] += 1;
            if (map.lumen[k] > 127) print.lumen += 1;
            if (compartment == Compartment::Stroma) {
                print.density += map.density[k] / 255.0;
                ++stroma;
            } else if (compartment == Compartment::Tumour) {
                print.grade += map.grade[k] / 255.0;
                ++tumour;
            }
        }
    for (double& share : print.share)
        share /= cells;
    print.lumen /= cells;
    if (stroma > 0) print.density /= stroma;
    if (tumour > 0) print.grade /= tumour;
    nuclei.count(center, print);
    return print;
}

double shareOf(const Footprint& f, Compartment c) {
    return f.share[static_cast<std::size_t>(c)];
}
double nucleiOf(const Footprint& f, NucleusKind k) {
    return f.nuclei[static_cast<std::size_t>(k)];
}

/// Activities from what is drawn; the divisors are the counts of a spot filled with one kind of cell.
ProgrammeActivity activity(const Footprint& f) {
    const double tumour =
        0.3 * shareOf(f, Compartment::Tumour) + 0.7 * std::min(1.3, nucleiOf(f, NucleusKind::Tumour) / 52);
    const double stroma = shareOf(f, Compartment::Stroma);
    const double immune = std::min(1.3, nucleiOf(f, NucleusKind::Lymphocyte) / 130);
    ProgrammeActivity a{};
    const auto set = [&](Programme p, double value) { a[static_cast<std::size_t>(p)] = value; };
    set(Programme::Tumour, tumour);
    set(Programme::Proliferation, tumour * f.grade);
    set(Programme::Luminal, std::min(0.3, f.lumen) * std::min(1.0, tumour * 2));
    set(Programme::DenseStroma, stroma * f.density);
    set(Programme::LooseStroma,
        0.6 * stroma * (1 - f.density) + 0.4 * std::min(1.0, nucleiOf(f, NucleusKind::Fibroblast) / 25));
    set(Programme::Immune, immune);
    set(Programme::Fat, shareOf(f, Compartment::Adipose));
    set(Programme::Necrosis, shareOf(f, Compartment::Necrosis));
    return a;
}

/// Total counts of a spot: the more cells, the more RNA.
double depth(const ProgrammeActivity& a) {
    const auto of = [&](Programme p) { return a[static_cast<std::size_t>(p)]; };
    const double cells = of(Programme::Tumour) + 0.8 * of(Programme::Immune) +
                         0.35 * of(Programme::DenseStroma) + 0.45 * of(Programme::LooseStroma);
    return 3000 + 6500 * std::min(1.0, cells);
}

std::vector<float> drawCounts(const ProgrammeActivity& a, const std::vector<double>& batch,
                              PortableRandom& random) {
    const auto& genes = syntheticGenes();
    std::vector<double> rate(genes.size());
    double sum = 0;
    for (std::size_t g = 0; g < genes.size(); ++g) {
        rate[g] = genes[g].base;
        for (std::size_t p = 0; p < programmes; ++p)
            rate[g] += genes[g].weight[p] * a[p];
        sum += rate[g];
    }
    const double total = depth(a) * std::exp(0.12 * random.normal());
    std::vector<float> counts(genes.size());
    for (std::size_t g = 0; g < genes.size(); ++g) {
        const double noisy = rate[g] / sum * total * batch[g] * std::exp(genes[g].spread * random.normal());
        counts[g] = static_cast<float>(random.poisson(noisy));
    }
    return counts;
}

void drawSpots(const TissueMap& map, const std::vector<Nucleus>& nuclei, std::uint64_t seed,
               Section& section) {
    PortableRandom random(mixSeed(seed, 500));
    const NucleusIndex index(nuclei, map.pixels);
    std::vector<double> batch; // the section's own preparation
    for (const SyntheticGene& gene : syntheticGenes()) {
        section.genes.push_back(gene.symbol);
        section.ensemblIds.emplace_back();
        batch.push_back(std::exp(0.08 * random.normal()));
    }
    section.counts.genes = section.genes.size();
    section.counts.offsets.push_back(0);
    const double margin = radius + 8;
    const int count = static_cast<int>((map.pixels - 2 * margin) / pitch) + 1;
    const double rest = map.pixels - 2 * margin - (count - 1) * pitch;
    const double left = margin + rest * random.uniform(), top = margin + rest * random.uniform();
    for (int row = 0; row < count; ++row)
        for (int column = 0; column < count; ++column) {
            CohortSpot spot;
            spot.column = column + 2; // arrays have a frame of spots that is not used
            spot.row = row + 2;
            spot.id = spotId(spot.column, spot.row);
            const double jx = std::clamp(2.0 * random.normal(), -5.0, 5.0),
                         jy = std::clamp(2.0 * random.normal(), -5.0, 5.0);
            spot.center = {std::round((left + column * pitch + jx) * 100) / 100,
                           std::round((top + row * pitch + jy) * 100) / 100};
            PortableRandom own(mixSeed(mixSeed(seed, 501), static_cast<std::uint64_t>(row * 1000 + column)));
            const Footprint print = measure(map, index, spot.center);
            if (shareOf(print, Compartment::Glass) - print.lumen > 0.5) continue;
            section.counts.appendRow(drawCounts(activity(print), batch, own));
            section.spots.push_back(std::move(spot));
        }
}

/// Writes the scale into the JFIF header: dots per centimetre, as most readers expect it.
bool setJfifDensity(std::vector<unsigned char>& jpeg) {
    if (jpeg.size() < 20 || jpeg[2] != 0xFF || jpeg[3] != 0xE0 || jpeg[6] != 'J') return false;
    const auto dots = static_cast<unsigned>(std::lround(10000.0 / TissueMap::micronsPerPixel));
    jpeg[13] = 2;
    for (const std::size_t at : {std::size_t{14}, std::size_t{16}}) {
        jpeg[at] = static_cast<unsigned char>(dots >> 8);
        jpeg[at + 1] = static_cast<unsigned char>(dots & 255u);
    }
    return true;
}

Result<std::string> encode(RgbImage& image) {
    try {
        cv::Mat pixels(image.height, image.width, CV_8UC3, image.pixels.data());
        cv::cvtColor(pixels, pixels, cv::COLOR_RGB2BGR);
        std::vector<unsigned char> jpeg;
        if (cv::imencode(".jpg", pixels, jpeg, {cv::IMWRITE_JPEG_QUALITY, 90}) && setJfifDensity(jpeg))
            return std::string(jpeg.begin(), jpeg.end());
    } catch (const cv::Exception&) { // falls through to the sentence below
    }
    return fail(ErrorKind::Defect, "the image could not be encoded as JPEG");
}

Result<std::string> gzip(const std::string& text) {
    z_stream stream{};
    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return fail(ErrorKind::Device, "there is not enough memory to compress a table");
    std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int code = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (code != Z_STREAM_END) return fail(ErrorKind::Defect, "a table could not be compressed");
    return out;
}

std::string countTable(const Section& section) {
    std::string text;
    for (const std::string& gene : section.genes)
        text += "\t" + gene;
    text += "\n";
    std::vector<std::size_t> all(section.genes.size());
    for (std::size_t g = 0; g < all.size(); ++g)
        all[g] = g;
    const std::vector<float> counts = section.counts.dense(all);
    for (std::size_t s = 0; s < section.spots.size(); ++s) {
        text += section.spots[s].id;
        for (std::size_t g = 0; g < all.size(); ++g)
            text += "\t" + std::to_string(static_cast<long>(counts[s * all.size() + g]));
        text += "\n";
    }
    return text;
}

std::string spotTable(const Section& section) {
    std::string text = "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n";
    const auto lattice = fitLattice(section.spots).value_or(LatticeAffine{pitch, 0, 0, 0, pitch, 0});
    for (const CohortSpot& s : section.spots) {
        const Level0Point straight = lattice.toLevel0(s.column, s.row);
        char line[200];
        std::snprintf(line, sizeof line, "%d\t%d\t%.3f\t%.3f\t%.2f\t%.2f\t1\n", s.column, s.row,
                      s.column + (s.center.x - straight.x) / pitch, s.row + (s.center.y - straight.y) / pitch,
                      s.center.x, s.center.y);
        text += line;
    }
    return text;
}

Result<void> checkOptions(const SyntheticCohortOptions& options) {
    if (options.folder.empty()) return fail(ErrorKind::Usage, "no folder is given for the synthetic cohort");
    if (options.sections < 1 || options.sections > 200)
        return fail(ErrorKind::Usage,
                    "a synthetic cohort has 1 to 200 sections, not " + std::to_string(options.sections));
    if (options.pixels < 1024 || options.pixels > 12000)
        return fail(ErrorKind::Usage, "a synthetic section is 1024 to 12000 pixels wide, not " +
                                          std::to_string(options.pixels));
    // Only a cohort that this function wrote may be written again: measured sections can have the same names.
    const auto card = readFile(options.folder / "cohort.json");
    const auto parsed = card ? nlohmann::json::parse(*card, nullptr, false) : nlohmann::json();
    if (parsed.is_object() && parsed.contains("name") && parsed["name"] == "synthetic") return {};
    std::error_code problem;
    for (const char* part : {"ST-imgs", "ST-cnts", "ST-spotfiles"})
        if (fs::directory_iterator(options.folder / part, problem) != fs::directory_iterator())
            return badInput("this folder already has sections that were not made up", options.folder.string(),
                            "Choose an empty folder for the synthetic cohort");
    if (fs::exists(options.folder / "cohort.json", problem))
        return badInput("this folder already has a cohort", options.folder.string(),
                        "Choose an empty folder for the synthetic cohort");
    return {};
}

Result<void> writeSection(const fs::path& folder, const SyntheticSection& made) {
    const std::string& name = made.section.name;
    const auto counts = gzip(countTable(made.section));
    if (!counts) return Failure(counts.error());
    if (auto ok = writeFileAtomically(folder / "ST-imgs" / (name + ".jpg"), made.jpeg); !ok) return ok;
    if (auto ok = writeFileAtomically(folder / "ST-cnts" / (name + ".tsv.gz"), *counts); !ok) return ok;
    return writeFileAtomically(folder / "ST-spotfiles" / (name + "_selection.tsv"), spotTable(made.section));
}

} // namespace

std::string syntheticSectionName(int number) {
    std::string letters;
    for (int n = number; n >= 0; n = n / 26 - 1)
        letters.insert(letters.begin(), static_cast<char>('A' + n % 26));
    return letters + "1";
}

Result<SyntheticSection> makeSyntheticSection(int number, int pixels, std::uint64_t seed) {
    const std::uint64_t own = mixSeed(seed, static_cast<std::uint64_t>(number));
    SyntheticSection made;
    made.section.name = syntheticSectionName(number);
    made.section.patient = patientOf(made.section.name);
    made.section.micronsPerPixel = {TissueMap::micronsPerPixel, TissueMap::micronsPerPixel};
    made.section.scaleSource = ScaleSource::CohortFile;
    const TissueMap map = drawTissueMap(pixels, own);
    const std::vector<Nucleus> nuclei = placeNuclei(map, own);
    drawSpots(map, nuclei, own, made.section);
    made.section.latticeToLevel0 = fitLattice(made.section.spots);
    RgbImage image = paintTissue(map, nuclei, own);
    auto jpeg = encode(image);
    if (!jpeg) return Failure(jpeg.error());
    made.jpeg = std::move(*jpeg);
    return made;
}

Result<void> writeSyntheticCohort(const SyntheticCohortOptions& options, const CancelToken& cancel,
                                  const std::function<void(int, int)>& progress) {
    if (auto ok = checkOptions(options); !ok) return ok;
    const nlohmann::json card = {{"name", "synthetic"},
                                 {"seed", options.seed},
                                 {"microns_per_pixel", TissueMap::micronsPerPixel},
                                 {"spot_pitch_um", pitchMicrons},
                                 {"spot_diameter_um", diameterMicrons},
                                 {"array", "square"}};
    if (auto ok = writeFileAtomically(options.folder / "cohort.json", card.dump(1) + "\n"); !ok) return ok;
    for (int i = 0; i < options.sections; ++i) {
        if (cancel.isCancelled()) return cancelled();
        const auto made = makeSyntheticSection(i, options.pixels, options.seed);
        if (!made) return Failure(made.error());
        if (auto ok = writeSection(options.folder, *made); !ok) return ok;
        if (progress) progress(i + 1, options.sections);
    }
    return {};
}

} // namespace spotglass
