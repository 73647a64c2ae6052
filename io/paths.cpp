#include "io/paths.hpp"

#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

/// The same for all hard links of a file, and for whatever leads to them; "" for a file that is not there.
std::string inode_of(const std::string& name) {
  struct ::stat status {};
  if (::stat(name.c_str(), &status) != 0) return "";
  return fmt::format("{}:{}", status.st_dev, status.st_ino);
}

}  // namespace

fs::path whole_path(const fs::path& name) {
  std::error_code failed;
  const fs::path absolute = fs::absolute(name, failed);
  if (failed) return name.lexically_normal();
  const fs::path whole = fs::weakly_canonical(absolute, failed);
  return failed ? absolute.lexically_normal() : whole;
}

void NamedFiles::add(const std::string& name) {
  if (name.empty()) return;
  if (const std::string inode = inode_of(name); !inode.empty()) names_.emplace(inode, name);
  names_.emplace(whole_path(name).string(), name);
}

const std::string* NamedFiles::find(const std::string& name) const {
  auto found = names_.find(inode_of(name));
  if (found == names_.end()) found = names_.find(whole_path(name).string());
  return found == names_.end() ? nullptr : &found->second;
}

bool same_file(const std::string& one, const std::string& other) {
  NamedFiles files;
  files.add(one);
  return files.find(other) != nullptr;
}

}  // namespace alsace::io
