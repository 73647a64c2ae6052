#include "src/evaluation/users_view.hpp"

namespace alsace {

std::vector<double> score_offsets(const UsersView& users) {
  std::vector<double> offsets;
  if (!users.has_biases) return offsets;
  offsets.reserve(users.count);
  for (std::size_t user = 0; user < users.count; ++user) offsets.push_back(score_offset(users, user));
  return offsets;
}

}  // namespace alsace
