#include "io/paths.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

TEST(SameFileTest, knows_links_and_spellings) {
  const test::ScratchFolder folder;
  const std::string file = folder.write("file", "text");
  const std::string other = folder.write("other", "text");
  std::filesystem::create_symlink(file, folder / "link");
  std::filesystem::create_hard_link(file, folder / "hard");

  EXPECT_TRUE(same_file(file, folder / "./file"));
  EXPECT_TRUE(same_file(file, folder / "link"));
  EXPECT_TRUE(same_file(file, folder / "hard"));
  EXPECT_FALSE(same_file(file, other));
}

TEST(SameFileTest, knows_files_that_are_not_there_yet) {
  const test::ScratchFolder folder;
  std::filesystem::create_directory_symlink(folder.path(), folder / "here");

  EXPECT_TRUE(same_file(folder / "absent", folder / "here/x/../absent"));
  EXPECT_FALSE(same_file(folder / "absent", folder / "missing"));
}

TEST(SameFileTest, two_names_that_lead_nowhere_are_two) {
  const test::ScratchFolder folder;
  std::filesystem::create_symlink("a", folder / "a");
  std::filesystem::create_symlink("b", folder / "b");

  EXPECT_FALSE(same_file(folder / "a", folder / "b"));
  EXPECT_TRUE(same_file(folder / "a", folder / "./a"));
}

}  // namespace
}  // namespace alsace::io
