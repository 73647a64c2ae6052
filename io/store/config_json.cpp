#include "io/store/config_json.hpp"

#include <initializer_list>
#include <type_traits>

#include <fmt/format.h>

#include "io/store/model_store.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

using Json = nlohmann::ordered_json;

/// Calls visit(name, member) for every parameter, in the order of the manifest.
template <class Config, class Visit>
void for_each_parameter(Config& config, const Visit& visit) {
  visit("objective", config.objective);
  visit("factors", config.factors);
  visit("sweeps", config.sweeps);
  visit("alpha", config.alpha);
  visit("unobserved_weight", config.unobserved_weight);
  visit("regularization", config.regularization);
  visit("regularization_exponent", config.regularization_exponent);
  visit("regularization_unobserved", config.regularization_unobserved);
  visit("biases", config.biases);
  visit("bias_regularization", config.bias_regularization);
  visit("value", config.value);
  visit("negatives", config.negatives);
  visit("solver", config.solver);
  visit("precision", config.precision);
  visit("seed", config.seed);
  visit("init_std", config.init_std);
  visit("init_items", config.init_items);
  visit("patience", config.patience);
}

template <class Enum>
std::initializer_list<Enum> all_values();
template <>
std::initializer_list<Objective> all_values() {
  static constexpr auto all = {Objective::ials, Objective::hkv, Objective::explicit_};
  return all;
}
template <>
std::initializer_list<Biases> all_values() {
  static constexpr auto all = {Biases::full, Biases::mean, Biases::none};
  return all;
}
template <>
std::initializer_list<ValueMeaning> all_values() {
  static constexpr auto all = {ValueMeaning::binary, ValueMeaning::raw};
  return all;
}
template <>
std::initializer_list<Negatives> all_values() {
  static constexpr auto all = {Negatives::error, Negatives::drop, Negatives::dislike};
  return all;
}
template <>
std::initializer_list<Solver> all_values() {
  static constexpr auto all = {Solver::auto_, Solver::cholesky, Solver::dual, Solver::cg, Solver::subspace};
  return all;
}
template <>
std::initializer_list<Precision> all_values() {
  static constexpr auto all = {Precision::auto_, Precision::fp32, Precision::bf16};
  return all;
}

/// False when `json` is not a value that `member` can hold.
template <class Member>
bool assign(const Json& json, Member& member) {
  if constexpr (std::is_enum_v<Member>) {
    for (const Member value : all_values<Member>()) {
      if (json == name_of(value)) {
        member = value;
        return true;
      }
    }
    return false;
  } else if constexpr (std::is_same_v<Member, std::string>) {
    if (!json.is_string()) return false;
  } else if constexpr (std::is_same_v<Member, double>) {
    if (!json.is_number()) return false;
  } else if constexpr (std::is_same_v<Member, std::uint64_t>) {
    if (!json.is_number_unsigned()) return false;
  } else {
    if (!json.is_number_integer()) return false;
    if (json != json.template get<Member>()) return false;
  }
  if constexpr (!std::is_enum_v<Member>) member = json.template get<Member>();
  return true;
}

}  // namespace

Json to_json(const TrainConfig& config) {
  Json json = Json::object();
  for_each_parameter(config, [&](const char* name, const auto& member) {
    if constexpr (std::is_enum_v<std::decay_t<decltype(member)>>) {
      json[name] = name_of(member);
    } else {
      json[name] = member;
    }
  });
  return json;
}

TrainConfig config_from_json(const Json& json, const std::string& where) {
  TrainConfig config;
  std::size_t known = 0;
  for_each_parameter(config, [&](const char* name, auto& member) {
    const auto found = json.find(name);
    if (found == json.end()) throw storage_error(fmt::format("{}: parameters.{} is missing", where, name));
    if (!assign(*found, member)) {
      throw storage_error(
          fmt::format("{}: parameters.{} = {}, expected a value that this version knows", where, name, found->dump()));
    }
    ++known;
  });
  if (json.size() != known) {
    throw storage_error(fmt::format("{}: parameters has {} members, expected {}", where, json.size(), known));
  }
  return config;
}

std::vector<std::pair<std::string, std::string>> parameter_list(const TrainConfig& config) {
  std::vector<std::pair<std::string, std::string>> list;
  const Json json = to_json(config);
  for (const auto& [name, value] : json.items()) list.emplace_back(name, value.dump());
  return list;
}

}  // namespace alsace::io
