#include "io/http/server.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <future>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include "io/http/session.hpp"
#include "src/error.hpp"

namespace alsace::io::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<tcp, Strand>;

constexpr int backlog = 4096;
constexpr int accepted_at_once = 64;  // then others have their turn
constexpr std::chrono::milliseconds accept_pause{100};
constexpr rlim_t other_files = 64;

/// Makes room for the connections where the hard limit allows it.
void raise_file_limit(std::size_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = static_cast<rlim_t>(connections) + other_files;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
    spdlog::warn("open files = {} allowed, expected {} for {} connections", limit.rlim_cur, wanted, connections);
  }
}

/// Where to bind for `address`: IPv4 before IPv6, since what is called localhost is mostly reached by it. All addresses
/// are those of both.
std::vector<tcp::endpoint> endpoints_of(const Address& address, asio::io_context& context) {
  if (address.host.empty()) return {tcp::endpoint(tcp::v6(), address.port), tcp::endpoint(tcp::v4(), address.port)};
  Error error;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error) {
    throw usage_error(fmt::format("--listen = {}:{}: {}, expected a name or an address of this machine", address.host,
                                  address.port, error.message()));
  }
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  std::stable_partition(endpoints.begin(), endpoints.end(),
                        [](const tcp::endpoint& endpoint) { return endpoint.address().is_v4(); });
  return endpoints;
}

Error listen_on(Acceptor& acceptor, const tcp::endpoint& endpoint, bool all_addresses) {
  Error error;
  const auto failed = [&] {
    Error ignored;
    acceptor.close(ignored);
    return error;
  };
  if (acceptor.open(endpoint.protocol(), error)) return error;
  if (acceptor.set_option(Acceptor::reuse_address(true), error)) return failed();
  if (all_addresses && endpoint.address().is_v6() && acceptor.set_option(asio::ip::v6_only(false), error)) {
    return failed();
  }
  if (acceptor.bind(endpoint, error) || acceptor.listen(backlog, error) || acceptor.non_blocking(true, error)) {
    return failed();
  }
  return {};
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                    : fmt::format("{}:{}", host, endpoint.port());
}

/// All signals blocked while it lives: threads started meanwhile leave them to the thread that waits for signals.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

// ---- the address

Address Address::parse(const std::string& text) {
  const auto wrong = [&text](const std::string& what) {
    return usage_error(fmt::format("--listen = {}{}", text, what));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) throw wrong(", expected HOST:PORT");
  Address address;
  address.host = text.substr(0, colon);
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
    Error error;
    asio::ip::make_address_v6(address.host, error);
    if (error) throw wrong(fmt::format(": address = {}, expected an IPv6 address", address.host));
  } else if (address.host.find_first_of(":[]") != std::string::npos) {
    throw wrong(", expected HOST:PORT, an IPv6 address in brackets");
  }
  const std::string port = text.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  const int number = digits ? std::stoi(port) : -1;
  if (number < 0 || number > 65'535) throw wrong(fmt::format(": port = {}, expected 0 to 65535", port));
  address.port = static_cast<std::uint16_t>(number);
  return address;
}

