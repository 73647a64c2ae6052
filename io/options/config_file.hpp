#pragma once

#include <string>
#include <vector>

namespace alsace::io {

/// A line `name = value` of a --config file.
struct ConfigEntry {
  std::string name;
  std::vector<std::string> values;  ///< one, or those of an array
  std::string place;                ///< "options.toml:3"
};

/// The entries of a flat TOML file: numbers, texts, true and false, arrays of them; no tables. Throws ErrorKind::usage
/// naming the file, and the line of what cannot be read.
std::vector<ConfigEntry> read_config_file(const std::string& path);

}  // namespace alsace::io
