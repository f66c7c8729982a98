#include "training/cohort/TenxMatrix.h"

#include "training/cohort/Hdf5Counts.h"
#include "training/cohort/TableReader.h"

#include <charconv>
#include <unordered_set>

namespace spotglass {
namespace {
namespace fs = std::filesystem;

constexpr const char* copyAgain = "Copy it again from where it came from";
constexpr const char* folderHint =
    "The folder of a matrix has matrix.mtx, barcodes.tsv and features.tsv (or genes.tsv) in it, plain or .gz";

Result<void> checkBarcodes(const std::vector<std::string>& barcodes, const std::string& where) {
    std::unordered_set<std::string> seen;
    for (const std::string& barcode : barcodes)
        if (!seen.insert(barcode).second) return badInput("barcode " + barcode + " is there twice", where);
    if (barcodes.empty()) return badInput("this matrix has no barcodes", where);
    return {};
}

std::vector<std::string> namesOf(const std::vector<Feature>& features) {
    std::vector<std::string> names;
    names.reserve(features.size());
    for (const Feature& feature : features)
        names.push_back(feature.symbol.empty() ? feature.id : feature.symbol);
    return names;
}

// The .h5 file

/// The group that holds the matrix, and where its feature names lie.
struct Layout {
    std::string group, ids, symbols, types;
};

Result<Layout> findLayout(const Hdf5File& file) {
    if (file.hasGroup("matrix"))
        return Layout{"matrix", "matrix/features/id", "matrix/features/name", "matrix/features/feature_type"};
    std::vector<std::string> genomes;
    for (const std::string& name : file.members("/"))
        if (file.hasDataset(name + "/barcodes") && file.hasDataset(name + "/genes")) genomes.push_back(name);
    if (genomes.size() == 1) return Layout{genomes[0], genomes[0] + "/genes", genomes[0] + "/gene_names", {}};
    if (genomes.empty())
        return file.failure("this HDF5 file has no feature-barcode matrix",
                            "Give filtered_feature_bc_matrix.h5 of Space Ranger");
    std::string all;
    for (const std::string& genome : genomes)
        all += (all.empty() ? "" : ", ") + genome;
    return file.failure("this file has matrices of several genomes (" + all + ")",
                        "Write the one that is wanted to a file of its own");
}

Result<std::vector<Feature>> readFeatures(const Hdf5File& file, const Layout& layout) {
    auto ids = file.texts(layout.ids);
    if (!ids) return Failure(ids.error());
    std::vector<std::string> symbols(ids->size()), types(ids->size());
    for (const auto& [dataset, values] :
         {std::pair(&layout.symbols, &symbols), std::pair(&layout.types, &types)}) {
        if (dataset->empty() || !file.hasDataset(*dataset)) continue;
        auto read = file.texts(*dataset);
        if (!read) return Failure(read.error());
        if (read->size() != ids->size())
            return file.failure(
                "\"" + *dataset + "\" and \"" + layout.ids + "\" in this file differ in length", copyAgain);
        *values = std::move(*read);
    }
    std::vector<Feature> features;
    for (std::size_t i = 0; i < ids->size(); ++i)
        features.push_back({std::move((*ids)[i]), std::move(symbols[i]), std::move(types[i])});
    return features;
}

Result<FeatureMatrix> readHdf5Matrix(const fs::path& path) {
    const auto file = Hdf5File::open(path);
    if (!file) return Failure(file.error());
    const auto layout = findLayout(*file);
    if (!layout) return Failure(layout.error());
    FeatureMatrix matrix;
    auto barcodes = file->texts(layout->group + "/barcodes");
    if (!barcodes) return Failure(barcodes.error());
    matrix.barcodes = std::move(*barcodes);
    if (auto ok = checkBarcodes(matrix.barcodes, path.string()); !ok) return Failure(ok.error());
    auto features = readFeatures(*file, *layout);
    if (!features) return Failure(features.error());
    matrix.features = std::move(*features);
    const auto genes = namesOf(matrix.features);
    auto counts = readCompressedCounts(*file, layout->group, Compression::BySpot, {matrix.barcodes, genes});
    if (!counts) return Failure(counts.error());
    matrix.counts = std::move(*counts);
    return matrix;
}

// The folder

Result<fs::path> partOf(const fs::path& folder, const std::vector<std::string>& names) {
    std::error_code problem;
    for (const std::string& name : names)
        for (const char* packed : {"", ".gz"})
            if (fs::path file = folder / (name + packed); fs::exists(file, problem)) return file;
    return badInput("this folder has no " + names.front(), folder.string(), folderHint);
}

/// Up to three cells of each line.
Result<std::vector<Feature>> readNames(const fs::path& path) {
    auto table = TableReader::open(path);
    if (!table) return Failure(table.error());
    std::vector<Feature> lines;
    for (;;) {
        const auto more = table->next();
        if (!more) return Failure(more.error());
        if (!*more) return lines;
        const auto& cells = table->cells();
        const auto cell = [&](std::size_t i) {
            return i < cells.size() ? std::string(cells[i]) : std::string();
        };
        lines.push_back({cell(0), cell(1), cell(2)});
    }
}

/// One line of a matrix file: three numbers between blanks.
struct Triple {
    std::uint64_t row = 0, column = 0;
    double value = 0;
};
std::optional<Triple> parseTriple(std::string_view text) {
    Triple out;
    const char *at = text.data(), *end = text.data() + text.size();
    const auto blanks = [&] {
        while (at < end && (*at == ' ' || *at == '\t'))
            ++at;
    };
    for (auto* number : {&out.row, &out.column}) {
        blanks();
        const auto [stop, problem] = std::from_chars(at, end, *number);
        if (problem != std::errc()) return std::nullopt;
        at = stop;
    }
    blanks();
    const auto value = parseNumber(std::string_view(at, static_cast<std::size_t>(end - at)));
    if (!value) return std::nullopt;
    out.value = *value;
    return out;
}

class MatrixMarket {
  public:
    MatrixMarket(TableReader& table, const FeatureMatrix& names, const std::vector<std::string>& genes)
        : table_(table), names_(names), genes_(genes) {}

