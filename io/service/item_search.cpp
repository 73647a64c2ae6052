#include "io/service/item_search.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text.hpp"

namespace alsace::io {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_text_bytes = 100;
constexpr std::size_t most_found = 50;
constexpr std::size_t most_scanned = 200'000;

/// ASCII letters in lower case, all else as it is. Without branches: the compiler takes many bytes at once.
void make_lower(std::string& text) {
  for (char& c : text) {
    const bool upper = static_cast<unsigned char>(c - 'A') < 26;
    c = static_cast<char>(c | (upper ? 0x20 : 0));
  }
}

/// Finds a text in others whatever the case of ASCII letters.
class CaselessFinder {
 public:
  explicit CaselessFinder(std::string text) : text_(std::move(text)) { make_lower(text_); }

  [[nodiscard]] bool begins(std::string_view other) {
    lowered_ = other.substr(0, text_.size());
    make_lower(lowered_);
    return lowered_ == text_;
  }
  [[nodiscard]] bool is_in(std::string_view other) {
    lowered_ = other;
    make_lower(lowered_);
    return lowered_.find(text_) != std::string::npos;
  }

 private:
  std::string text_;
  std::string lowered_;  // kept for its memory
};

Refusal refused(std::string_view name, std::string_view value, std::string_view expected) {
  return {400, fmt::format("{} = {}, expected {}", name, shown(value), expected)};
}

}  // namespace

std::variant<ItemSearch, Refusal> parse_search(const std::vector<std::pair<std::string, std::string>>& parameters) {
  ItemSearch search;
  for (const auto& [name, value] : parameters) {
    if (name == "search") {
      if (value.size() > most_text_bytes) return refused(name, value, fmt::format("up to {} bytes", most_text_bytes));
      search.text = value;
    } else if (name == "limit") {
      const char* end = value.data() + value.size();
      const auto read = std::from_chars(value.data(), end, search.limit);
      if (read.ec != std::errc() || read.ptr != end || search.limit < 1 || search.limit > most_found) {
        return refused(name, value, fmt::format("1 to {}", most_found));
      }
    } else {
      return refused("parameter", name, "search or limit");
    }
  }
  return search;
}

std::string found_items_json(const ServedModel& model, const ItemSearch& search) {
  Json found = Json::array();
  const auto add = [&](std::size_t item) {
    const std::string_view title = model.titles.empty() ? std::string_view() : model.titles[item];
    found.push_back({{"item", model.items[item]}, {"title", title}});
  };
  const std::optional<std::uint32_t> exact = model.items.find(search.text);
  if (exact) add(*exact);
  CaselessFinder finder(search.text);
  const std::size_t end = std::min(model.items.size(), most_scanned);
  for (std::size_t item = 0; item < end && found.size() < search.limit; ++item) {
    if (exact && item == *exact) continue;
    if (finder.begins(model.items[item]) || (!model.titles.empty() && finder.is_in(model.titles[item]))) add(item);
  }
  return found.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace alsace::io
