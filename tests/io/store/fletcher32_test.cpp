#include "io/store/fletcher32.hpp"

#include <array>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <hdf5.h>

#include "io/store/hdf5_dataset.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

/// What HDF5's filter puts behind these words, which are stored as one chunk.
std::uint32_t checksum_of_hdf5(const std::vector<std::uint32_t>& words) {
  const ScratchFolder directory;
  const hdf5::Shape shape{words.size(), 0};
  const hdf5::File file = hdf5::create_file(directory.path() / "x.h5");
  const hdf5::Dataset dataset = hdf5::create_dataset(file, "x.h5", "/x", hdf5::uint32, shape);
  hdf5::write_rows(dataset, "x", hdf5::uint32, shape, {0, words.size()}, words.data());
  H5Dflush(dataset.get());
  std::vector<std::uint32_t> stored(words.size() + 1);
  const std::array<hsize_t, 1> offset{0};
  std::uint32_t filters = 0;
  EXPECT_GE(H5Dread_chunk(dataset.get(), H5P_DEFAULT, offset.data(), &filters, stored.data()), 0);
  EXPECT_EQ(std::vector<std::uint32_t>(stored.begin(), stored.end() - 1), words);
  return stored.back();
}

std::uint32_t checksum_of(const std::vector<std::uint32_t>& words) {
  return fletcher32({reinterpret_cast<const char*>(words.data()), words.size() * sizeof(words[0])});
}

TEST(Fletcher32Test, is_that_of_hdf5) {
  std::mt19937 random(7);
  for (const std::size_t size : {1U, 2U, 15U, 16U, 17U, 31U, 32U, 33U, 100U, 4095U, 4096U, 4097U, 12289U, 70001U}) {
    std::vector<std::uint32_t> words(size);
    for (std::uint32_t& word : words) word = static_cast<std::uint32_t>(random());

    EXPECT_EQ(checksum_of(words), checksum_of_hdf5(words)) << size;
  }
}

TEST(Fletcher32Test, is_that_of_hdf5_where_sums_are_greatest_or_nothing) {
  for (const std::uint32_t word : {0U, 0xffffffffU, 0xffff0000U, 0x0000ffffU, 0x00010000U, 0xfffe0001U}) {
    for (const std::size_t size : {1U, 16U, 65535U, 65536U, 131072U}) {
      const std::vector<std::uint32_t> words(size, word);

      EXPECT_EQ(checksum_of(words), checksum_of_hdf5(words)) << size << " of " << word;
    }
  }
}

}  // namespace
}  // namespace alsace::io::testing
