#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/service/request_builder.hpp"
#include "io/text.hpp"
#include "src/data/id_order.hpp"

namespace alsace::io {
namespace {

constexpr std::string_view integer_rule = "an id: a string, or an integer from 0 to 18446744073709551615";

enum class Member : std::uint8_t { users, events, k, exclude_seen, exclude, allow, filters };
constexpr std::array<std::string_view, 7> member_names{"users",   "events", "k",      "exclude_seen",
                                                       "exclude", "allow",  "filters"};

/// What of the body has been entered. Only what the service knows is entered: everything else is refused where it
/// begins, so that no depth and no size beyond the bounds is ever held.
enum class Scope : std::uint8_t { outside, body, ids, events, event, filters, values };

/// Takes what nlohmann's parser finds (its SAX interface) and puts it into a RequestBuilder; false stops the parser.
class BodyReader {
 public:
  BodyReader(std::string_view body, const RequestBounds& bounds) : body_(body), builder_(ScoringRequest(), bounds) {}

  ParsedRequest finish() { return builder_.finish(); }

  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  bool null() { return wrong("null"); }
  bool binary(binary_t& /*value*/) { return wrong("bytes"); }
  bool boolean(bool value) {
    if (at(Member::exclude_seen)) return builder_.set_exclude_seen(value);
    return wrong(value ? "true" : "false");
  }
  bool number_integer(number_integer_t value) { return number(static_cast<double>(value), fmt::format("{}", value)); }
  bool number_unsigned(number_unsigned_t value);
  bool number_float(number_float_t value, const string_t& text) { return number(value, text); }
  bool string(string_t& value);
  bool start_object(std::size_t /*size*/);
  bool key(string_t& name);
  bool end_object();
  bool start_array(std::size_t /*size*/);
  bool end_array();
  bool parse_error(std::size_t position, const std::string& /*token*/, const nlohmann::json::exception& error);

 private:
  using List = RequestBuilder::List;

  [[nodiscard]] bool at(Member member) const { return scope_ == Scope::body && member_ == member; }
  [[nodiscard]] List list() const {
    if (member_ == Member::users) return List::users;
    return member_ == Member::exclude ? List::exclude : List::allow;
  }
  bool wrong(std::string_view value) { return builder_.refuse(where(), value, expected()); }
  bool number(double value, std::string_view text);
  bool body_key(const std::string& name);
  bool end_body();
  [[nodiscard]] bool has(Member member) const { return (members_ & bit(member)) != 0; }
  static unsigned bit(Member member) { return 1U << static_cast<unsigned>(member); }
  [[nodiscard]] std::string where() const;
  [[nodiscard]] std::string expected() const;

