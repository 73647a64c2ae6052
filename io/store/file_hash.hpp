#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace alsace::io {

/// XXH3-128 of some bytes, as 32 lower-case hex digits.
std::string hash_of(std::string_view bytes);

struct FileDigest {
  std::uint64_t bytes = 0;
  std::string xxh3_128;
};

/// Size and XXH3-128 of a regular file (links are refused), read once in pieces of 1 MiB. Throws ErrorKind::storage.
FileDigest digest_of(const std::filesystem::path& file);

/// XXH3-128 of a file that the user gave; links are followed. Throws ErrorKind::input.
std::string hash_of_input(const std::filesystem::path& file);

}  // namespace alsace::io
