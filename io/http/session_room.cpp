#include "io/http/session_room.hpp"

#include "io/http/session.hpp"

namespace alsace::io::http {
namespace {

constexpr std::size_t most_refused = 32;  // at a time, beyond the limit

}  // namespace

bool SessionRoom::enter(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  if (sessions_.size() - refused_ >= limits.connections) return false;
  sessions_[session.get()].session = session;
  tell_count();
  return true;
}

bool SessionRoom::enter_refused(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  if (refused_ >= most_refused) return false;
  Entry& entry = sessions_[session.get()];
  entry.session = session;
  entry.refused = true;
  ++refused_;
  return true;
}

void SessionRoom::lingers(Session& session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(&session);
  if (found == sessions_.end() || found->second.lingers) return;
  found->second.lingers = true;
  ++lingering_;
  written_.notify_all();
}

void SessionRoom::leave(Session& session) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(&session);
  if (found == sessions_.end()) return;
  if (found->second.lingers) --lingering_;
  const bool refused = found->second.refused;
  if (refused) --refused_;
  sessions_.erase(found);
  if (!refused) tell_count();
  written_.notify_all();
}

std::vector<std::shared_ptr<Session>> SessionRoom::all() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Session>> sessions;
  sessions.reserve(sessions_.size());
  for (const auto& [address, entry] : sessions_) {
    if (auto session = entry.session.lock()) sessions.push_back(std::move(session));
  }
  return sessions;
}

bool SessionRoom::wait_until_written(Clock::time_point end) {
  std::unique_lock lock(mutex_);
  return written_.wait_until(lock, end, [this] { return sessions_.size() == lingering_; });
}

// Under the lock, so that the last number told is the last one that was true.
void SessionRoom::tell_count() {
  handler.connections_changed(sessions_.size() - refused_);
}

}  // namespace alsace::io::http
