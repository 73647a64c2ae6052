#include "io/store/checkpoint_names.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "io/store/model_store.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {

namespace fs = std::filesystem;

std::string sweep_name(int sweep) {
  return fmt::format("sweep-{:06}", sweep);
}

std::optional<int> sweep_of(const std::string& name) {
  const std::string prefix = "sweep-";
  if (!name.starts_with(prefix)) return std::nullopt;
  int sweep = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, sweep);
  if (error != std::errc() || stop != end || sweep_name(sweep) != name) return std::nullopt;
  return sweep;
}

std::vector<int> checkpoints_of(const fs::path& model) {
  std::vector<int> sweeps;
  std::error_code error;
  for (fs::directory_iterator entry(model, error), end; !error && entry != end; entry.increment(error)) {
    const std::optional<int> sweep = sweep_of(entry->path().filename().string());
    if (sweep && fs::exists(entry->path() / schema::manifest_file, error)) sweeps.push_back(*sweep);
    error.clear();
  }
  std::sort(sweeps.begin(), sweeps.end());
  return sweeps;
}

std::optional<int> sweep_of_link(const fs::path& link) {
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  if (error) return std::nullopt;
  const std::optional<int> sweep = sweep_of(target.string());
  if (!sweep || !fs::exists(link.parent_path() / target / schema::manifest_file, error)) return std::nullopt;
  return sweep;
}

fs::path without_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

fs::path resolve_model(const fs::path& given, const std::string& preferred) {
  fs::path path = without_slash(given);
  if (fs::is_symlink(fs::symlink_status(path))) {
    // Resolved once, so that a training run that moves the link meanwhile does not mix two checkpoints.
    if (const auto sweep = sweep_of_link(path)) return path.parent_path() / sweep_name(*sweep);
  }
  if (fs::exists(fs::symlink_status(path / schema::manifest_file))) return path;
  for (const std::string& link : {preferred, std::string(schema::latest_link)}) {
    if (const auto sweep = sweep_of_link(path / link)) return path / sweep_name(*sweep);
  }
  // The link moves after the checkpoint has its name: a run that was killed in between has one without the other.
  if (const std::vector<int> sweeps = checkpoints_of(path); !sweeps.empty()) return path / sweep_name(sweeps.back());
  if (!fs::is_directory(path)) {
    throw storage_error(
        fmt::format("{}: {}, expected a model", path.string(), fs::exists(path) ? "is a file" : "does not exist"));
  }
  throw storage_error(fmt::format("{}: holds no {} and no sweep-NNNNNN with a {}, expected a model", path.string(),
                                  schema::latest_link, schema::manifest_file));
}

bool has_checkpoint(const fs::path& model) {
  return !checkpoints_of(without_slash(model)).empty();
}

}  // namespace alsace::io
