#include <optional>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/readers/interaction_reader.hpp"
#include "src/error.hpp"
#include "tests/support/gzip.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Lines = std::vector<std::string>;

class DelimitedTest : public testing::Test {
 protected:
  /// Rows as `user|item|value|timestamp`, bad ones as `line: problem`; `parts` byte ranges one after the other.
  Lines read(const std::string& path, int parts = 0) {
    const InputFile file = inspect_file(path);
    const Layout layout = detect_layout(path, file, options_);
    Lines rows;
    if (parts == 0) {
      append(rows, path, *open_delimited(path, file, layout, options_, {layout.data_begin, to_the_end}, true));
      return rows;
    }
    const std::uint64_t size = file.bytes - layout.data_begin;
    for (std::uint64_t p = 0; p < static_cast<std::uint64_t>(parts); ++p) {
      const ByteRange range{layout.data_begin + size * p / static_cast<std::uint64_t>(parts),
                            layout.data_begin + size * (p + 1) / static_cast<std::uint64_t>(parts)};
      append(rows, path, *open_delimited(path, file, layout, options_, range, false));
    }
    return rows;
  }

  Lines read_text(const std::string& text, int parts = 0) { return read(directory_.write("input.csv", text), parts); }

  std::string error_of(const std::string& path) {
    try {
      (void)read(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      return std::string(error.what());
    }
    return "no error";
  }
  std::string error_of_text(const std::string& text) {
    const std::string path = directory_.write("input.csv", text);
    std::string message = error_of(path);
    EXPECT_THAT(message, testing::StartsWith(path));
    return message.substr(path.size());
  }

  static void append(Lines& rows, const std::string& path, InteractionReader& reader) {
    ParsedRow row;
    while (reader.next(row)) {
      rows.push_back(row.problem.empty()
                         ? fmt::format("{}|{}|{}|{}", row.user, row.item, row.value, row.timestamp)
                         : fmt::format("{}: {}", LineCounter(path, inspect_file(path).compressed).line_of(row.position),
                                       row.problem));
    }
  }

  test::ScratchFolder directory_;
  ReadOptions options_;
};

TEST_F(DelimitedTest, reads_columns_by_name_in_any_order) {
  EXPECT_THAT(read_text("timestamp,Rating,movieId,userId\n9,4.5,m1,u1\n8,3,m2,u2\n"),
              ElementsAre("u1|m1|4.5|9", "u2|m2|3|8"));
}

TEST_F(DelimitedTest, reads_columns_by_position_without_header) {
  EXPECT_THAT(read_text("1,2,3,4\n5,6,7,8\n"), ElementsAre("1|2|3|4", "5|6|7|8"));
}

TEST_F(DelimitedTest, reads_chosen_names_and_positions) {
  options_.user_column = "who";
  options_.item_column = "3";
  options_.value_column = "none";
  options_.timestamp_column = "none";

  EXPECT_THAT(read_text("value,who,what\n5,ann,tea\n"), ElementsAre("ann|tea|1|0"));
}

TEST_F(DelimitedTest, counts_every_row_1_without_a_value_column) {
  EXPECT_THAT(read_text("user,item\na,b\n"), ElementsAre("a|b|1|0"));
  EXPECT_THAT(read_text("1,2\n3,4\n"), ElementsAre("1|2|1|0", "3|4|1|0"));
}

TEST_F(DelimitedTest, header_can_be_forced_either_way) {
  options_.header = ReadOptions::Header::no;
  EXPECT_THAT(read_text("user,item\na,b\n"), ElementsAre("user|item|1|0", "a|b|1|0"));

  options_.header = ReadOptions::Header::yes;
  options_.user_column = "1";
  options_.item_column = "2";
  EXPECT_THAT(read_text("1,2\n3,4\n"), ElementsAre("3|4|1|0"));
}

TEST_F(DelimitedTest, guesses_separators) {
  EXPECT_THAT(read_text("1::1193::5::978300760\n"), ElementsAre("1|1193|5|978300760"));
  EXPECT_THAT(read_text("1\t2\t3\n"), ElementsAre("1|2|3|0"));
  EXPECT_THAT(read_text("user;item;value\na,1;b;2.5\n"), ElementsAre("a,1|b|2.5|0"));
  options_.separator = "|";
  EXPECT_THAT(read_text("a|b|7\n"), ElementsAre("a|b|7|0"));
}

TEST_F(DelimitedTest, quoted_fields_follow_rfc_4180) {
  EXPECT_THAT(read_text("user,item,value\n\"a,b\",\"say \"\"hi\"\"\",\"5\"\n\"\"\"\",x,1\n"),
              ElementsAre("a,b|say \"hi\"|5|0", "\"|x|1|0"));
  EXPECT_THAT(read_text("user,item,value\n\"a\"b,c,1\nd,e,2\n"),
              ElementsAre("2: field 1 = text after its closing quote, expected a separator there", "d|e|2|0"));
}

TEST_F(DelimitedTest, quotes_are_text_between_double_colons) {
  EXPECT_THAT(read_text("\"a::b::1\n"), ElementsAre("\"a|b|1|0"));
}

TEST_F(DelimitedTest, quoted_newline_needs_serial_parse) {
  const std::string text = "user,item,value,note\na,b,1,\"two\nlines\"\nc,d,2,x\n";

  EXPECT_THAT(read_text(text), ElementsAre("a|b|1|0", "c|d|2|0"));
  EXPECT_THAT(read_text(text, 1), ElementsAre("2: quotes = one that does not close on its line, expected pairs; use "
                                              "--serial-parse for quoted newlines"));
  EXPECT_THAT(read_text("user,item\na,\"b\n"), ElementsAre("2: quotes = one that never closes, expected pairs"));
}

TEST_F(DelimitedTest, crlf_bom_empty_lines_and_a_missing_last_newline_make_no_difference) {
  const Lines expected{"a|b|1|2", "c|d|3|4"};

  EXPECT_EQ(read_text("user,item,value,timestamp\na,b,1,2\nc,d,3,4\n"), expected);
  EXPECT_EQ(read_text("user,item,value,timestamp\r\na,b,1,2\r\n\r\nc,d,3,4\r\n"), expected);
  EXPECT_EQ(read_text("\xef\xbb\xbfuser,item,value,timestamp\na,b,1,2\nc,d,3,4"), expected);
  EXPECT_EQ(read_text("\n\nuser,item,value,timestamp\n\na,b,1,2\n\n\nc,d,3,4\n\n"), expected);
  EXPECT_EQ(read_text("\xef\xbb\xbf"
                      "a,b,1,2\nc,d,3,4"),
            expected);
  EXPECT_EQ(read_text("\xef\xbb\xbf"
                      "a,b,1,2\nc,d,3,4",
                      3),
            expected);
}

TEST_F(DelimitedTest, byte_ranges_give_every_line_once_however_they_are_cut) {
  std::string text = "user,item,value\n";
  for (int i = 0; i < 40; ++i) text += fmt::format("u{},i{},{}{}\n", i, i * i, i, i % 7 == 0 ? "\r\n" : "");
  const Lines whole = read_text(text);
  ASSERT_EQ(whole.size(), 40U);

  std::vector<int> cuts{53, 97, 150, 233, 299};
  for (int parts = 1; parts < 30; ++parts) cuts.push_back(parts);
  for (const int parts : cuts) ASSERT_EQ(read_text(text, parts), whole) << parts << " parts";
}

TEST_F(DelimitedTest, lines_longer_than_a_buffer_are_read_and_endless_ones_refused) {
  const std::string note(LineReader::longest_line - 100, 'x');

  EXPECT_THAT(read_text("user,item,note\na,b," + note + "\nc,d," + note + "\ne,f,x\n"),
              ElementsAre("a|b|1|0", "c|d|1|0", "e|f|1|0"));
  EXPECT_THAT(read_text("user,item,note\na,b," + note + note + note + "\n"),
              ElementsAre("2: line = longer than 1048576 bytes, expected a shorter one"));
}

TEST_F(DelimitedTest, gzip_reads_as_the_plain_file) {
  std::string text = "user,item,value\n";
  for (int i = 0; i < 30000; ++i) text += fmt::format("u{},i{},{}\n", i, i % 100, i % 5);
  const std::string half = text.substr(0, 5000);

  EXPECT_EQ(read(directory_.write("input.csv.gz", test::gzip(text))), read_text(text));
  EXPECT_EQ(read(directory_.write("named_otherwise", test::gzip(text))), read_text(text));
  EXPECT_EQ(read(directory_.write("two_members.gz", test::gzip(half) + test::gzip(text.substr(half.size())))),
            read_text(text));
}

TEST_F(DelimitedTest, gzip_cut_off_anywhere_is_an_error) {
  std::string text = "user,item,value\n";
  for (int i = 0; i < 3000; ++i) text += fmt::format("u{},i{},{}\n", i * 7919 % 3001, i * 104729 % 997, i % 5);
  const std::string compressed = test::gzip(text);
  constexpr const char* problem = "gzip data = damaged or cut off here, expected a complete gzip file";

  for (std::size_t size = 2; size < compressed.size();) {
    const std::string path = directory_.write("cut.csv.gz", compressed.substr(0, size));
    try {
      const Lines rows = read(path);
      ASSERT_FALSE(rows.empty());
      EXPECT_THAT(rows.back(), HasSubstr(problem)) << "cut at " << size << " of " << compressed.size();
    } catch (const Error& error) {  // cut off within the first line
      EXPECT_EQ(error.what(), path + ":1: " + problem);
    }
    const bool near_the_end = size + 40 > compressed.size();
    size += near_the_end ? 1U : 97U;
  }
}

TEST_F(DelimitedTest, gzip_with_a_flipped_bit_is_an_error) {
  std::string text = "user,item,value\n";
  for (int i = 0; i < 3000; ++i) text += fmt::format("u{},i{},{}\n", i * 7919 % 3001, i * 104729 % 997, i % 5);
  std::string compressed = test::gzip(text);
  compressed[compressed.size() - 7] = static_cast<char>(compressed[compressed.size() - 7] ^ 1);  // in the checksum

  EXPECT_THAT(read(directory_.write("flipped.csv.gz", compressed)).back(), HasSubstr("gzip data = damaged"));
}

TEST_F(DelimitedTest, bad_rows_name_field_text_and_range) {
  const std::string long_id(600, 'x');
  EXPECT_THAT(
      read_text("user,item,value,timestamp\n"
                "a,b,five,1\n"
                "a,b,,1\n"
                "a,b,nan,1\n"
                "a,b,-Inf,1\n"
                "a,b,1e39,1\n"
                "a,b,1e-39,1\n"
                "a,b,1e999,1\n"
                "a,b\n"
                ",b,1,1\n" +
                long_id +
                ",b,1,1\n"
                "a,b\x01,1,1\n"
                "\xff,b,1,1\n"
                "a,b,1,yesterday\n"
                "a,b,1,1e30\n"
                "a,b,2 3,1\n"),
      ElementsAre("2: value = five, expected a number", "3: value = \"\", expected a number",
                  "4: value = nan, expected a finite number", "5: value = -Inf, expected a finite number",
                  "6: value = 1e39, expected 0 or a magnitude of 1.2e-38 to 3.4e38",
                  "7: value = 1e-39, expected 0 or a magnitude of 1.2e-38 to 3.4e38",
                  "8: value = 1e999, expected 0 or a magnitude of 1.2e-38 to 3.4e38",
                  "9: fields = 2, expected at least 4",
                  "10: user = \"\", expected valid UTF-8 of 1 to 512 bytes without control characters",
                  "11: user = " + long_id.substr(0, 64) +
                      "… (600 bytes), expected valid UTF-8 of 1 to 512 bytes without control characters",
                  "12: item = b\\x01, expected valid UTF-8 of 1 to 512 bytes without control characters",
                  "13: user = \\xff, expected valid UTF-8 of 1 to 512 bytes without control characters",
                  "14: timestamp = yesterday, expected a number within 64 bits",
                  "15: timestamp = 1e30, expected a number within 64 bits", "16: value = 2 3, expected a number"));
}

TEST_F(DelimitedTest, numbers_are_read_exactly) {
  EXPECT_THAT(read_text("user,item,value,timestamp\n"
                        "a,b, 5 ,9223372036854775807\n"
                        "a,b,-0,-1.5\n"
                        "a,b,3.4028235e38,1.9\n"
                        "a,b,1.1754944e-38,0\n"),
              ElementsAre("a|b|5|9223372036854775807", "a|b|0|-2", "a|b|3.4028235e+38|1", "a|b|1.1754944e-38|0"));
}

TEST_F(DelimitedTest, negative_values_are_bad_rows_on_request) {
  EXPECT_THAT(read_text("user,item,value\na,b,-1\n"), ElementsAre("a|b|-1|0"));

  options_.reject_negative = true;

  EXPECT_THAT(read_text("user,item,value\na,b,-1\n"),
              ElementsAre("2: value = -1, expected at least 0 with --value raw; see --negatives"));
}

TEST_F(DelimitedTest, files_that_cannot_be_read_are_named) {
  const std::string missing = directory_ / "missing.csv";
  EXPECT_EQ(error_of(missing), missing + ": cannot be read: No such file or directory");
  EXPECT_EQ(error_of("/"), "/: is a directory and no data set, expected a data set or a file of interactions");
  EXPECT_EQ(error_of_text(""), ": is empty, expected rows of interactions");
  EXPECT_EQ(error_of_text("\r\n\n"), ": has empty lines only, expected rows of interactions");
  EXPECT_EQ(error_of_text("user,item,value\n"), ": has a header only, expected rows below it");
  EXPECT_EQ(error_of_text("user,item,value\r\n\r\n\n"), ": has a header only, expected rows below it");
  const std::string plain = directory_.write("plain.csv.gz", "user,item\na,b\n");
  EXPECT_EQ(error_of(plain), plain + ": is no gzip file, expected one by its name");
}

TEST_F(DelimitedTest, file_without_permission_is_named) {
  const std::string path = directory_.write("secret.csv", "user,item\na,b\n");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const bool root = geteuid() == 0;  // who may read everything, and has to be someone else for a moment
  constexpr uid_t nobody = 65534;
  if (root) {
    ASSERT_EQ(seteuid(nobody), 0);
  }

  const std::string error = error_of(path);

  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(error, path + ": cannot be read: Permission denied");
}

TEST_F(DelimitedTest, missing_columns_list_those_there_are) {
  EXPECT_EQ(
      error_of_text("who,item,stars\n1,2,3\n"),
      ":1: --user-column = user, expected one of the columns there are: who, item, stars (a file without a header "
      "needs --header no)");
  options_.value_column = "plays";
  EXPECT_EQ(error_of_text("user,item,stars\n1,2,3\n"),
            ":1: --value-column = plays, expected one of the columns there are: user, item, stars (a file without a "
            "header needs --header no)");
  EXPECT_EQ(error_of_text("1,2,3\n"),
            ": --value-column = plays, expected a position (1 to 3), because the file has no header");
  options_.value_column = "9";
  EXPECT_EQ(error_of_text("1,2,3\n"), ": --value-column = 9, expected 1 to 3, the columns of its first line");
  options_.value_column = "2";
  EXPECT_EQ(error_of_text("1,2,3\n"), ": --value-column = 2, expected another column than --item-column");
  EXPECT_EQ(error_of_text("lonely\n1\n"), ":1: fields = 1, expected at least a user and an item separated by ,");
}

}  // namespace
}  // namespace alsace::io
