#include "io/export/recommendation_writer.hpp"

#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/export/number_text.hpp"
#include "io/store/hdf5_dataset.hpp"
#include "src/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

RecommendationOutput csv(const std::string& path) {
  RecommendationOutput output;
  output.path = path;
  output.resume.identity = {{"model", "a"}, {"k", "2"}};
  return output;
}

IdList ids(const std::vector<std::string>& texts) {
  IdList list;
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

ItemNames names(const std::vector<std::string>& items, ItemTitles titles = {}) {
  return {ids(items), std::move(titles)};
}

RankedLists lists(const std::vector<std::vector<ScoredItem>>& of_users) {
  RankedLists lists;
  for (const auto& list : of_users) lists.push_back(list);
  return lists;
}

class RecommendationWriterTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  test::ScratchFolder folder_;
};

TEST_F(RecommendationWriterTest, writes_csv_with_quotes_where_needed) {
  RecommendationWriter writer(csv(path("top.csv")), names({"say \"hi\"", "plain"}));

  writer.write(ids({"u,1", "nothing", "2"}), lists({{{0.1F, 0}}, {}, {{0, 1}, {-3.0F, 0}}}));
  writer.finish();

  EXPECT_EQ(text_of(path("top.csv")),
            "user,item,rank,score\n\"u,1\",\"say \"\"hi\"\"\",1,0.1\n2,plain,1,0\n2,\"say \"\"hi\"\"\",2,-3\n");
}

TEST_F(RecommendationWriterTest, appends_titles_to_csv) {
  RecommendationOutput output = csv(path("top.csv"));
  output.with_titles = true;
  RecommendationWriter writer(output, names({"2", "3"}, {{"2", "Good, Bad"}}));

  writer.write(ids({"1"}), lists({{{1.0F, 0}, {0.5F, 1}}}));
  writer.finish();

  EXPECT_EQ(text_of(path("top.csv")), "user,item,rank,score,title\n1,2,1,1,\"Good, Bad\"\n1,3,2,0.5,\n");
}

TEST_F(RecommendationWriterTest, writes_one_json_object_a_line) {
  RecommendationOutput output = csv(path("top.jsonl"));
  output.format = RecommendationFormat::jsonl;
  output.with_titles = true;
  RecommendationWriter writer(output, names({"i\\2", "é"}, {{"i\\2", "bad \xFF byte"}}));

  writer.write(ids({"u\"1"}), lists({{{1e-7F, 0}, {0, 1}}}));
  writer.finish();

  std::istringstream lines(text_of(path("top.jsonl")));
  std::string line;
  std::getline(lines, line);
  const auto first = nlohmann::json::parse(line);
  EXPECT_EQ(first["user"], "u\"1");
  EXPECT_EQ(first["item"], "i\\2");
  EXPECT_EQ(first["rank"], 1);
  EXPECT_EQ(first["score"].get<float>(), 1e-7F);
  EXPECT_EQ(first["title"], "bad \xEF\xBF\xBD byte");
  std::getline(lines, line);
  EXPECT_EQ(nlohmann::json::parse(line)["item"], "é");
}

TEST_F(RecommendationWriterTest, a_table_has_a_line_between_users) {
  RecommendationOutput output = csv(path("top.txt"));
  output.format = RecommendationFormat::table;
  RecommendationWriter writer(output, names({"a", "b"}));

  writer.write(ids({"nothing", "1"}), lists({{}, {{1.0F, 0}}}));
  writer.write(ids({"2"}), lists({{{0.5F, 1}}}));
  writer.finish();

  EXPECT_EQ(text_of(path("top.txt")), "user 1\n     1.    1.0000  a\n\nuser 2\n     1.    0.5000  b\n");
}

TEST_F(RecommendationWriterTest, a_file_appears_when_it_is_complete) {
  std::ofstream(path("top.csv")) << "old";
  {
    RecommendationWriter writer(csv(path("top.csv")), names({"2"}));
    writer.write(ids({"1"}), lists({{{1.0F, 0}}}));
    EXPECT_EQ(text_of(path("top.csv")), "old");
  }

  EXPECT_EQ(text_of(path("top.csv")), "old");
  EXPECT_FALSE(std::filesystem::exists(path("top.csv.alsace-tmp")));
}

