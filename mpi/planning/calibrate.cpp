#include "mpi/planning/calibrate.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "io/planning/processor.hpp"
#include "mpi/planning/measure_files.hpp"
#include "mpi/planning/measure_kernels.hpp"
#include "mpi/planning/measure_links.hpp"

namespace alsace::mpi {

Rates calibrate(const Communicator& comm, const CalibrationOptions& options) {
  Rates rates = default_rates();
  rates.machine = fmt::format("{}, {} rank(s) at once", io::processor_name(), comm.size());
  rates.kernel_level = options.kernel_level;
  rates.kernels.clear();
  for (const int factors : options.factors) {
    rates.kernels.push_back(measure_kernels(comm, options.kernel_level, factors, options.seconds));
    const KernelRates& at = rates.kernels.back();
    spdlog::info("{} factors: {:.3g} ns an interaction, {:.3g} us a row; Gramian {:.3g} ns a row, loss {:.3g} ns",
                 factors, at.form_ns, at.solve_us, at.gramian_ns, at.loss_ns);
  }
  rates.memory_bytes_per_second = measure_memory(comm);
  spdlog::info("memory: {:.3g} GB/s a rank", rates.memory_bytes_per_second / 1e9);

  const MeasuredLinks links = measure_links(comm);
  rates.within_host = links.within_host.value_or(rates.within_host);
  rates.between_hosts = links.between_hosts.value_or(rates.between_hosts);
  rates.between_hosts_measured = links.between_hosts.has_value();
  spdlog::info("within a host: {:.3g} GB/s a rank, {:.3g} us{}", rates.within_host.bytes_per_second / 1e9,
               rates.within_host.latency_seconds * 1e6, links.within_host ? "" : " (assumed: one rank a host)");
  spdlog::info("between hosts: {:.3g} GB/s a host, {:.3g} us{}", rates.between_hosts.bytes_per_second / 1e9,
               rates.between_hosts.latency_seconds * 1e6, links.between_hosts ? "" : " (assumed: one host)");

  const MeasuredFiles files = measure_files(comm, options.directory);
  rates.load_bytes_per_second = files.load_bytes_per_second;
  rates.checkpoint_bytes_per_second = files.checkpoint_bytes_per_second;
  spdlog::info("files: a rank loads {:.3g} MB/s, checkpoints {:.3g} MB/s", rates.load_bytes_per_second / 1e6,
               rates.checkpoint_bytes_per_second / 1e6);
  return rates;
}

}  // namespace alsace::mpi
