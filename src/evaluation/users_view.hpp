#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace alsace {

/// The users of one shard. Does not own.
struct UsersView {
  std::size_t count = 0;
  int factors = 0;                              ///< K
  const float* rows = nullptr;                  ///< count × K
  double mean = 0;                              ///< μ
  std::span<const double> biases;               ///< one a user, or empty
  bool has_biases = false;                      ///< explicit objective: scores are x·y + b_i + b_u + μ
  std::span<const std::uint64_t> seen_offsets;  ///< count + 1
  std::span<const std::uint32_t> seen_items;    ///< ascending within a user

  [[nodiscard]] std::span<const std::uint32_t> seen(std::size_t user) const {
    return seen_items.subspan(static_cast<std::size_t>(seen_offsets[user]),
                              static_cast<std::size_t>(seen_offsets[user + 1] - seen_offsets[user]));
  }
};

/// μ + b_u of one user.
inline double score_offset(const UsersView& users, std::size_t user) {
  return users.mean + (users.biases.empty() ? 0.0 : users.biases[user]);
}
/// The same for every user; empty where scores have no biases.
std::vector<double> score_offsets(const UsersView& users);

/// √ of the mean squared length of a user's factors: where items have biases, how much lengths count beside them. 1
/// without users.
double usual_length(const UsersView& users);

}  // namespace alsace
