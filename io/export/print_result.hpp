#pragma once

#include <string_view>

namespace alsace::io {

/// Writes a command's result to stdout, all of it. Throws ErrorKind::storage `stdout: cannot be written: <reason>`, so
/// that a full disk behind a redirection does not pass for success.
void print_result(std::string_view text);

}  // namespace alsace::io
