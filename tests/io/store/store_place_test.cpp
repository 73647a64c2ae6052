#include "io/store/store_place.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/paths.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class StorePlaceTest : public ::testing::Test {
 protected:
  StorePlaceTest() {
    write_dataset(data_, make_dataset(5, 4, false), 2);
    write_model(model_, make_model(1), 2);
  }
  void expect_inside(const fs::path& path, const fs::path& store) const {
    const auto refusal = AllOf(StartsWith(path.string() + ": lies in "), HasSubstr(whole_path(store).string() + ","));
    EXPECT_THAT(message_of(ErrorKind::usage, [&] { refuse_inside_store(path); }), refusal);
    EXPECT_THAT(message_of(ErrorKind::usage, [&] { refuse_store(path); }), refusal);
  }

  ScratchFolder directory_;
  fs::path data_ = directory_.path() / "data";
  fs::path model_ = directory_.path() / "model";
};

TEST_F(StorePlaceTest, nothing_goes_into_a_store_however_it_is_spelt) {
  fs::create_directory_symlink(data_, directory_.path() / "link");
  fs::create_symlink(data_ / "shard-00000.h5", directory_.path() / "file");

  expect_inside(data_ / "MANIFEST.json", data_);
  expect_inside(data_ / "new/and/deep/", data_);
  expect_inside(data_ / "../data/./new", data_);
  expect_inside(directory_.path() / "link/new", data_);
  expect_inside(directory_.path() / "file", data_);
  expect_inside(model_ / "latest/new", model_ / "sweep-000001");
  expect_inside(model_ / "sweep-000001/MANIFEST.json", model_ / "sweep-000001");
}

TEST_F(StorePlaceTest, results_take_the_place_of_no_store) {
  for (const fs::path& path : {data_, data_ / "", model_, model_ / "latest", model_ / "sweep-000001"}) {
    EXPECT_NO_THROW(refuse_inside_store(path));
    EXPECT_THAT(message_of(ErrorKind::usage, [&] { refuse_store(path); }), HasSubstr("is a model or a data set"));
  }
}

TEST_F(StorePlaceTest, results_may_go_beside_stores_and_checkpoints) {
  std::ofstream(directory_.path() / "MANIFEST.json") << "{\"of\": \"another program\"}";

  for (const fs::path& path :
       {model_ / "report.json", data_ / "../new", directory_.path() / "data.csv", fs::path("/")}) {
    EXPECT_NO_THROW(refuse_store(path)) << path;
  }
}

TEST_F(StorePlaceTest, checkpoints_to_be_are_no_place_either) {
  const fs::path model = directory_.path() / "fresh";

  for (const fs::path name : {"latest/report", "best/report", "sweep-000007/report", "sweep-000007", "./latest"}) {
    EXPECT_THAT(message_of(ErrorKind::usage, [&] { refuse_checkpoint_to_be(model / name, model / ""); }),
                EndsWith("expected a place outside of it"))
        << name;
  }
  for (const fs::path name : {"report", "sweep-7/report", "../latest/report", "reports/latest"}) {
    EXPECT_NO_THROW(refuse_checkpoint_to_be(model / name, model)) << name;
  }
  EXPECT_NO_THROW(refuse_checkpoint_to_be("", model));
}

}  // namespace
}  // namespace alsace::io::testing
