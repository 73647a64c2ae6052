#pragma once

namespace alsace::bench {

/// What the machine did in a few milliseconds right before a timed run: a figure beside a low probe is of a disturbed
/// moment. On a shared machine all three move by themselves, whatever the load says.
struct Probe {
  double fp32_gflops = 0;       ///< multiply-adds on registers, the widest vectors that there are
  double bf16_gflops = 0;       ///< AMX where there is one, else vdpbf16ps; 0 without either
  double memory_gigabytes = 0;  ///< a second, reading 64 MiB in order
};

/// Some 8 ms on the calling thread.
Probe probe_machine();

}  // namespace alsace::bench
