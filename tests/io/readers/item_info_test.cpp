#include "io/readers/item_info.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "io/readers/id_file.hpp"
#include "src/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

class ItemInfoTest : public testing::Test {
 protected:
  void write(const std::string& text) const { (void)folder_.write("items.csv", text); }
  [[nodiscard]] std::string error_of() const {
    try {
      (void)read_item_titles(path_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      return error.what();
    }
    return "no error";
  }

  test::ScratchFolder folder_;
  std::filesystem::path path_ = folder_.path() / "items.csv";
};

TEST_F(ItemInfoTest, reads_quotes_commas_newlines_and_crlf) {
  write("year,item,title\r\n1922,\"1\",\"Nosferatu, eine \"\"Symphonie\"\"\"\r\n\r\n1,2,\"two\nlines\"\r\n3,3,\r\n");

  const ItemTitles titles = read_item_titles(path_);

  EXPECT_EQ(titles, (ItemTitles{{"1", "Nosferatu, eine \"Symphonie\""}, {"2", "two\nlines"}, {"3", ""}}));
}

TEST_F(ItemInfoTest, reads_the_bundled_titles) {
  const ItemTitles titles = read_item_titles(std::string(ALSACE_TEST_DATA) + "/movietweetings/items.csv");

  EXPECT_EQ(titles.at("13442"), "Nosferatu, eine Symphonie des Grauens (1922)");
}

TEST_F(ItemInfoTest, names_file_and_line_of_what_is_wrong) {
  const std::string name = path_.string();

  write("");
  EXPECT_EQ(error_of(), name + ":1: an empty file, expected a header with item and title");
  write("item,name\n1,x\n");
  EXPECT_EQ(error_of(), name + ":1: columns = item, name, expected title among them");
  write("item,title\n1,\"two\nlines\"\n2,b,c\n");
  EXPECT_EQ(error_of(), name + ":4: fields = 3, expected 2 as in the header");
  write("item,title\n1,\"no end\n2,b\n");
  EXPECT_EQ(error_of(), name + ":2: a quoted field has no end");
  write("item,title\n1,\"a\"b\n");
  EXPECT_EQ(error_of(), name + ":2: text follows a closing quote, expected a comma or the end of the line");
}

/// What a file gives, for comparing: a line is item, title, then attributes.
std::vector<std::vector<std::string>> lines_of(ItemInfoFile& file) {
  std::vector<std::vector<std::string>> lines;
  while (const ItemInfo* line = file.next()) {
    lines.push_back({std::string(line->item), std::string(line->title)});
    lines.back().insert(lines.back().end(), line->attributes.begin(), line->attributes.end());
  }
  return lines;
}

using Lines = std::vector<std::vector<std::string>>;

TEST_F(ItemInfoTest, every_column_beside_item_and_title_is_an_attribute) {
  write("genres,title,\"shot in\",item\r\nDrama|Sci-Fi,Alien,\"UK, US\",8\r\n\r\n,\"two\nlines\",,9\r\n");

  ItemInfoFile file(path_);

  EXPECT_EQ(file.attributes(), (std::vector<std::string>{"genres", "shot in"}));
  EXPECT_EQ(lines_of(file), (Lines{{"8", "Alien", "Drama|Sci-Fi", "UK, US"}, {"9", "two\nlines", "", ""}}));
  EXPECT_EQ(file.next(), nullptr);
}

TEST_F(ItemInfoTest, the_first_of_columns_with_one_name_counts_and_one_without_a_name_is_skipped) {
  write(",item,year,title,title,year\n0,8,1979,Alien,other,2003\n");

  ItemInfoFile file(path_);

  EXPECT_EQ(file.attributes(), std::vector<std::string>{"year"});
  EXPECT_EQ(lines_of(file), (Lines{{"8", "Alien", "1979"}}));
}

TEST_F(ItemInfoTest, a_header_alone_has_attributes_and_no_lines) {
  write("item,title,genre\n");

  ItemInfoFile file(path_);

  EXPECT_EQ(file.attributes(), std::vector<std::string>{"genre"});
  EXPECT_EQ(file.next(), nullptr);
}

TEST_F(ItemInfoTest, reads_the_bundled_genres) {
  ItemInfoFile file(std::string(ALSACE_TEST_DATA) + "/movietweetings/items.csv");
  ASSERT_EQ(file.attributes(), std::vector<std::string>{"genres"});

  (void)file.next();
  const ItemInfo* second = file.next();

  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->title, "Bronenosets Potyomkin (1925)");
  EXPECT_EQ(values_of_attribute(second->attributes[0]), (std::vector<std::string_view>{"Drama", "History"}));
}

TEST_F(ItemInfoTest, a_line_after_good_ones_is_named_when_it_is_wrong) {
  write("item,title,genre\n1,\"two\nlines\",a\n2,b\n");
  ItemInfoFile file(path_);
  ASSERT_NE(file.next(), nullptr);

  try {
    (void)file.next();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), path_.string() + ":4: fields = 2, expected 3 as in the header");
  }
}

TEST(ValuesOfAttributeTest, splits_at_bars_and_skips_what_is_empty) {
  using Values = std::vector<std::string_view>;

  EXPECT_EQ(values_of_attribute("Drama|Sci-Fi"), (Values{"Drama", "Sci-Fi"}));
  EXPECT_EQ(values_of_attribute("|Drama||War, peace|"), (Values{"Drama", "War, peace"}));
  EXPECT_EQ(values_of_attribute("Drama"), Values{"Drama"});
  EXPECT_EQ(values_of_attribute("||"), Values());
  EXPECT_EQ(values_of_attribute(""), Values());
}

TEST_F(ItemInfoTest, refuses_a_missing_file_and_a_directory) {
  EXPECT_NE(error_of().find("No such file"), std::string::npos);
  EXPECT_THROW((void)read_item_titles(std::filesystem::temp_directory_path()), Error);
}

TEST_F(ItemInfoTest, ids_come_one_a_line) {
  write("17\r\n\nsome id, with comma\n42");

  EXPECT_EQ(read_id_file(path_), (std::vector<std::string>{"17", "some id, with comma", "42"}));
  EXPECT_EQ(ids_of_option(path_.string()), read_id_file(path_));
}

TEST_F(ItemInfoTest, byte_order_mark_is_no_part_of_the_first_id) {
  write(
      "\xef\xbb\xbf"
      "42\n7\n");

  EXPECT_EQ(read_id_file(path_), (std::vector<std::string>{"42", "7"}));
}

TEST_F(ItemInfoTest, file_without_an_id_is_refused) {
  write("\n\r\n");

  EXPECT_THROW((void)ids_of_option(path_.string()), Error);
}

TEST(IdsOfOptionTest, without_such_a_file_they_are_ids_with_commas_and_blanks) {
  EXPECT_EQ(ids_of_option("17,,42, 7 , "), (std::vector<std::string>{"17", "42", "7"}));
  EXPECT_THROW((void)ids_of_option(std::filesystem::temp_directory_path().string()), Error);
}

}  // namespace
}  // namespace alsace::io
