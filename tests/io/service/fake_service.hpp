#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/http/handler.hpp"
#include "io/service/scoring_service.hpp"
#include "tests/io/service/small_model.hpp"

namespace alsace::test {

/// A service without ranks: everybody gets the first items of the small model, and users whose id begins with "new" the
/// popular ones.
class FakeService : public io::ScoringService {
 public:
  using Outcome = std::variant<io::ScoringAnswer, io::Refusal>;

  explicit FakeService(bool with_titles = false) : served(small_model(with_titles)) {}

  std::shared_ptr<const io::ServedModel> served;
  std::optional<io::Refusal> refusal;          ///< what every request gets
  bool late = false;                           ///< answers wait in `waiting`
  std::vector<std::function<void()>> waiting;  ///< call to answer
  std::vector<io::ScoringRequest> requests;
  std::function<bool()> last_expired;
  double last_parse_seconds = 0;
  std::string reason;  ///< of not_ready
  std::variant<std::string, io::Refusal> reload_outcome = "sweep-000013";

  void score(io::ScoringRequest request, double parse_seconds, std::function<bool()> expired,
             std::function<void(Outcome)> done) override {
    last_expired = std::move(expired);
    last_parse_seconds = parse_seconds;
    Outcome outcome = refusal ? Outcome(*refusal) : Outcome(answer(request));
    requests.push_back(std::move(request));
    if (!late) return done(std::move(outcome));
    waiting.emplace_back([done = std::move(done), outcome = std::move(outcome)] { done(outcome); });
  }
  [[nodiscard]] std::shared_ptr<const io::ServedModel> model() const override { return served; }
  [[nodiscard]] std::string not_ready() const override { return reason; }
  void reload(std::function<void(std::variant<std::string, io::Refusal>)> done) override { done(reload_outcome); }

 private:
  [[nodiscard]] io::ScoringAnswer answer(const io::ScoringRequest& request) const {
    io::ScoringAnswer result;
    result.model = served;
    result.times = {.parse = 1e-5, .queue = 2e-5, .gather = 3e-5, .score = 4e-5, .merge = 5e-5};
    for (std::size_t i = 0; i < request.lists(); ++i) {
      io::ScoringAnswer::List& list = result.lists.emplace_back();
      list.popular = request.kind == io::ScoringRequest::Kind::users && request.users[i].starts_with("new");
      const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(request.k, served->items.size()));
      for (std::uint32_t item = 0; item < size; ++item)
        list.items.push_back({1.0F / static_cast<float>(item + 1), item});
    }
    for (const io::NamedEvent& event : request.events) {
      if (!served->items.find(event.item)) result.unknown_items.push_back(event.item);
    }
    return result;
  }
};

/// Keeps what it is sent, as a client would see it.
class KeptReply : public io::http::Reply::Target {
 public:
  void send(std::function<io::http::Response()> make) override { responses.push_back(make()); }
  [[nodiscard]] bool expired() const override { return is_expired; }
  void lift_deadline() override { deadline_lifted = true; }

  std::vector<io::http::Response> responses;
  bool is_expired = false;
  bool deadline_lifted = false;
};

}  // namespace alsace::test