bool Address::is_loopback() const {
  if (host == "localhost") return true;
  Error error;
  const auto address = asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

// ---- the server

/// The listening socket and the threads; the connections are in the room.
class Server::State {
 public:
  State(const Address& address, int threads, const Limits& limits, Handler& handler)
      : room_(std::make_shared<SessionRoom>(threads, limits, handler)),
        strand_(asio::make_strand(room_->context)),
        acceptor_(strand_),
        pause_(strand_),
        work_(room_->context.get_executor()) {
    listen(address);
    raise_file_limit(limits.connections);
  }

  void start(int threads) {
    wait();
    const SignalsBlocked blocked;
    try {
      for (int i = 0; i < threads; ++i) threads_.emplace_back([room = room_] { run(*room); });
    } catch (const std::system_error&) {
      stop();
      throw;
    }
  }

  void stop() {
    room_->stopping = true;
    asio::post(strand_, [this] { close_listener(); });
    to_all(&Session::close);
    work_.reset();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  void post(std::function<void()> work) { asio::post(room_->context, std::move(work)); }

  bool drain(std::chrono::milliseconds time) {
    const auto end = Clock::now() + time;
    room_->draining = true;
    auto closed = std::make_shared<std::promise<void>>();
    const auto listener_closed = closed->get_future();
    asio::post(strand_, [this, closed] {
      // Who has connected already may have sent a request.
      while (acceptor_.is_open() && accept_one()) {
      }
      close_listener();
      closed->set_value();
    });
    const bool in_time = listener_closed.wait_until(end) == std::future_status::ready;
    to_all(&Session::drain);
    return room_->wait_until_written(end) && in_time;
  }

  [[nodiscard]] const tcp::endpoint& endpoint() const { return endpoint_; }

 private:
  /// The step does not hold its session, or one that nobody runs any more would hold it for ever.
  void to_all(void (Session::*step)()) {
    for (const auto& session : room_->all()) {
      asio::post(session->strand(), [step, weak = std::weak_ptr<Session>(session)] {
        if (const auto alive = weak.lock()) ((*alive).*step)();
      });
    }
  }

  static void run(SessionRoom& room) noexcept {
    for (;;) {
      try {
        room.context.run();
        return;
      } catch (const std::exception& error) {
        try {
          spdlog::error("http: {}", error.what());
        } catch (...) {
        }
      } catch (...) {
      }
    }
  }

  void listen(const Address& address) {
    Error error;
    for (const auto& endpoint : endpoints_of(address, room_->context)) {
      error = listen_on(acceptor_, endpoint, address.host.empty());
      if (!error) {
        endpoint_ = acceptor_.local_endpoint();
        return;
      }
    }
    throw usage_error(fmt::format("--listen = {}:{}: {}, expected an address that is free", address.host, address.port,
                                  error.message()));
  }

  void wait() {
    acceptor_.async_wait(Acceptor::wait_read, [this](const Error& error) {
      if (error || !acceptor_.is_open()) return;
      for (int i = 0; i < accepted_at_once; ++i) {
        if (!accept_one()) break;
      }
      if (paused_) return;
      wait();
    });
  }

  /// False when nobody waits, or nobody can be let in.
  bool accept_one() {
    try {
      Error error;
      tcp::endpoint client;
      Socket socket(asio::make_strand(room_->context));
      acceptor_.accept(socket, client, error);
      if (error == asio::error::would_block) return false;
      // The client left again.
      if (error == asio::error::connection_aborted || error == asio::error::interrupted) return true;
      if (error) return hold_off(error.message());
      let_in(std::move(socket), client);
      return true;
    } catch (const std::exception& error) {
      return hold_off(error.what());
    }
  }

  /// No file descriptors or no memory: what is open goes on, and the rest waits in the kernel for better times.
  bool hold_off(const std::string& why) {
    pause();
    spdlog::warn("connection not accepted: {}", why);
    return false;
  }

  void let_in(Socket socket, const tcp::endpoint& client) {
    Error ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    Error error;
    if (socket.non_blocking(true, error)) return;
    const auto session = std::make_shared<Session>(room_, std::move(socket), text_of(client));
    if (room_->enter(session)) {
      asio::dispatch(session->strand(), [session] { session->start(); });
    } else if (room_->enter_refused(session)) {
      asio::dispatch(session->strand(), [session] { session->refuse(); });
    }
  }

  void pause() {
    paused_ = true;
    pause_.expires_after(accept_pause);
    pause_.async_wait([this](const Error& error) {
      paused_ = false;
      if (!error && acceptor_.is_open()) wait();
    });
  }

  void close_listener() {
    Error ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

  const std::shared_ptr<SessionRoom> room_;
  const Strand strand_;
  Acceptor acceptor_;
  Timer pause_;
  bool paused_ = false;
  asio::executor_work_guard<asio::io_context::executor_type> work_;  // threads stay when all is drained
  tcp::endpoint endpoint_;
  std::vector<std::thread> threads_;
};

Server::Server(const Address& address, int threads, const Limits& limits, Handler& handler)
    : state_(std::make_shared<State>(address, threads, limits, handler)) {
  ALSACE_CHECK(threads > 0, fmt::format("threads = {}, expected 1 or more", threads));
  state_->start(threads);
}

Server::~Server() {
  state_->stop();
}

std::uint16_t Server::port() const {
  return state_->endpoint().port();
}

std::string Server::address() const {
  return text_of(state_->endpoint());
}

void Server::post(std::function<void()> work) {
  state_->post(std::move(work));
}

bool Server::drain(std::chrono::milliseconds time) {
  return state_->drain(time);
}

}  // namespace alsace::io::http
