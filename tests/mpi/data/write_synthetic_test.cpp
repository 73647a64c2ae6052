#include "mpi/data/write_synthetic.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "io/readers/item_info.hpp"
#include "mpi/comm/collectives.hpp"
#include "src/data/synthetic_items.hpp"
#include "src/error.hpp"
#include "tests/mpi/shared_folder.hpp"

namespace alsace::mpi {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What one rank would write, put together from the rows alone.
std::string expected_csv(const SyntheticConfig& config, const Allocation& allocation) {
  const SparseRows rows = SyntheticData(config, allocation).generate({0, config.users});
  std::string text = "user,item,value\n";
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    for (std::size_t i = 0; i < rows.row_length(row); ++i) {
      text += std::to_string(row + 1) + ',' + std::to_string(rows.columns_of(row)[i] + 1) + ',' +
              std::to_string(static_cast<int>(rows.values_of(row)[i])) + '\n';
    }
  }
  return text;
}

TEST(WriteSyntheticTest, file_has_the_same_bytes_at_any_rank_count) {
  const auto world = Communicator::world();
  const SyntheticConfig config{.users = 90, .items = 300, .interactions = 2400, .ratings = true};
  const test::SharedFolder folder(world);
  const std::string path = folder / "synthetic_blocks.csv";

  write_synthetic_csv(world, config, path, true, 200);  // 13 blocks: several rounds at any rank count
  barrier(world);

  EXPECT_TRUE(contents(path) == expected_csv(config, allocate_together(world, config)));
}

TEST(WriteSyntheticTest, items_have_the_same_bytes_at_any_rank_count) {
  const auto world = Communicator::world();
  const SyntheticConfig config{.users = 90, .items = 300, .interactions = 2400};
  const test::SharedFolder folder(world);
  const std::string path = folder / "synthetic_items.csv";
  std::string expected = "item,title,genres,year\n";
  for (std::uint64_t item = 0; item < config.items; ++item) {
    const SyntheticItem made = synthetic_item(config, item);
    expected +=
        std::to_string(item + 1) + ',' + made.title + ',' + made.genres + ',' + std::to_string(made.year) + '\n';
  }

  write_synthetic_items(world, config, path, true, 23);  // 14 blocks
  barrier(world);

  EXPECT_TRUE(contents(path) == expected);
  io::ItemInfoFile file(path);
  EXPECT_EQ(file.attributes(), (std::vector<std::string>{"genres", "year"}));
}

TEST(WriteSyntheticTest, more_ranks_than_users_is_fine) {
  const auto world = Communicator::world();
  const SyntheticConfig config{.users = 2, .items = 3, .interactions = 5};

  const DatasetShard shard = synthetic_shard(world, config);

  EXPECT_EQ(all_reduce_sum<std::uint64_t>(world, shard.by_user.nonzeros()), 5U);
  EXPECT_EQ(all_reduce_sum<std::uint64_t>(world, shard.item_ids.size()), 3U);
  EXPECT_EQ(shard.user_ids.size(), shard.by_user.rows());
}

TEST(WriteSyntheticTest, existing_file_is_refused_on_every_rank_and_left_alone) {
  const auto world = Communicator::world();
  const SyntheticConfig config{.users = 2, .items = 3, .interactions = 5};
  const test::SharedFolder folder(world);
  const std::string path = folder.write("taken.csv", "mine");

  try {
    write_synthetic_csv(world, config, path, false);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
  }

  EXPECT_EQ(contents(path), "mine");
  EXPECT_FALSE(std::filesystem::exists(path + ".alsace-tmp"));
}

TEST(WriteSyntheticTest, missing_folder_is_a_storage_error_that_names_the_path) {
  const auto world = Communicator::world();
  const SyntheticConfig config{.users = 2, .items = 3, .interactions = 5};

  try {
    write_synthetic_csv(world, config, "/nowhere/data.csv", false);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::storage);
    EXPECT_NE(std::string(error.what()).find("/nowhere/data.csv"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace alsace::mpi
