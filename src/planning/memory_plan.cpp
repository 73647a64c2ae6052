#include "src/planning/memory_plan.hpp"

#include <algorithm>
namespace alsace {
namespace {

constexpr double program_bytes = 31e6;  // program, libraries, MPI: a rank with hardly any data, measured
constexpr double stored_number = 8;     // 4-byte index and 4-byte value
constexpr double offset_bytes = 8;      // of a row, and of an id beside its text
constexpr double parsed_row = 12;       // struct InteractionChunk::Row
constexpr double timestamp = 8;
constexpr double parsed_rows_a_round = 1 << 18;  // that import sends at once
constexpr double transposed_entry = 12;          // column, row and value
constexpr double transposed_a_round = 1 << 22;   // entries that the transpose sends at once
constexpr double file_buffers = 4e6;             // chunks of HDF5 while reading
constexpr double checkpoint_buffers = 12e6;      // chunks while writing, and a block that is read back
constexpr double segment_bytes = 4096 * 8.0;     // weights and targets of a segment of a long row
constexpr double dictionary_entry = 72;          // of an id while it is parsed, beside its text

constexpr double rounded_up(double value, double multiple) {
  const double rest = value - multiple * static_cast<double>(static_cast<std::uint64_t>(value / multiple));
  return rest > 0 ? value + multiple - rest : value;
}

/// What the parts are computed from; averages over the ranks.
struct Shares {
  double users;  // own rows
  double items;
  double interactions;  // of either side
  double all_users;
  double all_items;
  double factors;
  double user_id;  // bytes
  double item_id;
};

Shares shares_of(const Workload& workload, const Cluster& cluster) {
  const auto ranks = static_cast<double>(cluster.ranks);
  Shares shares{};
  shares.all_users = static_cast<double>(workload.users);
  shares.all_items = static_cast<double>(workload.items);
  shares.users = shares.all_users / ranks;
  shares.items = shares.all_items / ranks;
  shares.interactions = static_cast<double>(workload.interactions) / ranks;
  shares.factors = workload.factors;
  shares.user_id = workload.user_id_bytes > 0 ? workload.user_id_bytes : mean_digits(workload.users);
  shares.item_id = workload.item_id_bytes > 0 ? workload.item_id_bytes : mean_digits(workload.items);
  return shares;
}

/// Bytes in each stage, in the order of Stage.
using Bytes = std::array<double, stage_count>;

/// From a stage on to the end.
Bytes from(Stage first, double bytes) {
  Bytes all{};
  std::fill(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(), bytes);
  return all;
}
Bytes only_in(Stage stage, double bytes) {
  Bytes all{};
  all[static_cast<std::size_t>(stage)] = bytes;
  return all;
}

/// What a sweep takes and a checkpoint does not, unless they overlap.
Bytes while_training(double bytes, const TrainerTraits& traits) {
  return traits.overlapped_checkpoint ? from(Stage::train, bytes) : only_in(Stage::train, bytes);
}

void add_data(const Workload& workload, const Shares& s, std::vector<MemoryPart>& parts) {
  const double n = s.interactions;
  const double ids = s.users * (s.user_id + offset_bytes) + s.items * (s.item_id + offset_bytes);
  parts.push_back({"program, libraries, MPI", from(Stage::import, program_bytes), false});
  const double parsed = parsed_row + (workload.timestamps ? timestamp : 0);
  parts.push_back({"rows as parsed", only_in(Stage::import, n * parsed), false});
  parts.push_back({"interactions by user", from(Stage::import, n * stored_number + s.users * offset_bytes), false});
  parts.push_back({"interactions by item", from(Stage::prepare, n * stored_number + s.items * offset_bytes), false});
  parts.push_back({"ids", from(Stage::import, ids), false});
  if (workload.timestamps) {
    const double bytes = n * timestamp;
    parts.push_back({"timestamps", {bytes, bytes, bytes, 0, 0}, false});
  }
  if (workload.objective == Objective::explicit_ && workload.biases == Biases::full) {
    parts.push_back({"biases of all rows", from(Stage::prepare, (s.all_users + s.all_items) * 8), false});
  }
}

void add_factors(const Workload& workload, const Shares& s, const ExchangeEstimate& exchange, ExchangeKind kind,
                 const TrainerTraits& traits, std::vector<MemoryPart>& parts) {
  const double row = s.factors * 4;
  const bool window = kind == ExchangeKind::replicate && traits.shared_windows;
  parts.push_back({"factors", from(Stage::train, (exchange.held_users + exchange.held_items) * row), window});
  if (kind == ExchangeKind::needed) {
    const double foreign = exchange.held_users + exchange.held_items - s.users - s.items;
    parts.push_back({"lists of rows held and sent", from(Stage::train, (s.users + s.items + 2 * foreign) * 4), false});
  }
  if (workload.precision == Precision::bf16) {
    const double bytes = (exchange.held_users + exchange.held_items) * rounded_up(s.factors, 32) * 2;
    parts.push_back({"factors as bf16 rows", from(Stage::train, bytes), window});
  }
  const bool dual = workload.solver == Solver::auto_ || workload.solver == Solver::dual;
  if (traits.rotated_copy && dual && workload.objective != Objective::explicit_) {
    const double bytes = exchange.rotated_rows * rounded_up(s.factors, 16) * 4;
    parts.push_back({"fixed side in the Gramian's basis", while_training(bytes, traits), false});
  }
  if (traits.keeps_previous_sweep) {
    parts.push_back({"own rows before the sweep", while_training((s.users + s.items) * row, traits), false});
  }
}

void add_buffers(const Shares& s, const Cluster& cluster, const TrainerTraits& traits, std::vector<MemoryPart>& parts) {
  const double n = s.interactions;
  const double padded = rounded_up(s.factors, 16);
  const double a_thread = 2 * padded * padded * 4 + padded * padded * 8 + segment_bytes;
  const double sums_of_rows = 2 * 8 * std::max(s.users, s.items);  // the loss, and its whole blocks
  const double work = cluster.threads * a_thread + 6 * s.factors * s.factors * 8 + sums_of_rows;
  parts.push_back({"work space of solver and loss", while_training(work, traits), false});

  // Each other rank's part of the lengths of own columns, and a cursor into each: they do not shrink with ranks.
  const double column_lists = s.all_items * (4 + offset_bytes);
  const double round = 2 * std::min(n, transposed_a_round) * transposed_entry;
  Bytes buffers{};
  const double met = std::min(n, s.all_users) + std::min(n, s.all_items);
  buffers[static_cast<std::size_t>(Stage::import)] =
      2 * std::min(n, parsed_rows_a_round) * parsed_row + met * dictionary_entry;
  buffers[static_cast<std::size_t>(Stage::load)] = file_buffers + s.users * 2 * offset_bytes;
  buffers[static_cast<std::size_t>(Stage::prepare)] = column_lists + round;
  buffers[static_cast<std::size_t>(Stage::checkpoint)] = checkpoint_buffers + s.users * offset_bytes;
  parts.push_back({"buffers", buffers, false});

  if (traits.copies_for_checkpoint) {
    const double own = (s.users + s.items) * s.factors * 4;
    const double seen = n * 4 + s.users * offset_bytes;
    parts.push_back({"own factors, copied", only_in(Stage::checkpoint, own), false});
    parts.push_back({"seen lists, copied", only_in(Stage::checkpoint, seen), false});
  }
}

}  // namespace

const char* name_of(Stage stage) {
  constexpr std::array names{"import", "load", "prepare", "train", "checkpoint"};
  return names[static_cast<std::size_t>(stage)];
}

double MemoryPlan::at(Stage stage) const {
  double bytes = 0;
  for (const MemoryPart& part : parts) bytes += part.at(stage);
  return bytes;
}

Stage MemoryPlan::peak_stage() const {
  Stage peak = Stage::load;
  for (const Stage stage : {Stage::prepare, Stage::train, Stage::checkpoint})
    if (at(stage) > at(peak)) peak = stage;
  return peak;
}

double MemoryPlan::training_peak() const {
  return at(peak_stage());
}

double MemoryPlan::host_peak(int ranks) const {
  double most = 0;
  for (const Stage stage : {Stage::load, Stage::prepare, Stage::train, Stage::checkpoint}) {
    double bytes = 0;
    for (const MemoryPart& part : parts) bytes += part.at(stage) * (part.shared_by_host ? 1 : ranks);
    most = std::max(most, bytes);
  }
  return most;
}

MemoryPlan plan_memory(const Workload& workload, const Cluster& cluster, const ExchangeEstimate& exchange,
                       ExchangeKind kind, const TrainerTraits& traits) {
  const Shares shares = shares_of(workload, cluster);
  MemoryPlan plan;
  add_data(workload, shares, plan.parts);
  add_factors(workload, shares, exchange, kind, traits, plan.parts);
  add_buffers(shares, cluster, traits, plan.parts);
  return plan;
}

}  // namespace alsace
