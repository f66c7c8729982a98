#include "training/cohort/AnnDataSection.h"

#include "training/cohort/AnnDataFrame.h"
#include "training/cohort/FeatureMatrix.h"
#include "training/cohort/Hdf5Counts.h"
#include "training/cohort/HexagonalArray.h"
#include "training/cohort/SectionFolder.h"
#include "training/cohort/SectionScale.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>

namespace spotglass {
namespace {
namespace fs = std::filesystem;

constexpr double largestArrayCoordinate = 1e6, largestPixel = 1e7;

/// A matrix that may hold the counts, with the table that names its genes.
struct Candidate {
    std::string matrix, genes, spoken;
};

Result<std::vector<Feature>> readGenes(const Hdf5File& file, const std::string& group) {
    const auto var = AnnDataFrame::open(file, group);
    if (!var) return Failure(var.error());
    const auto ids = var->firstTexts({"gene_ids", "gene_id", "ensembl_id", "ensembl", "feature_id"});
    if (!ids) return Failure(ids.error());
    const auto symbols = var->firstTexts({"gene_symbols", "gene_symbol", "gene_name", "gene_names",
                                          "feature_name", "gene_short_name", "symbol"});
    if (!symbols) return Failure(symbols.error());
    const auto types = var->firstTexts({"feature_types"});
    if (!types) return Failure(types.error());
    std::vector<Feature> genes;
    for (std::size_t g = 0; g < var->index().size(); ++g) {
        const std::string& name = var->index()[g];
        const bool byId = isEnsemblId(name);
        genes.push_back({byId ? name : (*ids)[g], byId ? (*symbols)[g] : name, (*types)[g]});
    }
    return genes;
}

Result<CountMatrix> readMatrix(const Hdf5File& file, const std::string& path, const CountNames& names) {
    if (file.hasDataset(path)) return readDenseCounts(file, path, names);
    std::string kind = file.textAttribute(path, "encoding-type").value_or("");
    if (kind.empty()) kind = file.textAttribute(path, "h5sparse_format").value_or("");
    if (kind != "csr" && kind != "csr_matrix" && kind != "csc" && kind != "csc_matrix")
        return file.failure("the matrix \"" + path + "\" in this file is of the unknown form \"" + kind +
                                "\"",
                            "Save it as a dense, csr or csc matrix");
    std::vector<double> extent = file.numberAttribute(path, "shape");
    if (extent.empty()) extent = file.numberAttribute(path, "h5sparse_shape");
    const std::vector<double> expected = {static_cast<double>(names.spots.size()),
                                          static_cast<double>(names.genes.size())};
    if (extent != expected)
        return file.failure("the matrix \"" + path + "\" in this file does not fit its tables of " +
                                std::to_string(names.spots.size()) + " spots and " +
                                std::to_string(names.genes.size()) + " genes",
                            "Open the file once with anndata and save it again");
    return readCompressedCounts(file, path,
                                kind.starts_with("csr") ? Compression::BySpot : Compression::ByGene, names);
}

/// The first matrix of whole numbers.
Result<FeatureMatrix> readCounts(const Hdf5File& file, const std::vector<std::string>& spots,
                                 Section& section) {
    std::optional<Error> first;
    for (const Candidate& candidate :
         {Candidate{"X", "var", "X"}, Candidate{"layers/counts", "var", "layers['counts']"},
          Candidate{"raw/X", "raw/var", "raw"}}) {
        if (!file.hasDataset(candidate.matrix) && !file.hasGroup(candidate.matrix)) continue;
        auto genes = readGenes(file, candidate.genes);
        if (!genes) return Failure(genes.error());
        std::vector<std::string> names;
        for (const Feature& gene : *genes)
            names.push_back(gene.symbol.empty() ? gene.id : gene.symbol);
        auto counts = readMatrix(file, candidate.matrix, {spots, names});
        if (!counts && counts.error().hint != rawCountsHint) return Failure(counts.error());
        if (!counts) {
            if (!first) first = counts.error();
            continue;
        }
        if (candidate.matrix != "X")
            section.warnings.push_back(section.name + ": X holds no raw counts; those of " +
                                       candidate.spoken + " are taken.");
        return FeatureMatrix{spots, std::move(*genes), std::move(*counts)};
    }
    if (first) return tl::unexpected(*first);
    return file.failure("this file has no count matrix", "It must have X, layers['counts'] or raw");
}

struct Place {
    int row = 0, column = 0;
};

Result<std::vector<Place>> readPlaces(const Hdf5File& file, const AnnDataFrame& obs) {
    const auto none = [&] {
        return file.failure("this file does not say where its spots lie on the array",
                            "It needs array_row and array_col in obs (scanpy's read_visium writes them), or "
                            "spots named like 10x12");
    };
    std::vector<Place> places;
    if (!obs.has("array_row") || !obs.has("array_col")) {
        for (const std::string& name : obs.index()) {
            const auto place = parseSpotId(name);
            if (!place) return none();
            places.push_back({place->second, place->first});
        }
        return places;
    }
    const auto rows = obs.numbers("array_row");
    if (!rows) return Failure(rows.error());
    const auto columns = obs.numbers("array_col");
    if (!columns) return Failure(columns.error());
    for (std::size_t s = 0; s < rows->size(); ++s) {
        for (const double value : {(*rows)[s], (*columns)[s]})
            if (!(std::abs(value) <= largestArrayCoordinate) || value != std::floor(value))
                return file.failure("spot " + obs.index()[s] +
                                    " has an array_row or array_col that is not a whole number");
        places.push_back({static_cast<int>((*rows)[s]), static_cast<int>((*columns)[s])});
    }
    return places;
}

Result<std::vector<double>> readPositions(const Hdf5File& file, const AnnDataFrame& obs) {
    const auto extent = file.shape("obsm/spatial");
    if (!extent)
        return file.failure("this file has no positions of its spots (obsm['spatial'])",
                            "Save it with the pixel positions, as scanpy and squidpy do");
    if (extent->size() != 2 || extent->front() != obs.index().size() || extent->back() < 2 ||
        extent->back() > 3)
        return file.failure("obsm['spatial'] in this file is not one x and y for each of the " +
                            std::to_string(obs.index().size()) + " spots");
    const auto raw = file.numbers("obsm/spatial");
    if (!raw) return raw;
    std::vector<double> xy;
    for (std::size_t s = 0; s < obs.index().size(); ++s)
        for (std::size_t i = 0; i < 2; ++i) {
            const double value = (*raw)[s * extent->back() + i];
            if (!(std::abs(value) <= largestPixel))
                return file.failure("spot " + obs.index()[s] +
                                    " has no possible position in obsm['spatial']");
            xy.push_back(value);
        }
    return xy;
}

/// Rows of the spots to keep.
Result<std::vector<std::size_t>> underTissue(const AnnDataFrame& obs, Section& section) {
    std::vector<std::size_t> rows;
    std::vector<double> inTissue(obs.index().size(), 1);
    if (obs.has("in_tissue")) {
        auto read = obs.numbers("in_tissue");
        if (!read) return Failure(read.error());
        inTissue = std::move(*read);
    }
    for (std::size_t s = 0; s < inTissue.size(); ++s)
        if (inTissue[s] != 0) rows.push_back(s);
    if (const std::size_t left = inTissue.size() - rows.size(); left > 0)
        section.warnings.push_back(section.name + ": " + std::to_string(left) +
                                   " spots lie outside the tissue; they are left out.");
    return rows;
}

/// Settles whether the array is hexagonal and gives the spots their coordinates.
Result<void> placeSpots(const std::vector<Place>& places, const std::vector<double>& xy,
                        const std::vector<std::string>& names, const std::vector<std::size_t>& rows,
                        const Hdf5File& file, Section& section) {
    const bool even =
        std::all_of(places.begin(), places.end(), [](const Place& p) { return (p.row + p.column) % 2 == 0; });
    if (!even && section.array.geometry == ArrayGeometry::Hexagonal) {
        const auto scale = section.array.micronsPerPixel;
        section.array = ArrayDescription{};
        section.array.micronsPerPixel = scale;
        section.warnings.push_back(section.name +
                                   ": the array is square; a pitch of 200 um is assumed, that of the first "
                                   "arrays for spatial transcriptomics.");
    }
    const bool hexagonal = section.array.geometry == ArrayGeometry::Hexagonal;
    std::map<std::pair<int, int>, std::size_t> taken;
    for (const std::size_t s : rows) {
        const auto [at, isNew] = taken.emplace(std::pair(places[s].row, places[s].column), s);
        if (!isNew)
            return file.failure("spots " + names[at->second] + " and " + names[s] +
                                    " have the same place on the array",
                                "Where a file holds several sections, save each in a file of its own");
        const AxialPlace axial = axialPlace(places[s].row, places[s].column);
        section.spots.push_back({names[s],
                                 hexagonal ? axial.column : places[s].column,
                                 places[s].row,
                                 {xy[2 * s], xy[2 * s + 1]}});
    }
    return {};
}

Result<void> checkOneSection(const Hdf5File& file, const AnnDataFrame& obs) {
    const std::size_t libraries = file.members("uns/spatial").size();
    if (libraries > 1)
        return file.failure("this file holds " + std::to_string(libraries) + " sections",
                            "Save each of them in a file of its own");
    std::unordered_set<std::string> seen;
    for (const std::string& name : obs.index())
        if (!seen.insert(name).second)
            return file.failure("spot " + name + " is there twice",
                                "Where a file holds several sections, save each in a file of its own");
    return {};
}

} // namespace

std::vector<SectionFiles> listAnnDataSections(const fs::path& path, const ArrayDescription& array) {
    std::vector<fs::path> files;
    std::error_code problem;
    if (fs::is_directory(path, problem)) {
        for (const auto& entry : fs::directory_iterator(path, problem))
            if (entry.path().extension() == ".h5ad") files.push_back(entry.path());
    } else if (path.extension() == ".h5ad") {
        files.push_back(path);
    }
    std::vector<SectionFiles> sections;
    for (const fs::path& file : files) {
        const std::string name = file.stem().string();
        SectionFiles section{name, patientOf(name), {}, file, {}, SectionForm::AnnData, array, {}, {}};
        for (const fs::path& image : imagesIn(file.parent_path().empty() ? "." : file.parent_path()))
            if (image.stem() == name) section.image = image;
        sections.push_back(std::move(section));
    }
    return sections;
}

Result<Section> readAnnDataSection(const SectionFiles& files) {
    if (files.problem) return tl::unexpected(*files.problem);
    const auto file = Hdf5File::open(files.counts);
    if (!file) return Failure(file.error());
    const auto obs = AnnDataFrame::open(*file, "obs");
    if (!obs) return Failure(obs.error());
    if (auto ok = checkOneSection(*file, *obs); !ok) return Failure(ok.error());
    const auto xy = readPositions(*file, *obs);
    if (!xy) return Failure(xy.error());
    const auto places = readPlaces(*file, *obs);
    if (!places) return Failure(places.error());
    Section section;
    section.name = files.name;
    section.patient = files.patient;
    section.image = files.image;
    section.array = files.array;
    if (section.image.empty())
        return file->failure(
            "section " + files.name + " has no image",
            "Put its full-resolution image beside this file, of the same name, or name it in "
            "a manifest");
    const auto rows = underTissue(*obs, section);
    if (!rows) return Failure(rows.error());
    if (rows->empty()) return file->failure("this file has no spot under tissue");
    if (auto ok = placeSpots(*places, *xy, obs->index(), *rows, *file, section); !ok)
        return Failure(ok.error());
    const auto matrix = readCounts(*file, obs->index(), section);
    if (!matrix) return Failure(matrix.error());
    if (auto ok = takeGenes(*matrix, *rows, files.counts.string(), section); !ok) return Failure(ok.error());
    setScale(section, files.manifestMicrons);
    return section;
}

} // namespace spotglass