/// What a run leaves that ends after `users` of three; then the rest by another run of some identity.
std::string text_in_two_runs(const RecommendationOutput& first, const RecommendationOutput& second,
                             std::uint64_t expected_done) {
  const std::vector<std::string> users{"1", "2", "3"};
  const std::vector<ScoredItem> list{{1.0F, 0}, {0.5F, 1}};
  {
    RecommendationWriter writer(first, names({"a", "b"}));
    writer.write(ids({users[0]}), lists({list}));
    writer.write(ids({users[1]}), lists({list}));
    writer.interrupt();
    writer.write(ids({users[2]}), lists({list}));  // not marked: the next run does not trust it
  }
  RecommendationWriter writer(second, names({"a", "b"}));
  EXPECT_EQ(writer.users_done(), expected_done);
  for (std::uint64_t user = writer.users_done(); user < 3; ++user) writer.write(ids({users[user]}), lists({list}));
  writer.finish();
  EXPECT_FALSE(std::filesystem::exists(second.path + ".alsace-tmp"));
  EXPECT_FALSE(std::filesystem::exists(second.path + ".alsace-progress"));
  return text_of(second.path);
}

TEST_F(RecommendationWriterTest, goes_on_after_the_users_that_a_stopped_run_marked) {
  const std::string text = text_in_two_runs(csv(path("top.csv")), csv(path("top.csv")), 2);

  EXPECT_EQ(text, "user,item,rank,score\n1,a,1,1\n1,b,2,0.5\n2,a,1,1\n2,b,2,0.5\n3,a,1,1\n3,b,2,0.5\n");
}

TEST_F(RecommendationWriterTest, begins_anew_when_the_lists_depend_on_something_else) {
  RecommendationOutput other = csv(path("top.csv"));
  other.resume.identity["model"] = "b";
  RecommendationOutput fresh = csv(path("top2.csv"));
  fresh.resume.resume = false;

  EXPECT_EQ(text_in_two_runs(csv(path("top.csv")), other, 0), text_in_two_runs(csv(path("top2.csv")), fresh, 0));
}

TEST_F(RecommendationWriterTest, begins_anew_when_what_was_left_is_damaged) {
  {
    RecommendationWriter writer(csv(path("top.csv")), names({"a"}));
    writer.write(ids({"1"}), lists({{{1.0F, 0}}}));
    writer.interrupt();
  }
  std::filesystem::resize_file(path("top.csv.alsace-tmp"), 5);
  EXPECT_EQ(RecommendationWriter(csv(path("top.csv")), names({"a"})).users_done(), 0U);

  std::ofstream(path("top.csv.alsace-progress")) << "{\"identity\": 7";
  EXPECT_EQ(RecommendationWriter(csv(path("top.csv")), names({"a"})).users_done(), 0U);
}

TEST_F(RecommendationWriterTest, two_writers_of_one_file_are_refused) {
  const RecommendationWriter first(csv(path("top.csv")), names({"a"}));

  try {
    const RecommendationWriter second(csv(path("top.csv")), names({"a"}));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::storage);
    EXPECT_NE(std::string(error.what()).find("another run"), std::string::npos) << error.what();
  }
}

RecommendationOutput hdf5_output(const std::string& path) {
  RecommendationOutput output = csv(path);
  output.format = RecommendationFormat::hdf5;
  return output;
}

template <class Number>
std::vector<Number> column(const hdf5::File& file, const char* name, hdf5::ElementType type, std::uint64_t rows) {
  std::vector<Number> values(rows);
  const auto dataset = hdf5::open_dataset(file, "top.h5", name, type, {rows, 0});
  hdf5::read_rows(dataset, name, type, {rows, 0}, {0, rows}, values.data());
  return values;
}

TEST_F(RecommendationWriterTest, hdf5_holds_the_lists_as_a_csr_matrix) {
  const RecommendationOutput output = hdf5_output(path("top.h5"));

  {
    RecommendationWriter writer(output, names({"apple", "b"}));
    writer.write(ids({"first", "none"}), lists({{{2.0F, 1}, {1.0F, 0}}, {}}));
    writer.interrupt();
  }
  RecommendationWriter writer(output, names({"apple", "b"}));
  EXPECT_EQ(writer.users_done(), 2U);
  writer.write(ids({"3"}), lists({{{-1.0F, 0}}}));
  writer.finish();

  const hdf5::File file = hdf5::open_file(path("top.h5"));
  EXPECT_EQ(column<std::uint64_t>(file, "/lists/indptr", hdf5::uint64, 4), (std::vector<std::uint64_t>{0, 2, 2, 3}));
  EXPECT_EQ(column<std::uint32_t>(file, "/lists/items", hdf5::uint32, 3), (std::vector<std::uint32_t>{1, 0, 0}));
  EXPECT_EQ(column<float>(file, "/lists/scores", hdf5::fp32, 3), (std::vector<float>{2, 1, -1}));
  EXPECT_EQ(hdf5::text_width(file, "top.h5", "/users/ids"), 5U);
  EXPECT_EQ(hdf5::text_width(file, "top.h5", "/items/ids"), 5U);
  for (const char* leftover : {"top.h5.alsace-tmp", "top.h5.lists.alsace-tmp", "top.h5.lists.alsace-progress"})
    EXPECT_FALSE(std::filesystem::exists(path(leftover))) << leftover;
}

