#include "bench/support/factor_sets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

#include <Eigen/QR>
#include <fmt/format.h>

#include "bench/support/local_trainer.hpp"
#include "src/data/random.hpp"
#include "src/error.hpp"

namespace alsace::bench {
namespace {

Eigen::Index index(std::size_t value) {
  return static_cast<Eigen::Index>(value);
}

void fill_normal(RandomStream& random, Eigen::Ref<Eigen::RowVectorXf> row) {
  for (Eigen::Index k = 0; k < row.size(); ++k) row(k) = static_cast<float>(random.normal());
}

}  // namespace

FactorSet narrow_norms(std::size_t items, std::size_t users, int factors) {
  constexpr std::uint64_t seed = 7;
  const std::size_t clusters = std::max<std::size_t>(1, items / 500);
  Eigen::RowVectorXf spectrum(factors);
  for (Eigen::Index k = 0; k < factors; ++k) spectrum(k) = 1 / std::sqrt(static_cast<float>(k) + 1);
  RandomStream of_rotation(seed, 0, 0);
  const Eigen::MatrixXf random_matrix =
      Eigen::MatrixXf::NullaryExpr(factors, factors, [&] { return static_cast<float>(of_rotation.normal()); });
  const Eigen::MatrixXf rotation = Eigen::HouseholderQR<Eigen::MatrixXf>(random_matrix).householderQ();
  FactorMatrix centers(index(clusters), factors);
  RandomStream of_centers(seed, 1, 0);
  Eigen::RowVectorXf row(factors);
  for (Eigen::Index c = 0; c < centers.rows(); ++c) {
    fill_normal(of_centers, row);
    centers.row(c) = row.cwiseProduct(spectrum);
  }
  FactorSet set{"f, narrow norms", FactorMatrix(index(items), factors), FactorMatrix(index(users), factors)};
  for (Eigen::Index i = 0; i < set.items.rows(); ++i) {
    RandomStream random(seed, 2, static_cast<std::uint64_t>(i));
    fill_normal(random, row);
    row = centers.row(index(random.below(clusters))) + 0.7F * row.cwiseProduct(spectrum);
    const auto norm = static_cast<float>(std::exp(0.32 * random.normal()));
    set.items.row(i) = row * (norm / row.norm());
  }
  constexpr Eigen::Index at_once = 4096;
  for (Eigen::Index i = 0; i < set.items.rows(); i += at_once) {
    auto some = set.items.middleRows(i, std::min(at_once, set.items.rows() - i));
    some = (some * rotation).eval();
  }
  for (Eigen::Index u = 0; u < set.users.rows(); ++u) {
    RandomStream random(seed, 3, static_cast<std::uint64_t>(u));
    fill_normal(random, row);
    row = (0.3F * row.cwiseProduct(spectrum) * rotation).eval();
    const std::uint64_t liked = 3 + random.below(10);
    for (std::uint64_t j = 0; j < liked; ++j)
      row += static_cast<float>(-std::log(random.uniform() + 1e-12)) * set.items.row(index(random.below(items)));
    set.users.row(u) = row / row.norm();
  }
  return set;
}

FactorSet trained_norms(std::size_t items, std::size_t users, int factors, int threads) {
  SyntheticConfig config;
  config.users = std::max(users, items / 5);
  config.items = items;
  config.interactions = 10 * items;
  config.seed = 9;
  const Interactions data = made_up(config);
  LocalTrainer trainer(yardstick_config(factors), kernel_table(supported_kernel_levels().back()), data, threads);
  for (int sweep = 0; sweep < 3; ++sweep) trainer.sweep();
  trainer.user_half();
  return {"n, trained norms", trainer.items(), trainer.users().topRows(index(users))};
}

bool load(const std::string& file, FactorSet& set) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const auto bytes = [](const FactorMatrix& matrix) {
    return matrix.size() * static_cast<std::streamsize>(sizeof(float));
  };
  if (!stream || stream.tellg() != bytes(set.items) + bytes(set.users)) return false;
  stream.seekg(0);
  for (FactorMatrix* matrix : {&set.items, &set.users})
    stream.read(reinterpret_cast<char*>(matrix->data()), bytes(*matrix));
  return static_cast<bool>(stream);
}

void save(const std::string& file, const FactorSet& set) {
  std::ofstream stream(file, std::ios::binary);
  for (const FactorMatrix* matrix : {&set.items, &set.users})
    stream.write(reinterpret_cast<const char*>(matrix->data()),
                 matrix->size() * static_cast<std::streamsize>(sizeof(float)));
  stream.close();
  if (!stream) throw storage_error(fmt::format("{}: write = failed, expected a disk with room", file));
}

}  // namespace alsace::bench
