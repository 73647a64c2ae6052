#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/service/scoring_json.hpp"

namespace alsace::io {

/// What both forms of a request, JSON and parameters, are held to. Members give false once something was refused, and
/// the first refusal stays: the caller has nothing to do but to stop.
class RequestBuilder {
 public:
  RequestBuilder(ScoringRequest request, const RequestBounds& bounds) : request_(std::move(request)), bounds_(bounds) {}

  [[nodiscard]] const RequestBounds& bounds() const { return bounds_; }
  [[nodiscard]] const ScoringRequest& request() const { return request_; }

  /// `where = value, expected …`; both come from the client and are shown cut. Always false.
  bool refuse(std::string_view where, std::string_view value, std::string_view expected);

  bool set_kind(ScoringRequest::Kind kind);
  /// None: no whole number; `text` is what stands there.
  bool set_k(std::optional<std::uint64_t> k, std::string_view text);
  bool set_exclude_seen(bool exclude);

  /// Lists of ids; `name` is theirs, for messages.
  enum class List { users, exclude, allow };
  static const char* name_of(List list);
  /// The entries so far, or none for an `allow` that was not opened.
  [[nodiscard]] std::size_t size_of(List list) const;
  /// An `allow` without entries allows nothing, one that was never opened everything.
  bool open(List list);
  bool add(List list, std::string id);

  bool add_event();
  bool set_event_item(std::string id);
  bool set_event_value(double value, std::string_view text);

  bool add_filter(std::string attribute);
  bool add_filter_value(std::string value);

  /// Checks what needs all of it. The builder is empty then.
  ParsedRequest finish();

 private:
  bool check_id(std::string_view where, std::size_t index, std::string_view member, std::string_view id);
  std::vector<std::string>& list_of(List list);

  ScoringRequest request_;
  RequestBounds bounds_;
  std::optional<Refusal> refusal_;
};

}  // namespace alsace::io
