#include "io/options/command_line.hpp"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/error.hpp"

namespace alsace::io {
namespace {

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() : command_("train", "trains", "") {
    command_.app().add_option("--factors", factors_, "K");
    command_.app().add_option("--seed", seed_, "seed");
  }
  ~CommandLineTest() override { unsetenv("ALSACE_FACTORS"); }

  bool parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "train");
    return command_.parse(static_cast<int>(arguments.size()), arguments.data());
  }

  CommandLine command_;
  int factors_ = 64;
  int seed_ = 1;
};

TEST_F(CommandLineTest, command_line_wins_over_environment_and_that_over_file) {
  const std::string path = testing::TempDir() + "options.toml";
  std::ofstream(path) << "factors = 8\nseed = 9\n";
  setenv("ALSACE_FACTORS", "16", 1);

  ASSERT_TRUE(parse({"--config", path.c_str()}));
  EXPECT_EQ(factors_, 16);
  EXPECT_EQ(seed_, 9);
  EXPECT_THAT(command_.effective(), testing::HasSubstr("factors = 16 (ALSACE_FACTORS)"));

  ASSERT_TRUE(parse({"--config", path.c_str(), "--factors", "32"}));
  EXPECT_EQ(factors_, 32);
  EXPECT_THAT(command_.effective(), testing::HasSubstr("factors = 32 (command line)"));
}

TEST_F(CommandLineTest, unknown_option_in_file_names_file_and_option) {
  const std::string path = testing::TempDir() + "unknown.toml";
  std::ofstream(path) << "factor = 8\n";

  try {
    (void)parse({"--config", path.c_str()});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("unknown.toml"), testing::HasSubstr("factor")));
  }
}

TEST_F(CommandLineTest, text_for_a_number_is_a_usage_error) {
  EXPECT_THROW((void)parse({"--factors", "many"}), Error);
}

}  // namespace
}  // namespace alsace::io
