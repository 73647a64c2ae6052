#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>

#include "io/export/list_sink.hpp"
#include "io/export/resumable_file.hpp"

namespace alsace::io {

enum class RecommendationFormat { csv, jsonl, hdf5, table };

/// Where recommendations go and how.
struct RecommendationOutput {
  std::string path;  ///< "" and "-": stdout
  RecommendationFormat format = RecommendationFormat::csv;
  bool with_titles = false;
  ResumeOptions resume;
};

/// Writes lists while the next ones are made: each batch is formatted and written by a thread of its own. A file
/// appears under its name in finish(). Throws ErrorKind::storage with the system's reason, a batch late if need be.
class RecommendationWriter {
 public:
  /// Throws ErrorKind::usage where the format cannot go.
  RecommendationWriter(const RecommendationOutput& output, ItemNames names);

  /// Users whose lists are written already, by a run that was cut off.
  [[nodiscard]] std::uint64_t users_done() const { return users_done_; }

  /// The lists of the next users. Waits for the batch before.
  void write(IdList users, RankedLists lists);
  /// Leaves what was written for another run to go on with.
  void interrupt();
  void finish();

 private:
  void wait();

  ItemNames names_;
  std::unique_ptr<ListSink> sink_;
  std::uint64_t users_done_;
  std::future<void> writing_;  // last: waited for before the rest goes
};

/// By the end of the name: .jsonl or .ndjson, .h5 or .hdf5, else CSV.
RecommendationFormat format_of_name(const std::string& path);

}  // namespace alsace::io
