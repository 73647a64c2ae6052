#include "src/als/fold_in.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "src/als/bias_model.hpp"
#include "src/als/half_sweep.hpp"
#include "src/als/prepare_values.hpp"
#include "src/data/clean.hpp"
#include "src/error.hpp"

namespace alsace {
namespace {

/// One row for all events of one person, an item once.
SparseRows one_row(const TrainConfig& config, const std::vector<Event>& events) {
  std::vector<Interaction> rows;
  rows.reserve(events.size());
  for (const Event& event : events) {
    ALSACE_CHECK(accepts_value(config, event.value), fmt::format("value = {}", event.value));
    // Their order stands for the time that decides which one is the last.
    rows.push_back({0, event.item, event.value, static_cast<std::int64_t>(rows.size())});
  }
  const bool last_counts = config.objective == Objective::explicit_;
  const Merged merged = merge_duplicates(rows, last_counts ? Duplicates::last : Duplicates::sum);
  ALSACE_CHECK(!merged.refused, fmt::format("{} values of accepted size", rows.size()));
  return to_sparse_rows({0, 1}, rows);
}

/// μ + b_u + b_i with b_u as a pass of training over these people would fit it to the model's item biases.
BiasModel fit_user_biases(const ModelInfo& info, const SparseRows& events, const GatheredItems& items) {
  BiasModel model{.mean = info.mean, .user = {}, .item = items.biases};
  if (info.config.biases == Biases::full)
    model.user = fit_row_biases(events, info.mean, items.biases, info.config.bias_regularization);
  return model;
}

void check_shapes(const ModelInfo& info, const SparseRows& events, const GatheredItems& items) {
  const std::size_t count = items.items.size();
  ALSACE_CHECK(static_cast<std::size_t>(items.factors.rows()) == count,
               fmt::format("{} rows of {} items", items.factors.rows(), count));
  const bool has_biases = info.config.objective == Objective::explicit_ && info.config.biases == Biases::full;
  ALSACE_CHECK(items.biases.size() == (has_biases ? count : 0),
               fmt::format("{} biases of {} items", items.biases.size(), count));
  ALSACE_CHECK(events.first_row == 0, fmt::format("first_row = {}", events.first_row));
  for (const std::uint32_t column : events.columns)
    ALSACE_CHECK(column < count, fmt::format("position {} of {} items", column, count));
}

}  // namespace

bool accepts_value(const TrainConfig& config, float value) {
  if (!(std::fabs(value) <= largest_event_value)) return false;  // so written that it refuses NaN
  const bool negative_is_error = config.objective != Objective::explicit_ && config.value == ValueMeaning::raw &&
                                 config.negatives == Negatives::error;
  return !(value < 0 && negative_is_error);
}

std::vector<Event> prepare_events(const TrainConfig& config, std::vector<Event> events) {
  const PreparedValues prepared = prepare_values(config, one_row(config, events));
  events.clear();
  for (std::size_t i = 0; i < prepared.rows.nonzeros(); ++i)
    events.push_back({prepared.rows.columns[i], prepared.rows.values[i]});
  return events;
}

FoldedUsers fold_in(const ModelInfo& info, const KernelTable& kernels, const SparseRows& events,
                    const GatheredItems& items, int threads, const SharedBasis* basis) {
  check_shapes(info, events, items);
  FoldedUsers folded;
  folded.factors = FactorMatrix::Zero(static_cast<Eigen::Index>(events.rows()), info.config.factors);
  SparseRows rows = events;
  if (info.config.objective == Objective::explicit_) {
    const BiasModel biases = fit_user_biases(info, events, items);
    subtract_biases(biases, true, rows);
    if (info.config.biases != Biases::none) {
      for (std::size_t row = 0; row < rows.rows(); ++row)
        folded.offsets.push_back(biases.mean + (biases.user.empty() ? 0.0 : biases.user[row]));
    }
  }
  if (rows.nonzeros() == 0) return folded;  // then there may be no item, and so no K columns, either
  HalfSweep job{info.config, kernels, rows, items.factors, info.item_gramian, threads, "person", info.items};
  job.basis = basis;
  half_sweep(job, folded.factors.data(), {});
  return folded;
}

}  // namespace alsace
