#include "io/http/session.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include "io/http/response_head.hpp"

namespace alsace::io::http {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;

// After a last answer the client may still be sending: bytes that nobody reads would make the kernel reset the
// connection, and the answer would be lost. So they are read for a while and dropped.
constexpr std::chrono::milliseconds linger_time{2'000};
constexpr std::size_t linger_bytes = std::size_t{16} << 20;
constexpr std::size_t read_bytes = std::size_t{16} << 10;
constexpr std::chrono::hours no_deadline{24};
constexpr std::size_t small_body = std::size_t{32} << 10;  // what every connection may hold
constexpr int client_gone = 499;                           // as nginx logs it; never sent

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

/// What a Reply of this connection points to. It knows the session without holding it.
class Session::PendingReply : public Reply::Target, public std::enable_shared_from_this<PendingReply> {
 public:
  explicit PendingReply(std::weak_ptr<Session> session) : session_(std::move(session)) {}

  void send(std::function<Response()> make) override {
    if (!take()) return;
    const auto session = session_.lock();
    if (!session) return;
    // The step must not hold the session: a server that is gone never runs it.
    asio::dispatch(session->strand_, [weak = session_, self = shared_from_this(), make = std::move(make)] {
      if (const auto alive = weak.lock()) alive->guarded([&] { alive->answer(*self, make); });
    });
  }
  [[nodiscard]] bool expired() const override { return expired_; }
  void lift_deadline() override { lifted_ = true; }

  /// True for the first who wants to answer.
  bool take() { return !taken_.exchange(true); }
  void expire() { expired_ = true; }
  [[nodiscard]] bool lifted() const { return lifted_; }

 private:
  const std::weak_ptr<Session> session_;
  std::atomic<bool> taken_{false};
  std::atomic<bool> expired_{false};
  std::atomic<bool> lifted_{false};
};

Session::Session(std::shared_ptr<SessionRoom> room, Socket socket, std::string client)
    : room_(std::move(room)),
      strand_(socket.get_executor()),
      socket_(std::move(socket)),
      timer_(strand_),
      client_(std::move(client)) {}

Session::~Session() {
  if (phase_ != Phase::closed) close();
}

template <class Step>
void Session::guarded(const Step& step) noexcept {
  try {
    step();
  } catch (const std::exception& error) {
    try {
      spdlog::error("connection of {}: {}", client_, error.what());
    } catch (...) {
    }
    close();
  } catch (...) {
    close();
  }
}

void Session::start() {
  guarded([this] {
    if (room_->stopping) return close();
    due_in(room_->limits.header_time);  // whoever connects has something to say
    if (room_->draining) return drain();
    watch();
  });
}

void Session::refuse() {
  guarded([this] {
    if (room_->stopping) return close();
    auto full = problem(503, "connections = as many as are served, expected fewer");
    full.headers.emplace_back("Retry-After", "1");
    refuse_request(std::move(full));
  });
}

void Session::drain() {
  guarded([this] {
    if (phase_ == Phase::idle) readable();  // a request may have come in this moment
    if (phase_ == Phase::idle) close();
  });
}

void Session::close() {
  if (phase_ == Phase::closed) return;
  const Phase before = phase_;
  phase_ = Phase::closed;
  if (reply_) reply_->expire();
  reply_.reset();
  Error ignored;
  socket_.close(ignored);
  try {
    timer_.cancel();
  } catch (...) {  // the timer then fires once more, for nothing
  }
  if (before == Phase::answering) tell_finished(client_gone, 0);
  if (before == Phase::writing) tell_finished(response_.status, 0);
  parser_.reset();
  room_->release(std::exchange(reserved_, 0));
  room_->leave(*this);
}

// ---- time: one timer, moved only when something is due before it fires, so that a busy connection rarely touches it

void Session::due_in(std::chrono::milliseconds time) {
  due_ = Clock::now() + time;
  if (due_ < woken_at_) wait_for_due();
}

void Session::wait_for_due() {
  woken_at_ = due_;
  timer_.expires_at(due_);
  timer_.async_wait([self = shared_from_this()](const Error& error) {
    if (error || self->phase_ == Phase::closed) return;
    self->guarded([&] {
      self->woken_at_ = Clock::time_point::max();
      if (Clock::now() < self->due_) return self->wait_for_due();
      self->timed_out();
    });
  });
}

void Session::timed_out() {
  switch (phase_) {
    case Phase::reading:
      return refuse_request(problem(
          408, in_body_ ? "body = not whole in time, expected sooner" : "header = not whole in time, expected sooner"));
    case Phase::answering:
      due_in(no_deadline);
      // Lifted, or the answer is on its way to this strand.
      if (reply_->lifted() || !reply_->take()) return;
      reply_->expire();
      return write(problem(504, "the answer took longer than a request may"), keep_alive_);
    default:
      return close();
  }
}

// ---- bytes from the client

void Session::watch() {
  if (watching_ || input_ended_ || phase_ == Phase::closed) return;
  watching_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const Error& error) {
    self->watching_ = false;
    if (self->phase_ == Phase::closed) return;
    self->guarded([&] {
      if (error) return self->close();
      self->readable();
    });
  });
}

