#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/http/server.hpp"
#include "tests/io/http/http_client.hpp"

/// What a client may cost: each limit of the server, over sockets.
namespace alsace::io::http {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::any_port;
using test::get;
using test::HttpClient;
using test::TestHandler;

Limits short_limits() {
  Limits limits;
  limits.header_time = limits.body_time = limits.idle_time = limits.write_time = limits.deadline = 100ms;
  return limits;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The answer to what is wrong, after which the connection has to end.
Answer last_answer(HttpClient& client, const std::string& request) {
  client.send(request);
  Answer answer = client.read_answer();
  EXPECT_EQ(answer.field("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_EQ(client.read_to_end(), "");
  return answer;
}

TEST(ServerLimitsTest, what_is_wrong_is_answered_and_closed) {
  TestHandler handler;
  const Server server(any_port, 2, {}, handler);
  const auto status_of = [&server](const std::string& request) {
    HttpClient client(server.port());
    return last_answer(client, request).status;
  };
  std::string many_fields;
  for (int i = 0; i < 20'000; ++i) many_fields += "Name: value\r\n";

  EXPECT_EQ(status_of("hello\r\n"), 400);
  EXPECT_EQ(status_of(get("/", "Content-Length: 5\r\nContent-Length: 5\r\n") + "hello"), 400);
  EXPECT_EQ(status_of(get("/", "Content-Length: -5\r\n")), 400);
  EXPECT_EQ(status_of(get("/", "Content-Length: 99999999999999999999999\r\n")), 400);
  EXPECT_EQ(status_of(get("/", many_fields)), 431);
  EXPECT_EQ(status_of(get("/" + std::string(100'000, 'a'))), 431);
  EXPECT_EQ(status_of(test::post("/", std::string((1U << 20) + 1, 'x'))), 413);
  EXPECT_EQ(status_of("GET / HTTP/3.0\r\n"), 505);
  for (const auto& told : handler.wait_for_told(8)) EXPECT_GE(told.status, 400);
}

TEST(ServerLimitsTest, requests_before_a_wrong_one_are_answered) {
  TestHandler handler;
  const Server server(any_port, 2, {}, handler);
  HttpClient client(server.port());

  client.send(get("/1") + "nonsense\r\n" + get("/3"));

  EXPECT_EQ(client.read_answer().body, "GET /1 ");
  EXPECT_EQ(client.read_answer().status, 400);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(ServerLimitsTest, a_client_that_sends_on_still_reads_why) {
  TestHandler handler;
  const Server server(any_port, 2, {}, handler);
  HttpClient client(server.port());

  // Everything is sent before anything is read.
  EXPECT_TRUE(client.send(test::post("/", std::string(8'000'000, 'x'))));

  EXPECT_EQ(client.read_answer().status, 413);
}

TEST(ServerLimitsTest, a_slow_header_and_a_slow_body_are_408) {
  TestHandler handler;
  const Server server(any_port, 2, short_limits(), handler);

  HttpClient header(server.port());
  const auto header_answer = last_answer(header, "GET /x HTTP/1.1\r\nHost: ");
  HttpClient body(server.port());
  const auto body_answer = last_answer(body, "POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");

  EXPECT_EQ(header_answer.status, 408);
  EXPECT_NE(header_answer.body.find("header"), std::string::npos);
  EXPECT_EQ(body_answer.status, 408);
  EXPECT_NE(body_answer.body.find("body"), std::string::npos);
}

TEST(ServerLimitsTest, the_body_has_its_own_time) {
  TestHandler handler;
  Limits limits;
  limits.header_time = 60'000ms;
  limits.body_time = 100ms;
  const Server server(any_port, 2, limits, handler);
  HttpClient client(server.port());

  EXPECT_EQ(last_answer(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel").status, 408);
}

TEST(ServerLimitsTest, a_byte_now_and_then_does_not_help) {
  TestHandler handler;
  const Server server(any_port, 2, short_limits(), handler);
  HttpClient client(server.port());
  const auto start = std::chrono::steady_clock::now();

  client.send("GET / HTTP/1.1\r\nA: ");
  while (!client.has_input(10ms) && seconds_since(start) < 2) client.send("x");

  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_LT(seconds_since(start), 1);
}

TEST(ServerLimitsTest, an_idle_connection_is_closed_without_a_word) {
  TestHandler handler;
  const Server server(any_port, 2, short_limits(), handler);
  HttpClient fresh(server.port());
  HttpClient used(server.port());

  used.send(get("/"));
  used.read_answer();

  EXPECT_EQ(fresh.read_to_end(), "");
  EXPECT_EQ(used.read_to_end(), "");
}

TEST(ServerLimitsTest, a_client_that_does_not_read_is_closed) {
  TestHandler handler(
      [](const Request&, const Reply& reply) { reply.send(test::text_response(std::string(30'000'000, 'x'))); });
  const Server server(any_port, 2, short_limits(), handler);
  HttpClient client(server.port());
  client.receive_little();

  client.send(get("/"));

  EXPECT_EQ(handler.wait_for_told(1).size(), 1U);
  EXPECT_TRUE(handler.wait_for_open(0));
}

TEST(ServerLimitsTest, a_late_answer_is_dropped_and_the_connection_goes_on) {
  test::HeldReplies held;
  TestHandler handler([&held](const Request& request, const Reply& reply) {
    if (request.target != "/late") return TestHandler::echo(request, reply);
    held.hold(reply);
  });
  Limits limits = short_limits();
  limits.idle_time = 5'000ms;
  const Server server(any_port, 2, limits, handler);
  HttpClient client(server.port());

  client.send(get("/late"));
  const auto reply = held.wait_for(0);
  EXPECT_FALSE(reply.expired());
  const auto answer = client.read_answer();
  EXPECT_TRUE(reply.expired());
  reply.send(test::text_response("late"));
  client.send(get("/next"));

  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.field("Content-Type"), "application/problem+json");
  EXPECT_EQ(client.read_answer().body, "GET /next ");
  EXPECT_FALSE(client.has_input(20ms));
}

TEST(ServerLimitsTest, a_lifted_deadline_waits) {
  test::HeldReplies held;
  TestHandler handler([&held](const Request&, const Reply& reply) {
    reply.lift_deadline();
    held.hold(reply);
  });
  const Server server(any_port, 2, short_limits(), handler);
  HttpClient client(server.port());

  client.send(get("/"));
  const auto reply = held.wait_for(0);
  EXPECT_FALSE(client.has_input(250ms));
  reply.send(test::text_response("done"));

  EXPECT_EQ(client.read_answer().body, "done");
}

TEST(ServerLimitsTest, a_connection_that_breaks_is_noticed_before_the_answer) {
  test::HeldReplies held;
  TestHandler handler([&held](const Request&, const Reply& reply) { held.hold(reply); });
  const Server server(any_port, 2, {}, handler);
  HttpClient closing(server.port());
  HttpClient resetting(server.port());

  closing.send(get("/"));
  const auto first = held.wait_for(0);
  resetting.send(get("/"));
  const auto second = held.wait_for(1);
  closing.close();
  resetting.reset();

  EXPECT_TRUE(test::comes_true([&] { return second.expired(); }));
  EXPECT_FALSE(first.expired());  // it may only have ended sending
  first.send(test::text_response("to nobody"));
  second.send(test::text_response("to nobody"));
  EXPECT_TRUE(handler.wait_for_open(0));
  EXPECT_EQ(handler.wait_for_told(2).size(), 2U);
}

TEST(ServerLimitsTest, who_only_ends_sending_gets_the_answer) {
  test::HeldReplies held;
  TestHandler handler([&held](const Request&, const Reply& reply) { held.hold(reply); });
  const Server server(any_port, 2, {}, handler);
  HttpClient client(server.port());

  client.send(get("/"));
  client.close_sending();
  const auto reply = held.wait_for(0);
  std::this_thread::sleep_for(20ms);  // time to see the end of its input
  EXPECT_FALSE(reply.expired());
  reply.send(test::text_response("still"));

  EXPECT_EQ(client.read_answer().body, "still");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(ServerLimitsTest, answers_that_nobody_reads_are_kept_up_to_a_bound) {
  constexpr std::size_t large = std::size_t{32} << 20;  // more than the kernel takes
  TestHandler handler([](const Request& request, const Reply& reply) {
    reply.send(test::text_response(request.target == "/large" ? std::string(large, 'x') : "small"));
  });
  Limits limits;
  limits.unread_bytes = large + 100;
  const Server server(any_port, 2, limits, handler);
  HttpClient lazy(server.port());
  HttpClient other(server.port());

  lazy.send(get("/large"));
  EXPECT_TRUE(lazy.has_input(2000ms));
  other.send(get("/large"));
  EXPECT_EQ(other.read_answer().status, 503);
  other.send(get("/"));
  EXPECT_EQ(other.read_answer().body, "small");

  lazy.reset();
  EXPECT_TRUE(handler.wait_for_open(1));  // its bytes are free
  other.send(get("/large"));
  EXPECT_EQ(other.read_answer().body.size(), large);
}

TEST(ServerLimitsTest, clients_that_leave_midway_cost_nothing) {
  TestHandler handler;
  const Server server(any_port, 2, {}, handler);
  for (const std::string part :
       {"", "GET", "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"}) {
    HttpClient closing(server.port());
    HttpClient resetting(server.port());
    closing.send(part);
    resetting.send(part);
    closing.close();
    resetting.reset();
  }
  EXPECT_TRUE(handler.wait_for_open(0));
  HttpClient client(server.port());

  client.send(get("/"));

  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(ServerLimitsTest, others_are_answered_while_many_connections_are_slow) {
  TestHandler handler;
  const Server server(any_port, 2, {}, handler);
  std::vector<HttpClient> slow;
  for (int i = 0; i < 200; ++i) {
    slow.emplace_back(server.port());
    slow.back().send("GET / HTTP/1.1\r\nHost: ");
  }
  HttpClient client(server.port());

  for (int i = 0; i < 100; ++i) {
    client.send(get("/"));
    ASSERT_EQ(client.read_answer().status, 200);
  }

  // None of them was waited for.
  for (const auto& each : slow) EXPECT_FALSE(each.has_input(0ms));
  slow.front().send("a\r\n\r\n");
  EXPECT_EQ(slow.front().read_answer().status, 200);
}

TEST(ServerLimitsTest, a_want_of_file_descriptors_passes) {
  // The same warning once before: UBSan opens a pipe when it first sees a type, which it could not later; and before
  // the server's threads, since ThreadSanitizer cannot see how the library guards the making of its logger.
  spdlog::warn("file descriptors become {}", std::string("scarce"));
  TestHandler handler;
  const Server server(any_port, 2, {}, handler);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = ::dup(0);
  ASSERT_GE(lowest_free, 0);
  ::close(lowest_free);

  // One is left: the client's.
  const rlimit scarce{static_cast<rlim_t>(lowest_free) + 1, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &scarce), 0);
  HttpClient client(server.port());
  client.send(get("/"));
  const bool answered_without = client.has_input(150ms);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_FALSE(answered_without);
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(ServerLimitsTest, one_connection_too_many_is_told_to_come_back) {
  TestHandler handler;
  Limits limits;
  limits.connections = 2;
  const Server server(any_port, 2, limits, handler);
  HttpClient first(server.port());
  HttpClient second(server.port());
  first.send(get("/"));
  second.send(get("/"));
  first.read_answer();
  second.read_answer();

  HttpClient third(server.port());
  const auto answer = last_answer(third, "");

  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.field("Retry-After"), "1");
  EXPECT_TRUE(handler.wait_for_open(2));
  first.close();
  EXPECT_TRUE(handler.wait_for_open(1));
  HttpClient fourth(server.port());
  fourth.send(get("/"));
  EXPECT_EQ(fourth.read_answer().status, 200);
}

}  // namespace
}  // namespace alsace::io::http
