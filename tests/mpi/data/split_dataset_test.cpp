#include "mpi/data/split_dataset.hpp"

#include <map>
#include <string>
#include <utility>

#include <boost/serialization/map.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/utility.hpp>
#include <boost/serialization/vector.hpp>
#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/shard_map.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

struct Row {
  std::uint32_t user;
  std::uint32_t item;
  float value;
  std::int64_t timestamp;
};

/// This rank's share of a data set that is given whole: rows sorted by (user, item).
DatasetShard share_of(const Communicator& world, const std::vector<std::string>& users,
                      const std::vector<std::string>& items, const std::vector<Row>& rows) {
  const RowRange mine = ShardMap::even(users.size(), world.size()).range(world.rank());
  const RowRange my_items = ShardMap::even(items.size(), world.size()).range(world.rank());
  DatasetShard shard;
  shard.users = users.size();
  shard.items = items.size();
  shard.interactions = rows.size();
  shard.by_user.first_row = mine.begin;
  for (std::uint64_t user = mine.begin; user < mine.end; ++user) {
    for (const Row& row : rows) {
      if (row.user != user) continue;
      shard.by_user.columns.push_back(row.item);
      shard.by_user.values.push_back(row.value);
      shard.timestamps.push_back(row.timestamp);
    }
    shard.by_user.offsets.push_back(shard.by_user.columns.size());
    shard.user_ids.push_back(users[user]);
  }
  shard.first_item = my_items.begin;
  for (std::uint64_t item = my_items.begin; item < my_items.end; ++item) shard.item_ids.push_back(items[item]);
  return shard;
}

std::vector<std::string> all_ids(const Communicator& world, const IdList& mine) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < mine.size(); ++i) ids.emplace_back(mine[i]);
  std::vector<std::string> all;
  for (const auto& part : all_gather_objects(world, ids)) all.insert(all.end(), part.begin(), part.end());
  return all;
}

using Contents = std::map<std::pair<std::string, std::string>, std::pair<float, std::int64_t>>;

/// Everything in a distributed data set, by ids; checks the numbering on the way.
Contents contents_of(const Communicator& world, const DatasetShard& shard) {
  const auto items = all_ids(world, shard.item_ids);
  EXPECT_EQ(items.size(), shard.items);
  EXPECT_EQ(exclusive_sum<std::uint64_t>(world, shard.item_ids.size()), shard.first_item);
  EXPECT_EQ(exclusive_sum<std::uint64_t>(world, shard.user_ids.size()), shard.by_user.first_row);
  EXPECT_EQ(all_reduce_sum<std::uint64_t>(world, shard.user_ids.size()), shard.users);
  Contents mine;
  for (std::size_t row = 0; row < shard.by_user.rows(); ++row) {
    EXPECT_GT(shard.by_user.row_length(row), 0U);
    for (auto i = static_cast<std::size_t>(shard.by_user.offsets[row]); i < shard.by_user.offsets[row + 1]; ++i) {
      if (i > shard.by_user.offsets[row]) {
        EXPECT_LT(shard.by_user.columns[i - 1], shard.by_user.columns[i]);
      }
      mine[{std::string(shard.user_ids[row]), items.at(shard.by_user.columns[i])}] = {shard.by_user.values[i],
                                                                                      shard.timestamps[i]};
    }
  }
  Contents all;
  for (const auto& part : all_gather_objects(world, mine)) all.insert(part.begin(), part.end());
  return all;
}

std::vector<Row> some_rows() {
  std::vector<Row> rows;
  for (std::uint32_t user = 0; user < 9; ++user) {
    for (std::uint32_t item = 0; item < 13; ++item) {
      if ((user * 5 + item * 3) % 4 == 0) continue;
      rows.push_back(
          {user, item, static_cast<float>(100 * user + item), static_cast<std::int64_t>((user * 7 + item * 11) % 10)});
    }
  }
  return rows;
}

std::vector<std::string> numbers(int n) {
  std::vector<std::string> ids;
  for (int i = 1; i <= n; ++i) ids.push_back(std::to_string(i));
  return ids;
}

