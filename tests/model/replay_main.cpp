#include "inference/model/Replay.h"

#include <cstdio>

/// spotglass-replay FOLDER OUT: the golden numbers in both precisions, for machines that have only LibTorch.
/// Exit code 77 (skipped) when the folder is not there.
int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: spotglass-replay FOLDER OUT\n");
        return 2;
    }
    if (!std::filesystem::exists(argv[1])) {
        std::fprintf(stderr, "%s is not here; skipped\n", argv[1]);
        return 77;
    }
    for (const char* precision : {"fp64", "fp32"}) {
        const auto report = spotglass::replay(argv[1], precision, argv[2]);
        if (!report) {
            std::fprintf(stderr, "%s\n", report.error().sentence().c_str());
            return report.error().exitCode();
        }
        std::fprintf(stderr, "%s %s\n", precision, (*report)["worst_relative_l2"].dump().c_str());
        if (!(*report)["within_bounds"].get<bool>()) return 1;
    }
    return 0;
}
