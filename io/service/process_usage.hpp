#pragma once

namespace alsace::io {

/// What this process takes of the machine, as Prometheus clients tell it.
struct ProcessUsage {
  double resident_bytes = 0;
  double cpu_seconds = 0;    ///< of all threads, user and system
  double start_seconds = 0;  ///< since the epoch
  double open_fds = 0;
};

/// Reads /proc; what cannot be read stays 0. Some 50 µs.
ProcessUsage process_usage();

}  // namespace alsace::io
