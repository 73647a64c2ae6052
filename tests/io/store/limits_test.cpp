#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

/// Lowers a limit of the process for the time of a scope.
class Limit {
 public:
  Limit(__rlimit_resource resource, rlim_t value) : resource_(resource) {
    ::getrlimit(resource_, &before_);
    rlimit lower = before_;
    lower.rlim_cur = value;
    ::setrlimit(resource_, &lower);
  }
  ~Limit() { ::setrlimit(resource_, &before_); }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  __rlimit_resource resource_;
  rlimit before_{};
};

/// Writes a checkpoint as the program would; ends the process with the error's exit code and text.
/// `largest_file`: bytes that a file may have while the checkpoint is written.
[[noreturn]] void write_and_exit(const fs::path& path, const TestModel& model, rlim_t largest_file = RLIM_INFINITY) {
  try {
    const Limit limit(RLIMIT_FSIZE, largest_file);
    write_model(path, model, 2);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    discard_checkpoint(path, model.info.sweep);
    std::exit(static_cast<int>(error.kind()));
  }
  std::exit(0);
}

TEST(LimitsTest, reads_more_shards_than_files_may_be_open) {
  ScratchFolder directory;
  const TestModel model = make_model(1, 300, 200);
  write_model(directory.path(), model, 100);
  const Limit limit(RLIMIT_NOFILE, 32);

  ModelReader reader(resolve_model(directory.path(), "latest"));
  reader.verify_files();
  const ModelShard read = reader.read({0, 300}, {0, 200});

  EXPECT_EQ(read.user_factors, model.user_factors);
}

TEST(LimitsTest, write_that_fails_at_any_size_is_reported_and_leaves_the_process_sound) {
  ScratchFolder directory;
  const fs::path path = directory.path() / "model";
  const TestModel model = make_model(2, 2000, 1000);
  write_model(path, make_model(1, 2000, 1000), 2);
  std::signal(SIGXFSZ, SIG_IGN);
  std::uint64_t largest = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(path / "sweep-000001")) {
    largest = std::max(largest, static_cast<std::uint64_t>(file.file_size()));
  }

  for (std::uint64_t i = 0; i < 12; ++i) {
    const std::uint64_t bytes = i * largest / 12;
    EXPECT_EXIT(write_and_exit(path, model, bytes), ::testing::ExitedWithCode(5), "sweep-000002.tmp/.*File too large")
        << bytes;
  }

  EXPECT_NO_THROW(read_whole_model(resolve_model(path, "latest")));
  EXPECT_FALSE(fs::exists(path / "sweep-000002.tmp"));
  std::signal(SIGXFSZ, SIG_DFL);
}

TEST(LimitsTest, full_disk_is_reported_and_the_last_model_loads) {
  ScratchFolder directory;
  if (::mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "mounting a tmpfs needs root";
  }
  const fs::path path = directory.path() / "model";
  const TestModel model = make_model(2);
  write_model(path, make_model(1), 2);
  const std::uint64_t page = 4096;
  int failed = 0;
  // Ever less room, so that the disk is full in a shard, in the view, in the manifest and in a directory.
  for (std::uint64_t pages = 0; pages < 24; ++pages) {
    write_bytes(directory.path() / "filler", "");
    const std::uint64_t free = fs::space(directory.path()).available;
    write_bytes(directory.path() / "filler", std::string(free - std::min(free, pages * page), 'x'));
    EXPECT_EXIT(
        write_and_exit(path, model),
        [&](int status) {
          failed += WEXITSTATUS(status) == 5 ? 1 : 0;
          return WIFEXITED(status) && (WEXITSTATUS(status) == 5 || WEXITSTATUS(status) == 0);
        },
        "sweep-000002.tmp.*No space left on device|^$")
        << pages << " pages";

    EXPECT_NO_THROW(read_whole_model(resolve_model(path, "latest"))) << pages << " pages";
    EXPECT_FALSE(fs::exists(path / "sweep-000002.tmp"));
  }
  EXPECT_GT(failed, 4);
  ::umount(directory.path().c_str());
}

}  // namespace
}  // namespace alsace::io::testing
