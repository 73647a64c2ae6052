#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/export/number_text.hpp"
#include "io/service/scoring_json.hpp"
#include "io/store/model_store.hpp"

namespace alsace::io {
namespace {

using Json = nlohmann::ordered_json;

/// As a JSON string; bytes that are not UTF-8 (a title may have any) become U+FFFD.
void append_string(std::string& json, std::string_view text) {
  const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), plain)) {  // nearly always, and ten times as fast
    json.append(1, '"').append(text).append(1, '"');
  } else {
    json += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

void append_member(std::string& json, std::string_view name, std::string_view value) {
  json.append(json.back() == '{' ? "\"" : ",\"").append(name).append("\":");
  append_string(json, value);
}

void append_items(std::string& json, const ScoringAnswer::List& list, const ServedModel& model) {
  json += ",\"items\":[";
  std::size_t rank = 0;
  for (const ScoredItem& entry : list.items) {
    json += rank == 0 ? "{" : ",{";
    append_member(json, "item", model.items[entry.item]);
    if (!model.titles.empty()) append_member(json, "title", model.titles[entry.item]);
    json.append(",\"score\":").append(shortest_text(entry.score));
    json.append(",\"rank\":").append(fmt::format_int(++rank).c_str()).append(1, '}');
  }
  json += ']';
}

void append_fallback(std::string& json, const ScoringAnswer::List& list) {
  if (list.popular) append_member(json, "fallback", "popular");
}

void append_results(std::string& json, const ScoringRequest& request, const ScoringAnswer& answer) {
  json += ",\"results\":[";
  for (std::size_t i = 0; i < answer.lists.size(); ++i) {
    json += i == 0 ? "{" : ",{";
    append_member(json, "user", request.users[i]);
    append_fallback(json, answer.lists[i]);
    append_items(json, answer.lists[i], *answer.model);
    json += '}';
  }
  json += ']';
}

void append_single(std::string& json, const ScoringRequest& request, const ScoringAnswer& answer) {
  const ServedModel& model = *answer.model;
  append_fallback(json, answer.lists.front());
  if (request.kind == ScoringRequest::Kind::similar && !model.titles.empty()) {
    const auto item = model.items.find(request.item);
    append_member(json, "title", item ? model.titles[*item] : std::string_view());
  }
  append_items(json, answer.lists.front(), model);
  if (request.kind != ScoringRequest::Kind::events) return;
  json += ",\"unknown_items\":[";
  for (const std::string& item : answer.unknown_items) {
    if (json.back() != '[') json += ',';
    append_string(json, item);
  }
  json += ']';
}

Json json_of(const RankShare& share, std::size_t rank) {
  return {{"rank", rank},
          {"host", share.host},
          {"users", {share.users.begin, share.users.end}},
          {"items", share.items},
          {"bytes", share.bytes}};
}

}  // namespace

std::string answer_json(const ScoringRequest& request, const ScoringAnswer& answer, bool batch) {
  constexpr std::size_t bytes_an_item = 64;
  constexpr std::size_t bytes_a_title = 48;
  std::size_t entries = 2;
  for (const ScoringAnswer::List& list : answer.lists) entries += list.items.size() + 1;
  std::string json = "{";
  json.reserve(entries * (answer.model->titles.empty() ? bytes_an_item : bytes_an_item + bytes_a_title));
  if (request.kind == ScoringRequest::Kind::users && !batch) append_member(json, "user", request.users.front());
  if (request.kind == ScoringRequest::Kind::similar) append_member(json, "item", request.item);
  append_member(json, "model", answer.model->name);
  if (batch) {
    append_results(json, request, answer);
  } else {
    append_single(json, request, answer);
  }
  json += '}';
  return json;
}

std::string model_json(const ServedModel& model) {
  Json json{{"model", model.name},
            {"path", model.path},
            {"loaded_at", model.loaded_at},
            {"sweep", model.info.sweep},
            {"objective", name_of(model.info.config.objective)},
            {"factors", model.info.config.factors},
            {"users", model.info.users},
            {"items", model.info.items},
            {"interactions", model.info.interactions}};
  json["parameters"] = Json::object();
  for (const auto& [name, value] : parameter_list(model.info.config)) json["parameters"][name] = Json::parse(value);
  json["attributes"] = Json::array();
  for (const AttributeSummary& attribute : model.attributes) {
    json["attributes"].push_back({{"name", attribute.name}, {"values", attribute.values}});
  }
  json["example_users"] = model.example_users;
  json["ranks"] = Json::array();
  for (std::size_t rank = 0; rank < model.ranks.size(); ++rank) {
    json["ranks"].push_back(json_of(model.ranks[rank], rank));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string server_timing(const StageTimes& times) {
  constexpr double to_ms = 1e3;
  return fmt::format("parse;dur={:.3f}, queue;dur={:.3f}, gather;dur={:.3f}, score;dur={:.3f}, merge;dur={:.3f}",
                     times.parse * to_ms, times.queue * to_ms, times.gather * to_ms, times.score * to_ms,
                     times.merge * to_ms);
}

}  // namespace alsace::io
