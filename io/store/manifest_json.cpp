#include "io/store/manifest_json.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include <fmt/format.h>

#include "io/store/file_hash.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

constexpr std::size_t digits = 32;
const std::string zeros(digits, '0');
const std::string ending = "\"\n}\n";

bool is_hex(const std::string& text) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Error wrong(const std::string& where, const std::string& field, const Json& value, const std::string& expected) {
  return storage_error(fmt::format("{}: {} = {}, expected {}", where, field,
                                   value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), expected));
}

std::string read_text(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path))) {
    throw storage_error(fmt::format("{}: is missing or not a regular file", path.string()));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw storage_error(fmt::format("{}: cannot be read", path.string()));
  return std::move(text).str();
}

void check_checksum(std::string text, const std::string& where) {
  const std::string opening = "\"checksum\": \"";
  const std::size_t tail = opening.size() + digits + ending.size();
  const bool whole =
      text.size() > tail && text.ends_with(ending) && text.compare(text.size() - tail, opening.size(), opening) == 0;
  if (!whole) throw storage_error(fmt::format("{}: does not end with its checksum, expected a whole manifest", where));
  const std::size_t at = text.size() - ending.size() - digits;
  const std::string stored = text.substr(at, digits);
  text.replace(at, digits, zeros);
  if (const std::string found = hash_of(text); found != stored) {
    throw storage_error(fmt::format("{}: checksum = {}, expected {} as written in it", where, found, stored));
  }
}

RowRange range_of(const Json& json, const char* name, const std::string& where) {
  const Json& range = member_of(json, name, where);
  const bool good = range.is_array() && range.size() == 2 && range[0].is_number_unsigned() &&
                    range[1].is_number_unsigned() && range[0] <= range[1];
  if (!good) throw wrong(where, name, range, "[begin, end]");
  return {range[0].get<std::uint64_t>(), range[1].get<std::uint64_t>()};
}

}  // namespace

std::string sign_manifest(const char* format, const Json& members) {
  Json json;
  json["format"] = format;
  json["schema_version"] = schema::version;
  json.update(members);
  json["checksum"] = zeros;
  std::string text = json.dump(2) + "\n";
  ALSACE_CHECK(text.ends_with(zeros + ending), "the checksum is not the last member");
  text.replace(text.size() - ending.size() - digits, digits, hash_of(text));
  return text;
}

Json read_manifest(const std::filesystem::path& directory, const char* format) {
  const std::filesystem::path path = directory / schema::manifest_file;
  const std::string where = path.string();
  const std::string text = read_text(path);
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception&) {
    throw storage_error(fmt::format("{}: is not JSON, expected a manifest of this program", where));
  }
  if (!json.is_object()) throw storage_error(fmt::format("{}: is not a JSON object", where));
  if (const Json& found = member_of(json, "format", where); found != format) {
    throw wrong(where, "format", found, fmt::format("\"{}\"", format));
  }
  const Json& version = member_of(json, "schema_version", where);
  if (version != schema::version) {
    const bool newer = version.is_number_integer() && version > schema::version;
    throw wrong(where, "schema_version", version,
                fmt::format("{}{}", schema::version, newer ? "; it was written by a newer version of Alsace" : ""));
  }
  check_checksum(text, where);
  return json;
}

bool has_format(const std::filesystem::path& directory, const char* format) {
  const std::filesystem::path path = directory / schema::manifest_file;
  std::error_code error;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, error))) return false;
  const Json json = Json::parse(read_text(path), nullptr, false);
  return json.is_object() && json.contains("format") && json["format"] == format;
}

const Json& member_of(const Json& json, const char* name, const std::string& where) {
  if (!json.is_object()) throw wrong(where, "a member", json, "an object");
  const auto found = json.find(name);
  if (found == json.end()) throw storage_error(fmt::format("{}: {} is missing", where, name));
  return *found;
}

std::uint64_t count_of(const Json& json, const char* name, const std::string& where) {
  const Json& value = member_of(json, name, where);
  if (!value.is_number_unsigned()) throw wrong(where, name, value, "a count");
  return value.get<std::uint64_t>();
}

int small_count_of(const Json& json, const char* name, const std::string& where) {
  const std::uint64_t count = count_of(json, name, where);
  if (count > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    throw wrong(where, name, count, "at most 2147483647");
  }
  return static_cast<int>(count);
}

double number_of(const Json& json, const char* name, const std::string& where) {
  const Json& value = member_of(json, name, where);
  if (!value.is_number() || !std::isfinite(value.get<double>())) throw wrong(where, name, value, "a finite number");
  return value.get<double>();
}

