#include "io/export/print_result.hpp"

#include <cerrno>
#include <cstdio>

#include "io/export/output_file.hpp"

namespace alsace::io {

void print_result(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  throw write_error("stdout", errno);
}

}  // namespace alsace::io
