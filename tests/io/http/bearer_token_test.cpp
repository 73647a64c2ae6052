#include "io/http/bearer_token.hpp"

#include <gtest/gtest.h>

#include "src/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io::http {
namespace {

const std::string token = "abcdefghij0123456789";

class TokenFile {
 public:
  explicit TokenFile(const std::string& text) : path_(folder_.write("token", text)) {
    std::filesystem::permissions(path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  test::ScratchFolder folder_;
  std::filesystem::path path_;
};

/// What is wrong with a file of that text, without its name.
std::string complaint_about(const std::string& text) {
  const TokenFile file(text);
  try {
    BearerTokens::from_file(file.path());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with(file.path().string() + ":")) << message;
    return message.substr(file.path().string().size() + 1);
  }
  return "";
}

TEST(BearerTokensTest, the_whole_token_is_wanted) {
  const BearerTokens tokens({token, "another-token-of-24-byte"});

  EXPECT_TRUE(tokens.admit("Bearer " + token));
  EXPECT_TRUE(tokens.admit("bearer  " + token));
  EXPECT_TRUE(tokens.admit("Bearer another-token-of-24-byte"));
  EXPECT_FALSE(tokens.admit("Bearer " + token.substr(0, 19)));
  EXPECT_FALSE(tokens.admit("Bearer " + token + "x"));
  EXPECT_FALSE(tokens.admit("Bearer " + token + token));
  EXPECT_FALSE(tokens.admit("Bearer " + token + " "));
  EXPECT_FALSE(tokens.admit("Bearer Abcdefghij0123456789"));
  EXPECT_FALSE(tokens.admit("Bearer abcdefghij012345678x"));
  EXPECT_FALSE(tokens.admit("Bearer "));
  EXPECT_FALSE(tokens.admit("Bearer"));
  EXPECT_FALSE(tokens.admit("Bearer    "));
  EXPECT_FALSE(tokens.admit(""));
  EXPECT_FALSE(tokens.admit(token));
  EXPECT_FALSE(tokens.admit("Basic " + token));
}

TEST(BearerTokensTest, nothing_is_admitted_by_no_token_or_an_empty_one) {
  EXPECT_FALSE(BearerTokens({}).admit("Bearer " + token));
  EXPECT_FALSE(BearerTokens({""}).admit("Bearer " + token));
  EXPECT_FALSE(BearerTokens({""}).admit("Bearer "));
}

TEST(BearerTokensTest, a_file_has_a_token_a_line) {
  const TokenFile file(token + "\r\n\nsecond-token.~+/1==");

  const auto tokens = BearerTokens::from_file(file.path());

  EXPECT_TRUE(tokens.admit("Bearer " + token));
  EXPECT_TRUE(tokens.admit("Bearer second-token.~+/1=="));
  EXPECT_FALSE(tokens.admit("Bearer "));
}

TEST(BearerTokensTest, a_file_that_is_wrong_is_named_and_the_token_is_not_shown) {
  const std::string characters = " token = other characters, expected letters, digits, -._~+/ and = at the end";

  EXPECT_EQ(complaint_about(""), " tokens = 0, expected one a line");
  EXPECT_EQ(complaint_about("\n\n"), " tokens = 0, expected one a line");
  EXPECT_EQ(complaint_about(token + "\nshort\n"), "2: token = 5 bytes, expected 16 to 4096");
  EXPECT_EQ(complaint_about(token + " with space"), "1:" + characters);
  EXPECT_EQ(complaint_about("a=b" + token), "1:" + characters);
  EXPECT_EQ(complaint_about(std::string(20, '=')), "1:" + characters);
}

TEST(BearerTokensTest, a_file_that_cannot_be_read_is_named) {
  for (const std::filesystem::path path : {"/nowhere/token", "/tmp"}) {
    try {
      BearerTokens::from_file(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_EQ(error.what(), path.string() + ": cannot be read");
    }
  }
}

}  // namespace
}  // namespace alsace::io::http