bool flag_of(const Json& json, const char* name, const std::string& where) {
  const Json& value = member_of(json, name, where);
  if (!value.is_boolean()) throw wrong(where, name, value, "true or false");
  return value.get<bool>();
}

std::string text_of(const Json& json, const char* name, const std::string& where) {
  const Json& value = member_of(json, name, where);
  if (!value.is_string()) throw wrong(where, name, value, "a text");
  return value.get<std::string>();
}

Fingerprint fingerprint_of(const Json& json, const char* name, const std::string& where) {
  const std::string hex = text_of(json, name, where);
  if (!is_hex(hex)) throw wrong(where, name, hex, "32 hex digits");
  return {std::stoull(hex.substr(0, 16), nullptr, 16), std::stoull(hex.substr(16), nullptr, 16)};
}

Json to_json(const std::vector<StoredFile>& files) {
  Json list = Json::array();
  for (const StoredFile& file : files) {
    list.push_back({{"name", file.name},
                    {"bytes", file.bytes},
                    {"xxh3_128", file.xxh3_128},
                    {"users", {file.users.begin, file.users.end}},
                    {"items", {file.items.begin, file.items.end}},
                    {"interactions", {file.interactions.begin, file.interactions.end}}});
  }
  return list;
}

void check_ranges(const std::vector<StoredFile>& files, const StoreExtent& extent, const std::string& where) {
  StoreExtent at;
  const auto follow = [&](const StoredFile& file, const char* side, RowRange range, std::uint64_t& next) {
    if (range.begin != next || range.end < range.begin) {
      throw storage_error(fmt::format("{}: files.{}.{} = [{}, {}], expected to begin at {}", where, file.name, side,
                                      range.begin, range.end, next));
    }
    next = range.end;
  };
  for (const StoredFile& file : files) {
    if (file.name == schema::view_file) continue;
    follow(file, "users", file.users, at.users);
    follow(file, "items", file.items, at.items);
    follow(file, "interactions", file.interactions, at.interactions);
  }
  const auto complete = [&](const char* side, std::uint64_t found, std::uint64_t expected) {
    if (found == expected) return;
    throw storage_error(fmt::format("{}: {} of all files = {}, expected {}", where, side, found, expected));
  };
  complete("users", at.users, extent.users);
  complete("items", at.items, extent.items);
  complete("interactions", at.interactions, extent.interactions);
}

std::vector<StoredFile> files_of(const Json& json, const StoreExtent& extent, const std::string& view,
                                 const std::string& where) {
  const Json& list = member_of(json, "files", where);
  if (!list.is_array()) throw wrong(where, "files", list, "a list");
  const std::size_t shards = list.size() - (view.empty() || list.empty() ? 0 : 1);
  std::vector<StoredFile> files;
  for (const Json& entry : list) {
    StoredFile file;
    file.name = text_of(entry, "name", where);
    const std::string expected = files.size() < shards ? shard_name(static_cast<int>(files.size())) : view;
    if (file.name != expected) throw wrong(where, "files.name", file.name, fmt::format("\"{}\"", expected));
    const std::string place = where + ": " + file.name;
    file.bytes = count_of(entry, "bytes", place);
    file.xxh3_128 = text_of(entry, "xxh3_128", place);
    if (!is_hex(file.xxh3_128)) throw wrong(place, "xxh3_128", file.xxh3_128, "32 hex digits");
    file.users = range_of(entry, "users", place);
    file.items = range_of(entry, "items", place);
    file.interactions = range_of(entry, "interactions", place);
    files.push_back(std::move(file));
  }
  if (shards == 0) throw wrong(where, "files", list, "at least one shard");
  check_ranges(files, extent, where);
  return files;
}

void verify_files(const std::filesystem::path& directory, const std::vector<StoredFile>& files, int first, int stride) {
  for (auto i = static_cast<std::size_t>(first); i < files.size(); i += static_cast<std::size_t>(stride)) {
    const std::filesystem::path path = directory / files[i].name;
    const std::string where = path.string();
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path))) {
      throw storage_error(fmt::format("{}: is missing or not a regular file", where));
    }
    std::error_code error;
    const std::uint64_t bytes = std::filesystem::file_size(path, error);
    if (!error && bytes != files[i].bytes) {
      throw storage_error(fmt::format("{}: size = {}, expected {}", where, bytes, files[i].bytes));
    }
    if (const FileDigest found = digest_of(path); found.xxh3_128 != files[i].xxh3_128) {
      throw storage_error(
          fmt::format("{}: XXH3-128 = {}, expected {}: the file is damaged", where, found.xxh3_128, files[i].xxh3_128));
    }
  }
}

}  // namespace alsace::io
