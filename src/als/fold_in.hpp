#pragma once

#include <cstdint>
#include <vector>

#include "src/als/shared_basis.hpp"
#include "src/data/sparse_rows.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"
#include "src/model/model.hpp"

/// Factors for people the model was not trained on: the row that a user half-sweep against the model's items would
/// give them, by the training solver and bit for bit, wherever the items lie.
namespace alsace {

/// One interaction of somebody unknown.
struct Event {
  std::uint32_t item = 0;  ///< global index
  float value = 1;
  friend bool operator==(const Event&, const Event&) = default;
};

/// Values beyond could make fp32 sums overflow, and scores infinite or NaN.
inline constexpr float largest_event_value = 1e18F;

/// Whether the model's objective can read the value: of at most that magnitude, and not negative where --value raw
/// --negatives error was trained with.
bool accepts_value(const TrainConfig& config, float value);

/// Brings the events of one person in the form that training gave its rows: ascending by item; an item that comes
/// twice has its values added (implicit objectives) or keeps the last (explicit); then what prepare_values does
/// (binary: all 1; raw: zeros dropped …). Every value must be accepted.
std::vector<Event> prepare_events(const TrainConfig& config, std::vector<Event> events);

/// Some items' rows, gathered from whoever holds them.
struct GatheredItems {
  std::vector<std::uint32_t> items;  ///< global indices, ascending
  FactorMatrix factors;              ///< items.size() × K
  std::vector<double> biases;        ///< one each, or empty where the model has none
};

struct FoldedUsers {
  FactorMatrix factors;         ///< one row a person × K; zero for a person without events
  std::vector<double> offsets;  ///< μ + b_u of each, as Queries::offsets; empty where scores have no biases
};

/// `events`: a row a person, as prepare_events left it, whose columns are positions in `items`. `info`: of the model,
/// with its item Gramian. `basis`: of that Gramian, when the caller keeps it; computed here if need be. The bits of a
/// person's row are those of half_sweep over the same events and all items, starting from zero.
/// Throws ErrorKind::numerics as half_sweep does. Cost: Σ n·K² + rows·K³/3 flops. Not collective.
FoldedUsers fold_in(const ModelInfo& info, const KernelTable& kernels, const SparseRows& events,
                    const GatheredItems& items, int threads, const SharedBasis* basis = nullptr);

}  // namespace alsace
