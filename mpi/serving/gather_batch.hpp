#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/serving/messages.hpp"
#include "mpi/serving/rank_model.hpp"
#include "src/als/fold_in.hpp"
#include "src/matrix.hpp"

/// The rows that a batch of requests is scored with, from whoever holds them, on every rank.
namespace alsace::mpi {

/// What a batch asks for, by nothing but its messages: the same on all ranks. Views into the messages.
struct BatchNeeds {
  struct User {
    std::string_view id;
    bool seen = false;  ///< by one message or another
  };
  std::vector<User> users;                  ///< each once, however often it is asked for
  std::vector<std::uint32_t> user_of_list;  ///< a place in `users` for every list of the batch; `none` for other kinds
  std::vector<std::uint32_t> events;        ///< items that events name, ascending
  std::vector<std::uint32_t> similar;       ///< items that `similar` asks for, ascending

  static constexpr std::uint32_t none = 0xffffffffU;
};

BatchNeeds needs_of(const std::vector<ScoringMessage>& messages);

/// The rows of what a batch needs, in the order of its needs.
struct BatchRows {
  std::vector<std::uint8_t> known;  ///< one a user: 0 where no rank knows the id
  FactorMatrix users;               ///< factors; zeros for the unknown
  std::vector<double> offsets;      ///< μ + b_u, one a user
  /// One a user: what they have interacted with in training, or nothing where nobody asks for it.
  std::vector<std::span<const std::uint32_t>> seen;
  std::vector<std::uint32_t> seen_items;  ///< that `seen` views
  GatheredItems events;
  FactorMatrix similar;  ///< unit rows
};

/// Every rank gives the same needs. Collective: a reduction of 4·K + 16 bytes a user and 4·K + 8 an item; then every
/// rank receives all seen items that are needed, 4 bytes each.
BatchRows gather_batch(const Communicator& comm, const RankModel& model, const BatchNeeds& needs);

}  // namespace alsace::mpi