void Session::readable() {
  std::array<char, read_bytes> bytes;
  // While an answer is awaited we look out for the client's end, not for work: what it sends meanwhile is kept up to a
  // bound, and beyond that left to the kernel.
  const bool busy = phase_ == Phase::answering || phase_ == Phase::writing;
  const std::size_t room = busy ? read_bytes - std::min(read_bytes, input_.size()) : read_bytes;
  if (room == 0) return;
  Error error;
  const std::size_t size = socket_.read_some(asio::buffer(bytes.data(), room), error);
  if (error == asio::error::would_block || error == asio::error::interrupted) return watch();
  if (error) return input_ends(error != asio::error::eof);
  take_in({bytes.data(), size});
}

void Session::take_in(std::string_view bytes) {
  switch (phase_) {
    case Phase::idle:
    case Phase::reading:
      return feed(bytes);
    case Phase::answering:
    case Phase::writing:
      input_.append(bytes);
      return watch();
    case Phase::lingering:
      lingering_bytes_ += bytes.size();
      if (lingering_bytes_ > linger_bytes) return close();
      return watch();
    case Phase::closed:
      return;
  }
}

/// A client that closed and one that only will not send more (RFC 9112, 9.6) look the same: the second still waits for
/// its answer, so both are given it.
void Session::input_ends(bool reset) {
  input_ended_ = true;
  if (reset || (phase_ != Phase::answering && phase_ != Phase::writing)) close();
}

void Session::feed(std::string_view bytes) {
  if (phase_ == Phase::idle) {
    phase_ = Phase::reading;
    in_body_ = false;
    parser_ = std::make_unique<RequestParser>(room_->limits);
    due_in(room_->limits.header_time);
  }
  const std::size_t used = parser_->take(bytes);
  switch (parser_->state()) {
    case RequestParser::State::header:
      break;
    case RequestParser::State::body:
      if (!in_body_) {
        in_body_ = true;
        due_in(room_->limits.body_time);
        if (parser_->expects_continue()) send_continue();
      }
      break;
    case RequestParser::State::complete:
      input_ = bytes.substr(used);
      return hand_over();
    case RequestParser::State::failed:
      return refuse_request(parser_->failure());
  }
  if (input_ended_) return close();
  watch();
}

void Session::send_continue() {
  constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
  Error error;
  // The first bytes that this request makes us send: they fit.
  const std::size_t size = socket_.write_some(asio::buffer(text.data(), text.size()), error);
  if (error || size != text.size()) close();
}

// ---- the answer

