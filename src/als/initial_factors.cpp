#include "src/als/initial_factors.hpp"

#include <cmath>

#include "src/data/random.hpp"

namespace alsace {

void initialize_items(const TrainConfig& config, RowRange range, float* out) {
  constexpr std::uint64_t item_factors = 1;  // the stream's number
  const double deviation = config.init_std / std::sqrt(static_cast<double>(config.factors));
  for (std::uint64_t row = range.begin; row < range.end; ++row) {
    RandomStream stream(config.seed, item_factors, row);
    for (int k = 0; k < config.factors; ++k) *out++ = static_cast<float>(deviation * stream.normal());
  }
}

}  // namespace alsace
