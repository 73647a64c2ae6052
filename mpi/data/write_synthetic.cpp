#include "mpi/data/write_synthetic.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/export/shared_file.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/shard_map.hpp"
#include "src/data/synthetic_items.hpp"

namespace alsace::mpi {
namespace {

IdList numbers_from_one(RowRange range) {
  IdList ids;
  for (std::uint64_t row = range.begin; row < range.end; ++row) ids.push_back(std::to_string(row + 1));
  return ids;
}

void append_number(std::uint64_t number, char after, std::string& text) {
  const fmt::format_int digits(number);
  text.append(digits.data(), digits.size());
  text += after;
}

void append_lines(const SparseRows& rows, std::string& text) {
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    for (std::size_t i = 0; i < rows.row_length(row); ++i) {
      append_number(rows.first_row + row + 1, ',', text);
      append_number(std::uint64_t{rows.columns_of(row)[i]} + 1, ',', text);
      append_number(static_cast<std::uint64_t>(rows.values_of(row)[i]), '\n', text);
    }
  }
}

void append_items(const SyntheticConfig& config, RowRange items, std::string& text) {
  for (std::uint64_t item = items.begin; item < items.end; ++item) {
    const SyntheticItem made = synthetic_item(config, item);
    fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", item + 1, made.title, made.genres, made.year);
  }
}

/// Writes the lines of all rows by all ranks, the same bytes at any rank count. Block b goes to rank b mod R; in every
/// round each rank writes one block where those of the ranks below end. `append` adds the lines of a block's rows.
void write_blocks(const Communicator& comm, std::uint64_t rows, std::uint64_t block_rows, const std::string& header,
                  const std::function<void(RowRange, std::string&)>& append, io::SharedFile& file) {
  const auto ranks = static_cast<std::uint64_t>(comm.size());
  std::uint64_t written = 0;
  for (std::uint64_t round = 0; round * ranks * block_rows < rows; ++round) {
    const std::uint64_t block = round * ranks + static_cast<std::uint64_t>(comm.rank());
    std::string text = block == 0 ? header : "";
    append({std::min(block * block_rows, rows), std::min((block + 1) * block_rows, rows)}, text);
    const std::uint64_t before = exclusive_sum<std::uint64_t>(comm, text.size());
    comm.run_together([&] { file.write_at(written + before, text); });
    written += all_reduce_sum<std::uint64_t>(comm, text.size());
  }
}

/// The file is there complete or not at all. `write` is collective and gets the file of this rank.
void write_file_together(const Communicator& comm, const std::filesystem::path& path, bool overwrite,
                         const std::function<void(io::SharedFile&)>& write) {
  comm.run_together([&] {
    if (comm.is_root()) io::SharedFile::create(path, overwrite);
  });
  try {
    std::optional<io::SharedFile> file;
    comm.run_together([&] { file.emplace(path); });
    write(*file);
    comm.run_together([&] { file->close(); });
    comm.run_together([&] {
      if (comm.is_root()) io::SharedFile::publish(path);
    });
  } catch (...) {
    if (comm.is_root()) io::SharedFile::discard(path);
    throw;
  }
}

}  // namespace

Allocation allocate_together(const Communicator& comm, const SyntheticConfig& config) {
  config.validate();
  const RowRange mine = ShardMap::even(config.users, comm.size()).range(comm.rank());
  std::vector<double> activity;
  activity.reserve(static_cast<std::size_t>(mine.size()));
  for (std::uint64_t user = mine.begin; user < mine.end; ++user) activity.push_back(synthetic_activity(config, user));
  return allocate(config, [&](const Allocation& allocation) {
    std::uint64_t total = 0;
    for (std::uint64_t user = mine.begin; user < mine.end; ++user) {
      total += interactions_of(config, allocation, user, activity[static_cast<std::size_t>(user - mine.begin)]);
    }
    return all_reduce_sum(comm, total);
  });
}

DatasetShard synthetic_shard(const Communicator& comm, const SyntheticConfig& config) {
  const SyntheticData data(config, allocate_together(comm, config));
  const RowRange users = ShardMap::even(config.users, comm.size()).range(comm.rank());
  const RowRange items = ShardMap::even(config.items, comm.size()).range(comm.rank());
  DatasetShard shard;
  shard.users = config.users;
  shard.items = config.items;
  shard.interactions = config.interactions;
  shard.by_user = data.generate(users);
  shard.user_ids = numbers_from_one(users);
  shard.first_item = items.begin;
  shard.item_ids = numbers_from_one(items);
  return shard;
}

void write_synthetic_csv(const Communicator& comm, const SyntheticConfig& config, const std::filesystem::path& path,
                         bool overwrite, std::uint64_t block) {
  const SyntheticData data(config, allocate_together(comm, config));
  const std::uint64_t a_user = std::max<std::uint64_t>(1, config.interactions / config.users);
  const auto append = [&](RowRange users, std::string& text) { append_lines(data.generate(users), text); };
  write_file_together(comm, path, overwrite, [&](io::SharedFile& file) {
    write_blocks(comm, config.users, std::max<std::uint64_t>(1, block / a_user), "user,item,value\n", append, file);
  });
}

void write_synthetic_items(const Communicator& comm, const SyntheticConfig& config, const std::filesystem::path& path,
                           bool overwrite, std::uint64_t block) {
  config.validate();
  const auto append = [&](RowRange items, std::string& text) { append_items(config, items, text); };
  write_file_together(comm, path, overwrite, [&](io::SharedFile& file) {
    write_blocks(comm, config.items, block, "item,title,genres,year\n", append, file);
  });
}

}  // namespace alsace::mpi
