#include "bench/support/rank_trainer.hpp"

#include <chrono>
#include <thread>

#include <nlohmann/json.hpp>

#include "io/clock.hpp"
#include "mpi/data/load_input.hpp"
#include "src/als/initial_factors.hpp"
#include "src/als/row_cost.hpp"

namespace alsace::bench {
namespace {

mpi::ShardMap cut(const mpi::Communicator& comm, const SparseRows& rows, int factors) {
  const auto even = mpi::ShardMap::even(rows.rows(), comm.size());
  std::vector<std::uint64_t> lengths;
  const RowRange mine = even.range(comm.rank());
  for (std::uint64_t row = mine.begin; row < mine.end; ++row)
    lengths.push_back(rows.row_length(static_cast<std::size_t>(row)));
  return mpi::cut_by_cost(comm, even, lengths, training_cost(factors));
}

SparseRows slice(const SparseRows& rows, RowRange range) {
  SparseRows part;
  part.first_row = range.begin;
  const auto first = static_cast<std::ptrdiff_t>(rows.offsets[static_cast<std::size_t>(range.begin)]);
  const auto last = static_cast<std::ptrdiff_t>(rows.offsets[static_cast<std::size_t>(range.end)]);
  for (std::uint64_t row = range.begin; row < range.end; ++row)
    part.offsets.push_back(rows.offsets[static_cast<std::size_t>(row) + 1] - static_cast<std::uint64_t>(first));
  part.columns.assign(rows.columns.begin() + first, rows.columns.begin() + last);
  part.values.assign(rows.values.begin() + first, rows.values.begin() + last);
  return part;
}

mpi::TrainingData share_of(const mpi::Communicator& comm, const Interactions& data, int factors) {
  mpi::TrainingData share{cut(comm, data.by_user, factors), cut(comm, data.by_item, factors), {}, {}, 0, {}};
  share.by_user = slice(data.by_user, share.users.range(comm.rank()));
  share.by_item = slice(data.by_item, share.items.range(comm.rank()));
  share.interactions = data.by_user.nonzeros();
  return share;
}

}  // namespace

RankTrainer::RankTrainer(const mpi::Communicator& comm, const TrainConfig& config, const KernelTable& kernels,
                         const Interactions& data, int threads, const mpi::ExchangeOptions& exchange)
    : comm_(comm), trainer_(comm, config, kernels, share_of(comm, data, config.factors), threads, times_, exchange) {
  trainer_.start([&](RowRange range, float* rows) { initialize_items(config, range, rows); });
}

void RankTrainer::sweep() {
  const Account before = total();
  const io::Stopwatch watch;
  loss_ = trainer_.sweep({}, false).value();
  const double seconds = watch.seconds();
  const Account after = total();  // its `seconds` are those of the losses
  account_ = {seconds - (after.seconds - before.seconds), after.exchange - before.exchange, after.wait - before.wait,
              after.received - before.received, after.least - before.least};
}

RankTrainer::Account RankTrainer::total() const {
  const auto told = nlohmann::json::parse(times_.report(comm_).json).at("phases");
  const auto number = [&](const char* phase, const char* field) {
    const nlohmann::json::json_pointer path(std::string("/") + phase + "/" + field);
    return told.contains(path) ? told.at(path).get<double>() : 0.0;
  };
  return {number("loss", "seconds/max"), number("exchange", "seconds/max"), number("wait", "seconds/max"),
          number("exchange", "received_bytes"), number("exchange", "lower_bound_bytes")};
}

void wait_asleep(const mpi::Communicator& comm) {
  MPI_Request request = MPI_REQUEST_NULL;
  mpi::check_mpi(MPI_Ibarrier(comm.get(), &request), "MPI_Ibarrier");
  for (int done = 0; done == 0;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    mpi::check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
  }
}

}  // namespace alsace::bench
