#include "io/service/access_log.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "src/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::io {
namespace {

using Json = nlohmann::json;
using test::ScratchFolder;

http::Exchange exchange_for(std::string_view target) {
  return {"GET", target, "user", "127.0.0.1:50000", 200, 321, 0.0125, 0.001};
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST(AccessLogTest, writes_an_object_a_line_at_once) {
  const ScratchFolder directory;
  const AccessLog log(directory / "access.jsonl");

  log.write(exchange_for("/v1/users/%7B{}%s\"/recommendations"));
  log.write(exchange_for("/bad\xff\n"));

  const std::vector<std::string> lines = lines_of(directory / "access.jsonl");
  ASSERT_EQ(lines.size(), 2U);
  Json line = Json::parse(lines[0]);
  EXPECT_EQ(line["time"].get<std::string>().size(), std::string("2026-02-01T12:00:00.123Z").size());
  line.erase("time");
  EXPECT_EQ(line, Json::parse(R"({"client":"127.0.0.1:50000","method":"GET","route":"user","status":200,"bytes":321,
                                  "target":"/v1/users/%7B{}%s\"/recommendations","seconds":0.0125})"));
  EXPECT_EQ(Json::parse(lines[1])["target"], "/bad\xEF\xBF\xBD\n");
}

TEST(AccessLogTest, appends_to_a_file_and_keeps_long_targets_short) {
  const ScratchFolder directory;
  const std::string path = directory.write("access.jsonl", "old\n");

  AccessLog(path).write(exchange_for(std::string(10'000, 'x')));

  const std::vector<std::string> lines = lines_of(path);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "old");
  EXPECT_EQ(Json::parse(lines[1])["target"], std::string(2048, 'x'));
}

TEST(AccessLogTest, makes_the_file_for_its_owner_alone) {
  const ScratchFolder directory;

  const AccessLog log(directory / "access.jsonl");

  struct stat status {};
  ASSERT_EQ(::stat((directory / "access.jsonl").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(AccessLogTest, off_writes_nothing) {
  AccessLog("off").write(exchange_for("/"));
}

TEST(AccessLogTest, a_place_that_cannot_be_written_is_a_storage_error) {
  try {
    const AccessLog log("/nonexistent/access.jsonl");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::storage);
    EXPECT_STREQ(
        error.what(),
        "--access-log = /nonexistent/access.jsonl, expected off, - or a file that can be written: No such file "
        "or directory");
  }
}

TEST(AccessLogTest, a_full_disk_ends_no_service) {
  const AccessLog log("/dev/full");

  EXPECT_NO_THROW(log.write(exchange_for("/")));
}

}  // namespace
}  // namespace alsace::io
