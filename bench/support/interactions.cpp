#include "bench/support/interactions.hpp"

#include <array>
#include <fstream>
#include <numeric>

#include <fmt/format.h>
#include <omp.h>

#include "src/als/serial_trainer.hpp"
#include "src/error.hpp"

namespace alsace::bench {
namespace {

std::string shape(std::uint64_t users, std::uint64_t items, std::uint64_t interactions) {
  return fmt::format("{} x {} x {}", with_commas(users), with_commas(items), with_commas(interactions));
}

void append(SparseRows& all, const SparseRows& rows) {
  const std::uint64_t before = all.columns.size();
  for (std::size_t row = 0; row < rows.rows(); ++row) all.offsets.push_back(before + rows.offsets[row + 1]);
  all.columns.insert(all.columns.end(), rows.columns.begin(), rows.columns.end());
}

}  // namespace

std::string with_commas(std::uint64_t number) {
  if (number < 1000) return std::to_string(number);
  return fmt::format("{},{:03}", with_commas(number / 1000), number % 1000);
}

Interactions made_up(const SyntheticConfig& config) {
  std::vector<double> activity(static_cast<std::size_t>(config.users));
  for (std::size_t user = 0; user < activity.size(); ++user) activity[user] = synthetic_activity(config, user);
  const Allocation allocation = allocate(config, [&](const Allocation& tried) {
    std::uint64_t total = 0;
    for (std::size_t user = 0; user < activity.size(); ++user)
      total += interactions_of(config, tried, user, activity[user]);
    return total;
  });
  const SyntheticData data(config, allocation);
  constexpr std::int64_t blocks = 64;
  std::vector<SparseRows> parts(blocks);
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t block = 0; block < blocks; ++block) {
    const auto index = static_cast<std::uint64_t>(block);
    parts[static_cast<std::size_t>(block)] =
        data.generate({config.users * index / blocks, config.users * (index + 1) / blocks});
  }
  Interactions all;
  all.name = shape(config.users, config.items, config.interactions);
  for (SparseRows& part : parts) {
    append(all.by_user, part);
    part = {};
  }
  all.by_user.values.assign(all.by_user.nonzeros(), 1.0F);
  all.by_item = transpose(all.by_user, config.items);
  return all;
}

SyntheticConfig twenty_million(bool quick) {
  if (quick) return {.users = 1385, .items = 2674, .interactions = 200'000, .seed = 20};
  return {.users = 138'493, .items = 26'744, .interactions = 20'000'000, .seed = 20};
}

SyntheticConfig short_rows(bool quick) {
  if (quick) return {.users = 10'000, .items = 1'000, .interactions = 120'000, .seed = 12};
  return {.users = 1'000'000, .items = 100'000, .interactions = 12'000'000, .seed = 12};
}

Interactions read_binary(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  const auto read = [&](void* to, std::size_t bytes) {
    stream.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
    if (!stream)
      throw input_error(
          fmt::format("{}: file = cut off or not there, expected users, items, interactions, "
                      "offsets and items",
                      file));
  };
  std::array<std::int64_t, 3> head{};
  read(head.data(), sizeof head);
  Interactions all;
  all.name = shape(static_cast<std::uint64_t>(head[0]), static_cast<std::uint64_t>(head[1]),
                   static_cast<std::uint64_t>(head[2]));
  all.by_user.offsets.resize(static_cast<std::size_t>(head[0]) + 1);
  all.by_user.columns.resize(static_cast<std::size_t>(head[2]));
  read(all.by_user.offsets.data(), all.by_user.offsets.size() * sizeof(std::uint64_t));
  read(all.by_user.columns.data(), all.by_user.columns.size() * sizeof(std::uint32_t));
  all.by_user.values.assign(all.by_user.nonzeros(), 1.0F);
  all.by_item = transpose(all.by_user, static_cast<std::uint64_t>(head[1]));
  return all;
}

}  // namespace alsace::bench
