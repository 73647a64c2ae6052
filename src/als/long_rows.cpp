#include "src/als/long_rows.hpp"

#include <algorithm>

#include "src/als/normal_equations.hpp"

namespace alsace {
namespace {

constexpr std::size_t segments_a_thread = 4;  // between two barriers

/// The system of one row: its segments by all threads, added in their order.
class SplitRow {
 public:
  explicit SplitRow(const SharedPart& shared) : shared_(shared), total_(shared, segment_interactions) {
    const std::size_t at_once = segments_a_thread * static_cast<std::size_t>(shared.job().threads);
    parts_.reserve(at_once);
    for (std::size_t i = 0; i < at_once; ++i) parts_.emplace_back(shared, segment_interactions);
  }

  [[nodiscard]] bool solve(std::size_t row, float* x) {
    const HalfSweep& job = shared_.job();
    const std::size_t length = job.rows.row_length(row);
    const auto equal = equal_observation(job.config, job.rows.values_of(row));
    const std::size_t segments = (length + segment_interactions - 1) / segment_interactions;
    for (std::size_t first = 0; first < segments; first += parts_.size()) {
      const std::size_t count = std::min(parts_.size(), segments - first);
      form(row, first, count, equal);
      add(first == 0 ? 1 : 0, count);
    }
    return total_.solve(shared_.regularization(length), equal, x);
  }

 private:
  /// Segment 0 goes straight into the total, which starts with what rows share; the others start from zero.
  void form(std::size_t row, std::size_t first, std::size_t count, std::optional<EqualObservation> equal) {
    const HalfSweep& job = shared_.job();
    const auto columns = job.rows.columns_of(row);
    const auto values = job.rows.values_of(row);
#pragma omp parallel for schedule(dynamic, 1) num_threads(job.threads)
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t begin = (first + i) * segment_interactions;
      const std::size_t length = std::min(segment_interactions, columns.size() - begin);
      NormalEquations& system = begin == 0 ? total_ : parts_[i];
      if (begin == 0) {
        system.start_from_shared(equal);
      } else {
        system.start_from_zero();
      }
      system.add(columns.subspan(begin, length), values.subspan(begin, length), equal);
    }
  }

  /// total += parts [begin, end), entry by entry in order; the threads share the entries.
  void add(std::size_t begin, std::size_t end) {
    constexpr std::size_t slice = 1024;
    const std::size_t entries = total_.matrix_size();
#pragma omp parallel for schedule(static) num_threads(shared_.job().threads)
    for (std::size_t from = 0; from < entries; from += slice)
      for (std::size_t i = begin; i < end; ++i) total_.add(parts_[i], from, std::min(from + slice, entries));
  }

  const SharedPart& shared_;
  NormalEquations total_;
  std::vector<NormalEquations> parts_;
};

}  // namespace

std::vector<std::size_t> find_long_rows(const SharedPart& shared) {
  std::vector<std::size_t> rows;
  const HalfSweep& job = shared.job();
  if (job.threads == 1 || shared.longest_row() <= long_row_segments * segment_interactions) return rows;
  for (std::size_t row = 0; row < job.rows.rows(); ++row)
    if (const std::size_t length = job.rows.row_length(row);
        length > long_row_segments * segment_interactions && shared.method(length) == RowMethod::cholesky)
      rows.push_back(row);
  return rows;
}

bool solve_long_rows(const SharedPart& shared, const std::vector<std::size_t>& rows, float* solved,
                     const std::stop_token& stop, const std::function<void(std::size_t)>& on_failure) {
  if (rows.empty()) return true;
  SplitRow split(shared);
  for (const std::size_t row : rows) {
    if (stop.stop_requested()) return false;
    if (!split.solve(row, solved + row * shared.factors())) on_failure(row);
  }
  return true;
}

}  // namespace alsace
