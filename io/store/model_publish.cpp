#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "io/store/atomic_publish.hpp"
#include "io/store/checkpoint_names.hpp"
#include "io/store/model_lock.hpp"
#include "io/store/model_manifest.hpp"
#include "io/store/model_store.hpp"
#include "io/store/model_view.hpp"
#include "io/store/store_place.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

fs::path staging_of(const fs::path& model, int sweep) {
  return without_slash(model) / (sweep_name(sweep) + schema::staging_suffix);
}

/// True for the names that an interrupted commit leaves.
bool is_leftover(std::string name) {
  const auto drop = [&name](const std::string& suffix) {
    const bool found = name.ends_with(suffix);
    if (found) name.erase(name.size() - suffix.size());
    return found;
  };
  if (!drop(schema::staging_suffix)) return false;
  if (name == schema::latest_link || name == schema::best_link) return true;
  (void)drop(schema::replaced_suffix);
  return sweep_of(name).has_value();
}

void remove_leftovers(const fs::path& directory) {
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
      if (is_leftover(entry.path().filename().string())) fs::remove_all(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    throw storage_error(fmt::format("{}: removing leftovers failed: {}", directory.string(), error.code().message()));
  }
}

/// Throws when no file can be made in `directory`.
void probe(const fs::path& directory) {
  const fs::path file = directory / ".alsace-probe";
  (void)FileDescriptor::open(file, O_WRONLY | O_CREAT | O_NOFOLLOW);
  ::unlink(file.c_str());
}

/// False for a checkpoint that an earlier run of other parameters or data left in the directory.
bool same_run(const ModelInfo& info, const fs::path& checkpoint) {
  try {
    ModelInfo other = read_model_manifest(checkpoint).info;
    other.config.sweeps = info.config.sweeps;
    return other.config == info.config && other.data == info.data;
  } catch (const Error&) {
    return true;  // damaged: --keep will remove it in its turn
  }
}

void move_best(const fs::path& model, const ModelInfo& info) {
  const fs::path link = model / schema::best_link;
  if (info.early_stopping.best_sweep == info.sweep) {
    point_link(link, sweep_name(info.sweep));
    return;
  }
  const std::optional<int> best = sweep_of_link(link);
  const bool ours = best && *best <= info.early_stopping.best_sweep && same_run(info, model / sweep_name(*best));
  if (!ours) fs::remove(link);
}

void remove_old(const fs::path& model, const ModelInfo& info, int keep) {
  std::vector<int> sweeps = checkpoints_of(model);
  // Sweeps beyond this one are of a run that was overwritten, or were never linked to.
  const auto foreign = [&](int sweep) { return sweep > info.sweep || !same_run(info, model / sweep_name(sweep)); };
  const auto begin_foreign = std::stable_partition(sweeps.begin(), sweeps.end(), [&](int s) { return !foreign(s); });
  std::vector<int> removed(begin_foreign, sweeps.end());
  sweeps.erase(begin_foreign, sweeps.end());
  const std::optional<int> best = sweep_of_link(model / schema::best_link);
  const std::size_t kept = std::min(sweeps.size(), static_cast<std::size_t>(std::max(keep, 1)));
  for (std::size_t i = 0; i < sweeps.size() - kept; ++i) {
    if (sweeps[i] != best) removed.push_back(sweeps[i]);
  }
  for (const int sweep : removed) {
    if (is_being_read(model / sweep_name(sweep))) continue;  // until the next commit
    // A name of its own first: a half-removed checkpoint must not look like one.
    const fs::path aside = staging_of(model, sweep);
    fs::remove_all(aside);
    fs::rename(model / sweep_name(sweep), aside);
    fs::remove_all(aside);
  }
}

}  // namespace

void refuse_other_than_model(const fs::path& model) {
  const fs::path path = without_slash(model);
  std::error_code ignored;
  const bool is_store = fs::exists(path / schema::manifest_file, ignored);
  if (is_store || (fs::exists(path, ignored) && !fs::is_directory(path, ignored))) {
    throw usage_error(fmt::format("{}: is {}, expected a directory for checkpoints or a name that is free",
                                  path.string(), is_store ? "a data set or a single checkpoint" : "a file"));
  }
  refuse_inside_store(path);
}

void prepare_model_directory(const fs::path& model) {
  refuse_other_than_model(model);
  const fs::path directory = without_slash(model);
  make_directories(directory);
  remove_leftovers(directory);
  probe(directory);
}

fs::path stage_checkpoint(const fs::path& model, int sweep) {
  prepare_model_directory(model);
  make_empty_directory(staging_of(model, sweep));
  return staging_of(model, sweep);
}

void publish_checkpoint(const fs::path& model, const ModelInfo& info, const std::vector<StoredFile>& shards,
                        const IdWidths& widths, int keep) {
  const fs::path directory = without_slash(model);
  const fs::path staging = staging_of(model, info.sweep);
  check_ranges(shards, {info.users, info.items, info.interactions}, staging.string());
  StoredFile view;
  view.name = schema::view_file;
  const FileDigest digest = write_model_view(staging, info, shards, widths);
  view.bytes = digest.bytes;
  view.xxh3_128 = digest.xxh3_128;
  std::vector<StoredFile> files = shards;
  files.push_back(view);

  Json json = model_members(info);
  json["files"] = to_json(files);
  write_file(staging / schema::manifest_file, sign_manifest(schema::model_format, json));
  publish_directory(staging, directory / sweep_name(info.sweep));
  point_link(directory / schema::latest_link, sweep_name(info.sweep));
  try {
    move_best(directory, info);
    remove_old(directory, info, keep);
  } catch (const fs::filesystem_error& error) {
    throw storage_error(
        fmt::format("{}: removing old checkpoints failed: {}", directory.string(), error.code().message()));
  }
}

void discard_checkpoint(const fs::path& model, int sweep) noexcept {
  std::error_code error;
  fs::remove_all(staging_of(model, sweep), error);
}

}  // namespace alsace::io
