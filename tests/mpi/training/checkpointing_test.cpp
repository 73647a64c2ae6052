#include "mpi/training/checkpointing.hpp"

#include <filesystem>
#include <limits>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/store/model_store.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/shard_map.hpp"
#include "src/error.hpp"
#include "tests/mpi/shared_folder.hpp"

namespace alsace::mpi {
namespace {

namespace fs = std::filesystem;

constexpr int factors = 3;
constexpr std::uint64_t users = 5;
constexpr std::uint64_t items = 4;

/// A rank's share of a model in which every number tells its row and its sweep; user u has seen item u mod 4.
class CheckpointWriterTest : public testing::Test {
 protected:
  CheckpointWriterTest() {
    shard_.users = ShardMap::even(users, world_.size()).range(world_.rank());
    shard_.items = ShardMap::even(items, world_.size()).range(world_.rank());
    shard_.first_interaction = shard_.users.begin;
    for (std::uint64_t u = shard_.users.begin; u < shard_.users.end; ++u) {
      shard_.user_ids.push_back("u" + std::to_string(u));
      shard_.seen_items.push_back(static_cast<std::uint32_t>(u % items));
      shard_.seen_offsets.push_back(shard_.seen_items.size());
    }
    for (std::uint64_t i = shard_.items.begin; i < shard_.items.end; ++i)
      shard_.item_ids.push_back("i" + std::to_string(i));
    info_.config.factors = factors;
    info_.kernel_level = "portable";
    info_.users = users;
    info_.items = items;
    info_.interactions = users;
    info_.user_gramian = info_.item_gramian = GramMatrix::Identity(factors, factors);
  }

  static FactorMatrix rows(RowRange range, int sweep) {
    FactorMatrix matrix(static_cast<Eigen::Index>(range.size()), factors);
    for (Eigen::Index row = 0; row < matrix.rows(); ++row) {
      matrix.row(row).setConstant(static_cast<float>(1000 * sweep) + static_cast<float>(range.begin) +
                                  static_cast<float>(row));
    }
    return matrix;
  }
  void solve_users(int sweep) { shard_.user_factors = rows(shard_.users, sweep); }
  void solve_items(int sweep) {
    shard_.item_factors = rows(shard_.items, sweep);
    info_.sweep = sweep;
    info_.history.push_back({sweep, 1.0 / sweep, 0, {}});
  }
  void begin(CheckpointWriter& writer, int sweep) const {
    writer.begin(sweep, info_.config, {shard_.users, shard_.user_ids, shard_.user_factors, {}},
                 {shard_.seen_offsets, shard_.seen_items, {}, shard_.first_interaction});
  }
  void end(CheckpointWriter& writer) const {
    writer.end(info_, {shard_.items, shard_.item_ids, shard_.item_factors, {}});
  }
  [[nodiscard]] CheckpointWriter make_writer(int keep = 9) {
    return {world_, path_.string(), shard_.user_ids, shard_.item_ids, keep, times_};
  }
  void expect_holds(int sweep) const {
    const io::ModelReader reader(path_ / io::sweep_name(sweep));
    reader.verify_files();
    const ModelShard whole = reader.read({0, users}, {0, items});
    EXPECT_EQ(whole.user_factors, rows({0, users}, sweep));
    EXPECT_EQ(whole.item_factors, rows({0, items}, sweep));
    EXPECT_EQ(whole.seen_items, (std::vector<std::uint32_t>{0, 1, 2, 3, 0}));
    EXPECT_EQ(reader.info().sweep, sweep);
  }
  [[nodiscard]] bool staged() const {
    barrier(world_);
    bool found = false;
    if (fs::exists(path_)) {
      for (const auto& entry : fs::directory_iterator(path_)) found |= entry.path().extension() == ".tmp";
    }
    barrier(world_);
    return found;
  }

  const Communicator world_ = Communicator::world();
  const test::SharedFolder folder_{world_};
  const fs::path path_ = folder_.path() / "model";
  ModelShard shard_;
  ModelInfo info_;
  PhaseTimes times_;
};

TEST_F(CheckpointWriterTest, sides_are_written_while_the_other_one_is_solved) {
  CheckpointWriter writer = make_writer();
  for (int sweep = 1; sweep <= 3; ++sweep) {
    solve_users(sweep);
    if (writer.ended()) writer.publish();
    begin(writer, sweep);
    solve_items(sweep);
    end(writer);
  }
  writer.publish();

  for (int sweep = 1; sweep <= 3; ++sweep) expect_holds(sweep);
  EXPECT_EQ(writer.begun(), 0);
  EXPECT_FALSE(staged());
}

TEST_F(CheckpointWriterTest, discarded_at_any_step_it_leaves_nothing_and_can_begin_again) {
  CheckpointWriter writer = make_writer();
  writer.discard();
  solve_users(1);
  begin(writer, 1);
  writer.discard();
  EXPECT_FALSE(staged());
  begin(writer, 1);
  solve_items(1);
  end(writer);
  writer.discard();
  EXPECT_FALSE(staged());
  EXPECT_FALSE(io::has_checkpoint(path_));

  begin(writer, 1);
  end(writer);
  writer.publish();

  expect_holds(1);
}

TEST_F(CheckpointWriterTest, what_is_left_of_one_that_was_destroyed_goes_at_the_next_begin) {
  solve_users(1);
  begin(*std::make_unique<CheckpointWriter>(world_, path_.string(), shard_.user_ids, shard_.item_ids, 9, times_), 1);
  barrier(world_);
  CheckpointWriter writer = make_writer();

  solve_users(2);
  begin(writer, 2);
  solve_items(2);
  end(writer);
  writer.publish();

  expect_holds(2);
  EXPECT_FALSE(staged());
}

TEST_F(CheckpointWriterTest, what_fails_in_the_thread_of_one_rank_is_thrown_on_all) {
  CheckpointWriter writer = make_writer();
  commit_checkpoint(
      world_, path_.string(),
      [&] {
        solve_users(1);
        solve_items(1);
        return info_;
      }(),
      shard_, 9, times_);
  solve_users(2);
  if (world_.is_root()) shard_.user_factors(0, 0) = std::numeric_limits<float>::infinity();
  begin(writer, 2);
  solve_items(2);

  try {
    end(writer);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::numerics);
    EXPECT_THAT(error.what(), testing::HasSubstr("/users/factors: element 0 of the shard = inf"));
  }
  EXPECT_FALSE(staged());
  EXPECT_EQ(writer.begun(), 0);
  expect_holds(1);
}

TEST_F(CheckpointWriterTest, file_that_cannot_be_written_is_named_on_all_ranks) {
  CheckpointWriter writer = make_writer();
  solve_users(1);
  begin(writer, 1);
  solve_items(1);
  end(writer);
  // Another program removes the directory: where is not known before, and every step may be the one that fails.
  if (world_.is_root()) fs::remove_all(path_);

  try {
    writer.publish();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::storage);
    EXPECT_THAT(error.what(), testing::HasSubstr("sweep-000001"));
  }
  EXPECT_EQ(writer.begun(), 0);
}

}  // namespace
}  // namespace alsace::mpi
