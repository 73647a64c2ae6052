#include "src/als/config.hpp"

#include <string>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace {
namespace {

/// Collects what is wrong with a configuration, so that one run shows all of it.
class Complaints {
 public:
  void integer(const char* option, std::int64_t value, std::int64_t low, std::int64_t high) {
    if (value < low || value > high) add(option, fmt::format("{}", value), fmt::format("{} to {}", low, high));
  }
  void number(const char* option, double value, double low, double high) {
    if (!(value >= low && value <= high)) add(option, fmt::format("{}", value), fmt::format("{} to {}", low, high));
  }
  void above_zero(const char* option, double value, double high) {
    if (!(value > 0 && value <= high)) add(option, fmt::format("{}", value), fmt::format("above 0, to {}", high));
  }
  void throw_if_any() const {
    if (!text_.empty()) throw usage_error(text_);
  }

 private:
  void add(const char* option, const std::string& value, const std::string& range) {
    if (!text_.empty()) text_ += '\n';
    text_ += fmt::format("{} = {}, expected {}", option, value, range);
  }
  std::string text_;
};

}  // namespace

TrainConfig TrainConfig::defaults(Objective objective) {
  TrainConfig config;
  config.objective = objective;
  switch (objective) {
    case Objective::ials:
      break;
    case Objective::hkv:
      config.regularization = 5.0;
      config.regularization_exponent = 0.0;
      break;
    case Objective::explicit_:
      config.regularization = 0.35;
      break;
  }
  return config;
}

void TrainConfig::validate() const {
  Complaints complaints;
  complaints.integer("--factors", factors, 1, 4096);
  complaints.integer("--sweeps", sweeps, 1, 100'000);
  complaints.number("--alpha", alpha, 0, 1e9);
  complaints.number("--unobserved-weight", unobserved_weight, 0, 1e9);
  complaints.number("--regularization", regularization, 0, 1e9);
  complaints.number("--regularization-exponent", regularization_exponent, 0, 4);
  complaints.number("--regularization-unobserved", regularization_unobserved, 0, 1e9);
  complaints.number("--bias-regularization", bias_regularization, 0, 1e9);
  complaints.above_zero("--init-std", init_std, 1e3);
  complaints.integer("--patience", patience, 0, 100'000);
  complaints.throw_if_any();
}

const char* name_of(Objective objective) {
  switch (objective) {
    case Objective::ials:
      return "ials";
    case Objective::hkv:
      return "hkv";
    case Objective::explicit_:
      return "explicit";
  }
  return "?";
}

const char* name_of(Biases biases) {
  switch (biases) {
    case Biases::full:
      return "full";
    case Biases::mean:
      return "mean";
    case Biases::none:
      return "none";
  }
  return "?";
}

const char* name_of(ValueMeaning value) {
  return value == ValueMeaning::binary ? "binary" : "raw";
}

const char* name_of(Negatives negatives) {
  switch (negatives) {
    case Negatives::error:
      return "error";
    case Negatives::drop:
      return "drop";
    case Negatives::dislike:
      return "dislike";
  }
  return "?";
}

const char* name_of(Solver solver) {
  switch (solver) {
    case Solver::auto_:
      return "auto";
    case Solver::cholesky:
      return "cholesky";
    case Solver::dual:
      return "dual";
    case Solver::cg:
      return "cg";
    case Solver::subspace:
      return "subspace";
  }
  return "?";
}

const char* name_of(Precision precision) {
  switch (precision) {
    case Precision::auto_:
      return "auto";
    case Precision::fp32:
      return "fp32";
    case Precision::bf16:
      return "bf16";
  }
  return "?";
}

}  // namespace alsace
