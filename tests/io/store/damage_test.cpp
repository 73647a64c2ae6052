#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/store/file_hash.hpp"
#include "io/store/hdf5_dataset.hpp"
#include "io/store/inspect.hpp"
#include "io/store/manifest_json.hpp"
#include "io/store/store_schema.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

using ::testing::HasSubstr;

/// A tiny model and data set to damage, one file at a time.
class DamageTest : public ::testing::Test {
 protected:
  DamageTest() {
    write_model(model_, make_model(2, 6, 4), 2);
    write_dataset(data_, make_dataset(6, 4, true), 2);
  }

  /// Every file of the two stores.
  [[nodiscard]] std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const fs::path& store : {checkpoint_, data_}) {
      for (const fs::directory_entry& entry : fs::directory_iterator(store)) all.push_back(entry.path());
    }
    return all;
  }

  /// Expects that the store of `file`, which holds `bytes` for the time of the call, is refused by that name.
  static void expect_refused(const fs::path& file, const std::string& bytes, const std::string& what) {
    const std::string before = read_bytes(file);
    write_bytes(file, bytes);
    const std::string message = message_of(ErrorKind::storage, [&] { (void)verify_store(file.parent_path()); });
    EXPECT_THAT(message, HasSubstr(file.filename().string())) << what;
    write_bytes(file, before);
  }

  /// Writes a manifest over the one that is there, with a valid checksum.
  void sign(const fs::path& store, const char* format, Json json) const {
    for (const char* name : {"format", "schema_version", "checksum"}) json.erase(name);
    write_bytes(store / schema::manifest_file, sign_manifest(format, json));
  }
  [[nodiscard]] Json model_manifest() const { return read_manifest(checkpoint_, schema::model_format); }
  [[nodiscard]] std::string refusal() const {
    return message_of(ErrorKind::storage, [&] { read_whole_model(checkpoint_); });
  }

  /// Changes shard 0 through HDF5 and enters its new hash in the manifest: damage that no hash shows.
  void change_shard(const std::function<void(const hdf5::File&)>& change) const {
    const fs::path path = checkpoint_ / "shard-00000.h5";
    hdf5::initialize();
    hdf5::File file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), path.string(), "opening");
    change(file);
    file.close(path.string(), "closing");
    const FileDigest digest = digest_of(path);
    Json json = model_manifest();
    json["files"][0]["bytes"] = digest.bytes;
    json["files"][0]["xxh3_128"] = digest.xxh3_128;
    sign(checkpoint_, schema::model_format, json);
  }
  template <class T>
  void overwrite_element(const char* path, hdf5::ElementType type, hdf5::Shape shape, std::uint64_t row,
                         T value) const {
    change_shard([&](const hdf5::File& file) {
      hdf5::Dataset dataset(H5Dopen2(file.get(), path, H5P_DEFAULT), path, "opening");
      std::vector<T> rows(static_cast<std::size_t>(shape.row_elements()), value);
      hdf5::write_rows(dataset, path, type, shape, {row, row + 1}, rows.data());
      dataset.close(path, "closing");
    });
  }

  ScratchFolder directory_;
  fs::path model_ = directory_.path() / "model";
  fs::path checkpoint_ = model_ / "sweep-000002";
  fs::path data_ = directory_.path() / "data";
};

TEST_F(DamageTest, undamaged_stores_are_good) {
  EXPECT_THAT(verify_store(checkpoint_), HasSubstr("good"));
  EXPECT_THAT(verify_store(model_), HasSubstr("good"));
  EXPECT_THAT(verify_store(data_), HasSubstr("good"));
}

TEST_F(DamageTest, flipped_bit_in_any_byte_of_a_manifest_is_refused) {
  for (const fs::path& store : {checkpoint_, data_}) {
    const fs::path file = store / schema::manifest_file;
    const std::string good = read_bytes(file);
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (5 * i % 8)));
      expect_refused(file, bad, fmt::format("byte {}", i));
    }
  }
}

TEST_F(DamageTest, flipped_bit_in_any_hdf5_file_is_refused) {
  std::mt19937_64 random(5);
  for (const fs::path& file : files()) {
    if (file.extension() != ".h5") continue;
    const std::string good = read_bytes(file);
    for (int repeat = 0; repeat < 200; ++repeat) {
      const std::size_t bit = random() % (good.size() * 8);
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      expect_refused(file, bad, fmt::format("bit {}", bit));
    }
  }
}

