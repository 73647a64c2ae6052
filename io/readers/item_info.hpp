#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

namespace alsace::io {

/// Titles of items by id.
using ItemTitles = std::unordered_map<std::string, std::string>;

/// Reads a comma-separated file with a header that has the columns `item` and `title` (others are skipped), fields
/// quoted as in RFC 4180. An item that comes twice keeps its first title. Throws ErrorKind::input naming file and line.
ItemTitles read_item_titles(const std::filesystem::path& path);

}  // namespace alsace::io
