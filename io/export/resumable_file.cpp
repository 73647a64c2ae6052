#include "io/export/resumable_file.hpp"

#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

constexpr const char* progress_suffix = ".alsace-progress";

using Identity = std::map<std::string, std::string>;

struct Progress {
  std::uint64_t bytes = 0;
  std::uint64_t done = 0;
};

/// What of an identity, as it was noted, is not what it is now.
std::vector<std::string> differences(const nlohmann::json& noted, const Identity& now) {
  std::vector<std::string> names;
  for (const auto& [name, value] : now) {
    if (noted.value(name, nlohmann::json()) != value) names.push_back(name);
  }
  return names;
}

/// Nothing when no run of that identity left any, or what is there does not say.
std::optional<Progress> read_progress(const fs::path& path, const Identity& identity) {
  std::ifstream file(path);
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object() || !json.contains("identity") || !json["identity"].is_object()) return std::nullopt;
  if (const auto other = differences(json["identity"], identity); !other.empty()) {
    spdlog::warn("{}: of a run that differs in {}: what it has written is given up", path.string(),
                 fmt::join(other, ", "));
    return std::nullopt;
  }
  const auto bytes = json.find("bytes");
  const auto done = json.find("done");
  if (bytes == json.end() || done == json.end()) return std::nullopt;
  if (!bytes->is_number_unsigned() || !done->is_number_unsigned()) return std::nullopt;
  return Progress{bytes->get<std::uint64_t>(), done->get<std::uint64_t>()};
}

/// The file to write to, and in `done` how many units it has already.
OutputFile open_file(const std::string& path, const ResumeOptions& options, std::uint64_t& done) {
  if (path.empty() || path == "-") return OutputFile::standard_output();
  if (const auto progress = options.resume ? read_progress(path + progress_suffix, options.identity) : std::nullopt) {
    if (auto file = OutputFile::continued(path, progress->bytes)) {
      done = progress->done;
      file->keep();
      return std::move(*file);
    }
  }
  return OutputFile(path);
}

}  // namespace

ResumableFile::ResumableFile(const std::string& path, ResumeOptions options)
    : options_(std::move(options)), path_(path), file_(open_file(path, options_, done_)) {
  if (done_ == 0) forget_progress();
}

void ResumableFile::forget_progress() {
  std::error_code ignored;
  if (!file_.temporary().empty()) fs::remove(path_ + progress_suffix, ignored);
}

/// Tells who meets an error in `work` what becomes of the rest.
template <class Work>
void ResumableFile::keeping(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    if (!file_.is_kept()) throw;
    throw Error(error.kind(),
                fmt::format("{}; what is there is kept, and the same command goes on from it", error.what()));
  }
}

void ResumableFile::write(std::string_view bytes) {
  keeping([&] { file_.write(bytes); });
}

void ResumableFile::mark(std::uint64_t done, bool now) {
  if (file_.temporary().empty() || (!now && since_mark_.seconds() < options_.mark_seconds)) return;
  keeping([&] {
    const std::uint64_t bytes = file_.sync();
    write_report(path_ + progress_suffix,
                 nlohmann::json{{"identity", options_.identity}, {"bytes", bytes}, {"done", done}}.dump() + "\n");
  });
  file_.keep();
  since_mark_.restart();
}

void ResumableFile::close() {
  keeping([&] { file_.close(); });
  forget_progress();
}

fs::path ResumableFile::complete() {
  file_.sync();
  return file_.temporary();
}

void ResumableFile::discard() {
  std::error_code ignored;
  forget_progress();
  fs::remove(file_.temporary(), ignored);
}

}  // namespace alsace::io
