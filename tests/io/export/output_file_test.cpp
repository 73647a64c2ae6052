#include "io/export/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/export/csv.hpp"
#include "io/export/print_result.hpp"
#include "io/export/shared_file.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

using ::testing::HasSubstr;

class OutputFileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_.path()), fs::directory_iterator()));
  }

  ScratchFolder directory_;
  fs::path path_ = directory_.path() / "out";
};

TEST_F(OutputFileTest, file_appears_complete_or_not_at_all) {
  write_bytes(path_, "old");
  {
    OutputFile file(path_);
    file.write(std::string(3 << 20, 'x'));
  }
  EXPECT_EQ(read_bytes(path_), "old");
  EXPECT_EQ(files(), 1U);

  write_report(path_, "new");

  EXPECT_EQ(read_bytes(path_), "new");
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, small_and_large_pieces_keep_their_order) {
  std::string expected;
  OutputFile file(path_);
  for (char piece = 'a'; piece <= 'z'; ++piece) {
    const std::string text(piece % 3 == 0 ? 1 << 20 : 7, piece);
    file.write(text);
    expected += text;
  }
  file.close();

  EXPECT_TRUE(read_bytes(path_) == expected);
}

TEST_F(OutputFileTest, names_of_descriptors_write_to_what_is_open_there) {
  const FileDescriptor opened = FileDescriptor::open(path_, O_WRONLY | O_CREAT);
  ASSERT_TRUE(write_all(opened.get(), "before\n"));

  write_report(fmt::format("/dev/fd/{}", opened.get()), "list\n");
  write_report(fmt::format("/proc/self/fd/{}", opened.get()), "more\n");
  ASSERT_TRUE(write_all(opened.get(), "after\n"));

  EXPECT_EQ(read_bytes(path_), "before\nlist\nmore\nafter\n");
  EXPECT_EQ(replaced_by("/dev/stdout"), "");
  EXPECT_EQ(replaced_by("/dev/stderr"), "");
}

TEST_F(OutputFileTest, files_of_the_user_that_end_in_tmp_stay) {
  write_bytes(path_.string() + ".tmp", "mine");

  write_report(path_, "new");
  SharedFile::create(path_, true);
  SharedFile::publish(path_);

  EXPECT_EQ(read_bytes(path_.string() + ".tmp"), "mine");
}

TEST_F(OutputFileTest, leftover_is_replaced_and_what_is_no_leftover_is_refused) {
  const fs::path temporary = path_.string() + ".alsace-tmp";
  write_bytes(temporary, "half of a");
  write_report(path_, "new");
  EXPECT_EQ(read_bytes(path_), "new");

  write_bytes(directory_.path() / "precious", "mine");
  fs::create_symlink("precious", temporary);

  EXPECT_THAT(message_of(ErrorKind::storage, [&] { write_report(path_, "newer"); }),
              HasSubstr("out.alsace-tmp: cannot be written: File exists"));
  EXPECT_THAT(message_of(ErrorKind::storage, [&] { SharedFile::create(path_, true); }), HasSubstr("File exists"));
  EXPECT_EQ(read_bytes(directory_.path() / "precious"), "mine");
  EXPECT_EQ(read_bytes(path_), "new");
}

TEST_F(OutputFileTest, link_stays_and_its_target_is_replaced) {
  write_bytes(directory_.path() / "target", "old");
  fs::create_symlink("target", path_);

  write_report(path_, "new");

  EXPECT_TRUE(fs::is_symlink(path_));
  EXPECT_EQ(read_bytes(directory_.path() / "target"), "new");
}

TEST_F(OutputFileTest, names_file_and_reason) {
  EXPECT_EQ(message_of(ErrorKind::storage, [] { write_report("/dev/full", "x"); }),
            "/dev/full: cannot be written: No space left on device");
  EXPECT_THAT(message_of(ErrorKind::storage, [&] { write_report(directory_.path(), "x"); }),
              HasSubstr("cannot be written: Is a directory"));
}

TEST_F(OutputFileTest, shared_file_holds_what_was_written_at_each_place) {
  SharedFile::create(path_, false);
  SharedFile file(path_);
  file.write_at(3, "def");
  file.write_at(0, "abc");
  file.close();
  SharedFile::publish(path_);

  EXPECT_EQ(read_bytes(path_), "abcdef");
  EXPECT_EQ(files(), 1U);
}

TEST(PrintResultTest, full_stdout_is_a_storage_error) {
  const auto print = [] {
    if (std::freopen("/dev/full", "w", stdout) == nullptr) std::exit(1);
    try {
      print_result("{}\n");
    } catch (const Error& error) {
      fmt::print(stderr, "{}\n", error.what());
      std::exit(static_cast<int>(error.kind()));
    }
    std::exit(0);
  };

  EXPECT_EXIT(print(), ::testing::ExitedWithCode(5), "stdout: cannot be written: No space left on device");
}

TEST(CsvTest, quotes_what_rfc_4180_wants_quoted) {
  EXPECT_EQ(csv_field("plain; text"), "plain; text");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_field("a\nb"), "\"a\nb\"");
  EXPECT_EQ(csv_field("a\rb"), "\"a\rb\"");
}

}  // namespace
}  // namespace alsace::io::testing
