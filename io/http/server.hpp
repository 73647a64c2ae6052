#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/http/handler.hpp"
#include "io/http/limits.hpp"

namespace alsace::io::http {

/// Where to listen: "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (all addresses). Port 0: any free one.
struct Address {
  std::string host;
  std::uint16_t port = 0;

  /// Throws ErrorKind::usage: `--listen = …, expected HOST:PORT`.
  static Address parse(const std::string& text);
  [[nodiscard]] bool is_loopback() const;
};

/// An HTTP/1.1 server in threads of its own: keep-alive, pipelining, TCP_NODELAY, `Expect: 100-continue`, HEAD as GET
/// without its body. A request is read whole, handed to the handler, answered, and only then is the next one of that
/// connection read. What is not HTTP is answered 400 and closed.
class Server {
 public:
  /// Binds and starts to serve. `handler` must outlive the server. Throws ErrorKind::usage naming the address when it
  /// cannot be listened on.
  Server(const Address& address, int threads, const Limits& limits, Handler& handler);
  /// Closes what is still open at once.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The port that it listens on.
  [[nodiscard]] std::uint16_t port() const;
  /// "127.0.0.1:8080"
  [[nodiscard]] std::string address() const;

  /// Runs `work` in a thread of the server: answers that are sent there need not wake a thread each. Any thread.
  void post(std::function<void()> work);

  /// Ends in order: takes no new connection, closes idle ones, answers what is in flight with `Connection: close`, and
  /// returns when all is written, or after `time`. True when nothing was cut off.
  bool drain(std::chrono::milliseconds time);

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace alsace::io::http
