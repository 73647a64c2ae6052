#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "src/data/sparse_rows.hpp"

namespace alsace::test {

struct Rating {
  std::uint64_t user;
  std::uint64_t item;
  float value;
};

/// Rows of a plain `user,item,value,timestamp` file with a header and numeric ids.
inline std::vector<Rating> read_ratings(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<Rating> ratings;
  while (std::getline(file, line)) {
    unsigned long long user = 0;
    unsigned long long item = 0;
    float value = 0;
    if (std::sscanf(line.c_str(), "%llu,%llu,%f", &user, &item, &value) != 3)
      throw std::runtime_error(path + ": " + line);
    ratings.push_back({user, item, value});
  }
  if (ratings.empty()) throw std::runtime_error(path + ": no ratings");
  return ratings;
}

/// Ratings with row numbers for ids, in numeric id order.
struct RatingMatrix {
  std::map<std::uint64_t, std::uint32_t> users;
  std::map<std::uint64_t, std::uint32_t> items;
  SparseRows by_user;
};

inline RatingMatrix to_matrix(const std::vector<Rating>& ratings) {
  RatingMatrix matrix;
  for (const Rating& rating : ratings) {
    matrix.users[rating.user] = 0;
    matrix.items[rating.item] = 0;
  }
  std::uint32_t next = 0;
  for (auto& [id, row] : matrix.users) row = next++;
  next = 0;
  for (auto& [id, row] : matrix.items) row = next++;

  std::vector<std::tuple<std::uint32_t, std::uint32_t, float>> entries;
  entries.reserve(ratings.size());
  for (const Rating& rating : ratings)
    entries.emplace_back(matrix.users[rating.user], matrix.items[rating.item], rating.value);
  std::sort(entries.begin(), entries.end());
  matrix.by_user.offsets.assign(matrix.users.size() + 1, 0);
  for (const auto& [user, item, value] : entries) {
    matrix.by_user.columns.push_back(item);
    matrix.by_user.values.push_back(value);
    matrix.by_user.offsets[user + std::size_t{1}] = matrix.by_user.columns.size();
  }
  return matrix;
}

}  // namespace alsace::test
