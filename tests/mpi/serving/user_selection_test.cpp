#include "mpi/serving/user_selection.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "src/error.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::mpi {
namespace {

TEST(UserSelectionTest, equal_selections_have_equal_identities) {
  EXPECT_EQ(UserSelection::of({1, 5}).identity(), UserSelection::of({1, 5}).identity());
  EXPECT_NE(UserSelection::of({1, 5}).identity(), UserSelection::of({1, 6}).identity());
  EXPECT_NE(UserSelection::of({0, 1}).identity(), UserSelection::all(2).identity());
}

/// A model on the disk of rank 0, which every rank reads.
class ChooseUsersTest : public testing::Test {
 protected:
  ChooseUsersTest() {
    if (world_.is_root()) io::testing::write_model(path_, model_, 2);
    barrier(world_);
    checkpoint_ = agree_on_checkpoint(world_, path_.string());
  }
  ~ChooseUsersTest() override { barrier(world_); }  // before rank 0 removes the files

  [[nodiscard]] UserSelection choose(const std::string& users) const {
    return choose_users(world_, io::ModelReader(checkpoint_), users);
  }
  [[nodiscard]] std::string id(std::size_t row) const { return std::string(model_.data.user_ids[row]); }

  Communicator world_ = Communicator::world();
  test::ScratchFolder directory_;
  std::filesystem::path path_ = directory_.path() / "model";
  io::testing::TestModel model_ = io::testing::make_model(3);
  std::string checkpoint_;
};

TEST_F(ChooseUsersTest, all_are_all) {
  const UserSelection chosen = choose("all");

  EXPECT_EQ(chosen.size(), model_.info.users);
  EXPECT_EQ(chosen.identity(), UserSelection::all(model_.info.users).identity());
}

TEST_F(ChooseUsersTest, named_ones_come_in_index_order_once_and_without_the_unknown) {
  const std::size_t last = model_.info.users - 1;

  const UserSelection chosen = choose(fmt::format("{},nobody,{},{},nobody else", id(last), id(1), id(last)));

  EXPECT_EQ(chosen.slice(0, chosen.size()), (std::vector<std::uint32_t>{1, static_cast<std::uint32_t>(last)}));
}

TEST_F(ChooseUsersTest, none_known_is_an_error_of_every_rank) {
  try {
    (void)choose("nobody,nobody else");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_NE(std::string(error.what()).find("2 given, none known"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace alsace::mpi
