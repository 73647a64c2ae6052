#include "io/planning/calibration_file.hpp"

#include <fstream>
#include <iterator>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "src/error.hpp"

namespace alsace::io {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format_name = "alsace calibration";
constexpr int format_version = 1;

Json to_json(const LinkRates& link) {
  return {{"bytes_per_second", link.bytes_per_second}, {"latency_seconds", link.latency_seconds}};
}

LinkRates link_of(const Json& json) {
  return {json.at("bytes_per_second").get<double>(), json.at("latency_seconds").get<double>()};
}

Rates rates_of(const Json& json) {
  Rates rates;
  rates.machine = json.at("machine").get<std::string>();
  rates.kernel_level = json.at("kernel_level").get<std::string>();
  for (const Json& at : json.at("kernels")) {
    rates.kernels.push_back({at.at("factors").get<int>(), at.at("form_ns").get<double>(),
                             at.at("solve_us").get<double>(), at.at("gramian_ns").get<double>(),
                             at.at("loss_ns").get<double>()});
  }
  rates.memory_bytes_per_second = json.at("memory_bytes_per_second").get<double>();
  rates.within_host = link_of(json.at("within_host"));
  rates.between_hosts = link_of(json.at("between_hosts"));
  rates.between_hosts_measured = json.at("between_hosts_measured").get<bool>();
  rates.load_bytes_per_second = json.at("load_bytes_per_second").get<double>();
  rates.checkpoint_bytes_per_second = json.at("checkpoint_bytes_per_second").get<double>();
  return rates;
}

}  // namespace

std::string to_json_text(const Rates& rates) {
  Json json;
  json["format"] = format_name;
  json["version"] = format_version;
  json["machine"] = rates.machine;
  json["kernel_level"] = rates.kernel_level;
  json["kernels"] = Json::array();
  for (const KernelRates& at : rates.kernels) {
    json["kernels"].push_back({{"factors", at.factors},
                               {"form_ns", at.form_ns},
                               {"solve_us", at.solve_us},
                               {"gramian_ns", at.gramian_ns},
                               {"loss_ns", at.loss_ns}});
  }
  json["memory_bytes_per_second"] = rates.memory_bytes_per_second;
  json["within_host"] = to_json(rates.within_host);
  json["between_hosts"] = to_json(rates.between_hosts);
  json["between_hosts_measured"] = rates.between_hosts_measured;
  json["load_bytes_per_second"] = rates.load_bytes_per_second;
  json["checkpoint_bytes_per_second"] = rates.checkpoint_bytes_per_second;
  return json.dump(2) + "\n";
}

Rates read_calibration(const std::filesystem::path& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw input_error(fmt::format("{}: cannot be read, expected a file of plan --calibrate", path.string()));
  Rates rates;
  try {
    const Json json = Json::parse(text);
    if (json.at("format") != format_name || json.at("version") != format_version) {
      throw input_error(fmt::format("{}: format = {} {}, expected {} {}", path.string(), json.at("format").dump(),
                                    json.at("version").dump(), format_name, format_version));
    }
    rates = rates_of(json);
  } catch (const Json::parse_error& error) {
    throw input_error(
        fmt::format("{}: is no JSON at byte {}, expected what plan --calibrate writes", path.string(), error.byte));
  } catch (const Json::exception& error) {
    const std::string_view what = error.what();  // behind a "[json.exception...] " of the library
    throw input_error(
        fmt::format("{}: {}, expected what plan --calibrate writes", path.string(), what.substr(what.find(']') + 2)));
  }
  rates.validate(path.string());
  return rates;
}

}  // namespace alsace::io
