#include "io/readers/input_file.hpp"

#include <filesystem>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

std::string refusal(const std::vector<std::string>& inputs) {
  try {
    refuse_repeated_inputs(inputs);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(RepeatedInputsTest, are_known_by_any_name) {
  const test::ScratchFolder folder;
  const std::string first = folder.write("a.csv", "1,2\n");
  const std::string copy = folder.write("copy.csv", "1,2\n");
  const std::string link = folder / "link.csv";
  std::filesystem::create_symlink(first, link);

  EXPECT_EQ(refusal({first, copy}), "");
  EXPECT_EQ(refusal({}), "");
  EXPECT_THAT(refusal({first, copy, first}), testing::StartsWith(first + ": is given twice, expected each input once"));
  EXPECT_THAT(refusal({copy, first, link}),
              testing::StartsWith(link + ": is the same file as " + first + ", expected"));
  EXPECT_NE(refusal({folder / "absent", folder / "./absent"}), "");
}

}  // namespace
}  // namespace alsace::io
