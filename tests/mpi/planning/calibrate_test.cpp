#include "mpi/planning/calibrate.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/planning/measure_files.hpp"
#include "mpi/planning/measure_links.hpp"
#include "src/error.hpp"
#include "tests/mpi/shared_folder.hpp"

namespace alsace::mpi {
namespace {

TEST(CalibrateTest, measures_every_rate_and_leaves_no_file) {
  const auto world = Communicator::world();
  const test::SharedFolder shared(world);
  const std::string folder = shared.path().string();

  const Rates rates =
      calibrate(world, {.kernel_level = "portable", .factors = {8, 16}, .directory = folder, .seconds = 0.002});

  EXPECT_NO_THROW(rates.validate("rates"));
  EXPECT_EQ(rates.kernel_level, "portable");
  ASSERT_EQ(rates.kernels.size(), 2U);
  EXPECT_EQ(rates.kernels[1].factors, 16);
  EXPECT_FALSE(rates.between_hosts_measured);  // all ranks of the tests are on one host
  barrier(world);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(CalibrateTest, links_are_those_that_there_are) {
  const auto world = Communicator::world();

  const MeasuredLinks links = measure_links(world);

  EXPECT_FALSE(links.between_hosts.has_value());
  ASSERT_EQ(links.within_host.has_value(), world.size() > 1);
  if (!links.within_host) return;
  EXPECT_GT(links.within_host->bytes_per_second, 1e5);
  EXPECT_GT(links.within_host->latency_seconds, 0);
}

TEST(CalibrateTest, folder_of_somebody_else_is_refused_on_every_rank_and_left_alone) {
  const auto world = Communicator::world();
  const test::SharedFolder shared(world);
  const std::string folder = shared.path().string();
  const std::string taken = folder + "/.alsace-calibration";
  if (world.is_root()) std::filesystem::create_directories(taken + "/letters");
  barrier(world);

  try {
    (void)measure_files(world, folder);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(std::string(error.what()), taken + ": exists, expected a name that is free");
  }

  EXPECT_TRUE(std::filesystem::exists(taken));
}

}  // namespace
}  // namespace alsace::mpi
