#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "io/http/target.hpp"
#include "io/service/scoring_service.hpp"

/// Requests for lists, from their JSON or query text, and answers to theirs. No sockets here: bytes in, values out.
namespace alsace::io {

/// What a request may ask for; more is 400.
struct RequestBounds {
  std::uint32_t max_k = 1000;
  std::size_t max_users = 1000;      ///< in one request
  std::size_t max_listed = 10'000;   ///< events, exclude, allow: each
  std::size_t max_filters = 16;      ///< filters, and values of all of them together
  std::size_t max_answer = 100'000;  ///< k × users
};

using ParsedRequest = std::variant<ScoringRequest, Refusal>;

/// GET parameters k, exclude_seen, exclude, allow (comma-separated or repeated), filter=attribute:value|value
/// (repeated: all hold). `request` has kind, users or item already. Refused as 400: an invalid id, an unknown name
/// (exclude_seen too, of similar items), k or exclude_seen twice, a value out of range: `k = 0, expected 1 to 1000`.
ParsedRequest parse_parameters(ScoringRequest request,
                               const std::vector<std::pair<std::string, std::string>>& parameters,
                               const RequestBounds& bounds);

/// The body of POST /v1/recommendations: an object with either `users` (array of ids) or `events` (array of {"item",
/// "value"}), and k, exclude_seen, exclude, allow, filters (object: attribute -> value or array of values). An id may
/// be a JSON string or an integer from 0 to 2^64 - 1. Refused as 400 with the member named: what is no JSON (with the
/// byte), has a member twice or an unknown one, a wrong type, an invalid id, or is out of bounds. Nothing that is not
/// part of a request is entered, so depth costs nothing. Memory: a small multiple of the body. Some 0.1 µs an id.
ParsedRequest parse_body(std::string_view body, const RequestBounds& bounds);

/// The answer's JSON. One user: {"user", "model", "items": [{"item", "title", "score", "rank"}, …]}; several: {"model",
/// "results": [{"user", "items"}, …]} ; events: {"model", "items", "unknown_items"}; similar: {"item", "model",
/// "items"}. `fallback: "popular"` where it is one; `title` with --item-info. Scores as `recommend` writes them.
/// `batch`: whether the request came with a list of users, were it of one.
std::string answer_json(const ScoringRequest& request, const ScoringAnswer& answer, bool batch);

/// The body of GET /v1/model.
std::string model_json(const ServedModel& model);

/// A value for the Server-Timing header (W3C): "parse;dur=0.012, queue;dur=…" in milliseconds.
std::string server_timing(const StageTimes& times);

}  // namespace alsace::io
