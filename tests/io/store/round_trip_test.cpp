#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

void expect_equal(const DatasetShard& found, const DatasetShard& expected) {
  EXPECT_EQ(found.users, expected.users);
  EXPECT_EQ(found.items, expected.items);
  EXPECT_EQ(found.interactions, expected.interactions);
  EXPECT_EQ(found.by_user.first_row, expected.by_user.first_row);
  EXPECT_EQ(found.by_user.offsets, expected.by_user.offsets);
  EXPECT_EQ(found.by_user.columns, expected.by_user.columns);
  EXPECT_EQ(found.by_user.values, expected.by_user.values);
  EXPECT_EQ(found.timestamps, expected.timestamps);
  EXPECT_EQ(found.user_ids, expected.user_ids);
  EXPECT_EQ(found.first_item, expected.first_item);
  EXPECT_EQ(found.item_ids, expected.item_ids);
}

void expect_equal(const ModelShard& found, const ModelShard& expected) {
  EXPECT_EQ(found.users, expected.users);
  EXPECT_EQ(found.items, expected.items);
  EXPECT_EQ(found.user_ids, expected.user_ids);
  EXPECT_EQ(found.item_ids, expected.item_ids);
  EXPECT_EQ(found.user_factors, expected.user_factors);
  EXPECT_EQ(found.item_factors, expected.item_factors);
  EXPECT_EQ(found.user_biases, expected.user_biases);
  EXPECT_EQ(found.item_biases, expected.item_biases);
  EXPECT_EQ(found.seen_offsets, expected.seen_offsets);
  EXPECT_EQ(found.seen_items, expected.seen_items);
}

/// Ranges that begin and end within shards, at their bounds, and nowhere.
std::vector<RowRange> ranges_of(std::uint64_t rows) {
  return {{0, rows}, {0, 0}, {rows, rows}, {0, rows / 2}, {rows / 3, rows}, {rows / 2, std::min(rows, rows / 2 + 1)}};
}

class RoundTripTest : public ::testing::TestWithParam<int> {
 protected:
  ScratchFolder directory_;
};

TEST_P(RoundTripTest, dataset_reads_any_range_as_written) {
  for (const bool timestamps : {false, true}) {
    const DatasetShard whole = make_dataset(23, 11, timestamps);
    const fs::path path = directory_.path() / (timestamps ? "with" : "without");
    write_dataset(path, whole, GetParam());

    const DatasetReader reader(path);
    reader.verify_files();

    EXPECT_EQ(reader.files().size(), static_cast<std::size_t>(GetParam()));
    EXPECT_EQ(reader.info().fingerprint, fingerprint_of(whole));
    EXPECT_EQ(reader.info().origin.at("input"), "ratings.csv");
    for (const RowRange users : ranges_of(whole.users)) {
      for (const RowRange items : ranges_of(whole.items)) {
        expect_equal(reader.read(users, items), cut(whole, users, items));
      }
      std::vector<std::uint64_t> lengths;
      for (std::uint64_t u = users.begin; u < users.end; ++u) lengths.push_back(whole.by_user.row_length(u));
      EXPECT_EQ(reader.read_lengths(users), lengths);
    }
  }
}

