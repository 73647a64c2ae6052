// Loss and NDCG@100 after ten sweeps by every precision and solver, beside a training in fp64.
#include <cmath>

#include <fmt/format.h>

#include "bench/support/local_trainer.hpp"
#include "bench/support/program.hpp"
#include "bench/support/quality_data.hpp"
#include "bench/support/report.hpp"
#include "bench/yardstick/eigen_sweep.hpp"
#include "io/clock.hpp"
#include "io/system.hpp"
#include "mpi/data/load_input.hpp"
#include "src/als/initial_factors.hpp"
#include "src/als/serial_trainer.hpp"

namespace {

using namespace alsace;
using namespace alsace::bench;

/// How far from fp64 is as good.
struct Tolerance {
  double loss;
  double ndcg;
};

/// What training in fp64 comes to.
struct Reference {
  FactorMatrix64 users;
  FactorMatrix64 items;
  double loss = 0;
};

int threads_here() {
  return static_cast<int>(io::allowed_processors().size());
}

FactorMatrix64 initial_items(const TrainConfig& config, std::size_t items) {
  FactorMatrix factors(static_cast<Eigen::Index>(items), config.factors);
  initialize_items(config, {0, items}, factors.data());
  return factors.cast<double>();
}

/// The loss of fp64 factors, from its definition for hkv and values of 1: see src/als/loss.hpp.
double loss64(const TrainConfig& config, const Interactions& data, const FactorMatrix64& users,
              const FactorMatrix64& items) {
  const double confidence = 1 + config.alpha;
  double sum = ((users.transpose() * users).cwiseProduct(items.transpose() * items)).sum() +
               config.regularization * (users.squaredNorm() + items.squaredNorm());
  for (std::size_t user = 0; user < data.by_user.rows(); ++user) {
    for (const std::uint32_t item : data.by_user.columns_of(user)) {
      const double score = users.row(static_cast<Eigen::Index>(user)).dot(items.row(item));
      sum += confidence * (1 - score) * (1 - score) - score * score;
    }
  }
  return sum;
}

/// Ten sweeps by Eigen in fp64, blocked, on all processors: what the serial trainer computes, in minutes.
Reference train64(const TrainConfig& config, const Interactions& data) {
  Reference reference;
  reference.items = initial_items(config, data.by_item.rows());
  reference.users = FactorMatrix64::Zero(static_cast<Eigen::Index>(data.by_user.rows()), config.factors);
  const auto half = [&](const SparseRows& rows, const FactorMatrix64& fixed, FactorMatrix64& solved) {
    eigen_table().half_sweep64({rows.offsets.data(), rows.columns.data(), rows.rows(), fixed.data(),
                                static_cast<std::size_t>(fixed.rows()), config.factors, config.alpha,
                                config.regularization, 1, threads_here(), solved.data()});
  };
  for (int sweep = 0; sweep < config.sweeps; ++sweep) {
    half(data.by_user, reference.items, reference.users);
    half(data.by_item, reference.users, reference.items);
    fmt::print(stderr, "  fp64 sweep {} of {}\n", sweep + 1, config.sweeps);
  }
  reference.loss = loss64(config, data, reference.users, reference.items);
  return reference;
}

/// Whether `auto` may choose this precision and give some row to what this solver forces: then it has to be as good as
/// the reference.
bool may_be_chosen(Solver solver, TrainConfig config, std::string_view level) {
  if (config.precision != resolve_precision(Precision::auto_)) return false;
  if (solver != Solver::cg && solver != Solver::subspace) return true;
  config.solver = Solver::auto_;
  const MethodChoice choice(config, level);
  const RowMethod method = solver == Solver::cg ? RowMethod::cg : RowMethod::subspace;
  for (std::size_t length = 1; length < 100'000; ++length)
    if (choice(length) == method) return true;
  return false;
}

void compare(Report& report, const TrainConfig& config, const QualityData& data, const Reference& reference,
             const std::vector<Solver>& solvers, const Tolerance& most) {
  const std::string_view level = supported_kernel_levels().back();
  const KernelTable& kernels = kernel_table(level);
  const double ndcg =
      ndcg_at_100(data, reference.users.cast<float>(), reference.items.cast<float>(), kernels, threads_here());
  report.section(fmt::format("After {} sweeps: {} of {}, K = {}, level {}", config.sweeps,
                             data.train.by_user.nonzeros(), data.train.name, config.factors, level));
  report.add(Row()
                 .text("precision", "fp64")
                 .text("solver", "reference")
                 .text("loss", fmt::format("{:.9g}", reference.loss))
                 .number("NDCG@100", ndcg, 5));
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    for (const Solver solver : solvers) {
      TrainConfig own = config;
      own.precision = precision;
      own.solver = solver;
      LocalTrainer trainer(own, kernels, data.train, threads_here());
      const io::Stopwatch watch;
      for (int sweep = 0; sweep < config.sweeps; ++sweep) trainer.sweep();
      fmt::print(stderr, "  {} {}: {:.1f} s\n", name_of(precision), name_of(solver), watch.seconds());
      const double own_loss =
          loss64(config, data.train, trainer.users().cast<double>(), trainer.items().cast<double>());
      const double loss = own_loss / reference.loss - 1;
      const double found = ndcg_at_100(data, trainer.users(), trainer.items(), kernels, threads_here()) - ndcg;
      report.add(Row()
                     .text("precision", name_of(precision))
                     .text("solver", name_of(solver))
                     .text("loss", fmt::format("{:.9g}", own_loss))
                     .text("from fp64", fmt::format("{:+.1e}", loss))
                     .number("NDCG@100", found + ndcg, 5)
                     .text("ndcg from fp64", fmt::format("{:+.5f}", found))
                     .text("rows solved by", rows_by_method(trainer.solved())));
      if (!may_be_chosen(solver, own, level)) continue;
      report.verify(std::abs(loss) <= most.loss && std::abs(found) <= most.ndcg,
                    fmt::format("{} {} is within {} of the loss and {} of NDCG@100", name_of(precision),
                                name_of(solver), most.loss, most.ndcg));
    }
  }
}

Interactions read_ratings(const mpi::Communicator& world, const std::string& file) {
  mpi::LoadedDataset loaded = mpi::load_input(world, {file}, {}, Duplicates::last, {});
  Interactions all;
  all.name = "MovieTweetings";
  all.by_user = std::move(loaded.shard.by_user);
  all.by_user.values.assign(all.by_user.nonzeros(), 1.0F);
  all.by_item = transpose(all.by_user, loaded.shard.items);
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const mpi::Environment environment(argc, argv);
  CommonOptions options;
  int factors = 64;
  std::string ratings = ALSACE_BENCH_RATINGS;
  return run_program(
      argc, argv,
      "Loss and NDCG@100 after ten sweeps of every precision and solver beside a training in fp64: on the bundled\n"
      "MovieTweetings against the serial trainer, on data in the shape of MovieLens 20M against Eigen in fp64, which the\n"
      "first shows to be the same. --rounds means nothing here: the figures do not depend on time.",
      options,
      [&](CLI::App& app) {
        app.add_option("--factors", factors, "K");
        app.add_option("--ratings", ratings, "the bundled ratings");
      },
      [&] {
        const mpi::Communicator world = mpi::Communicator::world();
        Report report("quality", 1);
        TrainConfig config = yardstick_config(factors);
        config.sweeps = options.quick ? 2 : 10;
        // A mean over few users is coarse, and two sweeps are far from the end: quick looks for mistakes only.
        const Tolerance most = options.quick ? Tolerance{1e-4, 5e-3} : Tolerance{1e-5, 5e-4};
        {
          const QualityData data = hold_out(read_ratings(world, ratings), 1);
          const SerialModel serial = train_serially(config, data.train.by_user, data.train.by_item.rows(),
                                                    initial_items(config, data.train.by_item.rows()));
          const Reference blocked = train64(config, data.train);
          compare(report, config, data, {serial.users, serial.items, serial.losses.back()},
                  {Solver::auto_, Solver::cholesky, Solver::dual, Solver::cg, Solver::subspace}, most);
          report.verify(std::abs(blocked.loss / serial.losses.back() - 1) <= 1e-10,
                        fmt::format("Eigen in fp64 and the serial trainer: {:.1e} apart in loss",
                                    std::abs(blocked.loss / serial.losses.back() - 1)));
        }
        const QualityData data = hold_out(made_up(twenty_million(options.quick)), 8);
        compare(report, config, data, train64(config, data.train), {Solver::auto_, Solver::cholesky, Solver::cg}, most);
        return report.finish(options.json);
      });
}
