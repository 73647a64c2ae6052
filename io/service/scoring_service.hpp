#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "io/service/served_model.hpp"
#include "src/ranking/item_attributes.hpp"
#include "src/ranking/top_k.hpp"

/// What the HTTP side asks of whoever scores, and what it gets: the seam between io/service and mpi/serving.
namespace alsace::io {

/// An interaction of somebody unknown, as a client names it.
struct NamedEvent {
  std::string item;
  std::optional<float> value;  ///< absent where the client gives none
  friend bool operator==(const NamedEvent&, const NamedEvent&) = default;
};

/// A request for lists, checked as far as it can be without a model.
struct ScoringRequest {
  enum class Kind { users, events, similar };
  Kind kind = Kind::users;
  std::vector<std::string> users;  ///< users: a list each
  std::vector<NamedEvent> events;  ///< events: one list
  std::string item;                ///< similar: one list, without the item itself
  std::uint32_t k = 10;
  bool exclude_seen = true;                       ///< users, and the events' own items
  std::vector<std::string> exclude;               ///< items; unknown ones change nothing
  std::optional<std::vector<std::string>> allow;  ///< only these; unknown ones change nothing
  std::vector<FilterTerm> filters;                ///< every one must hold

  [[nodiscard]] std::size_t lists() const { return kind == Kind::users ? users.size() : 1; }
  friend bool operator==(const ScoringRequest&, const ScoringRequest&) = default;
};

/// Where a request's time went, in seconds.
struct StageTimes {
  double parse = 0;   ///< bytes to ScoringRequest, ids to rows
  double queue = 0;   ///< waiting for the ranks
  double gather = 0;  ///< the batch to the ranks, the queries' rows to each other, fold-in
  double score = 0;
  double merge = 0;
};

struct ScoringAnswer {
  struct List {
    bool popular = false;  ///< the fallback for a user, or events, that the model does not know
    std::vector<ScoredItem> items;
  };
  std::shared_ptr<const ServedModel> model;
  std::vector<List> lists;                 ///< ScoringRequest::lists() of them
  std::vector<std::string> unknown_items;  ///< of the events
  StageTimes times;
};

/// Why a request is not answered, as an HTTP status and a detail for people.
struct Refusal {
  int status = 500;
  std::string detail;
};

class ScoringService {
 public:
  virtual ~ScoringService() = default;

  /// Takes the request; `done` is called once, from any thread, soon or now, and must be quick. `expired` is asked
  /// before work is spent on it. Refusals: 404 unknown item of `similar`, 400 a value that the objective cannot read or
  /// an attribute that there is not, 422 no factors can be found for the events, 429 the queue is full, 503 no model
  /// yet or the service has ended, 504 the deadline has passed.
  virtual void score(ScoringRequest request, double parse_seconds, std::function<bool()> expired,
                     std::function<void(std::variant<ScoringAnswer, Refusal>)> done) = 0;

  /// The model in service; null until the first one is loaded.
  [[nodiscard]] virtual std::shared_ptr<const ServedModel> model() const = 0;

  /// Empty when requests would be answered; else why not.
  [[nodiscard]] virtual std::string not_ready() const = 0;

  /// Loads the newest checkpoint beside the one in service and swaps it in. `done`: its name, or why the old one serves
  /// on (409 a reload runs already, 500 the new one is refused).
  virtual void reload(std::function<void(std::variant<std::string, Refusal>)> done) = 0;
};

}  // namespace alsace::io
