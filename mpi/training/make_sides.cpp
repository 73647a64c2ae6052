#include "mpi/training/make_sides.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "io/system.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/training/distributed_sum.hpp"
#include "mpi/training/exchange_choice.hpp"
#include "src/als/row_cost.hpp"

namespace alsace::mpi {
namespace {

constexpr double mebibyte = 1024.0 * 1024.0;

/// The rows that this rank holds under needed, of both sides.
struct HeldRows {
  std::vector<std::uint32_t> users;
  std::vector<std::uint32_t> items;
};

struct Choice {
  Exchange kind;
  RankGroups copies;
  HeldRows held;  ///< empty under replicate
};

class SideMaker {
 public:
  SideMaker(const Communicator& comm, const TrainConfig& config, TrainingData& data, int threads,
            const ExchangeOptions& options)
      : comm_(comm),
        data_(data),
        threads_(threads),
        options_(options),
        factors_(config.factors),
        bf16_(config.precision == Precision::bf16),
        cost_(training_cost(config.factors)),
        hosts_(ranks_by_host(comm, options.ranks_per_host)) {}

  FactorSides make() {
    Choice choice = choose();
    auto users = layout(data_.users, data_.by_user, choice, std::move(choice.held.users));
    auto items = layout(data_.items, data_.by_item, choice, std::move(choice.held.items));
    if (choice.kind == Exchange::needed) {
      name_places(items.held, data_.by_user.columns);
      name_places(users.held, data_.by_item.columns);
    }
    FactorSides sides;
    sides.users = std::make_unique<SideFactors>(comm_, std::move(users), factors_, bf16_, threads_);
    sides.items = std::make_unique<SideFactors>(comm_, std::move(items), factors_, bf16_, threads_);
    return sides;
  }

 private:
  [[nodiscard]] RowBytes row_bytes() const {
    const auto wire = static_cast<std::uint64_t>(factors_) * (bf16_ ? 2 : 4);
    return {FactorTable::bytes_of({1, factors_, bf16_}), wire};
  }

  [[nodiscard]] HeldRows needed() const {
    const int rank = comm_.rank();
    return {needed_rows(data_.by_item.columns, data_.users.range(rank), whole_blocks(data_.users, rank),
                        data_.users.rows()),
            needed_rows(data_.by_user.columns, data_.items.range(rank), whole_blocks(data_.items, rank),
                        data_.items.rows())};
  }

  /// One copy for each host where its memory has room for both sides' windows; every host or none.
  [[nodiscard]] RankGroups share_copies() const {
    if (hosts_.groups() == hosts_.ranks()) return hosts_;
    const std::uint64_t wanted = FactorTable::bytes_of({data_.users.rows(), factors_, bf16_}) +
                                 FactorTable::bytes_of({data_.items.rows(), factors_, bf16_});
    const std::uint64_t room = options_.shared_bytes_free.value_or(io::free_bytes("/dev/shm"));
    const std::uint64_t least = all_reduce_min(comm_, room);
    if (wanted <= least) return hosts_;
    if (comm_.is_root() && options_.kind != Exchange::needed) {
      spdlog::warn(
          "/dev/shm = {:.1f} MiB free, expected at least {:.1f} MiB for factors that the ranks of a host share: "
          "each rank keeps a copy of its own",
          static_cast<double>(least) / mebibyte, static_cast<double>(wanted) / mebibyte);
    }
    return RankGroups::singles(comm_.size());
  }

  [[nodiscard]] Choice choose() const {
    if (options_.kind == Exchange::needed) return {Exchange::needed, RankGroups::singles(comm_.size()), needed()};
    RankGroups copies = share_copies();
    if (options_.kind == Exchange::replicate || comm_.size() == 1) return {Exchange::replicate, std::move(copies), {}};
    HeldRows held = needed();
    const auto rank = comm_.rank();
    const auto ranks = all_gather(comm_, RankRows{data_.users.range(rank).size() + data_.items.range(rank).size(),
                                                  held.users.size() + held.items.size()});
    const ExchangeCost replicate = replicate_cost(ranks, hosts_, copies, row_bytes());
    const ExchangeCost needed = needed_cost(ranks, hosts_, row_bytes());
    const std::uint64_t available = all_reduce_min(comm_, io::available_memory_bytes());
    const Exchange kind = choose_exchange(replicate, needed, available);
    spdlog::info(
        "exchange {}: replicate would move {:.1f} MiB a sweep to the busiest host and hold {:.1f} MiB there, "
        "needed {:.1f} and {:.1f}; {:.0f} MiB are free",
        name_of(kind), static_cast<double>(replicate.moved) / mebibyte, static_cast<double>(replicate.held) / mebibyte,
        static_cast<double>(needed.moved) / mebibyte, static_cast<double>(needed.held) / mebibyte,
        static_cast<double>(available) / mebibyte);
    if (kind == Exchange::replicate) return {kind, std::move(copies), {}};
    return {kind, RankGroups::singles(comm_.size()), std::move(held)};
  }

  [[nodiscard]] SideLayout layout(const ShardMap& map, const SparseRows& rows, const Choice& choice,
                                  std::vector<std::uint32_t> held) const {
    const ShardParts parts = cut_shards(comm_, map, rows, cost_, static_cast<std::size_t>(row_bytes().moved));
    ExchangePlan plan = choice.kind == Exchange::needed ? needed_plan(comm_, parts, held)
                                                        : replicate_plan(parts, choice.copies, comm_.rank());
    return {map, hosts_, choice.copies, choice.kind == Exchange::replicate, std::move(held), std::move(plan)};
  }

  /// Global rows, all of them held, become places among `held`.
  static void name_places(std::span<const std::uint32_t> held, std::vector<std::uint32_t>& columns) {
    std::vector<std::uint32_t> place(held.empty() ? 0 : std::size_t{held.back()} + 1);
    for (std::size_t i = 0; i < held.size(); ++i) place[held[i]] = static_cast<std::uint32_t>(i);
    for (std::uint32_t& column : columns) column = place[column];
  }

  const Communicator& comm_;
  TrainingData& data_;
  int threads_;
  const ExchangeOptions& options_;
  int factors_;
  bool bf16_;
  RowCost cost_;
  RankGroups hosts_;
};

}  // namespace

FactorSides make_sides(const Communicator& comm, const TrainConfig& config, TrainingData& data, int threads,
                       const ExchangeOptions& options) {
  return SideMaker(comm, config, data, threads, options).make();
}

}  // namespace alsace::mpi
