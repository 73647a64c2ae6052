#include "mpi/serving/doorbell.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"

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

TEST(DoorbellTest, a_ring_wakes_those_who_sleep) {
  using Clock = std::chrono::steady_clock;  // one for all processes of a host
  using std::chrono::milliseconds;
  const auto world = Communicator::world();
  Doorbell doorbell(world);
  std::vector<Clock::duration> delays;

  for (int i = 0; i < 15; ++i) {
    barrier(world);
    if (world.is_root()) {
      std::this_thread::sleep_for(milliseconds(10));  // the others fall asleep
      doorbell.ring(to_bytes(Clock::now().time_since_epoch().count()));
    } else {
      const auto rung = from_bytes<Clock::rep>(doorbell.wait([] {}));
      delays.push_back(Clock::now().time_since_epoch() - Clock::duration(rung));
    }
  }

  // One that was not woken would sleep for 90 ms more.
  std::sort(delays.begin(), delays.end());
  if (!world.is_root()) {
    EXPECT_LT(delays[delays.size() / 2], milliseconds(45));
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
