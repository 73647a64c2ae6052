#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "io/http/server.hpp"
#include "tests/io/http/http_client.hpp"

/// How a server ends: in order, or at once.
namespace alsace::io::http {
namespace {

using namespace std::chrono_literals;
using test::any_port;
using test::get;
using test::HttpClient;
using test::TestHandler;

Limits patient_limits() {
  Limits limits;
  limits.deadline = 10'000ms;
  return limits;
}

TEST(ServerDrainTest, what_is_in_flight_is_answered_and_idle_connections_close) {
  test::HeldReplies held;
  TestHandler handler([&held](const Request& request, const Reply& reply) {
    if (request.target != "/held") return TestHandler::echo(request, reply);
    held.hold(reply);
  });
  Server server(any_port, 2, patient_limits(), handler);
  HttpClient busy(server.port());
  HttpClient idle(server.port());
  idle.send(get("/"));
  idle.read_answer();
  busy.send(get("/held"));
  const auto reply = held.wait_for(0);

  std::atomic<int> drained{-1};
  std::thread drainer([&] { drained = server.drain(5'000ms) ? 1 : 0; });
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(drained, -1);
  reply.send(test::text_response("done"));
  const auto answer = busy.read_answer();
  drainer.join();

  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_EQ(drained, 1);
  EXPECT_THROW(HttpClient(server.port()), std::runtime_error);
}

TEST(ServerDrainTest, it_ends_when_the_time_is_over) {
  test::HeldReplies held;
  TestHandler handler([&held](const Request&, const Reply& reply) { held.hold(reply); });
  std::optional<Server> server(std::in_place, any_port, 2, patient_limits(), handler);
  HttpClient busy(server->port());
  busy.send(get("/"));
  const auto reply = held.wait_for(0);

  EXPECT_FALSE(server->drain(50ms));
  server.reset();

  EXPECT_EQ(busy.read_to_end(), "");
  EXPECT_TRUE(reply.expired());
}

TEST(ServerDrainTest, a_request_that_is_still_coming_is_answered) {
  TestHandler handler;
  Server server(any_port, 2, {}, handler);
  HttpClient client(server.port());
  client.send("GET /x HTT");
  ASSERT_TRUE(handler.wait_for_open(1));
  std::this_thread::sleep_for(20ms);

  std::thread drainer([&] { EXPECT_TRUE(server.drain(5'000ms)); });
  std::this_thread::sleep_for(20ms);
  client.send("P/1.1\r\nHost: a\r\n\r\n");
  const auto answer = client.read_answer();
  drainer.join();

  EXPECT_EQ(answer.body, "GET /x ");
  EXPECT_EQ(answer.field("Connection"), "close");
}

TEST(ServerDrainTest, who_has_connected_before_is_answered) {
  for (int round = 0; round < 20; ++round) {
    TestHandler handler;
    Server server(any_port, 1, {}, handler);
    std::vector<HttpClient> clients;
    for (int i = 0; i < 20; ++i) {
      clients.emplace_back(server.port());
      clients.back().send(get("/"));
    }

    EXPECT_TRUE(server.drain(5'000ms));

    for (auto& client : clients) ASSERT_EQ(client.read_answer().status, 200);
  }
}

TEST(ServerDrainTest, a_server_without_connections_is_drained_at_once) {
  TestHandler handler;
  Server server(any_port, 2, {}, handler);

  EXPECT_TRUE(server.drain(5'000ms));
  EXPECT_TRUE(server.drain(5'000ms));
}

TEST(ServerEndTest, open_connections_are_closed) {
  test::HeldReplies held;
  TestHandler handler([&held](const Request& request, const Reply& reply) {
    if (request.target != "/held") return TestHandler::echo(request, reply);
    held.hold(reply);
  });
  std::optional<Server> server(std::in_place, any_port, 2, patient_limits(), handler);
  HttpClient idle(server->port());
  HttpClient reading(server->port());
  HttpClient busy(server->port());
  idle.send(get("/"));
  idle.read_answer();
  reading.send("GET / HT");
  busy.send(get("/held"));
  const auto reply = held.wait_for(0);

  server.reset();

  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(reading.read_to_end(), "");
  EXPECT_EQ(busy.read_to_end(), "");
  EXPECT_TRUE(reply.expired());
  EXPECT_TRUE(handler.wait_for_open(0));
}

TEST(ServerEndTest, no_call_comes_after_it) {
  const auto ended = std::make_shared<std::atomic<bool>>(false);
  const auto late = std::make_shared<std::atomic<bool>>(false);
  test::HeldReplies held;
  TestHandler handler([&held](const Request&, const Reply& reply) { held.hold(reply); });
  std::optional<Server> server(std::in_place, any_port, 2, patient_limits(), handler);
  HttpClient client(server->port());
  client.send(get("/"));
  const auto reply = held.wait_for(0);

  server.reset();
  *ended = true;
  reply.send_from([ended, late] {
    *late = true;
    return Response();
  });

  EXPECT_FALSE(*late);
  EXPECT_EQ(ended.use_count(), 1) << "the answer is still held somewhere";
}

TEST(ServerEndTest, answers_may_come_while_it_ends) {
  for (int round = 0; round < 50; ++round) {
    test::HeldReplies held;
    TestHandler handler([&held](const Request&, const Reply& reply) { held.hold(reply); });
    std::optional<Server> server(std::in_place, any_port, 2, patient_limits(), handler);
    std::vector<HttpClient> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back(server->port());
      clients.back().send(get("/"));
    }
    held.wait_for(3);

    std::thread answering([&held] {
      for (std::size_t i = 0; i < 4; ++i) held.wait_for(i).send(test::text_response("x"));
    });
    server.reset();
    answering.join();
  }
}

}  // namespace
}  // namespace alsace::io::http
