#include "io/store/store_place.hpp"

#include <string>
#include <system_error>

#include <fmt/format.h>

#include "io/paths.hpp"
#include "io/store/checkpoint_names.hpp"
#include "io/store/manifest.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

bool has_manifest(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / schema::manifest_file, ignored);
}

/// A directory far above may hold a MANIFEST.json of some other program.
bool has_manifest_and_shards(const fs::path& directory) {
  std::error_code ignored;
  return has_manifest(directory) && fs::exists(directory / shard_name(0), ignored);
}

}  // namespace

void refuse_inside_store(const fs::path& path) {
  for (fs::path place = whole_path(without_slash(path)); place.has_relative_path();) {
    place = place.parent_path();
    if (!has_manifest_and_shards(place)) continue;
    throw usage_error(fmt::format("{}: lies in {}, a data set or a checkpoint, expected a place outside of it",
                                  path.string(), place.string()));
  }
}

void refuse_store(const fs::path& path) {
  refuse_inside_store(path);
  const fs::path place = without_slash(path);
  if (has_manifest(place) || !checkpoints_of(place).empty()) {
    throw usage_error(fmt::format("{}: is a model or a data set, expected another place", place.string()));
  }
}

void refuse_checkpoint_to_be(const fs::path& path, const fs::path& model) {
  const fs::path below = whole_path(path).lexically_relative(whole_path(without_slash(model)));
  if (below.empty()) return;
  const std::string first = below.begin()->string();
  if (first != schema::latest_link && first != schema::best_link && !sweep_of(first)) return;
  throw usage_error(
      fmt::format("{}: lies in a checkpoint of {}, expected a place outside of it", path.string(), model.string()));
}

}  // namespace alsace::io
