#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "io/service/scoring_service.hpp"
#include "mpi/serving/resolve_request.hpp"

namespace alsace::mpi {

/// What a request counts for where lists are counted: its own, and one more for every 64 items that it names, which
/// take memory while it waits and time when it is scored.
std::size_t weight_of(const io::ScoringRequest& request);

/// A request on its way to the ranks.
struct PendingRequest {
  io::ScoringRequest request;  ///< to resolve it again when the model has been swapped meanwhile
  std::shared_ptr<const io::ServedModel> model;
  ResolvedRequest resolved;  ///< in rows of `model`
  double parse_seconds = 0;
  std::chrono::steady_clock::time_point queued;
  std::function<bool()> expired;
  std::function<void(std::variant<io::ScoringAnswer, io::Refusal>)> done;
};

/// Between the threads that take requests and the one that speaks to the ranks: bounded, and handed over in
/// micro-batches. Any thread may push and wake; one takes.
class RequestQueue {
 public:
  struct Limits {
    std::size_t most_queued = 1024;              ///< in lists
    std::size_t batch = 256;                     ///< in lists; a request that has more is a batch of its own
    std::chrono::microseconds batch_delay{200};  ///< the most that a request waits for company
  };
  explicit RequestQueue(Limits limits) : limits_(limits) {}

  /// False, and `request` untouched, when the queue is full. A request of more lists than fit goes in when it is alone.
  bool push(PendingRequest& request);

  /// The next batch; empty after `timeout` or wake(). Requests are never split. What has arrived while the last batch
  /// was scored goes at once when it fills a batch; else it waits up to the delay for more, but only if the last batch
  /// had company too: a lone client does not wait for anybody.
  std::vector<PendingRequest> take(std::chrono::milliseconds timeout);

  void wake();
  /// The weight of all that waits.
  [[nodiscard]] std::size_t lists() const;

 private:
  std::vector<PendingRequest> next_batch();

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PendingRequest> requests_;
  std::size_t lists_ = 0;
  bool woken_ = false;
  bool had_company_ = false;
};

}  // namespace alsace::mpi
