#pragma once

#include <cstdint>
#include <cstdio>
#include <fstream>
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
  const std::string shape_key = "'fortran_order': False, 'shape': (";
  const std::size_t shape = header.find(shape_key);
  long rows = 0;
  long columns = 0;
  if (!file || header.find("'<f8'") == std::string::npos || shape == std::string::npos ||
      std::sscanf(header.c_str() + shape + shape_key.size(), "%ld, %ld)", &rows, &columns) != 2) {
    throw std::runtime_error(path + ": not a float64 matrix");
  }
  FactorMatrix64 matrix(rows, columns);
  file.read(reinterpret_cast<char*>(matrix.data()), matrix.size() * static_cast<std::streamsize>(sizeof(double)));
  if (!file) throw std::runtime_error(path + ": too short");
  return matrix;
}

}  // namespace alsace::test
