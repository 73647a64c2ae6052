#include "io/options/command_line.hpp"

#include <cstdint>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() : command_("train", "trains", "") {
    command_.app().add_option("--factors", factors_, "K");
    command_.app().add_option("--seed", seed_, "seed");
    command_.app().add_option("--sweeps,--iterations", sweeps_, "sweeps");
    command_.app().add_option("--separator", separator_, "between fields");
    command_.app().add_option("--valid", valid_, "held-out data");
    command_.app().add_option("--metrics", metrics_, "names")->delimiter(',');
    command_.app().add_option("--weight", weight_, "a weight");
    command_.app().add_option("--users", users_, "how many");
    command_.app().add_option("--k", k_, "list length")->check(CLI::Range(1, 1000));
    command_.app().add_option("--model", model_, "where to")->type_name("DIR");
    command_.app().add_option("input,--input", inputs_, "data")->default_str("");
  }
  ~CommandLineTest() override {
    for (const char* name : {"ALSACE_FACTORS", "ALSACE_VALID", "ALSACE_ITERATIONS"}) unsetenv(name);
  }

  bool parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "train");
    return command_.parse(static_cast<int>(arguments.size()), arguments.data());
  }

  std::string complaint(const std::vector<const char*>& arguments) {
    try {
      (void)parse(arguments);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "no error";
  }

  test::ScratchFolder folder_;
  CommandLine command_;
  int factors_ = 64;
  int seed_ = 1;
  int sweeps_ = 10;
  double weight_ = 0.5;
  std::uint64_t users_ = 1;
  int k_ = 10;
  std::string model_;
  std::string separator_ = ";";
  std::vector<std::string> valid_;
  std::vector<std::string> metrics_;
  std::vector<std::string> inputs_;
};

TEST_F(CommandLineTest, command_line_wins_over_environment_and_that_over_file) {
  const std::string path = folder_.write("options.toml", "factors = 8\nseed = 9\n");
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
  const std::string path = folder_.write("unknown.toml", "factor = 8\n");

  EXPECT_THAT(complaint({"--config", path.c_str()}),
              testing::AllOf(testing::HasSubstr("unknown.toml:1"), testing::HasSubstr("factor")));
}

TEST_F(CommandLineTest, what_is_not_toml_names_file_and_line) {
  for (const char* text : {"seed = 9\nfactors = [128\n", "seed = 9\nfactors = 12 8\n", "seed = 9\nfactors\n",
                           "seed = 9\nfactors = 1\nfactors = 2\n", "seed = 9\nseparator = comma\n"}) {
    const std::string path = folder_.write("broken.toml", text);

    EXPECT_THAT(complaint({"--config", path.c_str()}), testing::HasSubstr("broken.toml:")) << text;
  }
}

TEST_F(CommandLineTest, several_values_for_an_option_that_takes_one_are_refused) {
  const std::string path = folder_.write("several.toml", "seed = 9\nfactors = [128, 64]\n");

  EXPECT_THAT(complaint({"--config", path.c_str()}),
              testing::HasSubstr("several.toml:2: factors has 2 values, expected one"));
}

TEST_F(CommandLineTest, value_out_of_range_in_a_file_names_the_line) {
  const std::string path = folder_.write("range.toml", "seed = 9\nfactors = \"many\"\n");

  EXPECT_THAT(complaint({"--config", path.c_str()}), testing::HasSubstr("range.toml:2"));
}

TEST_F(CommandLineTest, tables_in_a_file_are_refused) {
  const std::string path = folder_.write("table.toml", "[train]\nfactors = 8\n");

  EXPECT_THAT(complaint({"--config", path.c_str()}),
              testing::AllOf(testing::HasSubstr("table.toml:1"), testing::HasSubstr("train")));
}

using Strings = std::vector<std::string>;

TEST_F(CommandLineTest, list_has_the_values_of_its_strongest_source_alone) {
  const std::string path = folder_.write("lists.toml", "valid = [\"a\", \"b\"]\n");
  ASSERT_TRUE(parse({"--config", path.c_str()}));
  EXPECT_EQ(valid_, (Strings{"a", "b"}));

  setenv("ALSACE_VALID", "c", 1);
  ASSERT_TRUE(parse({"--config", path.c_str()}));
  EXPECT_EQ(valid_, Strings{"c"});

  ASSERT_TRUE(parse({"--config", path.c_str(), "--valid", "d", "--valid=e"}));
  EXPECT_EQ(valid_, (Strings{"d", "e"}));
  EXPECT_THAT(command_.effective(), testing::HasSubstr("valid = d e (command line)"));
}

TEST_F(CommandLineTest, positionals_replace_those_of_the_file) {
  const std::string path = folder_.write("input.toml", "input = \"a.csv\"\n");

  ASSERT_TRUE(parse({"--config", path.c_str()}));
  EXPECT_EQ(inputs_, Strings{"a.csv"});
  ASSERT_TRUE(parse({"--config", path.c_str(), "--factors", "8", "b.csv"}));
  EXPECT_EQ(inputs_, Strings{"b.csv"});
  ASSERT_TRUE(parse({"--config", path.c_str(), "--factors", "8"}));
  EXPECT_EQ(inputs_, Strings{"a.csv"});
}

