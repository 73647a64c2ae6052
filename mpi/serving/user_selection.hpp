#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/store/model_store.hpp"
#include "mpi/comm/communicator.hpp"

namespace alsace::mpi {

/// Which users are asked about, as global rows in ascending order; the same on all ranks.
class UserSelection {
 public:
  static UserSelection all(std::uint64_t users);
  static UserSelection of(std::vector<std::uint32_t> rows);

  [[nodiscard]] std::uint64_t size() const { return count_; }
  /// The rows [begin, end) of the selection.
  [[nodiscard]] std::vector<std::uint32_t> slice(std::uint64_t begin, std::uint64_t end) const;
  /// How many of the selection, from position `begin` on, are rows before `row`.
  [[nodiscard]] std::uint64_t count_before(std::uint64_t begin, std::uint64_t row) const;
  /// A word for what is selected: equal for equal selections.
  [[nodiscard]] std::string identity() const;

 private:
  std::uint64_t count_ = 0;
  std::optional<std::vector<std::uint32_t>> rows_;  // nothing: all
};

/// The users that rank 0 is told of: "all", a file with one id a line, or ids with commas between. Those that the model
/// does not know are named in a warning and left out. Collective: the ranks look the ids up together, and rows are
/// broadcast. Throws, the same on all ranks, ErrorKind::input when none of the users is known or the file cannot be
/// read, ErrorKind::storage.
UserSelection choose_users(const Communicator& comm, const io::ModelReader& reader, const std::string& users);

}  // namespace alsace::mpi