TEST_F(DamageTest, flipped_bit_that_no_hash_saw_crashes_nothing) {
  const fs::path file = checkpoint_ / "shard-00000.h5";
  const std::string good = read_bytes(file);
  std::mt19937_64 random(6);
  for (int repeat = 0; repeat < 300; ++repeat) {
    const std::size_t bit = random() % (good.size() * 8);
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    write_bytes(file, bad);
    ModelReader reader(checkpoint_);
    try {
      reader.read_gramians();
      (void)reader.read({0, 6}, {0, 4});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::storage) << error.what();
    }
  }
}

TEST_F(DamageTest, truncated_file_is_refused) {
  for (const fs::path& file : files()) {
    const std::string good = read_bytes(file);
    for (std::size_t i = 0; i < 100; ++i) {
      const std::size_t size = good.size() * i / 100;
      expect_refused(file, good.substr(0, size), fmt::format("{} bytes", size));
    }
    expect_refused(file, good.substr(0, good.size() - 1), "all but one byte");
    expect_refused(file, good + '\0', "one byte more");
  }
}

TEST_F(DamageTest, missing_file_is_refused) {
  for (const fs::path& file : files()) {
    const fs::path aside = directory_.path() / "aside";
    fs::rename(file, aside);

    const std::string message = message_of(ErrorKind::storage, [&] { (void)verify_store(file.parent_path()); });

    EXPECT_THAT(message, HasSubstr(file.filename().string()));
    fs::rename(aside, file);
  }
}

TEST_F(DamageTest, directory_or_link_in_the_place_of_a_file_is_refused) {
  const fs::path file = checkpoint_ / "shard-00001.h5";
  const fs::path aside = directory_.path() / "aside.h5";
  fs::rename(file, aside);
  fs::create_directory(file);
  EXPECT_THAT(refusal(), HasSubstr("shard-00001.h5"));
  fs::remove(file);

  fs::create_symlink(aside, file);

  EXPECT_THAT(refusal(), HasSubstr("shard-00001.h5"));
  EXPECT_THAT(message_of(ErrorKind::storage,
                         [&] {
                           (void)ModelReader(checkpoint_).read({0, 6}, {0, 4});
                         }),
              HasSubstr("shard-00001.h5"));
}

TEST_F(DamageTest, shard_of_another_model_is_refused) {
  const fs::path other = directory_.path() / "other";
  write_model(other, make_model(2, 6, 4, 9), 2);
  fs::copy_file(other / "sweep-000002/shard-00000.h5", checkpoint_ / "shard-00000.h5",
                fs::copy_options::overwrite_existing);

  EXPECT_THAT(refusal(), HasSubstr("shard-00000.h5: "));
}

TEST_F(DamageTest, exchanged_shards_are_refused) {
  fs::rename(checkpoint_ / "shard-00000.h5", checkpoint_ / "x");
  fs::rename(checkpoint_ / "shard-00001.h5", checkpoint_ / "shard-00000.h5");
  fs::rename(checkpoint_ / "x", checkpoint_ / "shard-00001.h5");

  EXPECT_THAT(refusal(), HasSubstr("shard-00000.h5"));
}

TEST_F(DamageTest, other_schema_versions_are_refused) {
  for (const auto& [version, hint] : {std::pair(2, "newer version of Alsace"), std::pair(0, "expected 1")}) {
    std::string text = read_bytes(checkpoint_ / schema::manifest_file);
    const std::string field = "\"schema_version\": ";
    text.replace(text.find(field) + field.size(), 1, std::to_string(version));
    write_bytes(checkpoint_ / schema::manifest_file, text);

    const std::string message = refusal();

    EXPECT_THAT(message, HasSubstr(fmt::format("MANIFEST.json: schema_version = {}", version)));
    EXPECT_THAT(message, HasSubstr(hint));
    write_bytes(checkpoint_ / schema::manifest_file, text.replace(text.find(field) + field.size(), 1, "1"));
  }
}

