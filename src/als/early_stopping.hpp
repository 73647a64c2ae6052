#pragma once

#include <string>

#include "src/model/model.hpp"

namespace alsace {

/// True when less of the metric is better: rmse and mae.
bool lower_is_better(const std::string& metric);

/// Takes the value of one more sweep into account. True when that sweep is the best so far.
bool update(EarlyStopping& state, int sweep, double value);

/// True when the last `patience` sweeps brought no gain; never for patience 0.
bool out_of_patience(const EarlyStopping& state, int patience);

}  // namespace alsace
