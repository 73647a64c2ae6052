#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/http/target.hpp"
#include "io/service/scoring_json.hpp"
#include "src/data/id_order.hpp"

/// Any bytes as the body or the parameters of a request for lists; shared by the fuzzer and the test that replays its
/// corpus.
namespace alsace::fuzz {

using Json = nlohmann::ordered_json;

/// What an accepted request has beyond its bounds; "" for nothing.
inline std::string out_of_bounds(const io::ScoringRequest& request, const io::RequestBounds& bounds) {
  const auto good_ids = [](const std::vector<std::string>& ids, std::size_t most) {
    return ids.size() <= most && std::all_of(ids.begin(), ids.end(), [](const auto& id) { return is_valid_id(id); });
  };
  if (request.k < 1 || request.k > bounds.max_k) return fmt::format("k = {}", request.k);
  if (!good_ids(request.users, bounds.max_users)) return "users";
  if (!good_ids(request.exclude, bounds.max_listed)) return "exclude";
  if (request.allow && !good_ids(*request.allow, bounds.max_listed)) return "allow";
  if (request.lists() * request.k > bounds.max_answer) return "k × users";
  if (request.lists() == 0) return "no list";
  if (request.kind == io::ScoringRequest::Kind::events && request.events.empty()) return "no events";
  if (request.events.size() > bounds.max_listed) return "events";
  for (const io::NamedEvent& event : request.events) {
    if (!is_valid_id(event.item) || !std::isfinite(event.value.value_or(1))) return "an event";
  }
  if (request.filters.size() > bounds.max_filters) return "filters";
  for (const FilterTerm& term : request.filters) {
    if (!is_valid_id(term.attribute) || term.values.empty()) return "a filter";
    if (!good_ids(term.values, bounds.max_filters)) return "a filter's values";
  }
  return "";
}

/// The request as a client would write it.
inline std::string body_of(const io::ScoringRequest& request) {
  Json body;
  if (request.kind == io::ScoringRequest::Kind::users) {
    body["users"] = request.users;
  } else {
    for (const io::NamedEvent& event : request.events) {
      Json one{{"item", event.item}};
      if (event.value) one["value"] = *event.value;
      body["events"].push_back(std::move(one));
    }
  }
  body["k"] = request.k;
  body["exclude_seen"] = request.exclude_seen;
  body["exclude"] = request.exclude;
  if (request.allow) body["allow"] = *request.allow;
  body["filters"] = Json::object();
  for (const FilterTerm& term : request.filters) body["filters"][term.attribute] = term.values;
  return body.dump();
}

/// The parameters as a client would write them, every byte escaped.
inline std::string query_of(const io::ScoringRequest& request) {
  std::string query = fmt::format("k={}", request.k);
  const auto append = [&query](std::string_view name, std::string_view value) {
    query += fmt::format("&{}=", name);
    for (const char c : value) query += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  };
  if (request.kind == io::ScoringRequest::Kind::users) append("exclude_seen", request.exclude_seen ? "true" : "false");
  for (const std::string& item : request.exclude) append("exclude", item);
  for (const std::string& item : request.allow.value_or(std::vector<std::string>())) append("allow", item);
  for (const FilterTerm& term : request.filters) {
    append("filter", fmt::format("{}:{}", term.attribute, fmt::join(term.values, "|")));
  }
  return query;
}

/// A refusal has to be 400 with a short text that a JSON answer can hold; "" when it is.
inline std::string bad_refusal(const io::Refusal& refusal) {
  constexpr std::size_t most_bytes = 1000;
  if (refusal.status != 400) return fmt::format("status = {}", refusal.status);
  if (refusal.detail.empty() || refusal.detail.size() > most_bytes) return "detail: " + refusal.detail;
  try {
    (void)Json(refusal.detail).dump();
  } catch (const Json::exception&) {
    return "a detail that is not UTF-8";
  }
  return "";
}

inline io::ParsedRequest parse_query(io::ScoringRequest request, std::string_view query,
                                     const io::RequestBounds& bounds) {
  const auto target = io::http::parse_target("/?" + std::string(query));
  if (!target) return io::Refusal{400, "no target"};
  return io::parse_parameters(std::move(request), target->query, bounds);
}

/// Bits of the first byte: parameters, not a body · of a similar item, not a user · tight bounds. The rest is the
/// request's text. Returns what does not hold; "" when all is well.
inline std::string run_json(std::string_view input) {
  if (input.empty()) return "";
  const auto mode = static_cast<unsigned char>(input.front());
  const std::string_view text = input.substr(1);
  io::RequestBounds bounds;
  if ((mode & 4U) != 0) bounds = {.max_k = 20, .max_users = 3, .max_listed = 4, .max_filters = 2, .max_answer = 30};
  const bool with_parameters = (mode & 1U) != 0;
  io::ScoringRequest named;
  if ((mode & 2U) != 0) {
    named.kind = io::ScoringRequest::Kind::similar;
    named.item = "1";
  } else {
    named.users = {"u"};
  }

  const io::ParsedRequest parsed = with_parameters ? parse_query(named, text, bounds) : io::parse_body(text, bounds);
  if (const auto* refusal = std::get_if<io::Refusal>(&parsed)) return bad_refusal(*refusal);
  const auto& request = std::get<io::ScoringRequest>(parsed);
  if (std::string problem = out_of_bounds(request, bounds); !problem.empty()) return problem;
  const std::string written = with_parameters ? query_of(request) : body_of(request);
  const io::ParsedRequest again =
      with_parameters ? parse_query(named, written, bounds) : io::parse_body(written, bounds);
  if (const auto* refusal = std::get_if<io::Refusal>(&again)) return "written again: " + refusal->detail;
  return std::get<io::ScoringRequest>(again) == request ? "" : "written again it is another request: " + written;
}

}  // namespace alsace::fuzz
