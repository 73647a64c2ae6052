#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace alsace::io {

/// The absolute path that a name means, through the links that are there; what is not there yet, or cannot be looked
/// at, as it is spelt.
std::filesystem::path whole_path(const std::filesystem::path& name);

/// Files, there or not, to be found by any of their names: by another spelling, through links of either kind. Each
/// call looks at one file.
class NamedFiles {
 public:
  /// An empty name is no file.
  void add(const std::string& name);
  /// The name by which the file was added first; nullptr for a file that was not.
  [[nodiscard]] const std::string* find(const std::string& name) const;

 private:
  std::map<std::string, std::string> names_;  // by device and inode, and by whole path
};

/// True when two names mean one file in the sense of NamedFiles.
bool same_file(const std::string& one, const std::string& other);

}  // namespace alsace::io
