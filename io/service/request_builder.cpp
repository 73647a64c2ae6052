#include "io/service/request_builder.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "io/text.hpp"
#include "src/data/id_order.hpp"

namespace alsace::io {

bool RequestBuilder::refuse(std::string_view where, std::string_view value, std::string_view expected) {
  if (!refusal_) refusal_ = Refusal{400, fmt::format("{} = {}, expected {}", shown(where), shown(value), expected)};
  return false;
}

bool RequestBuilder::set_kind(ScoringRequest::Kind kind) {
  request_.kind = kind;
  return true;
}

bool RequestBuilder::set_k(std::optional<std::uint64_t> k, std::string_view text) {
  if (!k || *k < 1 || *k > bounds_.max_k) return refuse("k", text, fmt::format("1 to {}", bounds_.max_k));
  request_.k = static_cast<std::uint32_t>(*k);
  return true;
}

bool RequestBuilder::set_exclude_seen(bool exclude) {
  request_.exclude_seen = exclude;
  return true;
}

const char* RequestBuilder::name_of(List list) {
  switch (list) {
    case List::users:
      return "users";
    case List::exclude:
      return "exclude";
    case List::allow:
      break;
  }
  return "allow";
}

std::vector<std::string>& RequestBuilder::list_of(List list) {
  if (list == List::users) return request_.users;
  if (list == List::exclude) return request_.exclude;
  if (!request_.allow) request_.allow.emplace();
  return *request_.allow;
}

std::size_t RequestBuilder::size_of(List list) const {
  if (list == List::users) return request_.users.size();
  if (list == List::exclude) return request_.exclude.size();
  return request_.allow ? request_.allow->size() : 0;
}

bool RequestBuilder::open(List list) {
  list_of(list);
  return true;
}

bool RequestBuilder::add(List list, std::string id) {
  std::vector<std::string>& entries = list_of(list);
  if (!check_id(name_of(list), entries.size(), "", id)) return false;
  const std::size_t most = list == List::users ? bounds_.max_users : bounds_.max_listed;
  if (entries.size() >= most) {
    return refuse(name_of(list), fmt::format("more than {} ids", most), fmt::format("at most {}", most));
  }
  entries.push_back(std::move(id));
  return true;
}

bool RequestBuilder::add_event() {
  const std::size_t most = bounds_.max_listed;
  if (request_.events.size() >= most) {
    return refuse("events", fmt::format("more than {}", most), fmt::format("1 to {}", most));
  }
  request_.events.emplace_back();
  return true;
}

bool RequestBuilder::set_event_item(std::string id) {
  if (!check_id("events", request_.events.size() - 1, ".item", id)) return false;
  request_.events.back().item = std::move(id);
  return true;
}

bool RequestBuilder::set_event_value(double value, std::string_view text) {
  if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max()))) {
    return refuse(fmt::format("events[{}].value", request_.events.size() - 1), text, "a number from -3.4e38 to 3.4e38");
  }
  request_.events.back().value = static_cast<float>(value) + 0.0F;  // -0 becomes 0, as in files
  return true;
}

bool RequestBuilder::add_filter(std::string attribute) {
  const std::size_t most = bounds_.max_filters;
  if (request_.filters.size() >= most) {
    return refuse("filters", fmt::format("more than {}", most), fmt::format("at most {}", most));
  }
  if (!is_valid_id(attribute)) return refuse("a filter's attribute", attribute, id_rule);
  request_.filters.push_back({std::move(attribute), {}});
  return true;
}

bool RequestBuilder::add_filter_value(std::string value) {
  FilterTerm& term = request_.filters.back();
  const std::size_t most = bounds_.max_filters;
  const auto where = [&term] { return fmt::format("filters.{}", term.attribute); };
  std::size_t values = 0;
  for (const FilterTerm& each : request_.filters) values += each.values.size();
  if (values >= most) {
    return refuse(where(), fmt::format("more than {} values", most), fmt::format("at most {} in all filters", most));
  }
  if (!is_valid_id(value)) return refuse(where(), value, id_rule);
  term.values.push_back(std::move(value));
  return true;
}

bool RequestBuilder::check_id(std::string_view where, std::size_t index, std::string_view member, std::string_view id) {
  return is_valid_id(id) || refuse(fmt::format("{}[{}]{}", where, index, member), id, id_rule);
}

ParsedRequest RequestBuilder::finish() {
  if (!refusal_) {
    const std::size_t answer = request_.lists() * request_.k;
    if (answer > bounds_.max_answer) {
      refuse("k × users", fmt::format("{}", answer), fmt::format("at most {}", bounds_.max_answer));
    }
  }
  if (refusal_) return std::move(*refusal_);
  return std::move(request_);
}

}  // namespace alsace::io
