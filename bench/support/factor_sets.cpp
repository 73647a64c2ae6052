#include "bench/support/factor_sets.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <vector>

#include <Eigen/QR>
#include <fmt/format.h>

#include "bench/support/local_trainer.hpp"
#include "src/als/serial_trainer.hpp"
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

/// Indices drawn in proportion to weights.
class Wheel {
 public:
  void add(double weight) { sums_.push_back((sums_.empty() ? 0 : sums_.back()) + weight); }
  [[nodiscard]] double total() const { return sums_.empty() ? 0 : sums_.back(); }
  std::size_t turn(RandomStream& random) const {
    const auto found = std::lower_bound(sums_.begin(), sums_.end(), random.uniform() * total());
    return std::min(static_cast<std::size_t>(found - sums_.begin()), sums_.size() - 1);
  }

 private:
  std::vector<double> sums_;
};

/// Who clicked on what in a shop: a few popular items and a long tail (rank^-0.85), topics of some 400 items, users of
/// two to eight topics.
class ClickLog {
 public:
  explicit ClickLog(std::size_t items) : items_(items), topics_(std::max<std::size_t>(200, items / 400)) {
    RandomStream random(seed, 0, 0);
    std::vector<std::size_t> order(items);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = items; i > 1; --i) std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(i))]);
    std::vector<double> weights(items);
    for (std::size_t i = 0; i < items; ++i)
      weights[order[i]] = std::pow(static_cast<double>(i) + 20, -0.85) * std::exp(0.3 * random.normal());
    for (std::size_t i = 0; i < items; ++i) {
      all_.add(weights[i]);
      const int memberships = random.uniform() < 0.3 ? 2 : 1;
      for (int m = 0; m < memberships; ++m) {
        Topic& topic = topics_[static_cast<std::size_t>(random.below(topics_.size()))];
        topic.items.push_back(static_cast<std::uint32_t>(i));
        topic.wheel.add(weights[i]);
      }
    }
    for (const Topic& topic : topics_) by_weight_.add(topic.wheel.total());
  }

  /// `average`: about so many clicks a user.
  [[nodiscard]] Interactions draw(std::size_t users, double average) const {
    Interactions data;
    for (std::size_t user = 0; user < users; ++user) {
      RandomStream random(seed, 1, user);
      const std::vector<std::uint32_t> clicked = clicks(random, average);
      data.by_user.columns.insert(data.by_user.columns.end(), clicked.begin(), clicked.end());
      data.by_user.offsets.push_back(data.by_user.columns.size());
    }
    data.by_user.values.assign(data.by_user.nonzeros(), 1.0F);
    data.by_item = transpose(data.by_user, items_);
    return data;
  }

 private:
  static constexpr std::uint64_t seed = 9;
  static constexpr std::size_t neighbours = 40;  // topics beside a user's first, most of which are near it
  struct Topic {
    std::vector<std::uint32_t> items;
    Wheel wheel;
  };

  [[nodiscard]] std::vector<std::uint32_t> clicks(RandomStream& random, double average) const {
    const auto length = static_cast<std::size_t>(std::clamp(average * std::exp(random.normal() - 0.5), 4.0, 2000.0));
    const std::size_t first = by_weight_.turn(random);
    std::vector<std::size_t> liked{first};
    Wheel tastes;
    const std::uint64_t count = 2 + random.below(7);
    for (std::uint64_t t = 0; t < count; ++t) {
      tastes.add(-std::log(random.uniform() + 1e-9));
      if (t == 0) continue;
      const bool near = random.uniform() < 0.6;
      liked.push_back(near ? (first / neighbours * neighbours + random.below(neighbours)) % topics_.size()
                           : by_weight_.turn(random));
    }
    std::vector<std::uint32_t> clicked;
    for (std::size_t i = 0; i < length; ++i) {
      const Topic& topic = topics_[liked[tastes.turn(random)]];
      if (random.uniform() < 0.15)
        clicked.push_back(static_cast<std::uint32_t>(all_.turn(random)));
      else if (!topic.items.empty())
        clicked.push_back(topic.items[topic.wheel.turn(random)]);
    }
    std::sort(clicked.begin(), clicked.end());
    clicked.erase(std::unique(clicked.begin(), clicked.end()), clicked.end());
    return clicked;
  }

  std::size_t items_;
  std::vector<Topic> topics_;
  Wheel all_;
  Wheel by_weight_;
};

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
  const Interactions data = ClickLog(items).draw(std::max(users, items * 2 / 5), 25);
  TrainConfig config = yardstick_config(factors);
  config.alpha = 10;
  config.regularization = 1;
  LocalTrainer trainer(config, kernel_table(supported_kernel_levels().back()), data, threads);
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
