#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

/// Shows a model to h5py in a process of its own, as a person would open it.
class ViewTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0) {
      GTEST_SKIP() << "/usr/bin/python3 has no h5py";
    }
    write_model(path_, model_, shards_);
    fs::create_directory(out_);
    fs::create_directory(elsewhere_);
  }

  /// Dumps what h5py sees, from the working directory elsewhere_ and after the shell commands `before`.
  void dump(const std::string& before = ":") const {
    const std::string script = fs::path(ALSACE_TEST_DATA) / "../io/store/dump_view.py";
    const std::string command = fmt::format("cd {} && {} && /usr/bin/python3 {} {}/model.h5 {}", elsewhere_.string(),
                                            before, script, checkpoint_.string(), out_.string());
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  template <class T>
  [[nodiscard]] std::vector<T> dumped(const char* name) const {
    const std::string bytes = read_bytes(out_ / name);
    std::vector<T> values(bytes.size() / sizeof(T));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(values.data()));
    return values;
  }

  /// Expects NaN, '' and the greatest integer for the rows of `hidden` shards, and the model everywhere else.
  void expect_view(const std::vector<std::size_t>& hidden) const {
    const auto users = cuts(model_.info.users, shards_);
    const auto items = cuts(model_.info.items, shards_);
    const auto is_hidden = [&](const std::vector<RowRange>& ranges, std::uint64_t row) {
      return std::any_of(hidden.begin(), hidden.end(), [&](std::size_t s) { return ranges[s].contains(row); });
    };
    const auto expect_side = [&](const std::string& side, const std::vector<RowRange>& ranges,
                                 const FactorMatrix& factors, const IdList& ids) {
      const auto seen = dumped<float>((side + "_factors").c_str());
      const std::string text = read_bytes(out_ / (side + "_ids"));
      const std::size_t width = ids.longest();
      ASSERT_EQ(seen.size(), static_cast<std::size_t>(factors.size()));
      ASSERT_EQ(text.size(), width * ids.size());
      for (std::size_t i = 0; i < seen.size(); ++i) {
        const bool gone = is_hidden(ranges, i / 5);
        EXPECT_TRUE(gone ? std::isnan(seen[i]) : seen[i] == factors.data()[i]) << side << " element " << i;
      }
      for (std::size_t row = 0; row < ids.size(); ++row) {
        const std::string id = text.substr(row * width, width).c_str();
        EXPECT_EQ(id, is_hidden(ranges, row) ? "" : ids[row]);
      }
    };
    expect_side("users", users, model_.user_factors, model_.data.user_ids);
    expect_side("items", items, model_.item_factors, model_.data.item_ids);
    const auto biases = dumped<double>("users_biases");
    for (std::size_t i = 0; i < biases.size(); ++i) {
      EXPECT_TRUE(is_hidden(users, i) ? std::isnan(biases[i]) : biases[i] == model_.user_biases[i]) << i;
    }
    const auto indices = dumped<std::uint32_t>("seen_indices");
    const SparseRows& rows = model_.data.by_user;
    ASSERT_EQ(indices.size(), rows.columns.size());
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      for (std::uint64_t i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i) {
        EXPECT_EQ(indices[i], is_hidden(users, row) ? 0xffffffffU : rows.columns[i]);
      }
    }
    if (hidden.empty()) {
      EXPECT_EQ(dumped<std::uint64_t>("seen_indptr"), rows.offsets);
    }
    EXPECT_EQ(std::isnan(dumped<double>("gramians_users")[0]), !hidden.empty() && hidden[0] == 0);
  }

  const int shards_ = 3;
  const TestModel model_ = make_model(2);
  ScratchFolder directory_;
  fs::path path_ = directory_.path() / "model";
  fs::path checkpoint_ = path_ / "sweep-000002";
  fs::path out_ = directory_.path() / "out";
  fs::path elsewhere_ = directory_.path() / "elsewhere";
};

TEST_F(ViewTest, shows_the_whole_model) {
  dump();

  expect_view({});
  EXPECT_EQ(dumped<double>("gramians_items")[1], model_.info.item_gramian(0, 1));
}

TEST_F(ViewTest, shows_no_numbers_of_a_missing_shard) {
  fs::remove(checkpoint_ / "shard-00000.h5");

  dump();

  expect_view({0});
}

TEST_F(ViewTest, shows_no_numbers_of_a_truncated_shard) {
  const fs::path shard = checkpoint_ / "shard-00002.h5";
  for (const std::uint64_t bytes : {fs::file_size(shard) - 1, fs::file_size(shard) / 2, std::uintmax_t{100}}) {
    fs::resize_file(shard, bytes);

    dump();

    expect_view({2});
  }
}

TEST_F(ViewTest, shows_no_numbers_of_a_shard_that_cannot_be_opened) {
  fs::remove(checkpoint_ / "shard-00002.h5");
  fs::create_directory(checkpoint_ / "shard-00002.h5");

  dump();

  expect_view({2});
}

TEST_F(ViewTest, shows_no_numbers_of_a_decoy_in_the_working_directory) {
  write_model(directory_.path() / "other", make_model(2, 23, 11, 9), shards_);
  fs::copy_file(directory_.path() / "other/sweep-000002/shard-00002.h5", elsewhere_ / "shard-00002.h5");
  fs::remove(checkpoint_ / "shard-00002.h5");

  dump();

  expect_view({2});
}

TEST_F(ViewTest, shows_no_numbers_of_another_model_under_the_vds_prefix) {
  write_model(directory_.path() / "other", make_model(2, 23, 11, 9), shards_);
  const std::string prefix = directory_.path() / "other/sweep-000002";

  dump("export HDF5_VDS_PREFIX=" + prefix);

  expect_view({0, 1, 2});
}

TEST_F(ViewTest, shows_no_numbers_of_shards_past_the_limit_of_open_files) {
  const fs::path many = directory_.path() / "many";
  const TestModel model = make_model(2, 400, 80);
  write_model(many, model, 40);
  const std::string script = fs::path(ALSACE_TEST_DATA) / "../io/store/dump_view.py";
  const std::string command = fmt::format("ulimit -n 32 && /usr/bin/python3 {} {}/sweep-000002/model.h5 {}", script,
                                          many.string(), out_.string());
  ASSERT_EQ(std::system(command.c_str()), 0);

  const auto seen = dumped<float>("users_factors");

  std::size_t missing = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_TRUE(std::isnan(seen[i]) || seen[i] == model.user_factors.data()[i]) << i;
    missing += std::isnan(seen[i]) ? 1U : 0U;
  }
  EXPECT_GT(missing, 0U);
  EXPECT_LT(missing, seen.size());
}

}  // namespace
}  // namespace alsace::io::testing
