#include "src/planning/workload.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace {
namespace {

constexpr std::uint64_t most_rows = std::numeric_limits<std::uint32_t>::max();  // one number is kept for "absent"
constexpr int most_factors = 4096;
constexpr int most_ranks = 1 << 20;

/// Collects what is out of range, one a line.
class Problems {
 public:
  template <class T>
  void expect(const char* name, T value, T least, T most, const char* why = "") {
    if (value >= least && value <= most) return;
    text_ += fmt::format("{}{} = {}, expected {} to {}{}", text_.empty() ? "" : "\n", name, value, least, most, why);
  }
  void throw_if_any() const {
    if (!text_.empty()) throw usage_error(text_);
  }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace

void Workload::validate() const {
  Problems problems;
  problems.expect<std::uint64_t>("--users", users, 1, most_rows, " (indices have 32 bits)");
  problems.expect<std::uint64_t>("--items", items, 1, most_rows, " (indices have 32 bits)");
  problems.expect("--factors", factors, 1, most_factors);
  if (problems.empty()) {
    problems.expect<std::uint64_t>("--interactions", interactions, 1, users * items,
                                   " (users × items: a pair counts once)");
    problems.expect<std::uint64_t>("--factors", static_cast<std::uint64_t>(factors), 1, std::min(users, items),
                                   ", the smaller of users and items");  // train says the same
  }
  problems.throw_if_any();
}

void Cluster::validate() const {
  Problems problems;
  problems.expect("--ranks", ranks, 1, most_ranks);
  problems.expect("--ranks-per-host", ranks_per_host, 1, most_ranks);
  problems.expect("--threads", threads, 1, 4096);
  problems.throw_if_any();
}

double mean_digits(std::uint64_t rows) {
  double digits = 0;
  std::uint64_t begin = 1;  // the first number of that length
  for (int length = 1; begin <= rows; ++length, begin *= 10) {
    const std::uint64_t end = rows / 10 >= begin ? begin * 10 : rows + 1;
    digits += static_cast<double>(length) * static_cast<double>(end - begin);
    if (end == rows + 1) break;
  }
  return rows > 0 ? digits / static_cast<double>(rows) : 0;
}

}  // namespace alsace