  std::string_view body_;
  RequestBuilder builder_;
  Scope scope_ = Scope::outside;
  Member member_ = Member::users;  // the last name in the body
  unsigned members_ = 0;           // the names so far, a bit each
  bool in_item_ = false;           // the last name in an event: item, or value
  bool has_item_ = false;
  bool has_value_ = false;
  bool complete_ = false;  // the body's object has ended
};

/// The place of the value that comes next, as a client would write it.
std::string BodyReader::where() const {
  const ScoringRequest& request = builder_.request();
  const std::string_view name = member_names[static_cast<std::size_t>(member_)];
  switch (scope_) {
    case Scope::outside:
      break;
    case Scope::body:
      return std::string(name);
    case Scope::ids:
      return fmt::format("{}[{}]", name, builder_.size_of(list()));
    case Scope::events:
      return fmt::format("events[{}]", request.events.size());
    case Scope::event:
      return fmt::format("events[{}].{}", request.events.size() - 1, in_item_ ? "item" : "value");
    case Scope::filters:
      return request.filters.empty() ? "filters" : fmt::format("filters.{}", request.filters.back().attribute);
    case Scope::values:
      return fmt::format("filters.{}[{}]", request.filters.back().attribute, request.filters.back().values.size());
  }
  return "body";
}

std::string BodyReader::expected() const {
  if (scope_ == Scope::outside) return "an object with users or events";
  if (scope_ == Scope::ids || (scope_ == Scope::event && in_item_)) return std::string(integer_rule);
  if (scope_ == Scope::events) return "an object with item and value";
  if (scope_ == Scope::event) return "a number";
  if (scope_ == Scope::filters) return "a string or an array of strings";
  if (scope_ == Scope::values) return "a string";
  switch (member_) {
    case Member::users:
    case Member::exclude:
    case Member::allow:
      return "an array of ids";
    case Member::events:
      return "an array of objects with item and value";
    case Member::k:
      return fmt::format("1 to {}", builder_.bounds().max_k);
    case Member::exclude_seen:
      return "true or false";
    case Member::filters:
      break;
  }
  return "an object: attribute -> value or array of values";
}

bool BodyReader::number_unsigned(number_unsigned_t value) {
  if (at(Member::k)) return builder_.set_k(value, fmt::format("{}", value));
  if (scope_ == Scope::ids) return builder_.add(list(), fmt::format("{}", value));
  if (scope_ == Scope::event && in_item_) return builder_.set_event_item(fmt::format("{}", value));
  return number(static_cast<double>(value), fmt::format("{}", value));
}

/// A number that is no id and no k: a long integer among them, whose digits would be lost.
bool BodyReader::number(double value, std::string_view text) {
  if (scope_ == Scope::event && !in_item_) return builder_.set_event_value(value, text);
  const bool id_expected = scope_ == Scope::ids || scope_ == Scope::event;
  if (id_expected && is_digits(text)) return builder_.refuse(where(), text, "so long an id in quotes");
  return wrong(text);
}

bool BodyReader::string(string_t& value) {
  if (scope_ == Scope::ids) return builder_.add(list(), std::move(value));
  if (scope_ == Scope::event && in_item_) return builder_.set_event_item(std::move(value));
  if (scope_ == Scope::filters || scope_ == Scope::values) return builder_.add_filter_value(std::move(value));
  return wrong(fmt::format("\"{}\"", value));
}

bool BodyReader::start_object(std::size_t /*size*/) {
  if (scope_ == Scope::outside) {
    scope_ = Scope::body;
    return true;
  }
  if (at(Member::filters)) {
    scope_ = Scope::filters;
    return true;
  }
  if (scope_ != Scope::events) return wrong("an object");
  scope_ = Scope::event;
  has_item_ = has_value_ = false;
  return builder_.add_event();
}

bool BodyReader::key(string_t& name) {
  if (scope_ == Scope::body) return body_key(name);
  if (scope_ == Scope::filters) {
    const std::vector<FilterTerm>& terms = builder_.request().filters;
    const bool twice =
        std::any_of(terms.begin(), terms.end(), [&](const auto& term) { return term.attribute == name; });
    return twice ? builder_.refuse("filters", name, "each attribute once") : builder_.add_filter(std::move(name));
  }
  const std::size_t event = builder_.request().events.size() - 1;
  if (name != "item" && name != "value") {
    return builder_.refuse(fmt::format("a member of events[{}]", event), name, "item or value");
  }
  in_item_ = name == "item";
  if (std::exchange(in_item_ ? has_item_ : has_value_, true)) {
    return builder_.refuse(fmt::format("a member of events[{}]", event), name, "it once");
  }
  return true;
}

bool BodyReader::body_key(const std::string& name) {
  const auto found = std::find(member_names.begin(), member_names.end(), name);
  if (found == member_names.end()) {
    return builder_.refuse("a member of the body", name, fmt::format("{}", fmt::join(member_names, ", ")));
  }
  member_ = static_cast<Member>(found - member_names.begin());
  if (has(member_)) return builder_.refuse("a member of the body", name, "it once");
  members_ |= bit(member_);
  return true;
}

bool BodyReader::end_object() {
  if (scope_ == Scope::body) return end_body();
  if (scope_ == Scope::event) {
    const std::size_t event = builder_.request().events.size() - 1;
    if (!has_item_) return builder_.refuse(fmt::format("events[{}].item", event), "nothing", integer_rule);
  }
  scope_ = scope_ == Scope::event ? Scope::events : Scope::body;
  return true;
}

bool BodyReader::end_body() {
  scope_ = Scope::outside;
  complete_ = true;
  if (has(Member::users) == has(Member::events)) {
    return builder_.refuse("body", has(Member::users) ? "users and events" : "neither users nor events",
                           "one of the two");
  }
  return builder_.set_kind(has(Member::users) ? ScoringRequest::Kind::users : ScoringRequest::Kind::events);
}

bool BodyReader::start_array(std::size_t /*size*/) {
  if (at(Member::users) || at(Member::exclude) || at(Member::allow)) {
    scope_ = Scope::ids;
    return builder_.open(list());
  }
  if (!at(Member::events) && scope_ != Scope::filters) return wrong("an array");
  scope_ = scope_ == Scope::filters ? Scope::values : Scope::events;
  return true;
}

bool BodyReader::end_array() {
  const ScoringRequest& request = builder_.request();
  if (scope_ == Scope::values) {
    scope_ = Scope::filters;
    const FilterTerm& term = request.filters.back();
    return !term.values.empty() || builder_.refuse(fmt::format("filters.{}", term.attribute), "[]", "1 value or more");
  }
  scope_ = Scope::body;
  if (member_ == Member::users && request.users.empty()) return builder_.refuse("users", "[]", "1 id or more");
  if (member_ == Member::events && request.events.empty()) return builder_.refuse("events", "[]", "1 event or more");
  return true;
}

bool BodyReader::parse_error(std::size_t position, const std::string& /*token*/,
                             const nlohmann::json::exception& error) {
  constexpr int number_overflow = 406;
  if (error.id == number_overflow) return builder_.refuse(where(), "a number beyond 1.8e308", expected());
  const std::size_t byte = std::max<std::size_t>(position, 1);
  if (byte > body_.size()) return builder_.refuse("body", fmt::format("the end at byte {}", byte), "more JSON");
  const std::string_view rest = body_.substr(byte - 1);
  const std::string_view token = rest.substr(0, std::max<std::size_t>(rest.find_first_of(",]} \t\r\n"), 1));
  return builder_.refuse(fmt::format("byte {} of the body", byte), token,
                         complete_ ? "the end" : fmt::format("JSON, in {}", where()));
}

}  // namespace

ParsedRequest parse_body(std::string_view body, const RequestBounds& bounds) {
  // To nlohmann's parser a zero byte is the end: whatever followed would pass.
  if (const std::size_t zero = body.find('\0'); zero != std::string_view::npos) {
    return Refusal{400, fmt::format("byte {} of the body = \\x00, expected JSON", zero + 1)};
  }
  BodyReader reader(body, bounds);
  nlohmann::json::sax_parse(body.begin(), body.end(), &reader);
  return reader.finish();
}

}  // namespace alsace::io
