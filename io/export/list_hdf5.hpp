#pragma once

#include <filesystem>
#include <string>

#include "io/export/list_sink.hpp"
#include "io/export/resumable_file.hpp"

namespace alsace::io {

/// One HDF5 file of all lists, in the manner of a CSR matrix:
///
///   /users/ids      bytes[W], users        null-padded
///   /items/ids      bytes[W], items        all items of the model
///   /lists/indptr   uint64, users + 1      where each user's list begins
///   /lists/items    uint32, entries        rows of /items/ids, best first
///   /lists/scores   fp32, entries
///
/// An HDF5 file that a killed process was writing is lost, so the lists go to a journal `path`.lists first, which
/// the next run goes on with (list_journal.hpp); finish() makes the file of it, a column at a time, in a few MiB of
/// memory. Until the file has its name both are on the disk.
class ListHdf5 : public ListSink {
 public:
  /// `names` must outlive it.
  ListHdf5(const std::string& path, ResumeOptions options, const ItemNames& names);

  [[nodiscard]] std::uint64_t users_done() const override { return done_; }
  void append(const IdList& users, const RankedLists& lists) override;
  void mark() override { journal_.mark(done_, true); }
  void finish() override;

 private:
  std::filesystem::path path_;
  const ItemNames& names_;
  ResumableFile journal_;
  std::uint64_t done_;
  std::string batch_;
};

}  // namespace alsace::io
