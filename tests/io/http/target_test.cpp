#include "io/http/target.hpp"

#include <gtest/gtest.h>

namespace alsace::io::http {
namespace {

using Path = std::vector<std::string>;
using Query = std::vector<std::pair<std::string, std::string>>;

TEST(TargetTest, paths_are_cut_and_decoded) {
  const std::vector<std::pair<std::string, Path>> table = {
      {"/", {}},
      {"/v1/model", {"v1", "model"}},
      {"/v1/users/a%2Fb", {"v1", "users", "a/b"}},
      {"/a%2fb", {"a/b"}},
      {"/a/", {"a", ""}},
      {"//", {"", ""}},
      {"//a", {"", "a"}},
      {"/a+b", {"a+b"}},
      {"/%c3%a9%00", {std::string("é\0", 3)}},
      {"/..%2e/.", {"...", "."}},
      {"/%2525", {"%25"}},
      {"/a=b&c", {"a=b&c"}},
  };
  for (const auto& [text, path] : table) {
    const auto target = parse_target(text);

    ASSERT_TRUE(target.has_value()) << text;
    EXPECT_EQ(target->path, path) << text;
    EXPECT_EQ(target->query, Query()) << text;
  }
}

TEST(TargetTest, queries_are_cut_and_decoded) {
  const std::vector<std::pair<std::string, Query>> table = {
      {"/?", {}},
      {"/?k=10&k=20", {{"k", "10"}, {"k", "20"}}},
      {"/?a", {{"a", ""}}},
      {"/?a=", {{"a", ""}}},
      {"/?=a", {{"", "a"}}},
      {"/?&&a=b&", {{"a", "b"}}},
      {"/?a=b=c", {{"a", "b=c"}}},
      {"/?a+b=c+d%2B", {{"a b", "c d+"}}},
      {"/?a%26b=%3D", {{"a&b", "="}}},
      {"/?a=/?", {{"a", "/?"}}},
  };
  for (const auto& [text, query] : table) {
    const auto target = parse_target(text);

    ASSERT_TRUE(target.has_value()) << text;
    EXPECT_EQ(target->path, Path()) << text;
    EXPECT_EQ(target->query, query) << text;
  }
}

TEST(TargetTest, what_is_no_origin_form_or_has_a_broken_escape_is_none) {
  for (const std::string text : {"", "*", "a", "a/b", "http://a/", "?a", "/#a", "/a?b#c", "/a b", "/a\tb", "/a\x7f",
                                 "/%", "/%2", "/%2x", "/%x2", "/a%", "/?a=%", "/?a=%g0", "/?%4=a"}) {
    EXPECT_FALSE(parse_target(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_target(std::string("/a\0b", 4)).has_value());
}

}  // namespace
}  // namespace alsace::io::http
