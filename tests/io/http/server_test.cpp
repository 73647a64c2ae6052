#include "io/http/server.hpp"

#include <atomic>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/error.hpp"
#include "tests/io/http/http_client.hpp"

namespace alsace::io::http {
namespace {

using namespace std::chrono_literals;
using test::any_port;
using test::get;
using test::HttpClient;
using test::post;
using test::TestHandler;

std::string complaint_about(const std::string& address) {
  try {
    Address::parse(address);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(AddressTest, hosts_and_ports_are_read) {
  const Address plain = Address::parse("127.0.0.1:8080");
  const Address bracketed = Address::parse("[::1]:0");
  const Address all = Address::parse(":65535");

  EXPECT_EQ(plain.host, "127.0.0.1");
  EXPECT_EQ(plain.port, 8080);
  EXPECT_TRUE(plain.is_loopback());
  EXPECT_EQ(bracketed.host, "::1");
  EXPECT_TRUE(bracketed.is_loopback());
  EXPECT_EQ(all.host, "");
  EXPECT_EQ(all.port, 65535);
  EXPECT_FALSE(all.is_loopback());
  EXPECT_TRUE(Address::parse("localhost:1").is_loopback());
  EXPECT_FALSE(Address::parse("0.0.0.0:1").is_loopback());
}

TEST(AddressTest, what_is_none_is_named) {
  EXPECT_EQ(complaint_about("8080"), "--listen = 8080, expected HOST:PORT");
  EXPECT_EQ(complaint_about("a:70000"), "--listen = a:70000: port = 70000, expected 0 to 65535");
  EXPECT_EQ(complaint_about("a:"), "--listen = a:: port = , expected 0 to 65535");
  EXPECT_EQ(complaint_about("a:-1"), "--listen = a:-1: port = -1, expected 0 to 65535");
  EXPECT_EQ(complaint_about("a:99999999999"), "--listen = a:99999999999: port = 99999999999, expected 0 to 65535");
  EXPECT_EQ(complaint_about("::1:80"), "--listen = ::1:80, expected HOST:PORT, an IPv6 address in brackets");
  EXPECT_EQ(complaint_about("[x]:80"), "--listen = [x]:80: address = x, expected an IPv6 address");
}

TEST(ServerTest, an_address_in_use_is_a_usage_error) {
  TestHandler handler;
  const Server first(any_port, 1, {}, handler);

  try {
    const Server second({"127.0.0.1", first.port()}, 1, {}, handler);
    FAIL() << "two servers on one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.what(),
              "--listen = " + first.address() + ": Address already in use, expected an address that is free");
  }
}

TEST(ServerTest, an_answer_has_its_fields) {
  TestHandler handler;
  const Server server(any_port, 2, {}, handler);
  HttpClient client(server.port());

  client.send(post("/a?b", "body"));
  const auto answer = client.read_answer();

  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(answer.body, "POST /a?b body");
  EXPECT_EQ(answer.field("Server"), "alsace");
  EXPECT_EQ(answer.field("Content-Type"), "text/plain");
  EXPECT_EQ(answer.field("Content-Length"), "14");
  EXPECT_EQ(answer.field("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.field("Cache-Control"), "no-store");
  EXPECT_EQ(answer.field("Connection"), "");
  EXPECT_EQ(answer.field("Date").size(), std::string("Sun, 06 Nov 1994 08:49:37 GMT").size());
}

TEST(ServerTest, what_the_handler_sets_is_sent_on_one_line_each) {
  TestHandler handler([](const Request&, const Reply& reply) {
    auto response = test::text_response("x");
    response.headers = {{"cache-control", "max-age=9"}, {"Retry-After", "1\r\nEvil: yes"}};
    reply.send(std::move(response));
  });
  const Server server(any_port, 1, {}, handler);
  HttpClient client(server.port());

  client.send(get("/"));
  const auto answer = client.read_answer();

  EXPECT_EQ(answer.field("cache-control"), "max-age=9");
  EXPECT_EQ(answer.field("Cache-Control"), "");
  EXPECT_EQ(answer.field("Retry-After"), "1Evil: yes");
  EXPECT_EQ(answer.field("Evil"), "");
}

TEST(ServerTest, pipelined_requests_are_answered_in_order) {
  test::HeldReplies held;
  TestHandler handler([&held](const Request& request, const Reply& reply) {
    if (request.target != "/1") return TestHandler::echo(request, reply);
    held.hold(reply);
  });
  const Server server(any_port, 2, {}, handler);
  HttpClient client(server.port());

  client.send(get("/1") + post("/2", "two") + get("/3"));
  const auto first = held.wait_for(0);
  EXPECT_FALSE(client.has_input(30ms));
  first.send(test::text_response("one"));

  EXPECT_EQ(client.read_answer().body, "one");
  EXPECT_EQ(client.read_answer().body, "POST /2 two");
  EXPECT_EQ(client.read_answer().body, "GET /3 ");
}

TEST(ServerTest, many_pipelined_requests_are_all_answered) {
  TestHandler handler;
  const Server server(any_port, 2, {}, handler);
  HttpClient client(server.port());
  std::string requests;
  for (int i = 0; i < 2000; ++i) requests += get(fmt::format("/{}", i));

  std::thread sender([&] { client.send(requests); });

  for (int i = 0; i < 2000; ++i) ASSERT_EQ(client.read_answer().body, "GET /" + std::to_string(i) + " ");
  sender.join();
}

TEST(ServerTest, a_request_may_come_byte_by_byte) {
  TestHandler handler;
  const Server server(any_port, 1, {}, handler);
  HttpClient client(server.port());

  for (const char byte : post("/x", "body")) client.send({&byte, 1});

  EXPECT_EQ(client.read_answer().body, "POST /x body");
}

TEST(ServerTest, a_large_body_and_a_large_answer_pass) {
  TestHandler handler;
  const Server server(any_port, 2, {}, handler);
  HttpClient client(server.port());
  const std::string body(1'000'000, 'x');

  for (int i = 0; i < 3; ++i) {
    client.send(post("/", body));
    EXPECT_EQ(client.read_answer().body, "POST / " + body);
  }
}

TEST(ServerTest, head_is_get_without_the_body) {
  TestHandler handler;
  const Server server(any_port, 1, {}, handler);
  HttpClient client(server.port());

  client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + get("/y"));
  const auto head = client.read_answer(true);

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), "7");
  EXPECT_EQ(client.read_answer().body, "GET /y ");
  EXPECT_EQ(handler.wait_for_told(1).at(0).method, "HEAD");
}

TEST(ServerTest, a_client_that_asks_is_told_to_continue) {
  TestHandler handler;
  const Server server(any_port, 1, {}, handler);
  HttpClient client(server.port());

  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("body");

  EXPECT_EQ(client.read_answer().body, "POST / body");
}

TEST(ServerTest, a_connection_ends_when_the_client_wants_it) {
  TestHandler handler;
  const Server server(any_port, 1, {}, handler);
  for (const std::string& request : {get("/", "Connection: close\r\n"), std::string("GET / HTTP/1.0\r\n\r\n")}) {
    HttpClient client(server.port());

    client.send(request);

    EXPECT_EQ(client.read_answer().field("Connection"), "close");
    EXPECT_EQ(client.read_to_end(), "");
  }
}

TEST(ServerTest, an_old_client_may_keep_its_connection) {
  TestHandler handler;
  const Server server(any_port, 1, {}, handler);
  HttpClient client(server.port());

  for (int i = 0; i < 2; ++i) {
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(client.read_answer().field("Connection"), "keep-alive");
  }
}

TEST(ServerTest, what_a_request_became_is_told_after_its_answer) {
  TestHandler handler;
  const Server server(any_port, 1, {}, handler);
  HttpClient client(server.port());

  client.send(get("/x"));
  const auto answer = client.read_answer();
  const auto told = handler.wait_for_told(1);

  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].target, "/x");
  EXPECT_EQ(told[0].status, 200);
  EXPECT_EQ(told[0].answer_bytes, answer.head.size() + 2 + answer.body.size());
  EXPECT_GE(told[0].seconds, 0);
  EXPECT_LT(told[0].seconds, 5);
  EXPECT_TRUE(handler.wait_for_open(1));
  client.close();
  EXPECT_TRUE(handler.wait_for_open(0));
}

