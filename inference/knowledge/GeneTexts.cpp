#include "inference/knowledge/GeneTexts.h"

#include "viewer/base/Files.h"

#include <algorithm>
#include <sstream>

namespace spotglass {
namespace {

std::vector<std::string> cells(std::string line) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::string> out;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, '\t');)
        out.push_back(cell);
    return out;
}

} // namespace

Result<GeneTexts> readGeneTexts(const std::filesystem::path& file) {
    auto content = readFile(file);
    if (!content) return Failure(content.error());
    std::istringstream in(*content);
    std::string line;
    std::getline(in, line);
    const auto header = cells(line);
    const auto column = [&](const char* name) {
        return std::find(header.begin(), header.end(), name) - header.begin();
    };
    const auto symbol = column("symbol"), summary = column("summary");
    const auto count = static_cast<std::ptrdiff_t>(header.size());
    if (symbol == count || summary == count)
        return badInput("its first line lacks the column \"symbol\" or \"summary\"", file.string(),
                        "Save the gene texts as a tab-separated table with these two columns");
    GeneTexts texts;
    while (std::getline(in, line)) {
        const auto row = cells(line);
        if (static_cast<std::ptrdiff_t>(row.size()) > std::max(symbol, summary))
            texts.emplace(row[static_cast<std::size_t>(symbol)], row[static_cast<std::size_t>(summary)]);
    }
    return texts;
}

std::vector<float> embedGenes(const TextEncoder& encoder, const std::vector<std::string>& genes,
                              const GeneTexts& texts) {
    std::vector<float> all;
    for (const auto& gene : genes) {
        const auto it = texts.find(gene);
        const auto row = encoder.embed(gene, it == texts.end() ? std::string() : it->second);
        all.insert(all.end(), row.begin(), row.end());
    }
    return all;
}

} // namespace spotglass
