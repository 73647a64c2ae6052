#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/scratch_folder.hpp"

namespace alsace::test {

/// `text` as one gzip member, by the program that most such files come from.
inline std::string gzip(std::string_view text) {
  const ScratchFolder folder;
  const std::string path = folder.write("text", text);
  if (std::system(("gzip -n " + path).c_str()) != 0) throw std::runtime_error("gzip failed");
  std::ostringstream compressed;
  compressed << std::ifstream(path + ".gz", std::ios::binary).rdbuf();
  return compressed.str();
}

}  // namespace alsace::test
