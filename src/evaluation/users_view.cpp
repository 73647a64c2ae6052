#include "src/evaluation/users_view.hpp"

#include <cmath>

#include "src/matrix.hpp"

namespace alsace {

std::vector<double> score_offsets(const UsersView& users) {
  std::vector<double> offsets;
  if (!users.has_biases) return offsets;
  offsets.reserve(users.count);
  for (std::size_t user = 0; user < users.count; ++user) offsets.push_back(score_offset(users, user));
  return offsets;
}

double usual_length(const UsersView& users) {
  if (users.count == 0) return 1;
  const Eigen::Map<const FactorMatrix> rows(users.rows, static_cast<Eigen::Index>(users.count), users.factors);
  return std::sqrt(rows.cast<double>().squaredNorm() / static_cast<double>(users.count));
}

}  // namespace alsace