class SplitSchemesTest : public testing::TestWithParam<SplitScheme> {};

TEST_P(SplitSchemesTest, parts_add_up_to_the_whole_and_do_not_depend_on_the_ranks) {
  const auto world = Communicator::world();
  const Communicator alone = world.split(world.rank(), 0);
  const SplitConfig config{.scheme = GetParam(), .test = 0.25, .valid = GetParam() == SplitScheme::k_fold ? 0 : 0.25};
  const auto extract = [&](const Communicator& comm, Part part) {
    const DatasetShard shard = share_of(comm, numbers(9), numbers(13), some_rows());
    return contents_of(comm, extract_part(comm, shard, split_interactions(comm, config, shard), part));
  };

  Contents together;
  std::size_t total = 0;
  for (const Part part : {Part::train, Part::valid, Part::test}) {
    const Contents contents = extract(world, part);
    EXPECT_EQ(contents, extract(alone, part));
    total += contents.size();
    together.insert(contents.begin(), contents.end());
  }

  EXPECT_EQ(total, some_rows().size());
  EXPECT_EQ(together, contents_of(world, share_of(world, numbers(9), numbers(13), some_rows())));
}

INSTANTIATE_TEST_SUITE_P(Schemes, SplitSchemesTest,
                         testing::Values(SplitScheme::user_random, SplitScheme::user_temporal,
                                         SplitScheme::leave_last_out, SplitScheme::random, SplitScheme::time,
                                         SplitScheme::k_fold));

TEST(SplitDatasetTest, part_has_its_own_users_and_items_only) {
  const auto world = Communicator::world();
  const DatasetShard shard =
      share_of(world, {"a", "b", "c"}, {"x", "y", "z"}, {{0, 0, 1, 5}, {0, 2, 2, 6}, {2, 1, 3, 7}});
  std::vector<Part> parts;
  for (const std::uint32_t item : shard.by_user.columns) parts.push_back(item == 0 ? Part::train : Part::test);

  const DatasetShard test = extract_part(world, shard, parts, Part::test);

  EXPECT_EQ(all_ids(world, test.user_ids), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(all_ids(world, test.item_ids), (std::vector<std::string>{"y", "z"}));
  EXPECT_EQ(contents_of(world, test), (Contents{{{"a", "z"}, {2, 6}}, {{"c", "y"}, {3, 7}}}));
}

TEST(SplitDatasetTest, ids_that_are_all_digits_without_the_others_are_in_order_of_value) {
  const auto world = Communicator::world();
  // By bytes, since one is no number; without it 9 comes before 10.
  const std::vector<std::string> ids{"10", "11", "9", "x"};
  const DatasetShard shard =
      share_of(world, ids, ids, {{0, 0, 1, 1}, {0, 2, 2, 2}, {1, 1, 3, 3}, {2, 1, 4, 4}, {3, 3, 5, 5}});
  std::vector<Part> parts;
  for (const std::uint32_t item : shard.by_user.columns) parts.push_back(item == 3 ? Part::test : Part::train);

  const DatasetShard train = extract_part(world, shard, parts, Part::train);

  EXPECT_EQ(all_ids(world, train.user_ids), (std::vector<std::string>{"9", "10", "11"}));
  EXPECT_EQ(all_ids(world, train.item_ids), (std::vector<std::string>{"9", "10", "11"}));
  EXPECT_EQ(contents_of(world, train),
            (Contents{{{"10", "10"}, {1, 1}}, {{"10", "9"}, {2, 2}}, {{"11", "11"}, {3, 3}}, {{"9", "11"}, {4, 4}}}));
}

TEST(SplitDatasetTest, temporal_schemes_refuse_data_without_timestamps) {
  const auto world = Communicator::world();
  DatasetShard shard = share_of(world, {"a"}, {"x"}, {{0, 0, 1, 0}});
  shard.timestamps.clear();

  try {
    (void)split_interactions(world, {.scheme = SplitScheme::user_temporal}, shard);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
  }
}

}  // namespace
}  // namespace alsace::mpi
