#include "io/export/recommendation_writer.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "src/error.hpp"

namespace alsace::io {
namespace {

class RecommendationWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("alsace-writer-" + std::to_string(::getpid()) + "-" +
                                                        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::filesystem::path folder_;
};

TEST_F(RecommendationWriterTest, writes_csv_with_quotes_where_needed) {
  RecommendationWriter writer(path("top.csv"), RecommendationFormat::csv, false);

  writer.write({"u,1", "say \"hi\"", 1, 0.1F, ""});
  writer.write({"2", "plain", 2, -3.0F, ""});
  writer.finish();

  EXPECT_EQ(text_of(path("top.csv")), "user,item,rank,score\n\"u,1\",\"say \"\"hi\"\"\",1,0.1\n2,plain,2,-3\n");
}

TEST_F(RecommendationWriterTest, appends_titles_to_csv) {
  RecommendationWriter writer(path("top.csv"), RecommendationFormat::csv, true);

  writer.write({"1", "2", 1, 1.0F, "Good, Bad"});
  writer.write({"1", "3", 2, 0.5F, ""});
  writer.finish();

  EXPECT_EQ(text_of(path("top.csv")), "user,item,rank,score,title\n1,2,1,1,\"Good, Bad\"\n1,3,2,0.5,\n");
}

TEST_F(RecommendationWriterTest, writes_one_json_object_a_line) {
  RecommendationWriter writer(path("top.jsonl"), RecommendationFormat::jsonl, true);

  writer.write({"u\"1", "i\\2", 3, 1e-7F, "bad \xFF byte"});
  writer.finish();

  const auto line = nlohmann::json::parse(text_of(path("top.jsonl")));
  EXPECT_EQ(line["user"], "u\"1");
  EXPECT_EQ(line["item"], "i\\2");
  EXPECT_EQ(line["rank"], 3);
  EXPECT_EQ(line["score"].get<float>(), 1e-7F);
  EXPECT_EQ(line["title"], "bad \xEF\xBF\xBD byte");
}

TEST_F(RecommendationWriterTest, a_file_appears_when_it_is_complete) {
  std::ofstream(path("top.csv")) << "old";
  {
    RecommendationWriter writer(path("top.csv"), RecommendationFormat::csv, false);
    writer.write({"1", "2", 1, 1.0F, ""});
    EXPECT_EQ(text_of(path("top.csv")), "old");
  }

  EXPECT_EQ(text_of(path("top.csv")), "old");
  EXPECT_FALSE(std::filesystem::exists(path("top.csv.alsace-tmp")));
}

TEST_F(RecommendationWriterTest, a_full_disk_is_a_storage_error) {
  RecommendationWriter writer("/dev/full", RecommendationFormat::csv, false);

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
  EXPECT_THROW(RecommendationWriter(path("absent/top.csv"), RecommendationFormat::csv, false), Error);
}

TEST(ShortestTextTest, reads_back_as_the_same_float) {
  for (const float value : {0.1F, 1.0F / 3, -2.5e-38F, 3.4e38F, 16777217.0F, 0.0F}) {
    EXPECT_EQ(std::stof(shortest_text(value)), value);
  }
  EXPECT_EQ(shortest_text(0.1F), "0.1");
}

TEST(FormatOfNameTest, knows_json_lines_by_the_end_of_the_name) {
  EXPECT_EQ(format_of_name("a/top.jsonl"), RecommendationFormat::jsonl);
  EXPECT_EQ(format_of_name("top.csv"), RecommendationFormat::csv);
  EXPECT_EQ(format_of_name(""), RecommendationFormat::csv);
}

}  // namespace
}  // namespace alsace::io
