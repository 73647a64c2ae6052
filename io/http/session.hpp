#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>

#include "io/http/handler.hpp"
#include "io/http/request_parser.hpp"
#include "io/http/session_room.hpp"

namespace alsace::io::http {

using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;
using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Strand>;

/// One connection. All but the constructor runs on its strand. It lives as long as an operation or the reply that is
/// being given holds it. An idle connection has no buffers: bytes are read into the thread's stack when there are some.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<SessionRoom> room, Socket socket, std::string client);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start();
  /// Answers 503 and closes.
  void refuse();
  /// Closes when idle; what is in flight is answered first.
  void drain();
  /// Closes at once.
  void close();

  [[nodiscard]] const Strand& strand() const { return strand_; }

 private:
  class PendingReply;
  enum class Phase { idle, reading, answering, writing, lingering, closed };

  /// Runs a step; a connection in which one throws (no memory) is closed.
  template <class Step>
  void guarded(const Step& step) noexcept;

  void due_in(std::chrono::milliseconds time);
  void wait_for_due();
  void timed_out();

  void watch();
  void readable();
  void take_in(std::string_view bytes);
  void input_ends(bool reset);
  void feed(std::string_view bytes);
  void send_continue();

  void hand_over();
  void answer(PendingReply& reply, const std::function<Response()>& make);
  void refuse_request(Response response);
  void write(Response response, bool keep_alive);
  void written(bool whole, std::size_t bytes);
  void next_request();
  void linger();
  void tell_finished(int status, std::size_t bytes);

  const std::shared_ptr<SessionRoom> room_;
  const Strand strand_;
  Socket socket_;
  Timer timer_;
  const std::string client_;

  Phase phase_ = Phase::idle;
  bool watching_ = false;
  bool input_ended_ = false;
  bool in_body_ = false;
  bool close_after_ = false;
  Clock::time_point due_;
  Clock::time_point woken_at_ = Clock::time_point::max();  // when the timer fires, which may be before due_
  Clock::time_point request_end_;
  Clock::time_point write_start_;
  std::size_t lingering_bytes_ = 0;

  std::unique_ptr<RequestParser> parser_;
  std::string input_;  // of later requests, while one is answered
  std::string method_;
  std::string target_;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool http_1_0_ = false;
  std::shared_ptr<PendingReply> reply_;
  Response response_;
  std::size_t reserved_ = 0;  // of its body's bytes
  std::string head_;
};

}  // namespace alsace::io::http