TEST_F(RecommendationWriterTest, hdf5_joins_batches_to_columns_of_several_chunks) {
  constexpr std::uint32_t users = 7;
  constexpr std::uint32_t length = 90'000;  // some 2.4 chunks of 1 MiB a column
  RecommendationWriter writer(hdf5_output(path("top.h5")), names({"a"}));
  std::vector<std::uint32_t> items;
  std::vector<float> scores;
  std::vector<std::string> texts;
  for (std::uint32_t user = 0; user < users; ++user) {
    std::vector<ScoredItem> list;
    for (std::uint32_t i = 0; i < length; ++i) {
      list.push_back({static_cast<float>(user) - 0.5F * static_cast<float>(i), user * length + i});
      items.push_back(list.back().item);
      scores.push_back(list.back().score);
    }
    texts.emplace_back(user + 1, 'u');
    writer.write(ids({texts.back()}), lists({list}));
  }
  writer.finish();

  const hdf5::File file = hdf5::open_file(path("top.h5"));
  EXPECT_EQ(column<std::uint32_t>(file, "/lists/items", hdf5::uint32, users * length), items);
  EXPECT_EQ(column<float>(file, "/lists/scores", hdf5::fp32, users * length), scores);
  const auto stored = column<std::array<char, users>>(file, "/users/ids", hdf5::ElementType::text(users), users);
  for (std::uint32_t user = 0; user < users; ++user)
    EXPECT_EQ(std::string(stored[user].data(), users), texts[user] + std::string(users - user - 1, '\0'));
}

TEST_F(RecommendationWriterTest, hdf5_does_not_go_on_with_a_journal_of_another_layout) {
  {
    RecommendationWriter earlier(csv(path("top.h5.lists")), names({"a"}));
    earlier.write(ids({"1"}), lists({{{1.0F, 0}}}));
    earlier.interrupt();
  }

  RecommendationWriter writer(hdf5_output(path("top.h5")), names({"a"}));

  EXPECT_EQ(writer.users_done(), 0U);
}

TEST_F(RecommendationWriterTest, hdf5_that_cannot_be_made_leaves_the_lists_for_another_run) {
  {
    RecommendationWriter writer(hdf5_output(path("top.h5")), names({"a"}));
    writer.write(ids({"1"}), lists({{{1.0F, 0}}}));
    std::filesystem::create_directories(path("top.h5.alsace-tmp/in the way"));
    EXPECT_THROW(writer.finish(), Error);
    EXPECT_FALSE(std::filesystem::exists(path("top.h5")));
  }
  std::filesystem::remove_all(path("top.h5.alsace-tmp"));

  RecommendationWriter writer(hdf5_output(path("top.h5")), names({"a"}));
  EXPECT_EQ(writer.users_done(), 1U);
  writer.finish();

  const hdf5::File file = hdf5::open_file(path("top.h5"));
  EXPECT_EQ(column<float>(file, "/lists/scores", hdf5::fp32, 1), std::vector<float>{1});
}

TEST_F(RecommendationWriterTest, hdf5_wants_a_file_and_no_titles) {
  RecommendationOutput output = hdf5_output("-");
  EXPECT_THROW(RecommendationWriter(output, {}), Error);

  output.path = path("top.h5");
  output.with_titles = true;
  EXPECT_THROW(RecommendationWriter(output, {}), Error);
}

TEST_F(RecommendationWriterTest, a_full_disk_is_a_storage_error) {
  RecommendationWriter writer(csv("/dev/full"), {});

  try {
    writer.finish();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::storage);
    EXPECT_NE(std::string(error.what()).find("/dev/full"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("No space left"), std::string::npos);
  }
}

TEST_F(RecommendationWriterTest, a_missing_folder_is_a_storage_error) {
  EXPECT_THROW(RecommendationWriter(csv(path("absent/top.csv")), {}), Error);
}

TEST(ShortestTextTest, reads_back_as_the_same_float) {
  for (const float value : {0.1F, 1.0F / 3, -2.5e-38F, 3.4e38F, 16777217.0F, 0.0F}) {
    EXPECT_EQ(std::stof(shortest_text(value)), value);
  }
  EXPECT_EQ(shortest_text(0.1F), "0.1");
}

TEST(FormatOfNameTest, goes_by_the_end_of_the_name) {
  EXPECT_EQ(format_of_name("a/top.jsonl"), RecommendationFormat::jsonl);
  EXPECT_EQ(format_of_name("top.h5"), RecommendationFormat::hdf5);
  EXPECT_EQ(format_of_name("top.csv"), RecommendationFormat::csv);
  EXPECT_EQ(format_of_name(""), RecommendationFormat::csv);
}

}  // namespace
}  // namespace alsace::io
