#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace alsace::io {

/// What `inspect` prints about a model or a data set: a JSON object, or lines for people. MODEL may be a model
/// directory (its latest checkpoint counts), a link or a checkpoint. Reads the manifest alone. Throws
/// ErrorKind::storage.
std::string inspect_as_json(const std::filesystem::path& store);
std::string inspect_as_text(const std::filesystem::path& store);

/// Checks every hash, shape and number of a data set, or of the latest and the best checkpoint of a model. Returns a
/// line for each that was good. Memory: one range of 65,536 rows. Throws ErrorKind::storage naming file and field.
std::string verify_store(const std::filesystem::path& store);

}  // namespace alsace::io
