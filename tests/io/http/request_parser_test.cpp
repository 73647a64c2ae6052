#include "io/http/request_parser.hpp"

#include <gtest/gtest.h>

#include "src/error.hpp"

namespace alsace::io::http {
namespace {

using State = RequestParser::State;

const std::string host = "Host: a\r\n";

struct Outcome {
  State state = State::header;
  int status = 0;  // of a failure
  std::size_t used = 0;
  Request request;
  bool keep_alive = false;
  bool expects_continue = false;
};

/// Gives the parser `bytes` in pieces of `piece` bytes.
Outcome outcome_of(const std::string& bytes, const Limits& limits = {}, std::size_t piece = std::string::npos) {
  RequestParser parser(limits);
  Outcome outcome;
  while (outcome.used < bytes.size() && parser.state() != State::complete && parser.state() != State::failed) {
    outcome.used += parser.take(std::string_view(bytes).substr(outcome.used, piece));
  }
  outcome.state = parser.state();
  outcome.keep_alive = parser.keep_alive();
  outcome.expects_continue = parser.expects_continue();
  if (outcome.state == State::failed) outcome.status = parser.failure().status;
  if (outcome.state == State::complete) outcome.request = parser.take_request();
  return outcome;
}

int status_of(const std::string& bytes, const Limits& limits = {}) {
  const Outcome whole = outcome_of(bytes, limits);
  const Outcome by_byte = outcome_of(bytes, limits, 1);
  EXPECT_EQ(by_byte.state, whole.state) << bytes.substr(0, 200);
  EXPECT_EQ(by_byte.status, whole.status) << bytes.substr(0, 200);
  return whole.state == State::complete ? 200 : whole.status;
}

std::string chunked(const std::string& chunks) {
  return "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n" + chunks;
}

TEST(RequestParserTest, a_request_is_the_same_in_pieces_of_any_size) {
  const std::string request =
      "POST /v1/x?y=1 HTTP/1.1\r\n" + host + "Authorization: Bearer t0ken\r\nContent-Length: 5\r\n\r\nhello";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, request.size()}) {
    const Outcome outcome = outcome_of(request + "GET", {}, piece);

    ASSERT_EQ(outcome.state, State::complete) << piece;
    EXPECT_EQ(outcome.used, request.size());
    EXPECT_EQ(outcome.request.method, "POST");
    EXPECT_EQ(outcome.request.target, "/v1/x?y=1");
    EXPECT_EQ(outcome.request.authorization, "Bearer t0ken");
    EXPECT_EQ(outcome.request.body, "hello");
    EXPECT_TRUE(outcome.keep_alive);
  }
}

TEST(RequestParserTest, chunks_are_joined_and_trailers_change_nothing) {
  const std::string request =
      chunked("5;name=\"value\"\r\nhello\r\n00006\r\n world\r\n0\r\nAuthorization: Bearer late\r\n\r\n");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4}, request.size()}) {
    const Outcome outcome = outcome_of(request + "GET", {}, piece);

    ASSERT_EQ(outcome.state, State::complete);
    EXPECT_EQ(outcome.used, request.size());
    EXPECT_EQ(outcome.request.body, "hello world");
    EXPECT_EQ(outcome.request.authorization, "");
  }
}

