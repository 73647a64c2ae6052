#include "mpi/serving/sharded_model.hpp"

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::mpi {
namespace {

/// A model of rank 0 with one checkpoint; every rank has a directory of another name, with nothing in it.
class ShardedModelTest : public testing::Test {
 protected:
  ShardedModelTest() {
    if (world_.is_root()) io::testing::write_model(path_, model_, 2);
    barrier(world_);
  }
  ~ShardedModelTest() override { barrier(world_); }  // before rank 0 removes the files

  Communicator world_ = Communicator::world();
  test::ScratchFolder directory_;
  std::filesystem::path path_ = directory_.path() / "model";
  io::testing::TestModel model_ = io::testing::make_model(3);
};

TEST_F(ShardedModelTest, all_ranks_load_what_rank_0_resolves) {
  const ShardedModel loaded = load_sharded_model(world_, path_.string(), {});

  EXPECT_EQ(loaded.info.sweep, 3);
  EXPECT_EQ(loaded.shard.items.begin, loaded.items.range(world_.rank()).begin);
  const auto own = static_cast<Eigen::Index>(loaded.shard.items.begin);
  EXPECT_TRUE(loaded.shard.item_factors == model_.item_factors.middleRows(own, loaded.shard.item_factors.rows()));
}

TEST_F(ShardedModelTest, queries_have_mean_and_bias_of_the_users_asked_for) {
  const ShardedModel loaded = load_sharded_model(world_, path_.string(), {});
  const std::vector<std::uint32_t> users{1, 20};

  const Queries queries = gather_queries(world_, loaded.users, loaded.users_view(), users, false);

  EXPECT_EQ(queries.offsets,
            (std::vector<double>{model_.info.mean + model_.user_biases[1], model_.info.mean + model_.user_biases[20]}));
}

}  // namespace
}  // namespace alsace::mpi
