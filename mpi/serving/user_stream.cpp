#include "mpi/serving/user_stream.hpp"

#include <algorithm>

#include "mpi/serving/sharded_model.hpp"

namespace alsace::mpi {

UserStream::UserStream(const Communicator& comm, const io::ModelReader& reader, const UserSelection& users,
                       const Options& options)
    : comm_(comm),
      reader_(reader),
      users_(users),
      options_(options),
      position_(std::min(options.first, users.size())),
      window_end_(position_),
      map_(ShardMap::even(0, comm.size())) {}

void UserStream::read_window() {
  const std::uint64_t first_row = users_.slice(position_, position_ + 1).front();
  const RowRange window{first_row, std::min(first_row + options_.window_rows, reader_.info().users)};
  window_end_ = position_ + users_.count_before(position_, window.end);
  map_ = ShardMap::even(window, comm_.size());
  io::ModelReader::Parts parts;
  parts.item_ids = parts.item_factors = false;
  parts.seen = options_.exclude_seen;
  own_ = {};  // the window before, first: two at once are not needed
  comm_.run_together([&] { own_ = reader_.read(map_.range(comm_.rank()), {}, parts); });
}

std::optional<UserStream::Batch> UserStream::next() {
  if (position_ == users_.size()) return std::nullopt;
  if (position_ == window_end_) read_window();
  const std::uint64_t end = std::min(position_ + options_.batch_size, window_end_);
  const std::vector<std::uint32_t> rows = users_.slice(position_, end);
  position_ = end;
  Batch batch;
  batch.queries = gather_queries(comm_, map_, users_view(reader_.info(), own_), rows, options_.exclude_seen);
  batch.ids = gather_ids(comm_, map_, own_.user_ids, rows);
  return batch;
}

}  // namespace alsace::mpi
