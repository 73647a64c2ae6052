#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace alsace::io {

/// Ids, one a line; empty lines do not count, CRLF is a line's end too. Throws ErrorKind::input, also where there is
/// none.
std::vector<std::string> read_id_file(const std::filesystem::path& path);

/// What a list option means: the ids of a file if there is one of this name, which is logged, else ids with commas (and
/// blanks) between.
std::vector<std::string> ids_of_option(const std::string& text);

}  // namespace alsace::io
