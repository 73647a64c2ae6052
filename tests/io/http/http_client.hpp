#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/http/server.hpp"

namespace alsace::test {

struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  /// The value of a header field, as our server writes its name; "" without.
  [[nodiscard]] std::string field(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

/// A client that sends what it is told, right or wrong. Every wait ends after 5 s.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  ~HttpClient() { close(); }
  HttpClient(HttpClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), input_(std::move(other.input_)) {}
  HttpClient& operator=(HttpClient&&) = delete;

  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  /// Leaves without a goodbye: the server gets a reset.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close_sending() { ::shutdown(socket_, SHUT_WR); }
  void receive_little() {
    const int bytes = 4096;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }

  /// False when the server does not take it any more.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// The next answer; status 0 when the connection ends before it is whole.
  Answer read_answer(bool to_head = false) {
    Answer answer;
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_some()) return {};
    }
    answer.head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    const auto length = answer.field("Content-Length");
    const std::size_t size = to_head || length.empty() ? 0 : std::stoul(length);
    while (input_.size() < size) {
      if (!read_some()) return {};
    }
    answer.body = input_.substr(0, size);
    input_.erase(0, size);
    answer.status = std::stoi(answer.head.substr(9, 3));
    return answer;
  }

  /// What still comes until the server closes; nothing when it does not within the time.
  std::optional<std::string> read_to_end() {
    while (read_some()) {
    }
    if (!ended_) return std::nullopt;
    return std::exchange(input_, {});
  }

  /// Whether a byte, or the end, comes within the time.
  [[nodiscard]] bool has_input(std::chrono::milliseconds time) const {
    pollfd poll{socket_, POLLIN, 0};
    return !input_.empty() || ::poll(&poll, 1, static_cast<int>(time.count())) > 0;
  }

 private:
  bool read_some() {
    if (!has_input_from_socket()) return false;
    char bytes[16384];
    const auto size = ::recv(socket_, bytes, sizeof bytes, 0);
    if (size <= 0) {
      ended_ = true;
      return false;
    }
    input_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }
  [[nodiscard]] bool has_input_from_socket() const {
    pollfd poll{socket_, POLLIN, 0};
    return ::poll(&poll, 1, 5000) > 0;
  }

  int socket_;
  std::string input_;
  bool ended_ = false;
};

/// Serves by a function, and remembers what it was told.
class TestHandler : public io::http::Handler {
 public:
  struct Told {
    std::string method;
    std::string target;
    int status = 0;
    std::size_t answer_bytes = 0;
    double seconds = 0;
  };
  using Serve = std::function<void(io::http::Request, io::http::Reply)>;

  /// Without a function every request is answered with its method, target and body.
  explicit TestHandler(Serve serve = echo) : serve_(std::move(serve)) {}

  void handle(io::http::Request request, io::http::Reply reply) override {
    serve_(std::move(request), std::move(reply));
  }
  void finished(const io::http::Exchange& exchange) override {
    const std::lock_guard lock(mutex_);
    told_.push_back({std::string(exchange.method), std::string(exchange.target), exchange.status, exchange.answer_bytes,
                     exchange.seconds});
    changed_.notify_all();
  }
  void connections_changed(std::size_t open) override {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }

  /// Waits for what is told after the client has its answer.
  std::vector<Told> wait_for_told(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(5), [&] { return told_.size() >= count; });
    return told_;
  }
  bool wait_for_open(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(5), [&] { return open_ == count; });
  }

  static void echo(io::http::Request request, const io::http::Reply& reply) {
    io::http::Response response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.target + " " + request.body;
    reply.send(std::move(response));
  }

 private:
  const Serve serve_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Told> told_;
  std::size_t open_ = 0;
};

/// Keeps the replies of the requests that come, for the test to answer.
class HeldReplies {
 public:
  void hold(io::http::Reply reply) {
    const std::lock_guard lock(mutex_);
    replies_.push_back(std::move(reply));
    changed_.notify_all();
  }
  io::http::Reply wait_for(std::size_t index) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(5), [&] { return replies_.size() > index; })) {
      throw std::runtime_error("no request came");
    }
    return replies_[index];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<io::http::Reply> replies_;
};

inline io::http::Response text_response(const std::string& body) {
  io::http::Response response;
  response.content_type = "text/plain";
  response.body = body;
  return response;
}

inline std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n";
}
inline std::string post(const std::string& target, const std::string& body, const std::string& fields = "") {
  return "POST " + target + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}

inline const io::http::Address any_port{"127.0.0.1", 0};

/// Polls for what has no event; 5 s at most.
inline bool comes_true(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::usleep(1000);
  }
  return true;
}

}  // namespace alsace::test
