#pragma once

#include <filesystem>
#include <string>

#include "src/planning/rates.hpp"

/// The JSON file that `plan --calibrate` writes and `plan --calibration` reads.
namespace alsace::io {

std::string to_json_text(const Rates& rates);

/// Throws ErrorKind::input naming the file, the member and what was expected.
Rates read_calibration(const std::filesystem::path& path);

}  // namespace alsace::io