TEST(RequestParserTest, chunk_framing_that_is_wrong_is_refused) {
  EXPECT_EQ(status_of(chunked("0\r\n\r\n")), 200);
  EXPECT_EQ(status_of(chunked("x\r\n")), 400);
  EXPECT_EQ(status_of(chunked("-1\r\n")), 400);
  EXPECT_EQ(status_of(chunked("0x5\r\nhello\r\n")), 400);
  EXPECT_EQ(status_of(chunked("\r\n")), 400);
  EXPECT_EQ(status_of(chunked("5\nhello")), 400);
  EXPECT_EQ(status_of(chunked("5\r\nhelloo\r\n")), 400);
  EXPECT_EQ(status_of(chunked("ffffffffffffffff\r\n")), 413);
  EXPECT_EQ(status_of(chunked("fffffffffffffffff\r\n")), 400);
  EXPECT_EQ(status_of(chunked("00000000000000005\r\nhello\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(status_of(chunked("5 6\r\nhello\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(status_of(chunked("5 ;a=b\r\nhello\r\n0\r\n\r\n")), 200);
  EXPECT_EQ(status_of(chunked("5;" + std::string(20'000, 'x'))), 431);
}

TEST(RequestParserTest, chunk_extensions_and_trailers_count_against_the_header_limit) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "1;" + std::string(100, 'e') + "\r\nx\r\n";
  std::string trailers = "0\r\n";
  for (int i = 0; i < 1000; ++i) trailers += "Name: " + std::string(100, 'v') + "\r\n";

  EXPECT_EQ(status_of(chunked(many)), 431);
  EXPECT_EQ(status_of(chunked(trailers)), 431);
}

TEST(RequestParserTest, many_small_chunks_are_fine) {
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "1\r\nx\r\n";

  const Outcome outcome = outcome_of(chunked(many + "0\r\n\r\n"));

  EXPECT_EQ(outcome.request.body, std::string(20'000, 'x'));
}

TEST(RequestParserTest, lengths_that_conflict_or_are_no_number_are_refused) {
  const auto with = [](const std::string& fields) { return "POST / HTTP/1.1\r\n" + host + fields + "\r\nabcde"; };

  EXPECT_EQ(status_of(with("Content-Length: 5\r\n")), 200);
  EXPECT_EQ(status_of(with("Content-Length: 5\r\nContent-Length: 5\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: 5\r\nContent-Length: 6\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: 5, 5\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: -5\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: +5\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: 5x\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: \r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: 99999999999999999999999\r\n")), 400);
  EXPECT_EQ(status_of(with("Content-Length: 18446744073709551615\r\n")), 413);
  EXPECT_EQ(status_of(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(status_of(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")), 400);
  EXPECT_EQ(status_of(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(status_of(with("Transfer-Encoding: gzip, chunked\r\n")), 501);
  EXPECT_EQ(status_of(with("Transfer-Encoding: identity\r\n")), 501);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
}

TEST(RequestParserTest, limits_hold_to_the_byte) {
  Limits limits;
  limits.body_bytes = 5;
  const std::string head = "GET / HTTP/1.1\r\n" + host + "\r\n";

  limits.header_bytes = head.size();
  EXPECT_EQ(status_of(head, limits), 200);
  limits.header_bytes = head.size() - 1;
  EXPECT_EQ(status_of(head, limits), 431);

  limits.header_bytes = 1000;
  const std::string post = "POST / HTTP/1.1\r\n" + host;
  EXPECT_EQ(status_of(post + "Content-Length: 5\r\n\r\nhello", limits), 200);
  EXPECT_EQ(status_of(post + "Content-Length: 6\r\n\r\n", limits), 413);
  EXPECT_EQ(status_of(chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), limits), 200);
  EXPECT_EQ(status_of(chunked("3\r\nabc\r\n3\r\n"), limits), 413);

  limits.header_fields = 2;
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + host + "A: b\r\n\r\n", limits), 200);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + host + "A: b\r\nA: b\r\n", limits), 431);
}

TEST(RequestParserTest, many_fields_and_a_huge_target_are_refused) {
  std::string fields;
  for (int i = 0; i < 20'000; ++i) fields += "A: b\r\n";

  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + host + fields), 431);
  EXPECT_EQ(status_of("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n"), 431);
}

TEST(RequestParserTest, host_is_wanted_once) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n" + host + host + "\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 200);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 200);
}

TEST(RequestParserTest, other_versions_and_other_protocols_are_refused) {
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.2\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/0.9\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/11.1\r\n"), 400);
  EXPECT_EQ(status_of("GET /\r\n"), 400);
  EXPECT_EQ(status_of("GET / SMTP/1.1\r\n"), 400);
  EXPECT_EQ(status_of("hello\r\n"), 400);
  EXPECT_EQ(status_of(std::string("\x16\x03\x01\x02\x00", 5)), 400);  // a TLS client
}

TEST(RequestParserTest, lines_and_fields_that_are_malformed_are_refused) {
  const auto with = [](const std::string& text) { return "GET / HTTP/1.1\r\n" + host + text; };

  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(status_of("\nGET / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(status_of("GET  / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(status_of("G@T / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(status_of(with("A: b\r\n c\r\n\r\n")), 400);
  EXPECT_EQ(status_of(with("A: b\rc\r\n\r\n")), 400);
  EXPECT_EQ(status_of(with("A : b\r\n\r\n")), 400);
  EXPECT_EQ(status_of(with(": b\r\n\r\n")), 400);
  EXPECT_EQ(status_of(with("nothing\r\n\r\n")), 400);
  EXPECT_EQ(status_of(with(std::string("A: b\0c\r\n\r\n", 10))), 400);
  EXPECT_EQ(status_of(with("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n")), 400);
}

TEST(RequestParserTest, empty_lines_before_a_request_are_skipped) {
  EXPECT_EQ(outcome_of("\r\n\r\nGET /x HTTP/1.1\r\n" + host + "\r\n").request.target, "/x");
}

TEST(RequestParserTest, the_absolute_form_is_read_as_the_origin_form) {
  const auto target_of = [](const std::string& target) {
    return outcome_of("GET " + target + " HTTP/1.1\r\n" + host + "\r\n").request.target;
  };

  EXPECT_EQ(target_of("http://a:80/x?y"), "/x?y");
  EXPECT_EQ(target_of("HTTPS://a"), "/");
  EXPECT_EQ(target_of("http://a?y"), "/?y");
  EXPECT_EQ(target_of("*"), "*");
  EXPECT_EQ(target_of("http:/x"), "http:/x");
}

TEST(RequestParserTest, connection_and_expect_are_noted) {
  const auto with = [](const std::string& version, const std::string& fields) {
    return outcome_of("POST / HTTP/" + version + "\r\n" + host + fields + "Content-Length: 1\r\n\r\n");
  };

  EXPECT_TRUE(with("1.1", "").keep_alive);
  EXPECT_FALSE(with("1.1", "Connection: close\r\n").keep_alive);
  EXPECT_FALSE(with("1.0", "").keep_alive);
  EXPECT_TRUE(with("1.0", "Connection: keep-alive\r\n").keep_alive);
  EXPECT_FALSE(with("1.1", "").expects_continue);
  EXPECT_TRUE(with("1.1", "Expect: 100-Continue\r\n").expects_continue);
  EXPECT_FALSE(with("1.0", "Expect: 100-continue\r\n").expects_continue);
  EXPECT_EQ(with("1.1", "Expect: magic\r\n").status, 417);
  EXPECT_EQ(with("1.1", "").state, State::body);
}

TEST(RequestParserTest, taking_what_is_not_there_is_our_bug) {
  RequestParser parser(Limits{});

  EXPECT_THROW(static_cast<void>(parser.take_request()), Error);
  EXPECT_THROW(static_cast<void>(parser.failure()), Error);
}

}  // namespace
}  // namespace alsace::io::http
