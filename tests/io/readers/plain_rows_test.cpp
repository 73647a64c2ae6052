#include "io/readers/plain_rows.hpp"

#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/readers/fields.hpp"
#include "io/readers/line_reader.hpp"

namespace alsace::io {
namespace {

Layout layout_of(const std::string& separator, std::int32_t user, std::int32_t item, std::int32_t value,
                 std::int32_t timestamp) {
  Layout layout;
  std::copy(separator.begin(), separator.end(), layout.separator.begin());
  layout.user = user;
  layout.item = item;
  layout.value = value;
  layout.timestamp = timestamp;
  return layout;
}

/// What take() says of the first line of some text, as `user|item|value|timestamp|text|bytes`; "" when it gives it up.
std::string taken(const Layout& layout, const std::string& text) {
  // Behind the text stands what would go on with it, as in a buffer that was used before.
  std::string readable = text;
  while (readable.size() < text.size() + LineReader::slack) readable += "\n7,7,7,7";
  ParsedRow row;
  row.problem = "of the row before";
  const std::size_t bytes = PlainRows(layout).take(std::string_view(readable).substr(0, text.size()), row);
  if (bytes == 0) return "";
  EXPECT_EQ(row.problem, "");
  return fmt::format("{}|{}|{}|{}|{}|{}", row.user, row.item, row.value, row.timestamp, row.text, bytes);
}

/// The same from the splitter and the parser that read every row; "bad" for a bad row.
std::string parsed(const Layout& layout, const std::string& text) {
  const std::size_t newline = text.find('\n');
  std::string_view line = std::string_view(text).substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);
  FieldSplitter splitter(layout.separator.data(), layout.has_quotes());
  if (splitter.split(line) != FieldSplitter::Result::done) return "bad";
  ParsedRow row;
  parse_fields(splitter.fields(), layout, false, row);
  if (!row.problem.empty()) return "bad";
  return fmt::format("{}|{}|{}|{}|{}|{}", row.user, row.item, row.value, row.timestamp, line, newline + 1);
}

TEST(PlainRowsTest, takes_what_most_files_consist_of) {
  const Layout all = layout_of(",", 0, 1, 2, 3);

  EXPECT_EQ(taken(all, "u1,a long item id,4.5,978300760\nu2"),
            "u1|a long item id|4.5|978300760|u1,a long item id,4.5,"
            "978300760|32");
  EXPECT_EQ(taken(all, "1,2,3,4\r\n"), "1|2|3|4|1,2,3,4|9");
  EXPECT_EQ(taken(all, "1,2,3,4,more,and more\n"), "1|2|3|4|1,2,3,4,more,and more|22");
  EXPECT_EQ(taken(layout_of("\t", 2, 0, Layout::none, Layout::none), "12345678\tx\t123456789\n"),
            "123456789|12345678|1|0|12345678\tx\t123456789|21");
}

TEST(PlainRowsTest, gives_up_what_is_bad_or_unusual) {
  const Layout all = layout_of(",", 0, 1, 2, 3);

  for (const char* text : {"",
                           "\n",
                           "u,i,1,2",
                           "u,i,1,2\r",
                           "u,i,1\n",
                           "u,i,1,\n",
                           ",i,1,2\n",
                           "u,,1,2\n",
                           "u,i,,2\n",
                           "u,i, 1,2\n",
                           "u,i,-1,2\n",
                           "u,i,1e3,2\n",
                           "u,i,.5,2\n",
                           "u,i,5.,2\n",
                           "u,i,1.2.3,2\n",
                           "u,i,12345678,2\n",
                           "u,i,x,2\n",
                           "u,i,1,-2\n",
                           "u,i,1,1234567890123456789\n",
                           "u,i,1,2x\n",
                           "u,i,1,2\rx\n",
                           "u,i,1,2\r\r\n",
                           "\"u\",i,1,2\n",
                           "u,i,1,2,\"note\"\n",
                           "u\x7f,i,1,2\n",
                           "u,\xc3\xa4,1,2\n",
                           "u,i\x1f,1,2\n",
                           "u\n,i,1,2\n"}) {
    EXPECT_EQ(taken(all, text), "") << text;
  }
  EXPECT_EQ(taken(layout_of("::", 0, 1, 2, 3), "1::2::3::4\n"), "");
  EXPECT_EQ(taken(all, std::string(513, 'u') + ",i,1,2\n"), "");
  EXPECT_EQ(taken(all, "u,i,1,2," + std::string(LineReader::longest_line, 'x') + "\n"), "");
}

TEST(PlainRowsTest, agrees_with_the_parser_of_every_row_wherever_it_takes_one) {
  const std::vector<std::string> pieces{",",  ",",         ",",    "\n",       "\n",       "0",  "7",
                                        "12", "123456789", "4.25", ".",        "-1",       "\r", " ",
                                        "\"", "u",         "a",    "\xc3\xa4", "abcdefgh", "00", "1e2"};
  const std::vector<Layout> layouts{layout_of(",", 0, 1, 2, 3), layout_of(",", 1, 0, Layout::none, Layout::none),
                                    layout_of(",", 2, 0, 3, Layout::none), layout_of(" ", 0, 1, 2, Layout::none)};
  std::mt19937 random(1);
  std::size_t rows_taken = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    const auto length = 1 + random() % 12;
    for (std::size_t i = 0; i < length; ++i) text += pieces[random() % pieces.size()];
    text += '\n';
    const Layout& layout = layouts[random() % layouts.size()];

    const std::string result = taken(layout, text);

    if (result.empty()) continue;
    ++rows_taken;
    ASSERT_EQ(result, parsed(layout, text)) << text;
  }
  EXPECT_GT(rows_taken, 1000U);
}

}  // namespace
}  // namespace alsace::io