void Session::hand_over() {
  request_end_ = Clock::now();
  keep_alive_ = parser_->keep_alive();
  head_only_ = parser_->head_only();
  http_1_0_ = parser_->http_1_0();
  Request request = parser_->take_request();
  parser_.reset();
  method_ = request.method;
  target_ = request.target;
  if (head_only_) request.method = "GET";
  phase_ = Phase::answering;
  due_in(room_->limits.deadline);
  reply_ = std::make_shared<PendingReply>(weak_from_this());
  watch();
  const auto reply = reply_;
  try {
    room_->handler.handle(std::move(request), Reply(reply));
  } catch (const std::exception& error) {
    spdlog::error("{} from {}: {}", method_, client_, error.what());
    Reply(reply).send(problem(500, "the request failed"));
  }
}

void Session::answer(PendingReply& reply, const std::function<Response()>& make) {
  if (phase_ != Phase::answering || reply_.get() != &reply) return;
  Response response;
  try {
    response = make();
  } catch (const std::exception& error) {
    spdlog::error("answer to {} from {}: {}", method_, client_, error.what());
    response = problem(500, "the answer could not be made");
  }
  write(std::move(response), keep_alive_);
}

/// For a request that was not read to its end: where the next one would begin is not known.
void Session::refuse_request(Response response) {
  request_end_ = Clock::now();
  method_ = parser_ ? parser_->method() : "";
  target_ = parser_ ? parser_->target() : "";
  head_only_ = method_ == "HEAD";
  write(std::move(response), false);
}

void Session::write(Response response, bool keep_alive) {
  close_after_ = !keep_alive || room_->draining || (input_ended_ && input_.empty());
  if (response.body.size() > small_body) {  // the probes are always answered
    if (room_->reserve(response.body.size())) {
      reserved_ = response.body.size();
    } else {
      auto full = problem(503, "answers that clients have not read = as many as are kept, expected fewer");
      full.headers.emplace_back("Retry-After", "1");
      full.route = std::move(response.route);
      response = std::move(full);
    }
  }
  response_ = std::move(response);
  head_ = response_head(response_, close_after_ ? Persistence::closes
                                   : http_1_0_  ? Persistence::stays_1_0
                                                : Persistence::stays);
  phase_ = Phase::writing;
  write_start_ = Clock::now();
  due_in(room_->limits.write_time);
  const bool bare = head_only_ || !has_body(response_.status);
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head_),
                                                     bare ? asio::const_buffer() : asio::buffer(response_.body)};
  asio::async_write(socket_, buffers, [self = shared_from_this()](const Error& error, std::size_t bytes) {
    if (self->phase_ == Phase::writing) self->guarded([&] { self->written(!error, bytes); });
  });
}

void Session::written(bool whole, std::size_t bytes) {
  if (!whole) return close();
  tell_finished(response_.status, bytes);
  reply_.reset();
  response_ = {};
  room_->release(std::exchange(reserved_, 0));
  if (close_after_) return linger();
  next_request();
}

void Session::next_request() {
  phase_ = Phase::idle;
  if (!input_.empty()) return feed(std::exchange(input_, {}));
  if (input_ended_) return close();
  due_in(room_->limits.idle_time);
  if (room_->draining) return drain();
  watch();
}

void Session::linger() {
  phase_ = Phase::lingering;
  parser_.reset();
  input_ = {};
  room_->lingers(*this);
  Error ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  if (input_ended_) return close();
  due_in(linger_time);
  watch();
}

void Session::tell_finished(int status, std::size_t bytes) {
  const auto now = Clock::now();
  Exchange exchange;
  exchange.method = method_;
  exchange.target = target_;
  exchange.route = response_.route;
  exchange.client = client_;
  exchange.status = status;
  exchange.answer_bytes = bytes;
  exchange.seconds = seconds_between(request_end_, now);
  exchange.write_seconds = status == client_gone ? 0 : seconds_between(write_start_, now);
  room_->handler.finished(exchange);
}

}  // namespace alsace::io::http
