#include "src/als/early_stopping.hpp"

namespace alsace {

bool lower_is_better(const std::string& metric) {
  return metric == "rmse" || metric == "mae";
}

bool update(EarlyStopping& state, int sweep, double value) {
  const bool better =
      state.best_sweep == 0 || (lower_is_better(state.metric) ? value < state.best_value : value > state.best_value);
  if (better) {
    state.best_sweep = sweep;
    state.best_value = value;
    state.sweeps_without_gain = 0;
  } else {
    ++state.sweeps_without_gain;
  }
  return better;
}

bool out_of_patience(const EarlyStopping& state, int patience) {
  return patience > 0 && state.sweeps_without_gain >= patience;
}

}  // namespace alsace