TEST_F(CommandLineTest, aliases_are_one_option) {
  const std::string path = folder_.write("aliases.toml", "iterations = 3\n");

  ASSERT_TRUE(parse({"--config", path.c_str()}));
  EXPECT_EQ(sweeps_, 3);
  EXPECT_TRUE(command_.given("sweeps"));
  EXPECT_THAT(command_.effective(), testing::HasSubstr("sweeps = 3 (" + path + ":1)"));

  setenv("ALSACE_ITERATIONS", "4", 1);
  ASSERT_TRUE(parse({"--config", path.c_str()}));
  EXPECT_EQ(sweeps_, 4);
  ASSERT_TRUE(parse({"--config", path.c_str(), "--sweeps", "5"}));
  EXPECT_EQ(sweeps_, 5);
}

TEST_F(CommandLineTest, list_options_leave_the_positionals_behind_them) {
  ASSERT_TRUE(parse({"--valid", "v.csv", "d.csv", "e.csv"}));
  EXPECT_EQ(valid_, Strings{"v.csv"});
  EXPECT_EQ(inputs_, (Strings{"d.csv", "e.csv"}));

  ASSERT_TRUE(parse({"--metrics=auc,ndcg@10", "d.csv"}));
  EXPECT_EQ(metrics_, (Strings{"auc", "ndcg@10"}));
  EXPECT_EQ(inputs_, Strings{"d.csv"});

  const std::string path = folder_.write("valid.toml", "valid = \"v.csv\"\n");
  ASSERT_TRUE(parse({"--config", path.c_str(), "d.csv"}));
  EXPECT_EQ(valid_, Strings{"v.csv"});
  EXPECT_EQ(inputs_, Strings{"d.csv"});
}

TEST_F(CommandLineTest, empty_text_in_a_file_is_a_value) {
  const std::string path = folder_.write("empty.toml", "separator = \"\"\n");

  ASSERT_TRUE(parse({"--config", path.c_str(), "d.csv"}));

  EXPECT_EQ(separator_, "");
  EXPECT_EQ(inputs_, Strings{"d.csv"});
}

TEST_F(CommandLineTest, text_for_a_number_is_a_usage_error) {
  EXPECT_THROW((void)parse({"--factors", "many"}), Error);
}

TEST_F(CommandLineTest, numbers_with_leading_zeros_are_decimal) {
  ASSERT_TRUE(parse({"--factors", "010", "--users", "08", "--k=0012", "--seed", "-010", "--weight", "010"}));

  EXPECT_EQ(factors_, 10);
  EXPECT_EQ(users_, 8U);
  EXPECT_EQ(k_, 12);
  EXPECT_EQ(seed_, -10);
  EXPECT_EQ(weight_, 10);
}

TEST_F(CommandLineTest, what_is_no_decimal_number_of_its_type_is_refused_as_it_was_given) {
  EXPECT_THAT(complaint({"--users", "-1"}), testing::StartsWith("--users: -1, expected a whole number of at least 0"));
  EXPECT_THAT(complaint({"--users", "18446744073709551616"}), testing::StartsWith("--users: 18446744073709551616"));
  EXPECT_THAT(complaint({"--seed", "99999999999999999999"}), testing::StartsWith("--seed: 99999999999999999999"));
  EXPECT_THAT(complaint({"--k", "0x10"}), testing::StartsWith("--k: 0x10, expected a whole number"));
  EXPECT_THAT(complaint({"--k", "1e2"}), testing::StartsWith("--k: 1e2, expected a whole number"));
  EXPECT_THAT(complaint({"--k", "0"}), testing::HasSubstr("not in range 1 to 1000"));
}

TEST_F(CommandLineTest, nothing_is_no_number) {
  EXPECT_THAT(complaint({"--weight", ""}), testing::StartsWith("--weight: nothing, expected a number"));
  EXPECT_THAT(complaint({"--factors", ""}), testing::StartsWith("--factors: nothing, expected a whole number"));
  EXPECT_THAT(complaint({"--users", ""}), testing::StartsWith("--users: nothing, expected a whole number"));
}

TEST_F(CommandLineTest, required_option_with_an_empty_value_is_refused) {
  command_.app().get_option("--model")->required();
  command_.app().get_option("--input")->required();

  EXPECT_THAT(complaint({"--model", "", "a.csv"}), testing::StartsWith("--model = \"\", expected DIR"));
  EXPECT_THAT(complaint({"--model", "m", ""}), testing::StartsWith("--input = \"\", expected"));
  EXPECT_TRUE(parse({"--model", "m", "a.csv"}));
}

}  // namespace
}  // namespace alsace::io
