#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "io/http/message.hpp"

namespace alsace::io::http {

/// The way back to the client of one request. Cheap to copy; usable from any thread and after the connection, or the
/// server, is gone. The first answer counts; later ones, and the one that comes after the deadline, do nothing.
class Reply {
 public:
  /// What the connection does with an answer; implemented by the session, and by tests.
  class Target {
   public:
    virtual ~Target() = default;
    virtual void send(std::function<Response()> make) = 0;
    [[nodiscard]] virtual bool expired() const = 0;
    virtual void lift_deadline() = 0;
  };
  explicit Reply(std::shared_ptr<Target> target) : target_(std::move(target)) {}

  void send(Response response) const {
    target_->send([response = std::move(response)]() mutable { return std::move(response); });
  }
  /// Makes the response in one of the server's threads: for a caller whose own thread has better to do.
  void send_from(std::function<Response()> make) const { target_->send(std::move(make)); }

  /// True once nobody waits for an answer any more: the deadline has passed, or the connection broke.
  [[nodiscard]] bool expired() const { return target_->expired(); }
  /// For the few requests that take as long as they take.
  void lift_deadline() const { target_->lift_deadline(); }

 private:
  std::shared_ptr<Target> target_;
};

/// One request and what became of it, told after its answer was written (or could not be).
struct Exchange {
  std::string_view method;
  std::string_view target;  ///< as it came; "" where the header could not be read
  std::string_view route;   ///< Response::route
  std::string_view client;  ///< address and port
  int status = 0;
  std::size_t answer_bytes = 0;
  double seconds = 0;        ///< from the request's last byte to the last one of the answer
  double write_seconds = 0;  ///< the part of it that writing took
};

/// What a server serves. All members are called from the server's threads, several at a time.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Answers through `reply`, at once or later; must not block and must not throw.
  virtual void handle(Request request, Reply reply) = 0;
  /// For metrics and the access log. Must not throw.
  virtual void finished(const Exchange& exchange) = 0;
  /// The number of open connections has changed. Must not throw.
  virtual void connections_changed(std::size_t open) = 0;
};

}  // namespace alsace::io::http
