#include "training/cohort/Hdf5Counts.h"

#include "training/cohort/FeatureMatrix.h"

#include <algorithm>
#include <limits>

namespace spotglass {
namespace {

constexpr std::uint64_t block = 1u << 20;        // entries read at a time
constexpr std::uint64_t mostEntriesOfAByte = 32; // of the file; places and values never compress better
constexpr const char* copyAgain = "Copy it again from where it came from";

std::string numberText(double value) {
    std::string text(32, '\0');
    text.resize(static_cast<std::size_t>(std::max(0, std::snprintf(text.data(), text.size(), "%g", value))));
    return text;
}

Failure badCount(const Hdf5File& file, const std::string& what, double value, const std::string& spot,
                 const std::string& gene) {
    return file.failure("\"" + what + "\" in this file has the value " + numberText(value) + " for spot " +
                            spot + " and gene " + gene + ", which is " + countProblem(value),
                        rawCountsHint);
}

/// Where the entries of each row (or column) begin.
Result<std::vector<std::uint64_t>> readOffsets(const Hdf5File& file, const std::string& group,
                                               std::uint64_t major, std::uint64_t entries) {
    const auto extent = file.shape(group + "/indptr");
    if (!extent) return Failure(extent.error());
    const auto wrong = [&](const std::string& what) {
        return file.failure("\"" + group + "/indptr\" in this file " + what, copyAgain);
    };
    if (extent->size() != 1 || extent->front() != major + 1)
        return wrong("does not fit the names beside it (" + std::to_string(major) + " of them)");
    const auto raw = file.numbers(group + "/indptr");
    if (!raw) return Failure(raw.error());
    std::vector<std::uint64_t> offsets;
    offsets.reserve(raw->size());
    for (const double value : *raw) {
        const double before = offsets.empty() ? 0.0 : static_cast<double>(offsets.back());
        if (!(value >= before) || value > static_cast<double>(entries)) return wrong("is not ascending");
        offsets.push_back(static_cast<std::uint64_t>(value));
    }
    if (offsets.front() != 0 || offsets.back() != entries)
        return wrong("does not cover all entries of the matrix");
    return offsets;
}

Result<std::uint64_t> entryCount(const Hdf5File& file, const std::string& group) {
    std::uint64_t entries = 0;
    for (const char* part : {"/data", "/indices"}) {
        const auto extent = file.shape(group + part);
        if (!extent) return Failure(extent.error());
        if (extent->size() != 1 || (part[1] == 'i' && extent->front() != entries))
            return file.failure("\"" + group + "/data\" and \"" + group +
                                    "/indices\" in this file do not fit together",
                                copyAgain);
        entries = extent->front();
    }
    std::error_code problem;
    const std::uint64_t bytes = std::filesystem::file_size(file.path(), problem);
    if (entries > bytes * mostEntriesOfAByte || entries > std::numeric_limits<std::uint32_t>::max())
        return file.failure("\"" + group + "/data\" claims more values than this file can hold", copyAgain);
    return entries;
}

} // namespace

Result<CountMatrix> readCompressedCounts(const Hdf5File& file, const std::string& group,
                                         Compression compression, const CountNames& names) {
    const bool bySpot = compression == Compression::BySpot;
    const std::size_t major = bySpot ? names.spots.size() : names.genes.size();
    const std::size_t minor = bySpot ? names.genes.size() : names.spots.size();
    const auto entries = entryCount(file, group);
    if (!entries) return Failure(entries.error());
    const auto offsets = readOffsets(file, group, major, *entries);
    if (!offsets) return Failure(offsets.error());
    std::vector<std::uint32_t> majorOf, minorOf;
    std::vector<float> counts;
    std::size_t at = 0;
    for (std::uint64_t from = 0; from < *entries; from += block) {
        const std::uint64_t count = std::min(block, *entries - from);
        const auto indices = file.numbers(group + "/indices", from, count);
        if (!indices) return Failure(indices.error());
        const auto values = file.numbers(group + "/data", from, count);
        if (!values) return Failure(values.error());
        for (std::uint64_t k = 0; k < count; ++k) {
            while (from + k >= (*offsets)[at + 1])
                ++at;
            const double index = (*indices)[k], value = (*values)[k];
            if (!(index >= 0) || index >= static_cast<double>(minor))
                return file.failure("\"" + group + "/indices\" in this file points outside the matrix",
                                    copyAgain);
            const auto place = static_cast<std::uint32_t>(index);
            if (countProblem(value))
                return badCount(file, group, value, names.spots[bySpot ? at : place],
                                names.genes[bySpot ? place : at]);
            majorOf.push_back(static_cast<std::uint32_t>(at));
            minorOf.push_back(place);
            counts.push_back(static_cast<float>(value));
        }
    }
    return fromEntries(names.spots.size(), names.genes.size(), bySpot ? majorOf : minorOf,
                       bySpot ? minorOf : majorOf, counts);
}

Result<CountMatrix> readDenseCounts(const Hdf5File& file, const std::string& dataset,
                                    const CountNames& names) {
    const auto extent = file.shape(dataset);
    if (!extent) return Failure(extent.error());
    if (*extent != std::vector<std::uint64_t>{names.spots.size(), names.genes.size()})
        return file.failure("\"" + dataset + "\" in this file is not " + std::to_string(names.spots.size()) +
                                " spots x " + std::to_string(names.genes.size()) + " genes",
                            copyAgain);
    CountMatrix out;
    out.genes = names.genes.size();
    out.offsets.push_back(0);
    if (out.genes == 0) return file.failure("\"" + dataset + "\" in this file has no genes");
    const std::uint64_t rows = std::max<std::uint64_t>(1, block / out.genes);
    std::vector<float> row(out.genes);
    for (std::uint64_t from = 0; from < names.spots.size(); from += rows) {
        const std::uint64_t count = std::min<std::uint64_t>(rows, names.spots.size() - from);
        const auto values = file.numbers(dataset, from, count);
        if (!values) return Failure(values.error());
        for (std::uint64_t s = 0; s < count; ++s) {
            for (std::size_t g = 0; g < out.genes; ++g) {
                const double value = (*values)[s * out.genes + g];
                if (countProblem(value))
                    return badCount(file, dataset, value, names.spots[from + s], names.genes[g]);
                row[g] = static_cast<float>(value);
            }
            out.appendRow(row);
        }
    }
    return out;
}

} // namespace spotglass
