#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace alsace::io {

/// One line of an item-info file; the views live until the next one is read.
struct ItemInfo {
  std::string_view item;
  std::string_view title;
  std::vector<std::string_view> attributes;  ///< one a name of ItemInfoFile::attributes(); "" for none; several: a|b
};

/// A comma-separated file with a header that has the columns `item` and `title`; every other column that has a name is
/// an attribute, and of columns with one name the first counts. Fields are quoted as in RFC 4180. Everything throws
/// ErrorKind::input naming file and line.
class ItemInfoFile {
 public:
  explicit ItemInfoFile(const std::filesystem::path& path);
  ~ItemInfoFile();
  ItemInfoFile(const ItemInfoFile&) = delete;
  ItemInfoFile& operator=(const ItemInfoFile&) = delete;

  [[nodiscard]] const std::vector<std::string>& attributes() const;
  /// The next line, or null at the end.
  const ItemInfo* next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The values of an attribute's field: "Drama|Sci-Fi" -> Drama, Sci-Fi; empty ones are skipped.
std::vector<std::string_view> values_of_attribute(std::string_view field);

/// Titles of items by id.
using ItemTitles = std::unordered_map<std::string, std::string>;

/// Reads a comma-separated file with a header that has the columns `item` and `title` (others are skipped), fields
/// quoted as in RFC 4180. An item that comes twice keeps its first title. Throws ErrorKind::input naming file and line.
ItemTitles read_item_titles(const std::filesystem::path& path);

}  // namespace alsace::io
