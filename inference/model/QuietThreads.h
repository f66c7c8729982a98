#pragma once

namespace spotglass {

/// Makes OpenMP's threads sleep while they have nothing to do, instead of spinning: on a machine that also
/// draws a window, reads files or runs other programs, spinning threads take the processor from those that
/// work (measured here beside a compiler on two cores: 60 times slower). OMP_WAIT_POLICY=passive says the
/// same, but GNU's runtime reads it while it is being loaded, which Qt does before main(). So this uses what
/// that runtime does by itself when it has more threads than processors (libgomp, config/linux/wait.h): it
/// keeps a few more, idle for ever. Any thread; the first call alone does something.
void keepComputingThreadsFromSpinning();

} // namespace spotglass
