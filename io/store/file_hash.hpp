#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
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

/// A part of a file as it should be.
struct FilePiece {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  std::string xxh3_128;
};

/// digest_of() a file, and the first of some pieces of it, if any, whose bytes are others than they should be or behind
/// its end. `pieces`: ascending, apart from each other. The file is read once, and memory holds a piece at a time.
struct ReadBack {
  FileDigest digest;
  std::optional<std::size_t> wrong_piece;
};
ReadBack read_back(const std::filesystem::path& file, std::span<const FilePiece> pieces);

/// XXH3-128 of a file that the user gave; links are followed. Throws ErrorKind::input.
std::string hash_of_input(const std::filesystem::path& file);

}  // namespace alsace::io
