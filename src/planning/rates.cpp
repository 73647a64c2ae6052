#include "src/planning/rates.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace {
namespace {

/// y at x on the power law through two points.
double power_law(double x, double x0, double y0, double x1, double y1) {
  return y0 * std::pow(x / x0, std::log(y1 / y0) / std::log(x1 / x0));
}

}  // namespace

void Rates::validate(const std::string& where) const {
  std::string problems;
  const auto expect_positive = [&](const std::string& name, double value) {
    if (value > 0 && std::isfinite(value)) return;
    problems += fmt::format("{}{}: {} = {}, expected more than 0", problems.empty() ? "" : "\n", where, name, value);
  };
  if (kernels.empty()) problems = fmt::format("{}: kernels = none, expected at least one", where);
  int before = 0;
  for (const KernelRates& at : kernels) {
    const std::string name = fmt::format("kernels at {} factors", at.factors);
    if (at.factors <= before) {
      problems += fmt::format("{}{}: {}, expected them to ascend", problems.empty() ? "" : "\n", where, name);
    }
    before = at.factors;
    expect_positive(name + ": form_ns", at.form_ns);
    expect_positive(name + ": solve_us", at.solve_us);
    expect_positive(name + ": gramian_ns", at.gramian_ns);
    expect_positive(name + ": loss_ns", at.loss_ns);
  }
  expect_positive("memory_bytes_per_second", memory_bytes_per_second);
  expect_positive("load_bytes_per_second", load_bytes_per_second);
  expect_positive("checkpoint_bytes_per_second", checkpoint_bytes_per_second);
  expect_positive("within_host.bytes_per_second", within_host.bytes_per_second);
  expect_positive("within_host.latency_seconds", within_host.latency_seconds);
  expect_positive("between_hosts.bytes_per_second", between_hosts.bytes_per_second);
  expect_positive("between_hosts.latency_seconds", between_hosts.latency_seconds);
  if (!problems.empty()) throw input_error(problems);
}

KernelRates rates_at(const Rates& rates, int factors) {
  ALSACE_CHECK(!rates.kernels.empty(), "no rates");
  const auto above = std::lower_bound(rates.kernels.begin(), rates.kernels.end(), factors,
                                      [](const KernelRates& at, int wanted) { return at.factors < wanted; });
  if (above != rates.kernels.end() && above->factors == factors) return *above;
  if (above == rates.kernels.begin() || above == rates.kernels.end()) {
    const KernelRates& nearest = above == rates.kernels.end() ? rates.kernels.back() : *above;
    const double ratio = static_cast<double>(factors) / nearest.factors;
    return {factors, nearest.form_ns * ratio * ratio, nearest.solve_us * ratio * ratio * ratio,
            nearest.gramian_ns * ratio * ratio, nearest.loss_ns * ratio};
  }
  const KernelRates& low = *(above - 1);
  const KernelRates& high = *above;
  const auto between = [&](double KernelRates::*rate) {
    return power_law(factors, low.factors, low.*rate, high.factors, high.*rate);
  };
  return {factors, between(&KernelRates::form_ns), between(&KernelRates::solve_us), between(&KernelRates::gramian_ns),
          between(&KernelRates::loss_ns)};
}

const Rates& default_rates() {
  // By `alsace plan --calibrate` on an AMD EPYC (Zen 4) in a container, so that messages within a host are copied
  // twice; the network is a round guess for 25 Gbit/s Ethernet.
  static const Rates rates{.machine = "one core of an AMD EPYC (Zen 4); hosts on 25 Gbit/s Ethernet, assumed",
                           .kernel_level = "avx512",
                           .kernels = {{16, 14.4, 0.63, 39, 13},
                                       {32, 38, 1.5, 120, 25},
                                       {64, 113, 4.6, 335, 48},
                                       {128, 366, 20, 1220, 96},
                                       {256, 1220, 133, 4560, 365}},
                           .memory_bytes_per_second = 22e9,
                           .within_host = {1e9, 2e-6},
                           .between_hosts = {2.8e9, 20e-6},
                           .between_hosts_measured = false,
                           .load_bytes_per_second = 260e6,
                           .checkpoint_bytes_per_second = 55e6};
  return rates;
}

}  // namespace alsace
