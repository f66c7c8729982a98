#include "inference/knowledge/BuiltInTextEncoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>

namespace spotglass {
namespace {

/// Words that stand in nearly every summary and say nothing about the gene.
constexpr std::array<std::string_view, 40> kCommonWords{
    "a",       "an",      "and",   "are",   "as",     "at",         "be",       "been", "by",      "can",
    "encoded", "encodes", "for",   "found", "from",   "gene",       "genes",    "has",  "have",    "in",
    "is",      "it",      "its",   "may",   "member", "of",         "on",       "or",   "protein", "proteins",
    "that",    "the",     "these", "this",  "to",     "transcript", "variants", "was",  "which",   "with"};

/// FNV-1a, then mixed so that neighbouring texts differ in all bits.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
    std::uint64_t h = 0xcbf29ce484222325ULL ^ seed;
    for (const char c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ULL;
    return h ^ (h >> 33);
}

std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (std::isalnum(u))
            out.back() += static_cast<char>(std::tolower(u));
        else if (!out.back().empty())
            out.emplace_back();
    }
    if (out.back().empty()) out.pop_back();
    std::erase_if(out, [](const std::string& w) {
        return std::binary_search(kCommonWords.begin(), kCommonWords.end(), std::string_view(w));
    });
    return out;
}

} // namespace

BuiltInTextEncoder::BuiltInTextEncoder(int width) : width_(width) {}

std::string BuiltInTextEncoder::name() const {
    return "spotglass-hashed-ngrams-1";
}

std::vector<float> BuiltInTextEncoder::embed(const std::string& symbol, const std::string& summary) const {
    std::map<std::string, double> counts; // an n-gram with a mark of its kind -> weight
    std::string marked = "^";
    for (const char c : symbol)
        marked += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    marked += '$';
    for (std::size_t n = 2; n <= 5; ++n)
        for (std::size_t i = 0; i + n <= marked.size(); ++i)
            counts["s:" + marked.substr(i, n)] += 2;
    counts["s:" + marked] += 2;
    const auto text = words(summary);
    for (std::size_t i = 0; i < text.size(); ++i) {
        counts["w:" + text[i]] += 1;
        if (i + 1 < text.size()) counts["p:" + text[i] + ' ' + text[i + 1]] += 0.5;
        for (std::size_t j = 0; j + 4 <= text[i].size(); ++j)
            counts["c:" + text[i].substr(j, 4)] += 0.25;
    }
    std::vector<double> sum(static_cast<std::size_t>(width_), 0.0);
    constexpr std::uint64_t places =
        8; // each n-gram touches eight places with its own signs: few collisions matter
    for (const auto& [gram, count] : counts)
        for (std::uint64_t k = 0; k < places; ++k) {
            const std::uint64_t h = hash(gram, k + 1);
            sum[(h >> 1) % sum.size()] += (h & 1 ? 1 : -1) * std::sqrt(count);
        }
    double norm = 0;
    for (const double v : sum)
        norm += v * v;
    const double scale = norm > 0 ? std::sqrt(static_cast<double>(width_) / norm) : 0;
    std::vector<float> out;
    for (const double v : sum)
        out.push_back(static_cast<float>(v * scale));
    return out;
}

} // namespace spotglass
