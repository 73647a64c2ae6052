#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "io/http/handler.hpp"
#include "io/http/limits.hpp"

/// The inside of the server: session_room.hpp and session.hpp are included by its own files alone.
namespace alsace::io::http {

class Session;
using Clock = std::chrono::steady_clock;

/// What the connections of a server share. A session holds on to it, so that a reply that comes while the server goes
/// finds everything it touches.
class SessionRoom {
 public:
  SessionRoom(int threads, const Limits& its_limits, Handler& its_handler)
      : context(threads), limits(its_limits), handler(its_handler) {}

  boost::asio::io_context context;
  const Limits limits;
  Handler& handler;
  std::atomic<bool> draining{false};
  std::atomic<bool> stopping{false};

  /// Counts a connection in; false when there are as many as the limit allows.
  bool enter(const std::shared_ptr<Session>& session);
  /// One beyond the limit, which gets a 503; false when there are too many of those too.
  bool enter_refused(const std::shared_ptr<Session>& session);
  /// Its last answer is written; only the client's end of the connection is still open.
  void lingers(Session& session);
  void leave(Session& session);
  [[nodiscard]] std::vector<std::shared_ptr<Session>> all();
  /// Counts in the bytes of an answer that a client may be slow to read; false when they would be too many.
  bool reserve(std::size_t bytes) {
    if (unread_bytes_.fetch_add(bytes) + bytes <= limits.unread_bytes) return true;
    release(bytes);
    return false;
  }
  void release(std::size_t bytes) { unread_bytes_ -= bytes; }
  /// Waits until every answer is written; false when `end` comes first.
  bool wait_until_written(Clock::time_point end);

 private:
  struct Entry {
    std::weak_ptr<Session> session;
    bool refused = false;
    bool lingers = false;
  };
  void tell_count();

  std::mutex mutex_;
  std::condition_variable written_;
  std::unordered_map<Session*, Entry> sessions_;
  std::size_t refused_ = 0;
  std::size_t lingering_ = 0;
  std::atomic<std::size_t> unread_bytes_{0};
};

}  // namespace alsace::io::http
