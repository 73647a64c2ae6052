#include "io/readers/reject_file.hpp"

#include <filesystem>
#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

class RejectFileTest : public testing::Test {
 protected:
  void reject(bool append, const std::string& text) const {
    ParsedRow row;
    row.problem = "value = x, expected a number";
    row.text = text;
    RejectFile(path_, 0, append).write("in.csv", 7, row);
  }
  [[nodiscard]] std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::string refusal(int ranks, const std::vector<std::string>& inputs) const {
    try {
      check_reject_file(path_, ranks, inputs);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "";
  }

  test::ScratchFolder directory_;
  std::string path_ = directory_ / "rejected";
};

TEST_F(RejectFileTest, replaces_what_an_earlier_run_left) {
  reject(false, "1,2,x");
  reject(false, "3,4,x");

  EXPECT_EQ(content(), "in.csv:7\tvalue = x, expected a number\t3,4,x\n");
}

TEST_F(RejectFileTest, appends_when_told_to) {
  reject(false, "1,2,x");
  reject(true, "3,4,x");

  EXPECT_EQ(content(),
            "in.csv:7\tvalue = x, expected a number\t1,2,x\nin.csv:7\tvalue = x, expected a number\t3,4,x\n");
}

TEST_F(RejectFileTest, is_made_for_the_first_row_and_named_by_rank) {
  { const RejectFile file(path_, 0, false); }

  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(RejectFile::name("r", 0), "r");
  EXPECT_EQ(RejectFile::name("r", 2), "r.2");
}

TEST_F(RejectFileTest, may_not_be_an_input_by_any_name) {
  const std::string input = directory_.write("in.csv", "1,2\n");
  EXPECT_EQ(refusal(4, {input, ""}), "");

  EXPECT_THAT(refusal(1, {path_}), testing::HasSubstr("--reject-file = " + path_));
  EXPECT_EQ(refusal(2, {path_ + ".2"}), "");
  EXPECT_NE(refusal(3, {path_ + ".2"}), "");
  std::filesystem::create_symlink(input, path_);
  EXPECT_NE(refusal(1, {input}), "");
  EXPECT_NE(refusal(2, {directory_ / "./rejected.1"}), "") << "spelt otherwise, and not there yet";
}

}  // namespace
}  // namespace alsace::io
