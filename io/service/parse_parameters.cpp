#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "io/service/request_builder.hpp"
#include "src/data/id_order.hpp"

namespace alsace::io {
namespace {

/// Decimal digits and nothing else.
std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Calls take(part) for each part of `text` until it gives false.
template <class Take>
bool split(std::string_view text, char separator, const Take& take) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!take(std::string(text.substr(0, end)))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool take_exclude_seen(RequestBuilder& builder, std::string_view value) {
  if (value == "true" || value == "1") return builder.set_exclude_seen(true);
  if (value == "false" || value == "0") return builder.set_exclude_seen(false);
  return builder.refuse("exclude_seen", value, "true, false, 1 or 0");
}

bool take_filter(RequestBuilder& builder, std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return builder.refuse("filter", value, "attribute:value or attribute:value|value");
  }
  return builder.add_filter(std::string(value.substr(0, colon))) &&
         split(value.substr(colon + 1), '|',
               [&](std::string part) { return builder.add_filter_value(std::move(part)); });
}

/// Holds the names that may come once.
struct Seen {
  bool k = false;
  bool exclude_seen = false;
};

bool take(RequestBuilder& builder, std::string_view name, std::string_view value, Seen& seen) {
  using List = RequestBuilder::List;
  const auto add_to = [&](List list) {
    return split(value, ',', [&](std::string id) { return builder.add(list, std::move(id)); });
  };
  const bool with_seen = builder.request().kind != ScoringRequest::Kind::similar;
  if (name == "k") {
    if (std::exchange(seen.k, true)) return builder.refuse("k", "given twice", "it once");
    return builder.set_k(whole_number(value), value);
  }
  if (name == "exclude_seen" && with_seen) {
    if (std::exchange(seen.exclude_seen, true)) return builder.refuse("exclude_seen", "given twice", "it once");
    return take_exclude_seen(builder, value);
  }
  if (name == "exclude") return add_to(List::exclude);
  if (name == "allow") return add_to(List::allow);
  if (name == "filter") return take_filter(builder, value);
  return builder.refuse("parameter", name,
                        with_seen ? "k, exclude_seen, exclude, allow or filter" : "k, exclude, allow or filter");
}

}  // namespace

ParsedRequest parse_parameters(ScoringRequest request,
                               const std::vector<std::pair<std::string, std::string>>& parameters,
                               const RequestBounds& bounds) {
  RequestBuilder builder(std::move(request), bounds);
  bool good = true;
  const ScoringRequest& asked = builder.request();
  if (asked.kind == ScoringRequest::Kind::similar) {
    good = is_valid_id(asked.item) || builder.refuse("item", asked.item, id_rule);
  }
  for (const std::string& user : asked.users)
    good = good && (is_valid_id(user) || builder.refuse("user", user, id_rule));
  Seen seen;
  for (const auto& [name, value] : parameters) good = good && take(builder, name, value, seen);
  return builder.finish();
}

}  // namespace alsace::io
