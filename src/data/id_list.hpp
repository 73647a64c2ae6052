#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alsace {

/// External ids in row order, all bytes in one buffer: 8 bytes an id beside its text. Values in, values out; the views
/// it returns live as long as the list and until the next `push_back`.
class IdList {
 public:
  void push_back(std::string_view id) {
    bytes_.append(id);
    ends_.push_back(bytes_.size());
  }
  void reserve(std::size_t ids, std::size_t bytes) {
    ends_.reserve(ids);
    bytes_.reserve(bytes);
  }

  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] bool empty() const { return ends_.empty(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  /// Bytes of the longest id; 0 for an empty list.
  [[nodiscard]] std::size_t longest() const {
    std::size_t longest = 0;
    for (std::size_t i = 0; i < size(); ++i) longest = (*this)[i].size() > longest ? (*this)[i].size() : longest;
    return longest;
  }
  friend bool operator==(const IdList&, const IdList&) = default;

 private:
  std::string bytes_;
  std::vector<std::uint64_t> ends_;
};

}  // namespace alsace
