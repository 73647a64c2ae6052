#include "mpi/serving/request_queue.hpp"

#include <utility>

namespace alsace::mpi {

std::size_t weight_of(const io::ScoringRequest& request) {
  const std::size_t named =
      request.events.size() + request.exclude.size() + (request.allow ? request.allow->size() : 0);
  return request.lists() + named / 64;
}

bool RequestQueue::push(PendingRequest& request) {
  const std::size_t lists = weight_of(request.request);
  {
    const std::lock_guard lock(mutex_);
    if (lists_ > 0 && lists_ + lists > limits_.most_queued) return false;
    lists_ += lists;
    requests_.push_back(std::move(request));
  }
  changed_.notify_one();
  return true;
}

std::vector<PendingRequest> RequestQueue::take(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return woken_ || !requests_.empty(); });
  if (!woken_ && !requests_.empty() && had_company_ && lists_ < limits_.batch) {
    changed_.wait_until(lock, requests_.front().queued + limits_.batch_delay,
                        [this] { return woken_ || lists_ >= limits_.batch; });
  }
  woken_ = false;
  return next_batch();
}

std::vector<PendingRequest> RequestQueue::next_batch() {
  std::vector<PendingRequest> batch;
  std::size_t lists = 0;
  while (!requests_.empty()) {
    const std::size_t more = weight_of(requests_.front().request);
    if (!batch.empty() && lists + more > limits_.batch) break;
    batch.push_back(std::move(requests_.front()));
    requests_.pop_front();
    lists += more;
  }
  lists_ -= lists;
  if (!batch.empty()) had_company_ = batch.size() > 1;
  return batch;
}

void RequestQueue::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

std::size_t RequestQueue::lists() const {
  const std::lock_guard lock(mutex_);
  return lists_;
}

}  // namespace alsace::mpi
