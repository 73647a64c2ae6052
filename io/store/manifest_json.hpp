#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/store/manifest.hpp"
#include "src/model/model.hpp"

/// The text of a MANIFEST.json: what both kinds of store have in common.
namespace alsace::io {

using Json = nlohmann::ordered_json;

/// The manifest as text. Its last member is `checksum`: the XXH3-128 of the text with the checksum's own digits zero,
/// so that one flipped bit anywhere in the file is seen. `format` and the schema version come first.
std::string sign_manifest(const char* format, const Json& members);

/// Reads `directory`/MANIFEST.json and checks its format, schema version and checksum.
Json read_manifest(const std::filesystem::path& directory, const char* format);

/// True when there is a manifest in `directory` that claims this format. To choose a reader, which then checks.
bool has_format(const std::filesystem::path& directory, const char* format);

/// One member of a JSON object. Throws ErrorKind::storage naming `where`, the member and its value.
const Json& member_of(const Json& json, const char* name, const std::string& where);
std::uint64_t count_of(const Json& json, const char* name, const std::string& where);
double number_of(const Json& json, const char* name, const std::string& where);
bool flag_of(const Json& json, const char* name, const std::string& where);
std::string text_of(const Json& json, const char* name, const std::string& where);
int small_count_of(const Json& json, const char* name, const std::string& where);
Fingerprint fingerprint_of(const Json& json, const char* name, const std::string& where);

Json to_json(const std::vector<StoredFile>& files);

/// Rows that the files of a store must hold together.
struct StoreExtent {
  std::uint64_t users = 0;
  std::uint64_t items = 0;
  std::uint64_t interactions = 0;
};

/// Shard files: contiguous ranges in order that cover everything; a model ends with model.h5. Throws
/// ErrorKind::storage naming the file whose range does not fit.
void check_ranges(const std::vector<StoredFile>& files, const StoreExtent& extent, const std::string& where);

/// Reads the list of files; refuses names other than shard-NNNNN.h5 in order and, at the end, `view` ("" for none).
std::vector<StoredFile> files_of(const Json& json, const StoreExtent& extent, const std::string& view,
                                 const std::string& where);

/// Checks size and hash of the files first, first + stride, … of a store. Throws ErrorKind::storage.
void verify_files(const std::filesystem::path& directory, const std::vector<StoredFile>& files, int first, int stride);

}  // namespace alsace::io
