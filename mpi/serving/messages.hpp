#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include "src/als/fold_in.hpp"
#include "src/ranking/item_attributes.hpp"

/// What the coordinator tells the scorer ranks. Values; they travel by Boost.Serialization (see comm/objects.hpp).
namespace alsace::mpi {

/// A request for lists, in rows of the model that the ranks hold.
struct ScoringMessage {
  enum class Kind : std::uint8_t { users, events, similar };
  Kind kind = Kind::users;
  std::vector<std::string> users;  ///< by id: the rank that holds one finds it
  std::vector<Event> events;       ///< as prepare_events leaves them
  std::uint32_t item = 0;          ///< similar
  std::uint32_t takes = 0;         ///< k
  bool exclude_seen = true;
  std::vector<std::uint32_t> excluded;  ///< items, ascending
  bool restricted = false;              ///< whether `allowed` counts
  std::vector<std::uint32_t> allowed;   ///< items, ascending
  std::vector<FilterTerm> filters;

  [[nodiscard]] std::size_t lists() const { return kind == Kind::users ? users.size() : 1; }
};

/// One thing that all ranks do together.
struct Command {
  enum class Kind : std::uint8_t {
    answer,     ///< messages: score a batch
    load,       ///< checkpoint: begin to load it beside the model in service
    load_step,  ///< go on with the load as far as all ranks are
    end         ///< leave
  };
  Kind kind = Kind::end;
  std::vector<ScoringMessage> messages;
  std::string checkpoint;
};

}  // namespace alsace::mpi

namespace boost::serialization {

template <class Archive>
void serialize(Archive& archive, alsace::Event& event, unsigned /*version*/) {
  archive& event.item& event.value;
}

template <class Archive>
void serialize(Archive& archive, alsace::FilterTerm& term, unsigned /*version*/) {
  archive& term.attribute& term.values;
}

template <class Archive>
void serialize(Archive& archive, alsace::mpi::ScoringMessage& message, unsigned /*version*/) {
  archive& message.kind& message.users& message.events& message.item& message.takes& message.exclude_seen;
  archive& message.excluded& message.restricted& message.allowed& message.filters;
}

template <class Archive>
void serialize(Archive& archive, alsace::mpi::Command& command, unsigned /*version*/) {
  archive& command.kind& command.messages& command.checkpoint;
}

}  // namespace boost::serialization