TEST(ServerTest, an_answer_that_cannot_be_made_is_a_500) {
  TestHandler handler([](const Request& request, const Reply& reply) {
    if (request.target == "/throw") throw std::runtime_error("secret");
    reply.send_from([]() -> Response { throw std::runtime_error("secret"); });
  });
  const Server server(any_port, 1, {}, handler);
  HttpClient client(server.port());

  for (const std::string target : {"/throw", "/make"}) {
    client.send(get(target));
    const auto answer = client.read_answer();

    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.field("Content-Type"), "application/problem+json");
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  }
}

TEST(ServerTest, the_first_answer_of_many_threads_counts) {
  TestHandler handler([](const Request&, const Reply& reply) {
    for (int i = 0; i < 4; ++i) std::thread([reply] { reply.send(test::text_response("x")); }).detach();
  });
  const Server server(any_port, 2, {}, handler);
  HttpClient client(server.port());

  for (int i = 0; i < 100; ++i) {
    client.send(get("/"));
    ASSERT_EQ(client.read_answer().body, "x");
  }
  EXPECT_FALSE(client.has_input(20ms));
}

TEST(ServerTest, its_threads_leave_signals_to_the_process) {
  std::atomic<bool> blocked{false};
  TestHandler handler([&blocked](const Request& request, const Reply& reply) {
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, nullptr, &set);
    blocked = sigismember(&set, SIGTERM) == 1 && sigismember(&set, SIGUSR1) == 1;
    TestHandler::echo(request, reply);
  });
  const Server server(any_port, 1, {}, handler);
  HttpClient client(server.port());
  sigset_t here;

  client.send(get("/"));
  client.read_answer();
  pthread_sigmask(SIG_BLOCK, nullptr, &here);

  EXPECT_TRUE(blocked);
  EXPECT_EQ(sigismember(&here, SIGTERM), 0);
}

}  // namespace
}  // namespace alsace::io::http
