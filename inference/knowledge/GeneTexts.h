#pragma once

#include "inference/model/TextEncoder.h"
#include "viewer/base/Result.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace spotglass {

/// Summaries of genes by symbol.
using GeneTexts = std::map<std::string, std::string>;

/// Reads a tab-separated file with a header line that has the columns "symbol" and "summary". Blocking.
/// BadInput when a column is missing. The first summary of a symbol counts.
[[nodiscard]] Result<GeneTexts> readGeneTexts(const std::filesystem::path& file);

/// Embeddings of `genes`, G x T row-major; a gene without a text is embedded by its symbol alone.
[[nodiscard]] std::vector<float> embedGenes(const TextEncoder& encoder, const std::vector<std::string>& genes,
                                            const GeneTexts& texts);

} // namespace spotglass
