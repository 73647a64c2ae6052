#include "mpi/data/load_input.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/readers/reject_file.hpp"
#include "io/store/dataset_store.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/data/dataset_writer.hpp"
#include "mpi/data/move_ids.hpp"
#include "src/error.hpp"
#include "tests/mpi/shared_folder.hpp"
#include "tests/support/gzip.hpp"

namespace alsace::mpi {
namespace {

using Lines = std::vector<std::string>;

/// A data set gathered on every rank, in index order.
struct Whole {
  Lines users;
  Lines items;
  std::vector<std::uint64_t> lengths;
  std::vector<std::uint32_t> columns;
  std::vector<float> values;
  std::vector<std::int64_t> timestamps;
  friend bool operator==(const Whole&, const Whole&) = default;
};

Lines gather(const Communicator& comm, const IdList& mine) {
  const IdList all = all_gather_ids(comm, mine);
  Lines lines;
  for (std::size_t i = 0; i < all.size(); ++i) lines.emplace_back(all[i]);
  return lines;
}

Whole gather(const Communicator& comm, const DatasetShard& shard) {
  std::vector<std::uint64_t> lengths;
  for (std::size_t u = 0; u < shard.by_user.rows(); ++u) lengths.push_back(shard.by_user.row_length(u));
  return {gather(comm, shard.user_ids),
          gather(comm, shard.item_ids),
          all_gather_vector<std::uint64_t>(comm, lengths),
          all_gather_vector<std::uint32_t>(comm, shard.by_user.columns),
          all_gather_vector<float>(comm, shard.by_user.values),
          all_gather_vector<std::int64_t>(comm, shard.timestamps)};
}

/// `user,item,value,timestamp` lines with digits for ids, read in the plainest way there is; duplicates summed.
Whole read_serially(const std::string& path) {
  std::map<std::pair<long, long>, std::pair<double, std::int64_t>> cells;  // integer values: any order sums alike
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    long user = 0;
    long item = 0;
    double value = 0;
    std::int64_t timestamp = 0;
    char comma = 0;
    fields >> user >> comma >> item >> comma >> value >> comma >> timestamp;
    auto& cell = cells[{user, item}];
    cell.first += value;
    cell.second = std::max(cell.second, timestamp);
  }
  std::map<long, std::uint64_t> users;
  std::map<long, std::uint32_t> items;
  for (const auto& [pair, cell] : cells) {
    ++users[pair.first];
    items[pair.second] = 0;
  }
  Whole whole;
  for (const auto& [user, length] : users) {
    whole.users.push_back(std::to_string(user));
    whole.lengths.push_back(length);
  }
  std::uint32_t next = 0;
  for (auto& [item, index] : items) {
    index = next++;
    whole.items.push_back(std::to_string(item));
  }
  for (const auto& [pair, cell] : cells) {
    whole.columns.push_back(items[pair.second]);
    whole.values.push_back(static_cast<float>(cell.first));
    whole.timestamps.push_back(cell.second);
  }
  return whole;
}

class LoadInputTest : public testing::Test {
 protected:
  std::string write(std::string_view name, std::string_view text) const { return folder_.write(name, text); }
  std::string file(std::string_view name) const { return folder_ / name; }

  LoadedDataset load(const Lines& inputs) { return load_input(world_, inputs, options_, duplicates_, {1, 1}); }

  std::string error_of(const Lines& inputs, ErrorKind kind = ErrorKind::input) {
    try {
      (void)load(inputs);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      return error.what();
    }
    return "no error";
  }

