#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/fuzz/http_run.hpp"
#include "tests/fuzz/json_run.hpp"

namespace alsace::fuzz {
namespace {

std::vector<std::filesystem::path> corpus(const std::string& name) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(ALSACE_TEST_DATA) / "fuzz" / name)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(FuzzCorpusTest, every_request_is_within_bounds_or_refused) {
  const std::vector<std::filesystem::path> files = corpus("json");

  EXPECT_GE(files.size(), 30U);
  for (const auto& file : files) EXPECT_EQ(run_json(content_of(file)), "") << file;
}

TEST(FuzzCorpusTest, every_connection_gets_one_good_answer_a_request) {
  const std::vector<std::filesystem::path> files = corpus("http");

  EXPECT_GE(files.size(), 30U);
  for (const auto& file : files) EXPECT_EQ(run_http(content_of(file)), "") << file;
}

TEST(FuzzCorpusTest, what_the_fuzzers_look_for_would_be_found) {
  io::http::Response response = io::http::problem(400, "detail");
  response.route = "user";
  EXPECT_EQ(bad_response(response), "");
  response.body.resize(10);
  EXPECT_NE(bad_response(response), "");
  response = io::http::problem(404, "x");
  response.status = 400;
  EXPECT_NE(bad_response(response), "");
  response = io::http::Response();
  response.body = "{}";
  response.headers = {{"Server-Timing", "a\r\nb"}};
  EXPECT_NE(bad_response(response), "");
  io::ScoringRequest request;
  request.users = {"a\n"};
  EXPECT_EQ(out_of_bounds(request, {}), "users");
  request.users = {"a"};
  request.k = 1001;
  EXPECT_EQ(out_of_bounds(request, {}), "k = 1001");
  EXPECT_NE(bad_refusal({400, "\xff"}), "");
}

}  // namespace
}  // namespace alsace::fuzz