TEST_F(DamageTest, names_that_leave_the_directory_are_refused) {
  for (const char* name : {"../shard-00000.h5", "/etc/passwd", "sub/shard-00000.h5", "..", "", "shard-00001.h5"}) {
    const Json good = model_manifest();
    Json json = good;
    json["files"][0]["name"] = name;
    sign(checkpoint_, schema::model_format, json);

    EXPECT_THAT(refusal(), HasSubstr(fmt::format("MANIFEST.json: files.name = \"{}\"", name)));

    sign(checkpoint_, schema::model_format, good);
  }
  fs::remove(model_ / "latest");
  fs::create_directory_symlink("../elsewhere/sweep-000001", model_ / "latest");
  EXPECT_EQ(resolve_model(model_, "latest"), checkpoint_);  // the link is not followed; the newest checkpoint counts
}

TEST_F(DamageTest, signed_nonsense_in_a_manifest_is_refused_by_field) {
  const Json good = model_manifest();
  const auto expect = [&](const std::string& pointer, const Json& value, const std::string& field) {
    Json json = good;
    json[Json::json_pointer(pointer)] = value;
    sign(checkpoint_, schema::model_format, json);
    const std::string message = refusal();
    EXPECT_THAT(message, HasSubstr("MANIFEST.json"));
    EXPECT_THAT(message, HasSubstr(field)) << pointer;
  };
  expect("/users", -1, "users = -1");
  expect("/users", 7, "users of all files = 6, expected 7");
  expect("/interactions", "many", "interactions = \"many\"");
  expect("/factors", 0, "factors = 0");
  expect("/factors", 6, "factors = 6");
  expect("/parameters/objective", "als", "parameters.objective = \"als\"");
  expect("/parameters/seed", 1.5, "parameters.seed = 1.5");
  expect("/parameters/extra", 1, "19 members, expected 18");
  expect("/history/0/loss", nullptr, "loss = null");
  expect("/history", 3, "history");
  expect("/mean", "x", "mean");
  expect("/complete", 1, "complete = 1");
  expect("/data", "xyz", "data = \"xyz\"");
  expect("/files", Json::array(), "files");
  expect("/files/1/users", {0, 3}, "files.shard-00001.h5.users");
  expect("/files/0/items", {3, 1}, "items = [3,1]");
  expect("/files/0/xxh3_128", "00", "xxh3_128");
  expect("/early_stopping", 0, "an object");
}

TEST_F(DamageTest, numbers_that_are_not_finite_are_refused) {
  const std::uint64_t users = ModelReader(checkpoint_).files()[0].users.size();
  overwrite_element(schema::user_factors, hdf5::fp32, {users, 5}, 1, std::nanf(""));
  EXPECT_THAT(refusal(), HasSubstr("shard-00000.h5:/users/factors: element 5 = nan"));

  overwrite_element(schema::user_factors, hdf5::fp32, {users, 5}, 1, 0.0F);
  overwrite_element(schema::user_biases, hdf5::fp64, {users, 0}, 2, HUGE_VAL);
  EXPECT_THAT(refusal(), HasSubstr("/users/biases: element 2 = inf"));

  overwrite_element(schema::user_biases, hdf5::fp64, {users, 0}, 2, 0.0);
  overwrite_element(schema::item_gramian, hdf5::fp64, {5, 5}, 0, HUGE_VAL);
  EXPECT_THAT(refusal(), HasSubstr("/gramians/items: element 0 = inf"));
}

TEST_F(DamageTest, offsets_and_indices_out_of_order_are_refused) {
  const StoredFile file = ModelReader(checkpoint_).files()[0];
  const hdf5::Shape offsets{file.users.size() + 1, 0};
  const hdf5::Shape indices{file.interactions.size(), 0};
  ASSERT_GE(indices.rows, 3U);

  overwrite_element(schema::seen_indices, hdf5::uint32, indices, 0, std::uint32_t{4});
  EXPECT_THAT(refusal(), HasSubstr("/seen/indices: element 0 = 4, expected 0 to 3"));

  overwrite_element(schema::seen_indptr, hdf5::uint64, offsets, 1, std::uint64_t{1'000'000});
  EXPECT_THAT(refusal(), HasSubstr("/seen/indptr: element 1 = 1000000"));

  overwrite_element(schema::seen_indptr, hdf5::uint64, offsets, 0, std::uint64_t{1});
  EXPECT_THAT(refusal(), HasSubstr("/seen/indptr: element 0 = 1, expected 0 to 0"));
}

