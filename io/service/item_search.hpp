#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "io/service/scoring_service.hpp"

/// Items by a part of their title, for people who do not know ids.
namespace alsace::io {

struct ItemSearch {
  std::string text;
  std::size_t limit = 10;
};

/// GET parameters search (up to 100 bytes; "" or none: any item) and limit (1 to 50). Others are refused.
std::variant<ItemSearch, Refusal> parse_search(const std::vector<std::pair<std::string, std::string>>& parameters);

/// [{"item", "title"}, …]: the item with this very id, then, in index order, those whose id begins with the text or
/// whose title has it anywhere, ASCII letters in either case. Looks at the first 200,000 items: some 10 ms.
std::string found_items_json(const ServedModel& model, const ItemSearch& search);

}  // namespace alsace::io
