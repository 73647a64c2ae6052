#pragma once

#include <cstdint>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <string>

#include "src/matrix.hpp"

namespace alsace::test {

/// Reads a two-dimensional little-endian float64 array in C order, which is all that the golden files hold.
inline FactorMatrix64 read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string preamble(10, '\0');
  file.read(preamble.data(), 10);
  const auto header_size = static_cast<std::size_t>(static_cast<unsigned char>(preamble[8])) +
                           256U * static_cast<std::size_t>(static_cast<unsigned char>(preamble[9]));
  std::string header(header_size, '\0');
  file.read(header.data(), static_cast<std::streamsize>(header_size));
  std::smatch match;
  const std::regex shape(R"('<f8', 'fortran_order': False, 'shape': \((\d+), (\d+)\))");
  if (!file || !std::regex_search(header, match, shape)) throw std::runtime_error(path + ": not a float64 matrix");
  FactorMatrix64 matrix(std::stol(match[1]), std::stol(match[2]));
  file.read(reinterpret_cast<char*>(matrix.data()), matrix.size() * static_cast<std::streamsize>(sizeof(double)));
  if (!file) throw std::runtime_error(path + ": too short");
  return matrix;
}

}  // namespace alsace::test
