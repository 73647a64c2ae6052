#pragma once

#include <cstdint>

#include "io/readers/item_info.hpp"
#include "src/data/id_list.hpp"
#include "src/ranking/top_k.hpp"

namespace alsace::io {

/// What the items of a list are called, by their index.
struct ItemNames {
  IdList ids;
  ItemTitles titles;  ///< by id; those that are missing have none
};

/// Where the lists of users go, in one format.
class ListSink {
 public:
  ListSink() = default;
  ListSink(const ListSink&) = delete;
  ListSink& operator=(const ListSink&) = delete;
  virtual ~ListSink() = default;

  /// Users whose lists an earlier run has written: those to leave out.
  [[nodiscard]] virtual std::uint64_t users_done() const = 0;
  /// The lists of the next users, one each.
  virtual void append(const IdList& users, const RankedLists& lists) = 0;
  /// What was appended survives the end of the process, for a run that goes on with it.
  virtual void mark() = 0;
  /// The output gets its name.
  virtual void finish() = 0;
};

}  // namespace alsace::io