    Result<CountMatrix> read() {
        auto size = header();
        if (!size) return Failure(size.error());
        if (size->row != genes_.size() || size->column != names_.barcodes.size())
            return table_.failure(
                "this matrix is " + std::to_string(size->row) + " features x " +
                    std::to_string(size->column) + " barcodes, but the files beside it name " +
                    std::to_string(genes_.size()) + " and " + std::to_string(names_.barcodes.size()),
                "Take the three files from one output folder");
        for (;;) {
            const auto more = table_.next();
            if (!more) return Failure(more.error());
            if (!*more) break;
            if (auto ok = entry(); !ok) return Failure(ok.error());
        }
        if (static_cast<double>(values_.size()) != size->value)
            return table_.failure("this file has " + std::to_string(values_.size()) +
                                      " entries and promises another number",
                                  copyAgain);
        return fromEntries(names_.barcodes.size(), genes_.size(), barcodeOf_, geneOf_, values_);
    }

  private:
    /// The first line says the form, lines with % are remarks, then come the size and the number of entries.
    Result<Triple> header() {
        auto more = table_.next();
        if (!more) return Failure(more.error());
        if (!*more || !table_.cells()[0].starts_with("%%MatrixMarket matrix coordinate"))
            return table_.failure("this file is not a sparse Matrix Market file", folderHint);
        if (table_.cells()[0].find("general") == std::string_view::npos ||
            table_.cells()[0].find("complex") != std::string_view::npos ||
            table_.cells()[0].find("pattern") != std::string_view::npos)
            return table_.failure(
                "this Matrix Market file is not of the form \"coordinate integer general\"");
        while (*more && table_.cells()[0].starts_with('%')) {
            more = table_.next();
            if (!more) return Failure(more.error());
        }
        const auto size = *more ? parseTriple(table_.cells()[0]) : std::nullopt;
        if (!size) return table_.failure("this matrix does not say how large it is", copyAgain);
        return *size;
    }
    Result<void> entry() {
        const auto line = [this] { return "line " + std::to_string(table_.line()); };
        const auto read = parseTriple(table_.cells()[0]);
        if (!read || table_.cells().size() > 1)
            return table_.failure(line() + " is not a feature, a barcode and a count");
        if (read->row < 1 || read->row > genes_.size() || read->column < 1 ||
            read->column > names_.barcodes.size())
            return table_.failure(line() + " points outside the matrix", copyAgain);
        if (const char* problem = countProblem(read->value)) {
            char number[32];
            std::snprintf(number, sizeof number, "%g", read->value);
            return table_.failure(line() + " has the count " + number + " for spot " +
                                      names_.barcodes[read->column - 1] + " and gene " +
                                      genes_[read->row - 1] + ", which is " + problem,
                                  rawCountsHint);
        }
        geneOf_.push_back(static_cast<std::uint32_t>(read->row - 1));
        barcodeOf_.push_back(static_cast<std::uint32_t>(read->column - 1));
        values_.push_back(static_cast<float>(read->value));
        return {};
    }

    TableReader& table_;
    const FeatureMatrix& names_;
    const std::vector<std::string>& genes_;
    std::vector<std::uint32_t> geneOf_, barcodeOf_;
    std::vector<float> values_;
};

Result<FeatureMatrix> readMatrixFolder(const fs::path& folder) {
    const auto matrixFile = partOf(folder, {"matrix.mtx"});
    if (!matrixFile) return Failure(matrixFile.error());
    const auto featureFile = partOf(folder, {"features.tsv", "genes.tsv"});
    if (!featureFile) return Failure(featureFile.error());
    const auto barcodeFile = partOf(folder, {"barcodes.tsv"});
    if (!barcodeFile) return Failure(barcodeFile.error());
    FeatureMatrix matrix;
    auto barcodes = readNames(*barcodeFile);
    if (!barcodes) return Failure(barcodes.error());
    for (Feature& line : *barcodes)
        matrix.barcodes.push_back(std::move(line.id));
    if (auto ok = checkBarcodes(matrix.barcodes, barcodeFile->string()); !ok) return Failure(ok.error());
    auto features = readNames(*featureFile);
    if (!features) return Failure(features.error());
    matrix.features = std::move(*features);
    auto table = TableReader::open(*matrixFile);
    if (!table) return Failure(table.error());
    const auto genes = namesOf(matrix.features);
    auto counts = MatrixMarket(*table, matrix, genes).read();
    if (!counts) return Failure(counts.error());
    matrix.counts = std::move(*counts);
    return matrix;
}

} // namespace

bool looksLikeTenxMatrix(const fs::path& path) {
    std::error_code problem;
    if (fs::is_directory(path, problem))
        return fs::exists(path / "matrix.mtx", problem) || fs::exists(path / "matrix.mtx.gz", problem);
    return path.extension() == ".h5";
}

Result<FeatureMatrix> readTenxMatrix(const fs::path& path) {
    std::error_code problem;
    return fs::is_directory(path, problem) ? readMatrixFolder(path) : readHdf5Matrix(path);
}

} // namespace spotglass