TEST_F(DamageTest, links_shapes_types_and_filters_of_others_are_refused) {
  const auto replace = [&](const std::function<void(const hdf5::File&)>& put) {
    change_shard([&](const hdf5::File& file) {
      ASSERT_GE(H5Ldelete(file.get(), schema::item_factors, H5P_DEFAULT), 0);
      put(file);
    });
  };
  const auto put = [](const hdf5::File& file, hdf5::ElementType type, hdf5::Shape shape, hid_t properties) {
    const hdf5::Type element = hdf5::make_type(type);
    const hdf5::Space space = hdf5::make_space(shape);
    const hdf5::Dataset made(
        H5Dcreate2(file.get(), schema::item_factors, element.get(), space.get(), H5P_DEFAULT, properties, H5P_DEFAULT),
        "test", "making");
  };
  const std::uint64_t items = ModelReader(checkpoint_).files()[0].items.size();

  replace([](const hdf5::File& file) {
    H5Lcreate_external("/etc/other.h5", "/x", file.get(), schema::item_factors, H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_THAT(refusal(), HasSubstr("/items/factors: is a soft or external link"));

  replace([](const hdf5::File& file) {
    H5Lcreate_soft("/users/factors", file.get(), schema::item_factors, H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_THAT(refusal(), HasSubstr("/items/factors: is a soft or external link"));

  replace([&](const hdf5::File& file) { put(file, hdf5::fp32, {items, 4}, H5P_DEFAULT); });
  EXPECT_THAT(refusal(), HasSubstr(fmt::format("/items/factors: shape = {} x 4, expected {} x 5", items, items)));

  replace([&](const hdf5::File& file) { put(file, hdf5::fp64, {items, 5}, H5P_DEFAULT); });
  EXPECT_THAT(refusal(), HasSubstr("/items/factors: type = 8 bytes"));

  replace([&](const hdf5::File& file) {
    const hdf5::Properties properties(H5Pcreate(H5P_DATASET_CREATE), "test", "making");
    const hsize_t chunk[2] = {1, 5};
    H5Pset_chunk(properties.get(), 2, chunk);
    H5Pset_nbit(properties.get());
    put(file, hdf5::fp32, {items, 5}, properties.get());
  });
  EXPECT_THAT(refusal(), HasSubstr("/items/factors: filter = 5, expected shuffle, deflate or fletcher32"));

  replace([&](const hdf5::File& file) {
    const hdf5::Properties properties(H5Pcreate(H5P_DATASET_CREATE), "test", "making");
    H5Pset_external(properties.get(), "elsewhere.bin", 0, items * 5 * 4);
    put(file, hdf5::fp32, {items, 5}, properties.get());
  });
  EXPECT_THAT(refusal(), HasSubstr("/items/factors: external files = 1, expected 0"));

  replace([](const hdf5::File&) {});
  EXPECT_THAT(refusal(), HasSubstr("/items/factors: is missing"));
}

TEST_F(DamageTest, writer_refuses_numbers_that_are_not_finite) {
  TestModel model = make_model(3, 6, 4);
  model.item_factors(2, 1) = std::nanf("");

  const std::string message = message_of(ErrorKind::numerics, [&] { write_model(model_, model, 1); });

  EXPECT_THAT(message, HasSubstr("/items/factors: element 11 of the shard = nan"));
  EXPECT_EQ(resolve_model(model_, "latest"), checkpoint_);
}

TEST_F(DamageTest, publisher_notices_shards_that_do_not_fit_together) {
  const TestModel model = make_model(3, 6, 4);
  std::vector<StoredFile> files = write_shards(model_, model, 2);
  files[1].interactions = {0, files[1].interactions.size()};  // a rank that did not say where its interactions begin

  EXPECT_THAT(message_of(ErrorKind::storage,
                         [&] {
                           publish_checkpoint(model_, model.info, files, {64, 64}, 2);
                         }),
              HasSubstr("shard-00001.h5.interactions"));
}

}  // namespace
}  // namespace alsace::io::testing
