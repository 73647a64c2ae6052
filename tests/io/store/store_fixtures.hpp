#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/store/dataset_store.hpp"
#include "io/store/model_store.hpp"
#include "src/error.hpp"
#include "tests/support/scratch_folder.hpp"

/// Small stores to write and to damage.
namespace alsace::io::testing {

namespace fs = std::filesystem;
using test::ScratchFolder;

inline std::string read_bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

inline void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// The message of the Error of this kind that `work` throws; "" and a failure when it throws none.
inline std::string message_of(ErrorKind kind, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

/// A whole data set of random interactions; ids are not all ASCII. Deterministic in its arguments.
inline DatasetShard make_dataset(std::uint64_t users, std::uint64_t items, bool timestamps) {
  std::mt19937_64 random(7 * users + items);
  DatasetShard data;
  data.users = users;
  data.items = items;
  for (std::uint64_t user = 0; user < users; ++user) {
    data.user_ids.push_back(fmt::format("us\u00e9r-{:05}", user * 31));
    for (std::uint32_t item = 0; item < items; ++item) {
      if (random() % 3 != 0) continue;
      data.by_user.columns.push_back(item);
      data.by_user.values.push_back(static_cast<float>(random() % 1000) / 10);
      if (timestamps) data.timestamps.push_back(static_cast<std::int64_t>(random()));
    }
    data.by_user.offsets.push_back(data.by_user.columns.size());
  }
  for (std::uint64_t item = 0; item < items; ++item) data.item_ids.push_back(fmt::format("\u5546\u54c1{:03}", item));
  data.interactions = data.by_user.nonzeros();
  return data;
}

/// Rows [begin, end) of a list.
inline IdList slice(const IdList& ids, RowRange range) {
  IdList part;
  for (std::uint64_t i = range.begin; i < range.end; ++i) part.push_back(ids[i]);
  return part;
}

/// The part of a whole data set that one rank holds.
inline DatasetShard cut(const DatasetShard& whole, RowRange users, RowRange items) {
  DatasetShard part;
  part.users = whole.users;
  part.items = whole.items;
  part.interactions = whole.interactions;
  part.user_ids = slice(whole.user_ids, users);
  part.item_ids = slice(whole.item_ids, items);
  part.first_item = items.begin;
  part.by_user.first_row = users.begin;
  const std::uint64_t begin = whole.by_user.offsets[users.begin];
  const std::uint64_t end = whole.by_user.offsets[users.end];
  part.first_interaction = begin;
  for (std::uint64_t user = users.begin; user < users.end; ++user) {
    part.by_user.offsets.push_back(whole.by_user.offsets[user + 1] - begin);
  }
  for (std::uint64_t i = begin; i < end; ++i) {
    part.by_user.columns.push_back(whole.by_user.columns[i]);
    part.by_user.values.push_back(whole.by_user.values[i]);
    if (!whole.timestamps.empty()) part.timestamps.push_back(whole.timestamps[i]);
  }
  return part;
}

/// Uneven cuts of `rows` in `shards` ranges, the second one empty (and with many shards more of them).
inline std::vector<RowRange> cuts(std::uint64_t rows, int shards) {
  std::vector<RowRange> ranges;
  std::uint64_t at = 0;
  for (int s = 0; s < shards; ++s) {
    const auto left = static_cast<std::uint64_t>(shards - s);
    const std::uint64_t size = s + 1 == shards ? rows - at : s == 1 ? 0 : std::min(rows - at, (rows - at) / left + 1);
    ranges.push_back({at, at + size});
    at += size;
  }
  return ranges;
}

inline void write_dataset(const fs::path& path, const DatasetShard& whole, int shards) {
  const IdWidths widths{whole.user_ids.longest(), whole.item_ids.longest()};
  const auto users = cuts(whole.users, shards);
  const auto items = cuts(whole.items, shards);
  DatasetInfo info;
  info.users = whole.users;
  info.items = whole.items;
  info.interactions = whole.interactions;
  info.has_timestamps = !whole.timestamps.empty();
  info.origin = {{"input", "ratings.csv"}};
  const fs::path staging = stage_dataset(path, false);
  std::vector<StoredFile> files;
  for (int s = 0; s < shards; ++s) {
    const auto i = static_cast<std::size_t>(s);
    const DatasetShard part = cut(whole, users[i], items[i]);
    info.fingerprint = info.fingerprint + fingerprint_of(part);
    files.push_back(write_dataset_shard(staging, s, part, widths));
  }
  publish_dataset(path, info, files);
}

/// A model of that data set with random factors.
struct TestModel {
  ModelInfo info;
  DatasetShard data;
  FactorMatrix user_factors;
  FactorMatrix item_factors;
  std::vector<double> user_biases;
  std::vector<double> item_biases;
};

inline TestModel make_model(int sweep, std::uint64_t users = 23, std::uint64_t items = 11, unsigned seed = 1,
                            Objective objective = Objective::explicit_) {
  constexpr int factors = 5;
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> number(-1, 1);
  TestModel model;
  model.data = make_dataset(users, items, false);
  model.info.config.objective = objective;
  model.info.config.factors = factors;
  model.info.config.seed = seed;
  model.info.config.regularization = 0.1 + 0.2;  // not a short decimal
  model.info.kernel_level = "portable";
  model.info.users = users;
  model.info.items = items;
  model.info.interactions = model.data.interactions;
  model.info.data = {0x0123456789abcdefU, seed};
  model.info.sweep = sweep;
  model.info.mean = 1.0 / 3;
  for (int s = 1; s <= sweep; ++s) model.info.history.push_back({s, 1.0 / s, 0.25, {{"ndcg@100", 0.1 * s}}});
  const auto fill = [&](auto& matrix, std::uint64_t rows) {
    matrix.resize(static_cast<Eigen::Index>(rows), factors);
    for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = number(random);
  };
  fill(model.user_factors, users);
  fill(model.item_factors, items);
  fill(model.info.user_gramian, factors);
  fill(model.info.item_gramian, factors);
  if (objective == Objective::explicit_) {
    for (std::uint64_t i = 0; i < users; ++i) model.user_biases.push_back(number(random));
    for (std::uint64_t i = 0; i < items; ++i) model.item_biases.push_back(number(random));
  }
  return model;
}

inline ModelShard cut(const TestModel& model, RowRange users, RowRange items) {
  const DatasetShard rows = cut(model.data, users, items);
  ModelShard part;
  part.users = users;
  part.items = items;
  part.user_ids = rows.user_ids;
  part.item_ids = rows.item_ids;
  part.seen_offsets = rows.by_user.offsets;
  part.seen_items = rows.by_user.columns;
  part.first_interaction = rows.first_interaction;
  const auto block = [](const FactorMatrix& all, RowRange range) -> FactorMatrix {
    return all.middleRows(static_cast<Eigen::Index>(range.begin), static_cast<Eigen::Index>(range.size()));
  };
  part.user_factors = block(model.user_factors, users);
  part.item_factors = block(model.item_factors, items);
  if (model.info.config.objective == Objective::explicit_) {
    part.user_biases.assign(model.user_biases.data() + users.begin, model.user_biases.data() + users.end);
    part.item_biases.assign(model.item_biases.data() + items.begin, model.item_biases.data() + items.end);
  }
  return part;
}

/// Stages and writes the shards of a checkpoint without publishing it.
inline std::vector<StoredFile> write_shards(const fs::path& path, const TestModel& model, int shards) {
  const IdWidths widths{model.data.user_ids.longest(), model.data.item_ids.longest()};
  const auto users = cuts(model.info.users, shards);
  const auto items = cuts(model.info.items, shards);
  const fs::path staging = stage_checkpoint(path, model.info.sweep);
  std::vector<StoredFile> files;
  for (int s = 0; s < shards; ++s) {
    const auto i = static_cast<std::size_t>(s);
    files.push_back(write_model_shard(staging, s, shards, model.info, cut(model, users[i], items[i]), widths));
  }
  return files;
}

inline void write_model(const fs::path& path, const TestModel& model, int shards, int keep = 2) {
  const IdWidths widths{model.data.user_ids.longest(), model.data.item_ids.longest()};
  publish_checkpoint(path, model.info, write_shards(path, model, shards), widths, keep);
}

/// What `verify` does: all files, all numbers.
inline void read_whole_model(const fs::path& checkpoint) {
  ModelReader reader(checkpoint);
  reader.verify_files();
  reader.read_gramians();
  (void)reader.read({0, reader.info().users}, {0, reader.info().items});
}

}  // namespace alsace::io::testing