  Communicator world_ = Communicator::world();
  test::SharedFolder folder_{world_};
  io::ReadOptions options_;
  Duplicates duplicates_ = Duplicates::sum;
};

const std::string ratings = ALSACE_TEST_DATA "/movietweetings/ratings.csv";

TEST_F(LoadInputTest, movietweetings_matches_a_serial_reading_at_any_rank_count) {
  const LoadedDataset loaded = load({ratings});

  const Whole expected = read_serially(ratings);
  EXPECT_TRUE(gather(world_, loaded.shard) == expected);
  EXPECT_EQ(loaded.report.rows_read, 68055U);
  EXPECT_EQ(loaded.shard.users, expected.users.size());
  EXPECT_EQ(loaded.shard.items, expected.items.size());
  EXPECT_EQ(loaded.shard.interactions, expected.columns.size());
  EXPECT_EQ(loaded.report.rows_merged, 68055U - expected.columns.size());
  EXPECT_EQ(loaded.users.range(world_.rank()), loaded.shard.by_user.range());
  EXPECT_EQ(loaded.items, ShardMap::even(expected.items.size(), world_.size()));
}

TEST_F(LoadInputTest, fingerprint_is_that_of_the_data_on_one_rank) {
  const LoadedDataset spread = load({ratings});
  const Communicator alone = world_.split(world_.rank(), 0);

  const LoadedDataset whole = load_input(alone, {ratings}, options_, duplicates_, {1, 1});

  EXPECT_EQ(io::to_hex(spread.fingerprint), io::to_hex(whole.fingerprint));
}

TEST_F(LoadInputTest, shuffled_lines_in_several_files_give_the_same_data) {
  std::ifstream file(ratings);
  std::string header;
  std::getline(file, header);
  Lines lines;
  for (std::string line; lines.size() < 5000 && std::getline(file, line);) lines.push_back(line);
  const auto text_of = [&](std::size_t begin, std::size_t end) {
    std::string text = header + "\n";
    for (std::size_t i = begin; i < end; ++i) text += lines[i] + "\n";
    return text;
  };
  const LoadedDataset first = load({write("ordered.csv", text_of(0, 5000))});

  std::shuffle(lines.begin(), lines.end(), std::mt19937(7));
  const LoadedDataset second =
      load({write("a.csv", text_of(0, 900)), write("b.csv.gz", test::gzip(text_of(900, 2000))),
            write("c.csv", text_of(2000, 2001)), write("d.csv.gz", test::gzip(text_of(2001, 4000))),
            write("e.csv", text_of(4000, 5000))});

  EXPECT_TRUE(gather(world_, first.shard) == gather(world_, second.shard));
  EXPECT_EQ(io::to_hex(first.fingerprint), io::to_hex(second.fingerprint));
}

TEST_F(LoadInputTest, files_with_fewer_rows_than_ranks_leave_ranks_empty) {
  const LoadedDataset loaded = load({write("tiny.csv", "user,item\nb,x\n")});

  const Whole whole = gather(world_, loaded.shard);
  EXPECT_EQ(whole.users, Lines{"b"});
  EXPECT_EQ(whole.items, Lines{"x"});
  EXPECT_EQ(whole.values, std::vector<float>{1});
  EXPECT_TRUE(whole.timestamps.empty());
}

TEST_F(LoadInputTest, shards_are_cut_by_cost) {
  // One user with 30 of 60 interactions, then 30 users with one each.
  std::string text = "user,item\n";
  for (int i = 0; i < 30; ++i) text += fmt::format("0,{}\n{},{}\n", i, 1 + i, i);

  const LoadedDataset loaded = load_input(world_, {write("skewed.csv", text)}, options_, duplicates_, {0, 1});

  if (world_.size() == 2) {
    EXPECT_EQ(loaded.users, ShardMap({0, 1, 31}));
  }
  if (world_.size() == 3) {
    EXPECT_EQ(loaded.users, ShardMap({0, 1, 11, 31}));
  }
}

TEST_F(LoadInputTest, serial_parse_reads_quoted_newlines) {
  const std::string path = write("notes.csv", "user,item,note\n\"a\",b,\"one\ntwo\"\nc,d,e\n");

  EXPECT_EQ(error_of({path}), path +
                                  ":2: quotes = one that does not close on its line, expected pairs; use "
                                  "--serial-parse for quoted newlines");
  options_.serial_parse = true;

  EXPECT_EQ(gather(world_, load({path}).shard).users, (Lines{"a", "c"}));
}

TEST_F(LoadInputTest, first_bad_row_in_input_order_is_reported_at_any_rank_count) {
  std::string text = "user,item,value\n";
  for (int i = 0; i < 100; ++i) text += fmt::format("{},{},{}\n", i, i, i % 40 == 39 ? "bad" : "1");
  const std::string good = write("a_good.csv", "user,item,value\n1,1,1\n");
  const std::string bad = write("b_bad.csv", text);
  const std::string packed = write("c_bad.csv.gz", test::gzip(text));

  EXPECT_EQ(error_of({good, bad, packed}), bad + ":41: value = bad, expected a number");
  EXPECT_EQ(error_of({packed, good, bad}), packed + ":41: value = bad, expected a number");
}

TEST_F(LoadInputTest, truncated_gzip_is_an_error_even_when_bad_rows_are_skipped) {
  std::string text = "user,item,value\n";
  for (int i = 0; i < 5000; ++i) text += fmt::format("{},{},1\n", i * 7919 % 5003, i * 104729 % 997);
  const std::string packed = test::gzip(text);
  const std::string path = write("cut.csv.gz", packed.substr(0, packed.size() / 2));
  options_.on_bad_row = io::ReadOptions::OnBadRow::skip;

  EXPECT_THAT(error_of({path}),
              testing::AllOf(testing::StartsWith(path + ":"),
                             testing::HasSubstr("gzip data = damaged or cut off here, expected a complete gzip file")));
}

TEST_F(LoadInputTest, skipped_rows_are_counted_and_written_to_the_reject_files) {
  std::string text = "user,item,value\n";
  for (int i = 0; i < 100; ++i) text += fmt::format("{},{},{}\n", i, i, i % 10 == 9 ? "bad" : "1");
  const std::string path = write("some_bad.csv", text);
  options_.on_bad_row = io::ReadOptions::OnBadRow::skip;
  options_.reject_file = file("rejected");

  const LoadedDataset loaded = load({path});

  EXPECT_EQ(loaded.report.rows_read, 100U);
  EXPECT_EQ(loaded.report.rows_bad, 10U);
  EXPECT_EQ(loaded.shard.interactions, 90U);
  EXPECT_EQ(loaded.report.first_bad, path + ":11: value = bad, expected a number");
  barrier(world_);
  Lines rejected;
  for (int r = 0; r < world_.size(); ++r) {
    std::ifstream file(r == 0 ? options_.reject_file : fmt::format("{}.{}", options_.reject_file, r));
    for (std::string line; std::getline(file, line);) rejected.push_back(line);
  }
  ASSERT_EQ(rejected.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(rejected[i], fmt::format("{}:{}\tvalue = bad, expected a number\t{},{},bad", path, 11 + 10 * i,
                                       9 + 10 * i, 9 + 10 * i));
  }
}

TEST_F(LoadInputTest, reject_file_that_cannot_be_written_is_a_storage_error) {
  const std::string path = write("bad.csv", "user,item,value\na,b,1\na,b,bad\n");
  options_.on_bad_row = io::ReadOptions::OnBadRow::skip;
  options_.reject_file = "/nowhere/rejected";

  EXPECT_THAT(error_of({path}, ErrorKind::storage), testing::HasSubstr("--reject-file = /nowhere/rejected"));
}

TEST_F(LoadInputTest, error_that_is_thrown_first_in_input_order_is_reported_at_any_rank_count) {
  std::string large = "user,item,value\n1,1,bad\n";
  for (int i = 0; i < 3000; ++i) large += fmt::format("{},{},1\n", i * 7919 % 5003, i * 104729 % 997);
  // Rank 0 reads the larger file, the second one.
  const std::string small = write("small.csv.gz", test::gzip("user,item,value\n1,1,bad\n"));
  const std::string second = write("large.csv.gz", test::gzip(large));
  options_.on_bad_row = io::ReadOptions::OnBadRow::skip;
  options_.reject_file = "/nowhere/rejected";

  const std::string first = io::RejectFile::name(options_.reject_file, world_.size() == 1 ? 0 : 1);
  EXPECT_EQ(error_of({small, second}, ErrorKind::storage),
            "--reject-file = " + first + ", expected a file that can be written: No such file or directory");
}

TEST_F(LoadInputTest, reject_file_that_is_an_input_is_refused_and_kept) {
  const std::string path = write("input.csv", "user,item,value\na,b,1\na,b,bad\n");
  options_.on_bad_row = io::ReadOptions::OnBadRow::skip;
  options_.reject_file = path;

  EXPECT_THAT(error_of({path}, ErrorKind::usage), testing::HasSubstr("--reject-file = " + path));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(LoadInputTest, second_load_of_a_run_adds_to_the_reject_file) {
  const std::string first = write("first.csv", "user,item,value\na,b,1\na,b,bad\n");
  const std::string second = write("second.csv", "user,item,value\na,b,1\na,b,worse\n");
  options_.on_bad_row = io::ReadOptions::OnBadRow::skip;
  options_.reject_file = file("rejected");

  (void)load({first});
  options_.append_rejects = true;
  (void)load({second});

  barrier(world_);
  std::string rejected;
  for (int r = 0; r < world_.size(); ++r) {
    std::ifstream file(io::RejectFile::name(options_.reject_file, r));
    for (std::string line; std::getline(file, line);) rejected += line + "\n";
  }
  EXPECT_THAT(rejected, testing::AllOf(testing::HasSubstr(first + ":3\t"), testing::HasSubstr(second + ":3\t")));
}

TEST_F(LoadInputTest, all_rows_bad_is_no_interactions) {
  const std::string path = write("all_bad.csv", "user,item,value\na,b,bad\n");
  options_.on_bad_row = io::ReadOptions::OnBadRow::skip;

  EXPECT_EQ(error_of({path}), path + ": no interactions in the input");
}

TEST_F(LoadInputTest, duplicates_follow_the_option) {
  const std::string path =
      write("twice.csv", "user,item,value,timestamp\nu,i,3,10\nu,i,5,30\nv,i,1,1\nu,i,4,30\nu,j,2,0\n");
  const auto first_value = [&](Duplicates duplicates) {
    duplicates_ = duplicates;
    const LoadedDataset loaded = load({path});
    EXPECT_EQ(loaded.report.rows_merged, 2U);
    return gather(world_, loaded.shard).values[0];
  };

  EXPECT_EQ(first_value(Duplicates::sum), 12);
  EXPECT_EQ(first_value(Duplicates::max), 5);
  EXPECT_EQ(first_value(Duplicates::last), 5);
  duplicates_ = Duplicates::error;
  EXPECT_EQ(error_of({path}),
            path + ": rows of user u and item i = more than one, expected one with --duplicates error");
}

TEST_F(LoadInputTest, errors_of_files_are_the_same_on_all_ranks) {
  EXPECT_EQ(error_of({"/missing.csv"}), "/missing.csv: cannot be read: No such file or directory");
  EXPECT_EQ(error_of({"/"}), "/: is a directory and no data set, expected a data set or a file of interactions");
  const std::string empty = write("empty.csv", "");
  EXPECT_EQ(error_of({empty}), empty + ": is empty, expected rows of interactions");
  EXPECT_EQ(error_of({}, ErrorKind::usage), "INPUT = nothing, expected a data set or raw files");
}

TEST_F(LoadInputTest, data_set_gives_back_what_the_raw_file_gave) {
  const std::string path = file("imported");
  LoadedDataset raw = load({ratings});
  DatasetWriter(world_, path, false).publish(raw.shard, raw.fingerprint, {});

  const LoadedDataset stored = load({path});

  EXPECT_TRUE(gather(world_, stored.shard) == gather(world_, raw.shard));
  EXPECT_EQ(stored.shard.interactions, raw.shard.interactions);
  EXPECT_EQ(io::to_hex(stored.fingerprint), io::to_hex(raw.fingerprint));
  EXPECT_EQ(stored.users, raw.users);
  EXPECT_EQ(stored.items, raw.items);
  EXPECT_EQ(error_of({path, ratings}, ErrorKind::usage),
            path + ": is a data set, expected it to be the only input, or raw files alone");
}

TEST_F(LoadInputTest, data_set_with_a_damaged_shard_is_refused_on_all_ranks) {
  const std::string path = file("damaged");
  LoadedDataset raw = load({write("few.csv", "user,item\n1,1\n2,2\n3,3\n")});
  DatasetWriter(world_, path, false).publish(raw.shard, raw.fingerprint, {});
  const std::string last = path + "/" + io::shard_name(world_.size() - 1);
  if (world_.is_root()) std::ofstream(last, std::ios::binary | std::ios::in).write("x", 1);
  barrier(world_);

  EXPECT_THAT(error_of({path}, ErrorKind::storage), testing::HasSubstr(io::shard_name(world_.size() - 1)));
}

TEST_F(LoadInputTest, data_set_writer_that_does_not_publish_leaves_nothing) {
  const std::string path = file("unfinished");
  { const DatasetWriter writer(world_, path, false); }
  barrier(world_);

  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST_F(LoadInputTest, held_out_rows_take_the_models_indices) {
  const LoadedDataset train = load({write("train.csv", "user,item\n1,10\n2,10\n2,20\n3,30\n4,10\n")});
  const auto users = DistributedIds::from_sorted(world_, train.shard.user_ids, train.users);
  const auto items = DistributedIds::from_sorted(world_, train.shard.item_ids, train.items);
  const std::string test =
      write("test.csv", "user,item,value\n9,10,1\n3,20,2\n3,10,3\n3,99,4\n1,98,1\n1,97,1\n3,20,5\n");

  const HeldOut held_out = load_held_out(world_, {test}, options_, Duplicates::sum, users, items, train.users);

  EXPECT_EQ(held_out.unknown_users, 1U);
  EXPECT_EQ(held_out.interactions, 5U);
  EXPECT_EQ(held_out.by_user.range(), train.users.range(world_.rank()));
  EXPECT_EQ(all_gather_vector<std::uint32_t>(world_, held_out.unknown_items), (std::vector<std::uint32_t>{2, 0, 1, 0}));
  EXPECT_EQ(all_gather_vector<std::uint32_t>(world_, held_out.by_user.columns), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(all_gather_vector<float>(world_, held_out.by_user.values), (std::vector<float>{3, 7}));
}

}  // namespace
}  // namespace alsace::mpi
