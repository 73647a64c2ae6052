#include "io/options/config_file.hpp"

#include <fstream>

#include <fmt/format.h>
#include <toml.hpp>

#include "src/error.hpp"

namespace alsace::io {
namespace {

std::string place_of(const std::string& path, const toml::source_location& location) {
  return fmt::format("{}:{}", path, location.line());
}

/// As an argument would give it.
std::string text_of(const toml::value& value, const std::string& place, const std::string& name) {
  switch (value.type()) {
    case toml::value_t::boolean:
      return value.as_boolean() ? "true" : "false";
    case toml::value_t::integer:
      return fmt::format("{}", value.as_integer());
    case toml::value_t::floating:
      return fmt::format("{}", value.as_floating());
    case toml::value_t::string:
      return value.as_string().str;
    default:
      throw usage_error(
          fmt::format("{}: {} is neither a number nor a text, true, false or a list of them", place, name));
  }
}

}  // namespace

std::vector<ConfigEntry> read_config_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw usage_error(fmt::format("--config = {}, expected a file that can be read", path));
  toml::value root;
  try {
    root = toml::parse(file, path);
  } catch (const toml::exception& error) {
    const toml::source_location& at = error.location();
    throw usage_error(
        fmt::format("{}: \"{}\" is not TOML: expected name = value, with texts in \"quotes\" and lists in []",
                    place_of(path, at), at.line_str()));
  }
  std::vector<ConfigEntry> entries;
  for (const auto& [name, value] : root.as_table()) {
    ConfigEntry entry{name, {}, place_of(path, value.location())};
    if (value.is_array()) {
      for (const toml::value& element : value.as_array()) entry.values.push_back(text_of(element, entry.place, name));
    } else {
      entry.values.push_back(text_of(value, entry.place, name));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace alsace::io
