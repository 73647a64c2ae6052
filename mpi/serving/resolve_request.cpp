#include "mpi/serving/resolve_request.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "io/text.hpp"
#include "src/data/sort_unique.hpp"

namespace alsace::mpi {
namespace {

/// A list excludes items on its own account: this bounds what a batch of many users copies.
constexpr std::size_t most_exclusions = 1'000'000;

std::vector<std::uint32_t> known_items(const std::vector<std::string>& ids, const SortedIds& items) {
  std::vector<std::uint32_t> rows;
  for (const std::string& id : ids) {
    if (const auto row = items.find(id)) rows.push_back(*row);
  }
  sort_unique(rows);
  return rows;
}

void add_excluded(ScoringMessage& message, std::uint32_t item) {
  const auto at = std::lower_bound(message.excluded.begin(), message.excluded.end(), item);
  if (at == message.excluded.end() || *at != item) message.excluded.insert(at, item);
}

/// Empty when the item information has every attribute; else why not.
std::string unknown_attribute(const std::vector<FilterTerm>& filters, const io::ServedModel& model) {
  for (const FilterTerm& term : filters) {
    const auto known = std::find_if(model.attributes.begin(), model.attributes.end(),
                                    [&](const io::AttributeSummary& one) { return one.name == term.attribute; });
    if (known != model.attributes.end()) continue;
    std::vector<std::string> names;
    for (const io::AttributeSummary& one : model.attributes) names.push_back(one.name);
    return fmt::format("filter = {}, expected an attribute of the item information ({})", io::shown(term.attribute),
                       names.empty() ? "it has none" : io::joined(names, ", "));
  }
  return "";
}

/// Empty when all went well; else what is wrong.
std::string resolve_events(const io::ScoringRequest& request, const io::ServedModel& model, ResolvedRequest& resolved) {
  std::vector<Event> events;
  for (const io::NamedEvent& named : request.events) {
    if (!named.value && model.info.config.objective == Objective::explicit_)
      return fmt::format("event of item {} without a value, expected its rating: the model is an explicit one",
                         io::shown(named.item));
    const float value = named.value.value_or(1);
    if (!accepts_value(model.info.config, value)) {
      return fmt::format("value = {} of item {}, expected a number that the objective can read", value,
                         io::shown(named.item));
    }
    const auto item = model.items.find(named.item);
    if (!item) {
      resolved.unknown_items.push_back(named.item);
      continue;
    }
    events.push_back({*item, value});
  }
  if (request.exclude_seen) {
    std::vector<std::uint32_t>& excluded = resolved.message.excluded;
    for (const Event& event : events) excluded.push_back(event.item);
    sort_unique(excluded);
  }
  resolved.message.events = prepare_events(model.info.config, std::move(events));
  return "";
}

}  // namespace

std::variant<ResolvedRequest, io::Refusal> resolve_request(const io::ScoringRequest& request,
                                                           const io::ServedModel& model) {
  ResolvedRequest resolved;
  ScoringMessage& message = resolved.message;
  if (const std::string problem = unknown_attribute(request.filters, model); !problem.empty()) {
    return io::Refusal{400, problem};
  }
  message.takes = request.k;
  message.exclude_seen = request.exclude_seen;
  message.filters = request.filters;
  message.excluded = known_items(request.exclude, model.items);
  message.restricted = request.allow.has_value();
  if (request.allow) message.allowed = known_items(*request.allow, model.items);
  if (message.excluded.size() * request.lists() > most_exclusions) {
    return io::Refusal{400, fmt::format("exclude = {} items for {} users, expected at most {} together",
                                        message.excluded.size(), request.lists(), most_exclusions)};
  }
  switch (request.kind) {
    case io::ScoringRequest::Kind::users:
      message.kind = ScoringMessage::Kind::users;
      message.users = request.users;
      break;
    case io::ScoringRequest::Kind::events: {
      message.kind = ScoringMessage::Kind::events;
      const std::string problem = resolve_events(request, model, resolved);
      if (!problem.empty()) return io::Refusal{400, problem};
      break;
    }
    case io::ScoringRequest::Kind::similar: {
      message.kind = ScoringMessage::Kind::similar;
      const auto item = model.items.find(request.item);
      if (!item) return io::Refusal{404, fmt::format("item {} is not in the model", io::shown(request.item))};
      message.item = *item;
      add_excluded(message, *item);
      break;
    }
  }
  return resolved;
}

}  // namespace alsace::mpi
