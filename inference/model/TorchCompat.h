#pragma once

/// The one door to LibTorch: versions 1.13 and 2.x from one source. Include it only in .cpp files and in
/// headers of this folder and of training/ that are not used outside them.
#include <torch/torch.h>
#include <torch/version.h>
