#pragma once

namespace spotglass {

/// How many processors this process may use at once, at least 1: those it is bound to (as by Slurm or
/// taskset), fewer where a control group (a container) is given less time. The standard's
/// hardware_concurrency() counts those of the machine, and threads beyond what there is wait for each other.
/// Asked of the system once; any thread.
[[nodiscard]] int availableProcessors();

/// Bytes of memory that programs may use here: the machine's, or less where a control group says so; 0 where
/// that is not known. Any thread.
[[nodiscard]] unsigned long long availableMemory();

} // namespace spotglass
