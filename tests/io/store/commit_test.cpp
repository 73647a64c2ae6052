#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/store/atomic_publish.hpp"
#include "io/store/store_schema.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CommitTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const fs::directory_entry& entry : fs::directory_iterator(model_)) {
      all.push_back(entry.path().filename().string());
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  void expect_loads(int sweep) const {
    const fs::path found = resolve_model(model_, "latest");
    EXPECT_EQ(found, model_ / sweep_name(sweep));
    EXPECT_NO_THROW(read_whole_model(found));
  }

  TemporaryDirectory directory_;
  fs::path model_ = directory_.path() / "model";
};

TEST_F(CommitTest, keeps_the_newest_checkpoints) {
  for (int sweep = 1; sweep <= 5; ++sweep) write_model(model_, make_model(sweep), 1, 2);

  EXPECT_THAT(names(), ElementsAre("latest", "sweep-000004", "sweep-000005"));
  EXPECT_EQ(fs::read_symlink(model_ / "latest"), "sweep-000005");
}

TEST_F(CommitTest, keeps_the_best_checkpoint_too) {
  for (int sweep = 1; sweep <= 6; ++sweep) {
    TestModel model = make_model(sweep);
    model.info.early_stopping = {"ndcg@100", sweep < 3 ? sweep : 3, 0.5, 0};
    write_model(model_, model, 1, 1);
  }

  EXPECT_THAT(names(), ElementsAre("best", "latest", "sweep-000003", "sweep-000006"));
  EXPECT_EQ(resolve_model(model_, "best"), model_ / "sweep-000003");
  EXPECT_EQ(resolve_model(model_, "latest"), model_ / "sweep-000006");
}

TEST_F(CommitTest, best_falls_back_to_latest) {
  write_model(model_, make_model(4), 1);

  EXPECT_EQ(resolve_model(model_, "best"), model_ / "sweep-000004");
  EXPECT_EQ(resolve_model(model_ / "latest", "best"), model_ / "sweep-000004");
  EXPECT_EQ(resolve_model(fs::path(model_.string() + "/latest/"), "best"), model_ / "sweep-000004");
  EXPECT_EQ(resolve_model(model_ / "sweep-000004", "best"), model_ / "sweep-000004");
}

TEST_F(CommitTest, says_what_is_missing) {
  EXPECT_THAT(message_of(ErrorKind::storage, [&] { (void)resolve_model(model_, "latest"); }),
              HasSubstr("does not exist"));
  fs::create_directory(model_);
  EXPECT_THAT(message_of(ErrorKind::storage, [&] { (void)resolve_model(model_, "latest"); }), HasSubstr("holds no"));
  EXPECT_FALSE(has_checkpoint(model_));
}

TEST_F(CommitTest, run_of_other_parameters_replaces_the_old_one) {
  for (int sweep = 7; sweep <= 9; ++sweep) {
    TestModel model = make_model(sweep, 23, 11, 1);
    model.info.early_stopping = {"ndcg@100", sweep, 0.5, 0};
    write_model(model_, model, 1, 3);
  }

  write_model(model_, make_model(8, 23, 11, 2), 1, 3);

  EXPECT_THAT(names(), ElementsAre("latest", "sweep-000008"));
  expect_loads(8);
}

TEST_F(CommitTest, interrupted_at_any_step_the_last_model_loads) {
  write_model(model_, make_model(1), 2);
  const TestModel next = make_model(2);

  (void)stage_checkpoint(model_, 2);  // killed with an empty directory
  expect_loads(1);
  (void)write_shards(model_, next, 2);  // killed with shards
  expect_loads(1);
  write_bytes(model_ / "sweep-000002.tmp/MANIFEST.json", "{\"format\": ");  // killed in the manifest
  expect_loads(1);
  EXPECT_TRUE(has_checkpoint(model_));

  write_model(directory_.path() / "other", next, 2);
  fs::rename(directory_.path() / "other/sweep-000002", model_ / "sweep-000002");  // killed before the link moved
  fs::create_symlink("sweep-000002", model_ / "latest.tmp");
  expect_loads(1);

  write_model(model_, next, 3);
  expect_loads(2);
  EXPECT_THAT(names(), ElementsAre("latest", "sweep-000001", "sweep-000002"));
}

TEST_F(CommitTest, first_checkpoint_without_its_link_loads) {
  write_model(model_, make_model(1), 2);
  fs::remove(model_ / "latest");

  expect_loads(1);
  EXPECT_TRUE(has_checkpoint(model_));
}

TEST_F(CommitTest, same_sweep_can_be_committed_again) {
  write_model(model_, make_model(2), 1);

  write_model(model_, make_model(2), 3);

  expect_loads(2);
  EXPECT_EQ(ModelReader(model_ / "sweep-000002").files().size(), 4U);
}

TEST_F(CommitTest, discard_leaves_nothing) {
  (void)write_shards(model_, make_model(2), 2);

  discard_checkpoint(model_, 2);

  EXPECT_TRUE(names().empty());
}

TEST_F(CommitTest, dataset_is_replaced_only_when_told) {
  const fs::path path = directory_.path() / "data";
  write_dataset(path, make_dataset(5, 4, false), 2);

  EXPECT_THAT(message_of(ErrorKind::usage, [&] { (void)stage_dataset(path, false); }), HasSubstr("--overwrite"));
  (void)stage_dataset(path, true);
  EXPECT_EQ(DatasetReader(path).info().users, 5U);  // until the new one is published

  discard_dataset(path);
  EXPECT_FALSE(fs::exists(path.string() + ".tmp"));
  fs::create_directory(directory_.path() / "full");
  write_bytes(directory_.path() / "full/x", "mine");
  EXPECT_THAT(message_of(ErrorKind::usage, [&] { (void)stage_dataset(directory_.path() / "full", true); }),
              HasSubstr("not a data set"));
}

TEST_F(CommitTest, published_directory_takes_the_place_of_another) {
  for (const char* name : {"old", "new.tmp"}) {
    fs::create_directories(model_ / name);
    write_bytes(model_ / name / "content", name);
  }

  publish_directory(model_ / "new.tmp", model_ / "old");

  EXPECT_EQ(read_bytes(model_ / "old/content"), "new.tmp");
  EXPECT_THAT(names(), ElementsAre("old"));
}

}  // namespace
}  // namespace alsace::io::testing
