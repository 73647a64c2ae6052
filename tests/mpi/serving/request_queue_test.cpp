#include "mpi/serving/request_queue.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace alsace::mpi {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

PendingRequest request_of(std::size_t lists) {
  PendingRequest pending;
  pending.request.users.assign(lists, "u");
  pending.queued = steady_clock::now();
  return pending;
}

bool push(RequestQueue& queue, std::size_t lists) {
  PendingRequest pending = request_of(lists);
  return queue.push(pending);
}

std::vector<std::size_t> lists_of(const std::vector<PendingRequest>& batch) {
  std::vector<std::size_t> lists;
  for (const PendingRequest& pending : batch) lists.push_back(pending.request.lists());
  return lists;
}

TEST(RequestQueueTest, hands_over_whole_requests_in_order_and_no_more_than_a_batch) {
  RequestQueue queue({.most_queued = 100, .batch = 4, .batch_delay = microseconds(0)});
  for (const std::size_t lists : {1U, 2U, 3U, 9U, 1U}) EXPECT_TRUE(push(queue, lists));

  EXPECT_EQ(lists_of(queue.take(milliseconds(0))), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(lists_of(queue.take(milliseconds(0))), (std::vector<std::size_t>{3}));
  EXPECT_EQ(lists_of(queue.take(milliseconds(0))), (std::vector<std::size_t>{9}));
  EXPECT_EQ(lists_of(queue.take(milliseconds(0))), (std::vector<std::size_t>{1}));
  EXPECT_TRUE(queue.take(milliseconds(0)).empty());
}

TEST(RequestQueueTest, refuses_what_does_not_fit_but_takes_a_large_request_alone) {
  RequestQueue queue({.most_queued = 3, .batch = 2, .batch_delay = microseconds(0)});

  EXPECT_TRUE(push(queue, 2));
  EXPECT_FALSE(push(queue, 2));
  EXPECT_TRUE(push(queue, 1));
  EXPECT_FALSE(push(queue, 1));
  EXPECT_EQ(queue.lists(), 3U);
  (void)queue.take(milliseconds(0));
  (void)queue.take(milliseconds(0));

  EXPECT_EQ(queue.lists(), 0U);
  EXPECT_TRUE(push(queue, 50));
}

TEST(RequestQueueTest, a_refused_request_is_still_whole) {
  RequestQueue queue({.most_queued = 1, .batch = 1, .batch_delay = microseconds(0)});
  PendingRequest first = request_of(1);
  PendingRequest second = request_of(1);

  EXPECT_TRUE(queue.push(first));
  EXPECT_FALSE(queue.push(second));

  EXPECT_EQ(second.request.users.size(), 1U);
}

TEST(RequestQueueTest, a_lone_client_does_not_wait_for_company) {
  RequestQueue queue({.most_queued = 100, .batch = 100, .batch_delay = std::chrono::seconds(60)});
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(push(queue, 1));
    EXPECT_EQ(queue.take(milliseconds(0)).size(), 1U);
  }
}

TEST(RequestQueueTest, after_a_batch_of_several_the_next_waits_for_more_up_to_the_delay) {
  RequestQueue queue({.most_queued = 100, .batch = 100, .batch_delay = milliseconds(150)});
  push(queue, 1);
  push(queue, 1);
  EXPECT_EQ(queue.take(milliseconds(0)).size(), 2U);

  push(queue, 1);
  std::jthread other([&] {
    std::this_thread::sleep_for(milliseconds(20));
    push(queue, 1);
  });
  const auto begin = steady_clock::now();

  EXPECT_EQ(queue.take(milliseconds(0)).size(), 2U);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(140));
}

TEST(RequestQueueTest, a_full_batch_does_not_wait) {
  RequestQueue queue({.most_queued = 100, .batch = 2, .batch_delay = std::chrono::seconds(60)});
  for (int i = 0; i < 4; ++i) push(queue, 1);

  EXPECT_EQ(queue.take(milliseconds(0)).size(), 2U);
  EXPECT_EQ(queue.take(milliseconds(0)).size(), 2U);
}

TEST(RequestQueueTest, wake_ends_a_wait) {
  RequestQueue queue({});
  std::jthread other([&] { queue.wake(); });

  EXPECT_TRUE(queue.take(std::chrono::minutes(5)).empty());
}

TEST(RequestQueueTest, loses_nothing_between_many_threads) {
  RequestQueue queue({.most_queued = 1'000'000, .batch = 16, .batch_delay = microseconds(50)});
  constexpr std::size_t threads = 4;
  constexpr std::size_t each = 2000;
  std::vector<std::jthread> producers;
  for (std::size_t i = 0; i < threads; ++i) {
    producers.emplace_back([&] {
      for (std::size_t j = 0; j < each; ++j) push(queue, 1 + j % 3);
    });
  }

  std::size_t taken = 0;
  while (taken < threads * each) taken += queue.take(milliseconds(100)).size();

  EXPECT_EQ(taken, threads * each);
  EXPECT_EQ(queue.lists(), 0U);
}

}  // namespace
}  // namespace alsace::mpi
