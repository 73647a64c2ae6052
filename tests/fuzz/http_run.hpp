#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/http/request_parser.hpp"
#include "io/service/route_table.hpp"
#include "io/service/routes.hpp"
#include "tests/io/service/fake_service.hpp"

/// Any bytes as what a client sends on one connection: parser and routes without sockets; shared by the fuzzer and the
/// test that replays its corpus.
namespace alsace::fuzz {

/// Sizes of the pieces that the bytes come in.
class Pieces {
 public:
  /// 0: all at once, else 1 to `most` bytes.
  explicit Pieces(unsigned most) : most_(most) {}
  std::size_t next(std::size_t left) {
    if (most_ == 0) return left;
    state_ = state_ * 1664525U + 1013904223U;
    return std::min<std::size_t>(left, 1 + (state_ >> 16U) % most_);
  }

 private:
  unsigned most_;
  std::uint32_t state_ = 1;
};

/// What is wrong with an answer; "" for nothing.
inline std::string bad_response(const io::http::Response& response) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (response.status < 100 || response.status > 599) return fmt::format("status = {}", response.status);
  const auto& labels = io::route_labels;
  if (std::find(labels.begin(), labels.end(), response.route) == labels.end()) return "route = " + response.route;
  for (const auto& [name, value] : response.headers) {
    if (std::any_of(name.begin(), name.end(), control) || std::any_of(value.begin(), value.end(), control)) {
      return "a control character in header " + name;
    }
  }
  if (response.content_type.find("json") == std::string::npos) return "";
  const auto json = nlohmann::json::parse(response.body, nullptr, false);  // which checks the UTF-8
  if (json.is_discarded()) return "no JSON: " + response.body;
  if (response.status >= 400 && json.value("status", 0) != response.status) return "status differs: " + response.body;
  return "";
}

/// A server's side of one connection, without its socket.
class Connection {
 public:
  Connection(io::Routes& routes, test::FakeService& service, const io::http::Limits& limits)
      : routes_(routes), service_(service), limits_(limits) {}

  /// Reads until the bytes or the connection end.
  void read(std::string_view bytes, Pieces pieces) {
    while (!bytes.empty() && open_) {
      std::string_view piece = bytes.substr(0, pieces.next(bytes.size()));
      bytes.remove_prefix(piece.size());
      while (!piece.empty() && open_) piece.remove_prefix(take(piece));
    }
  }

  /// The answers, as far as they do not change from run to run.
  [[nodiscard]] const std::vector<std::string>& answers() const { return answers_; }
  /// The first thing that does not hold; "" for nothing.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  using State = io::http::RequestParser::State;

  std::size_t take(std::string_view piece) {
    const std::size_t taken = parser_->take(piece);
    if (parser_->state() == State::failed) {
      note(parser_->failure());
      open_ = false;
    } else if (parser_->state() == State::complete) {
      open_ = parser_->keep_alive();
      answer(parser_->take_request());
      parser_ = std::make_unique<io::http::RequestParser>(limits_);
    } else if (taken != piece.size()) {
      blame("bytes left before the end of a request");
    }
    return taken;
  }
  void answer(io::http::Request request) {
    const std::string method = request.method;
    const std::string target = request.target;
    const auto reply = std::make_shared<test::KeptReply>();
    routes_.handle(std::move(request), io::http::Reply(reply));
    for (const auto& late_answer : service_.waiting) late_answer();
    service_.waiting.clear();
    service_.requests.clear();
    if (reply->responses.size() != 1) return blame(fmt::format("{} answers", reply->responses.size()));
    const io::http::Response& response = reply->responses[0];
    note(response);
    routes_.finished({method, target, response.route, "127.0.0.1:1", response.status, response.body.size(), 1, 1});
  }
  void note(const io::http::Response& response) {
    const bool same_each_time = response.route != io::label_of(io::Route::metrics);
    answers_.push_back(fmt::format("{} {} {}", response.status, response.route, same_each_time ? response.body : ""));
    if (const std::string bad = bad_response(response); !bad.empty()) blame(bad);
  }
  void blame(const std::string& problem) {
    if (problem_.empty()) problem_ = problem;
    open_ = false;
  }

  io::Routes& routes_;
  test::FakeService& service_;
  io::http::Limits limits_;
  std::unique_ptr<io::http::RequestParser> parser_ = std::make_unique<io::http::RequestParser>(limits_);
  bool open_ = true;
  std::vector<std::string> answers_;
  std::string problem_;
};

/// The first byte has the sizes of pieces (its low 4 bits) and bits: a token is needed · late answers · no model · the
/// service refuses. Returns what does not hold; "" when all is well.
inline std::string run_http(std::string_view input) {
  if (input.empty()) return "";
  static io::ServiceMetrics metrics;
  static const io::AccessLog log("/dev/null");
  const auto mode = static_cast<unsigned char>(input.front());
  io::http::Limits limits;
  limits.body_bytes = 2048;
  limits.header_bytes = 1024;
  limits.header_fields = 16;
  io::RouteOptions options;
  options.admin_without_token = true;
  if ((mode & 16U) != 0) options.tokens.emplace(std::vector<std::string>{"0123456789abcdef"});
  test::FakeService service(true);
  service.late = (mode & 32U) != 0;
  if ((mode & 64U) != 0) service.served = nullptr;
  if ((mode & 64U) != 0 || (mode & 128U) != 0) service.refusal = io::Refusal{503, "no \"model\""};
  io::Routes routes(options, service, metrics, log);

  Connection whole(routes, service, limits);
  whole.read(input.substr(1), Pieces(0));
  if (!whole.problem().empty()) return whole.problem();
  Connection cut(routes, service, limits);
  cut.read(input.substr(1), Pieces(1 + (mode & 15U)));
  if (!cut.problem().empty()) return "in pieces: " + cut.problem();
  return whole.answers() == cut.answers() ? "" : "in pieces there are other answers";
}

}  // namespace alsace::fuzz
