#pragma once

#include <algorithm>
#include <barrier>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "src/als/exact_sum.hpp"

namespace alsace::test {

/// Joins threads that stand for ranks.
class ThreadReducer final : public Reducer {
 public:
  explicit ThreadReducer(std::size_t ranks) : barrier_(static_cast<std::ptrdiff_t>(ranks)) {}
  void max(std::span<double> values) override {
    join(values, doubles_, [](double a, double b) { return std::max(a, b); });
  }
  void sum(std::span<std::int64_t> values) override {
    join(values, integers_, [](std::int64_t a, std::int64_t b) { return a + b; });
  }

 private:
  template <typename Number, typename Operation>
  void join(std::span<Number> values, std::vector<Number>& joined, Operation operation) {
    {
      const std::lock_guard lock(mutex_);
      if (joined.empty()) {
        joined.assign(values.begin(), values.end());
      } else {
        std::transform(joined.begin(), joined.end(), values.begin(), joined.begin(), operation);
      }
    }
    barrier_.arrive_and_wait();
    std::copy(joined.begin(), joined.end(), values.begin());
    barrier_.arrive_and_wait();
    const std::lock_guard lock(mutex_);
    joined.clear();
  }

  std::mutex mutex_;
  std::barrier<> barrier_;
  std::vector<double> doubles_;
  std::vector<std::int64_t> integers_;
};

/// Calls body(rank, reducer) on `ranks` threads and returns what each gave.
template <typename Result>
std::vector<Result> on_ranks(std::size_t ranks, const std::function<Result(std::size_t, Reducer&)>& body) {
  ThreadReducer reducer(ranks);
  std::vector<Result> results(ranks);
  std::vector<std::thread> threads;
  for (std::size_t rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] { results[rank] = body(rank, reducer); });
  for (std::thread& thread : threads) thread.join();
  return results;
}

}  // namespace alsace::test
