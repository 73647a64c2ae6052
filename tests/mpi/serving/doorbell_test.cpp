#include "mpi/serving/doorbell.hpp"

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {
namespace {

TEST(DoorbellTest, brings_messages_of_any_length_in_order) {
  const auto world = Communicator::world();
  Doorbell doorbell(world);
  const std::vector<std::size_t> lengths{0, 1, 3967, 3968, 3969, 9000, 65'536, 65'537, 100'000, 3};

  for (const std::size_t length : lengths) {
    std::vector<char> message(length);
    for (std::size_t i = 0; i < length; ++i) message[i] = static_cast<char>(i * 7 + length);
    if (world.is_root()) {
      doorbell.ring(message);
    } else {
      EXPECT_EQ(doorbell.wait([] {}), message);
    }
  }
  barrier(world);
}

TEST(DoorbellTest, any_rank_can_ask_the_coordinator_to_end) {
  const auto world = Communicator::world();
  Doorbell doorbell(world);
  if (world.is_root()) {
    EXPECT_FALSE(doorbell.asked_to_end());
  }
  barrier(world);

  const bool last = world.rank() == world.size() - 1;
  if (last && !world.is_root()) doorbell.ask_to_end();
  if (last && !world.is_root()) doorbell.ask_to_end();  // once is enough
  if (world.is_root()) {
    bool asked = world.size() == 1;
    for (int i = 0; i < 100'000 && !asked; ++i) asked = doorbell.asked_to_end();
    EXPECT_TRUE(asked);
    doorbell.ring({'e'});
  } else {
    EXPECT_EQ(doorbell.wait([] {}), std::vector<char>{'e'});
  }
  barrier(world);
}

}  // namespace
}  // namespace alsace::mpi
