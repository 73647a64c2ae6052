#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/store/atomic_publish.hpp"
#include "io/store/file_hash.hpp"
#include "io/store/inspect.hpp"
#include "io/store/model_lock.hpp"
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

  ScratchFolder directory_;
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

TEST_F(CommitTest, keeps_a_checkpoint_that_is_being_read_until_the_next_commit) {
  write_model(model_, make_model(1), 2, 1);
  {
    const ModelReader reader(model_ / "sweep-000001");
    write_model(model_, make_model(2), 1, 1);

    EXPECT_THAT(names(), ElementsAre("latest", "sweep-000001", "sweep-000002"));
    EXPECT_NO_THROW((void)reader.read({0, reader.info().users}, {0, reader.info().items}));
  }
  write_model(model_, make_model(3), 1, 1);
  EXPECT_THAT(names(), ElementsAre("latest", "sweep-000003"));
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

TEST_F(CommitTest, leftovers_are_removed_and_files_of_the_user_stay) {
  write_model(model_, make_model(1), 1);
  for (const char* name : {"mine.tmp", "sweep-1.tmp", "sweep-000001.old.tmp", "best.replaced.tmp"}) {
    write_bytes(model_ / name, "mine");
  }
  fs::create_directory(model_ / "sweep-000002.replaced.tmp");
  write_bytes(model_ / "sweep-000003.tmp", "ours");
  fs::create_symlink("sweep-000002", model_ / "best.tmp");

  write_model(model_, make_model(2), 1);

  EXPECT_THAT(names(), ElementsAre("best.replaced.tmp", "latest", "mine.tmp", "sweep-000001", "sweep-000001.old.tmp",
                                   "sweep-000002", "sweep-1.tmp"));
}

TEST_F(CommitTest, model_directory_is_made_and_tried_out) {
  prepare_model_directory(model_ / "a/b/");
  EXPECT_TRUE(fs::is_empty(model_ / "a/b"));

  write_bytes(model_ / "file", "mine");
  EXPECT_THAT(message_of(ErrorKind::storage, [&] { prepare_model_directory(model_ / "file/b"); }),
              HasSubstr("Not a directory"));
  EXPECT_THAT(message_of(ErrorKind::storage, [] { prepare_model_directory("/proc"); }), HasSubstr("/proc/"));
}

TEST_F(CommitTest, one_run_at_a_time_holds_the_lock) {
  fs::create_directory(model_);
  {
    const ModelLock first(model_);
    EXPECT_THAT(message_of(ErrorKind::storage, [&] { const ModelLock second(model_); }),
                HasSubstr("model: another run is writing to this model"));
  }
  EXPECT_NO_THROW(ModelLock{model_});
  EXPECT_TRUE(fs::is_empty(model_));
  EXPECT_NO_THROW(ModelLock{model_ / "none"});
}

TEST_F(CommitTest, store_is_no_model_directory) {
  write_dataset(directory_.path() / "data", make_dataset(5, 4, false), 1);

  EXPECT_THAT(message_of(ErrorKind::usage, [&] { prepare_model_directory(directory_.path() / "data"); }),
              HasSubstr("is a data set"));
}

TEST_F(CommitTest, dataset_takes_the_place_of_nothing_else) {
  write_model(model_, make_model(1), 1);
  const fs::path checkpoint = model_ / "sweep-000001";

  EXPECT_FALSE(is_dataset(checkpoint));
  EXPECT_THAT(message_of(ErrorKind::usage, [&] { (void)stage_dataset(checkpoint, true); }),
              HasSubstr("is not a data set"));
  EXPECT_FALSE(fs::exists(model_ / "sweep-000001.tmp"));

  write_dataset(directory_.path() / "data", make_dataset(5, 4, false), 1);
  EXPECT_TRUE(is_dataset(directory_.path() / "data"));
  EXPECT_THAT(message_of(ErrorKind::storage, [&] { (void)ModelReader(directory_.path() / "data"); }),
              HasSubstr("format = \"alsace data set\", expected \"alsace model\""));
  EXPECT_THAT(message_of(ErrorKind::storage, [&] { (void)DatasetReader(checkpoint); }),
              HasSubstr("format = \"alsace model\", expected \"alsace data set\""));
  EXPECT_THAT(inspect_as_text(directory_.path() / "data"), HasSubstr("users = 5"));
}

TEST_F(CommitTest, dataset_is_staged_only_over_a_leftover) {
  const fs::path path = directory_.path() / "data";
  for (const char* suffix : {".tmp", ".replaced.tmp"}) {
    const fs::path taken = path.string() + suffix;
    write_bytes(taken, "mine");
    EXPECT_THAT(message_of(ErrorKind::usage, [&] { (void)stage_dataset(path, true); }), HasSubstr(taken.string()));
    EXPECT_EQ(read_bytes(taken), "mine");
    fs::remove(taken);

    fs::create_directory(taken);
    write_bytes(taken / "shard-00000.h5", "ours");
    write_bytes(taken / "notes.txt", "mine");
    EXPECT_THAT(message_of(ErrorKind::usage, [&] { (void)stage_dataset(path, true); }), HasSubstr("notes.txt"));
    EXPECT_EQ(read_bytes(taken / "notes.txt"), "mine");

    fs::remove(taken / "notes.txt");
    EXPECT_TRUE(fs::is_empty(stage_dataset(path, true)));
    discard_dataset(path);
  }
}

TEST_F(CommitTest, directories_that_cannot_be_synced_are_accepted) {
  EXPECT_NO_THROW(sync_directory("/proc"));
  EXPECT_THAT(message_of(ErrorKind::storage, [&] { sync_directory(model_); }), HasSubstr("No such file"));
}

TEST_F(CommitTest, input_is_hashed_through_a_link) {
  write_bytes(directory_.path() / "x", "content");
  fs::create_symlink("x", directory_.path() / "link");

  EXPECT_EQ(hash_of_input(directory_.path() / "link"), hash_of("content"));
  EXPECT_THAT(message_of(ErrorKind::input, [&] { (void)hash_of_input(directory_.path() / "none"); }),
              HasSubstr("none: cannot be read: No such file or directory"));
  EXPECT_THAT(message_of(ErrorKind::input, [&] { (void)hash_of_input(directory_.path()); }),
              HasSubstr("cannot be read: Is a directory"));
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
