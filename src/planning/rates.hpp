#pragma once

#include <string>
#include <vector>

namespace alsace {

/// What one thread takes at one number of factors. Measured by `plan --calibrate` through the trainer's own functions.
struct KernelRates {
  int factors = 0;
  double form_ns = 0;     ///< an interaction of a row: its part of the normal equations
  double solve_us = 0;    ///< a row: its shared part and the Cholesky solve
  double gramian_ns = 0;  ///< a row of a Gramian
  double loss_ns = 0;     ///< an interaction of the loss
};

/// Between two ranks: time of a message = latency + bytes / bandwidth.
struct LinkRates {
  double bytes_per_second = 0;
  double latency_seconds = 0;
};

/// What the times of a plan are scaled by: one machine, one kernel level, one network.
struct Rates {
  std::string machine;  ///< where they were measured, for people
  std::string kernel_level;
  std::vector<KernelRates> kernels;    ///< ascending in factors, at least one
  double memory_bytes_per_second = 0;  ///< read by one thread
  LinkRates within_host;               ///< a rank's share, from ranks on the same host
  LinkRates between_hosts;             ///< a host's, from the others: its ranks share it
  bool between_hosts_measured = false;
  double load_bytes_per_second = 0;        ///< a rank's, of interactions in memory (8 bytes each) from a data set
  double checkpoint_bytes_per_second = 0;  ///< a rank's: written, fsynced, read back, compared and hashed

  /// Throws ErrorKind::input with every number that is not positive, one a line, each led by `where`.
  void validate(const std::string& where) const;
};

/// Rates at any number of factors: between two that were measured along a power of K; beyond them forming and Gramian
/// grow with K², the loss with K, the solve with K³.
KernelRates rates_at(const Rates& rates, int factors);

/// What a plan reckons with when nobody has calibrated.
const Rates& default_rates();

}  // namespace alsace
