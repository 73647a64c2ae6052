#include "mpi/serving/user_stream.hpp"

#include <numeric>

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::mpi {
namespace {

/// A model on the disk of rank 0, which every rank reads.
class UserStreamTest : public testing::Test {
 protected:
  UserStreamTest() {
    if (world_.is_root()) io::testing::write_model(path_, model_, 2);
    barrier(world_);
    checkpoint_ = agree_on_checkpoint(world_, path_.string());
  }
  ~UserStreamTest() override { barrier(world_); }  // before rank 0 removes the files

  /// Ids and rows of everything that comes, batch by batch; checks the sizes of the batches.
  void expect_rows(const UserSelection& selection, const UserStream::Options& options,
                   const std::vector<std::uint32_t>& expected) {
    const io::ModelReader reader(checkpoint_);
    UserStream stream(world_, reader, selection, options);
    std::size_t at = 0;
    while (const auto batch = stream.next()) {
      ASSERT_LE(batch->ids.size(), options.batch_size);
      ASSERT_EQ(batch->ids.size(), batch->queries.count);
      for (std::size_t i = 0; i < batch->ids.size(); ++i, ++at) {
        ASSERT_LT(at, expected.size());
        const std::uint32_t row = expected[at];
        EXPECT_EQ(batch->ids[i], model_.data.user_ids[row]);
        const auto width = static_cast<std::size_t>(batch->queries.factors);
        for (std::size_t k = 0; k < width; ++k) {
          EXPECT_EQ(batch->queries.rows[i * width + k],
                    model_.user_factors(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(k)));
        }
        const auto seen = batch->queries.excluded(i);
        EXPECT_EQ(seen.size(), options.exclude_seen ? model_.data.by_user.row_length(row) : 0U) << row;
      }
    }
    EXPECT_EQ(at, expected.size());
    EXPECT_EQ(stream.position(), selection.size());
  }

  Communicator world_ = Communicator::world();
  test::ScratchFolder directory_;
  std::filesystem::path path_ = directory_.path() / "model";
  io::testing::TestModel model_ = io::testing::make_model(3);
  std::string checkpoint_;
};

std::vector<std::uint32_t> rows_from(std::uint32_t first, std::uint64_t end) {
  std::vector<std::uint32_t> rows(end - first);
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

TEST_F(UserStreamTest, all_users_come_in_order_whatever_the_windows_and_batches) {
  const std::uint64_t users = model_.info.users;
  for (const std::uint64_t window : {1U, 3U, 7U, 1000U}) {
    for (const std::uint64_t batch : {1U, 2U, 5U, 1000U}) {
      expect_rows(UserSelection::all(users), {0, batch, true, window}, rows_from(0, users));
    }
  }
}

TEST_F(UserStreamTest, begins_where_it_is_told_to) {
  const std::uint64_t users = model_.info.users;

  expect_rows(UserSelection::all(users), {4, 3, false, 5}, rows_from(4, users));
  expect_rows(UserSelection::all(users), {users, 3, true, 5}, {});
}

TEST_F(UserStreamTest, selected_users_come_alone) {
  const std::vector<std::uint32_t> rows{0, 2, 3, 11, static_cast<std::uint32_t>(model_.info.users - 1)};

  for (const std::uint64_t window : {1U, 2U, 10U, 1000U})
    expect_rows(UserSelection::of(rows), {0, 2, true, window}, rows);
  expect_rows(UserSelection::of(rows), {2, 10, true, 4}, {rows.begin() + 2, rows.end()});
}

}  // namespace
}  // namespace alsace::mpi
