#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "src/als/config.hpp"

namespace alsace::io {

/// Training parameters under the names that the command line gives them, with underscores. The one place that maps
/// TrainConfig to text and back.
nlohmann::ordered_json to_json(const TrainConfig& config);

/// Every parameter must be there, with a value that TrainConfig can hold; others are refused. `where` is named in the
/// message. Throws ErrorKind::storage.
TrainConfig config_from_json(const nlohmann::ordered_json& json, const std::string& where);

}  // namespace alsace::io