TEST_P(RoundTripTest, model_reads_any_range_as_written) {
  for (const Objective objective : {Objective::ials, Objective::explicit_}) {
    const TestModel model = make_model(3, 23, 11, 1, objective);
    const fs::path path = directory_.path() / (objective == Objective::ials ? "ials" : "explicit");
    write_model(path, model, GetParam());

    ModelReader reader(resolve_model(path, "best"));
    reader.verify_files();
    reader.read_gramians();

    EXPECT_EQ(reader.info().config, model.info.config);
    EXPECT_EQ(reader.info().history, model.info.history);
    EXPECT_EQ(reader.info().mean, model.info.mean);
    EXPECT_EQ(reader.info().data, model.info.data);
    EXPECT_EQ(reader.info().user_gramian, model.info.user_gramian);
    EXPECT_EQ(reader.info().item_gramian, model.info.item_gramian);
    for (const RowRange users : ranges_of(model.info.users)) {
      for (const RowRange items : ranges_of(model.info.items)) {
        expect_equal(reader.read(users, items), cut(model, users, items));
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Shards, RoundTripTest, ::testing::Values(1, 2, 3, 7, 40));

TEST(StoreTest, reads_parts_of_a_model_alone) {
  ScratchFolder directory;
  const TestModel model = make_model(3);
  write_model(directory.path(), model, 2);
  const ModelReader reader(resolve_model(directory.path(), "latest"));
  ModelReader::Parts parts;
  parts.user_ids = parts.user_factors = parts.seen = parts.item_ids = false;

  const ModelShard part = reader.read({0, 23}, {2, 9}, parts);

  EXPECT_TRUE(part.user_ids.empty());
  EXPECT_EQ(part.user_factors.rows(), 0);
  EXPECT_TRUE(part.seen_items.empty());
  EXPECT_TRUE(part.item_ids.empty());
  EXPECT_EQ(part.item_factors, FactorMatrix(model.item_factors.middleRows(2, 7)));
}

TEST(StoreTest, keeps_a_side_without_rows) {
  ScratchFolder directory;
  const TestModel model = make_model(1, 0, 4);
  write_model(directory.path(), model, 2);
  ModelReader reader(resolve_model(directory.path(), "latest"));
  reader.verify_files();

  const ModelShard read = reader.read({0, 0}, {0, 4});

  EXPECT_EQ(read.item_factors, model.item_factors);
  EXPECT_EQ(read.user_factors.rows(), 0);
}

TEST(StoreTest, more_rows_than_a_block_come_back) {
  ScratchFolder directory;
  DatasetShard data;
  data.users = 3;
  data.items = 6'000'000;  // 24 MB of indices: more than one chunk and more than one block of chunks
  for (std::uint32_t i = 0; i < data.items; ++i) {
    data.by_user.columns.push_back(i);
    data.by_user.values.push_back(static_cast<float>(i));
    data.item_ids.push_back(std::to_string(i));
  }
  data.by_user.offsets = {0, 10, data.items, data.items};
  for (const char* id : {"a", "b", "c"}) data.user_ids.push_back(id);
  data.interactions = data.items;
  write_dataset(directory.path() / "d", data, 1);

  const DatasetShard read = DatasetReader(directory.path() / "d").read({1, 3}, {5'999'998, 6'000'000});

  EXPECT_EQ(read.by_user.columns.size(), data.items - 10);
  EXPECT_EQ(read.by_user.columns.back(), 5'999'999U);
  EXPECT_EQ(read.by_user.values.front(), 10.0F);
  EXPECT_EQ(read.item_ids[1], "5999999");
}

TEST(StoreTest, sides_need_their_rows_only_while_they_are_written) {
  ScratchFolder directory;
  const TestModel model = make_model(3);
  const ModelShard shard = cut(model, {0, 23}, {0, 11});
  const IdWidths widths{shard.user_ids.longest(), shard.item_ids.longest()};
  ModelShardWriter writer(stage_checkpoint(directory.path(), 3), 0, 1, model.info.config, widths);
  {
    FactorMatrix factors = shard.user_factors;
    writer.write_users({shard.users, shard.user_ids, factors, shard.user_biases},
                       {shard.seen_offsets, shard.seen_items, {}, 0});
    factors.setConstant(7);  // as the next half-sweep does
  }
  writer.write_items({shard.items, shard.item_ids, shard.item_factors, shard.item_biases});
  publish_checkpoint(directory.path(), model.info, {writer.finish(model.info)}, widths, 1);

  const ModelReader reader(resolve_model(directory.path(), "latest"));
  reader.verify_files();
  expect_equal(reader.read({0, 23}, {0, 11}), shard);
}

TEST(StoreTest, seen_items_under_numbers_of_a_rank_are_stored_as_indices) {
  ScratchFolder directory;
  const TestModel model = make_model(3);
  const ModelShard shard = cut(model, {0, 23}, {0, 11});
  const IdWidths widths{shard.user_ids.longest(), shard.item_ids.longest()};
  constexpr std::uint32_t shift = 5;  // number n stands for index n - 5
  std::vector<std::uint32_t> numbers = shard.seen_items;
  for (std::uint32_t& number : numbers) number += shift;
  std::vector<std::uint32_t> item_of(11 + shift, 99);
  for (std::uint32_t item = 0; item < 11; ++item) item_of[item + shift] = item;
  ModelShardWriter writer(stage_checkpoint(directory.path(), 3), 0, 1, model.info.config, widths);

  writer.write_users({shard.users, shard.user_ids, shard.user_factors, shard.user_biases},
                     {shard.seen_offsets, numbers, item_of, 0});
  writer.write_items({shard.items, shard.item_ids, shard.item_factors, shard.item_biases});
  publish_checkpoint(directory.path(), model.info, {writer.finish(model.info)}, widths, 1);

  expect_equal(ModelReader(resolve_model(directory.path(), "latest")).read({0, 23}, {0, 11}), shard);
}

TEST(StoreTest, what_the_disk_did_not_keep_is_seen_before_the_commit) {
  ScratchFolder directory;
  const fs::path file = directory.path() / "x.h5";
  std::vector<float> numbers(600'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i);
  const hdf5::Shape shape{numbers.size(), 0};
  for (const std::size_t lost : {0UL, 400'000UL, 599'999UL}) {
    fs::remove(file);
    ShardFileWriter writer(file);
    writer.write(array_column("/x", hdf5::fp32, shape, numbers.data()));
    const std::string stored = read_bytes(file);
    const std::string number(reinterpret_cast<const char*>(numbers.data() + lost), lost == 0 ? 8 : 4);
    const std::size_t at = stored.find(number);
    ASSERT_NE(at, std::string::npos);
    std::fstream damage(file, std::ios::binary | std::ios::in | std::ios::out);
    damage.seekp(static_cast<std::streamoff>(at)) << '\x55';
    damage.close();

    EXPECT_THAT(message_of(ErrorKind::storage, [&] { (void)writer.finish(""); }),
                ::testing::HasSubstr("x.h5:/x: rows"));
  }
}

TEST(StoreTest, same_model_gives_the_same_bytes) {
  ScratchFolder directory;
  const TestModel model = make_model(3);
  write_model(directory.path() / "a", model, 3);
  ::sleep(1);  // times have seconds
  write_model(directory.path() / "b", model, 3);

  for (const char* name : {"MANIFEST.json", "model.h5", "shard-00000.h5", "shard-00001.h5", "shard-00002.h5"}) {
    EXPECT_EQ(read_bytes(directory.path() / "a/sweep-000003" / name),
              read_bytes(directory.path() / "b/sweep-000003" / name))
        << name;
  }
}

TEST(FingerprintTest, depends_on_content_and_not_on_shards_or_timestamps) {
  const DatasetShard whole = make_dataset(23, 11, true);
  DatasetShard other_value = whole;
  other_value.by_user.values[5] += 1;
  DatasetShard other_column = whole;
  std::swap(other_column.user_ids, other_column.item_ids);
  for (std::size_t i = 11; i < 23; ++i) other_column.user_ids.push_back("x");
  DatasetShard without_timestamps = whole;
  without_timestamps.timestamps.clear();

  Fingerprint parts;
  for (std::size_t s = 0; s < 5; ++s) parts = parts + fingerprint_of(cut(whole, cuts(23, 5)[s], cuts(11, 5)[s]));

  EXPECT_EQ(parts, fingerprint_of(whole));
  EXPECT_EQ(fingerprint_of(without_timestamps), fingerprint_of(whole));
  EXPECT_FALSE(fingerprint_of(other_value) == fingerprint_of(whole));
  EXPECT_FALSE(fingerprint_of(other_column) == fingerprint_of(whole));
}

}  // namespace
}  // namespace alsace::io::testing
