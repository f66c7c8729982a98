// How fast the cache of a slide writes and reads, and how fast files are hashed: bench_store [FOLDER]. One
// figure a line on standard output; FOLDER (the system's temporary one) says which drive is measured.
#include "inference/store/Sha256.h"
#include "inference/store/SlideCache.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

using namespace spotglass;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t spots = 60'000, genes = 250, width = 1024;

double now() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

void report(const char* what, double value, const char* unit) {
    std::fprintf(stdout, "%-58s %10.3f %s\n", what, value, unit);
}

template <typename T> T checked(Result<T> result) {
    if (result) return std::move(*result);
    std::fprintf(stderr, "%s\n", result.error().sentence().c_str());
    std::exit(result.error().exitCode());
}
void checked(const Result<void>& result) {
    if (result) return;
    std::fprintf(stderr, "%s\n", result.error().sentence().c_str());
    std::exit(result.error().exitCode());
}

/// Spots of a square slide, row after row, 512 pixels apart.
std::vector<FeaturePlace> places() {
    std::vector<FeaturePlace> all;
    for (std::size_t i = 0; i < spots; ++i)
        all.push_back({std::int64_t(i % 245) * 512, std::int64_t(i / 245) * 512});
    return all;
}

void writeAll(SlideCache& cache, const std::vector<FeaturePlace>& all, std::size_t batch) {
    std::vector<std::uint16_t> features(batch * width);
    std::vector<float> values(batch * genes);
    std::vector<std::int64_t> cells(batch);
    std::vector<double> times;
    std::uint32_t noise = 1; // what compresses well would flatter
    for (std::size_t i = 0; i + batch <= all.size(); i += batch) {
        for (auto& f : features)
            f = static_cast<std::uint16_t>((noise = noise * 1664525u + 1013904223u) >> 16);
        for (auto& v : values)
            v = static_cast<float>((noise = noise * 1664525u + 1013904223u) >> 8);
        for (std::size_t k = 0; k < batch; ++k)
            cells[k] = static_cast<std::int64_t>(i + k);
        const double start = now();
        checked(cache.addFeatures("encoder", width, std::span(all).subspan(i, batch), features));
        checked(cache.addPredictions("model", genes, cells, values));
        times.push_back(now() - start);
    }
    std::sort(times.begin(), times.end());
    const auto at = [&](double share) {
        return times[static_cast<std::size_t>(share * double(times.size() - 1))];
    };
    double sum = 0;
    for (const double t : times)
        sum += t;
    const std::string of = std::to_string(batch) + " spots (2 KB features, 1 KB predictions each): ";
    report((of + "median").c_str(), at(0.5), "ms");
    report((of + "99 %").c_str(), at(0.99), "ms");
    report((of + "worst").c_str(), at(1), "ms");
    report((of + "all of them").c_str(), sum, "ms");
}

void readAll(SlideCache& cache, const std::vector<FeaturePlace>& all) {
    double start = now();
    std::size_t rows = 0;
    checked(cache.readPredictions("model", genes,
                                  [&](std::span<const std::int64_t> cells, std::span<const float>) {
                                      rows += cells.size();
                                      return true;
                                  }));
    report(("predictions read: " + std::to_string(rows)).c_str(), now() - start, "ms");
    start = now();
    (void)checked(cache.features("encoder", width, std::span(all).first(1)));
    report("the first feature (its index is read)", now() - start, "ms");
    start = now();
    rows = 0;
    for (std::size_t i = 0; i + 32 <= all.size(); i += 32)
        rows += checked(cache.features("encoder", width, std::span(all).subspan(i, 32))).places.size();
    report(("features read, 32 at a time: " + std::to_string(rows)).c_str(), now() - start, "ms");
}

void hashing(const fs::path& folder) {
    const auto file = folder / "bench.bin";
    std::ofstream out(file, std::ios::binary);
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 512; ++i)
        out << piece;
    out.close();
    (void)checked(sha256OfFile(file));
    const double start = now();
    (void)checked(sha256OfFile(file));
    report("SHA-256 of a file in memory", 512.0 * 1.048576 / ((now() - start) / 1000), "MB/s");
}

} // namespace

int main(int argc, char** argv) {
    const fs::path folder =
        (argc > 1 ? fs::path(argv[1]) : fs::temp_directory_path()) / "spotglass-bench-store";
    fs::remove_all(folder);
    const auto all = places();
    for (const std::size_t batch : {64, 32, 16}) {
        fs::remove_all(folder);
        auto cache = checked(SlideCache::open({folder, 8ull << 30}, "bench"));
        writeAll(*cache, all, batch);
        if (batch != 16) continue;
        cache.reset();
        const double start = now();
        cache = checked(SlideCache::open({folder, 8ull << 30}, "bench"));
        report("opened again", now() - start, "ms");
        readAll(*cache, all);
        report("on disk, for each byte of content",
               double(cache->bytesOnDisk()) / double(spots * (genes * 4 + width * 2)), "");
    }
    hashing(folder);
    fs::remove_all(folder);
}
