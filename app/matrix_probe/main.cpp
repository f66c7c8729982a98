#include "viewer/base/MatrixLibrary.h"

#include <cstdio>

/// Prints how fast the matrix library is in this environment. A program of its own, because OpenBLAS chooses
/// its kernels once, while it is being loaded.
int main() {
    const auto rate = spotglass::measureMatrixRate();
    if (!rate) return 1;
    std::printf("%.3f\n", *rate);
    return 0;
}
