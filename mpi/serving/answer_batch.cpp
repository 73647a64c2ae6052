#include "mpi/serving/answer_batch.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "io/clock.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/serving/merge_tree.hpp"
#include "mpi/serving/sharded_search.hpp"
#include "src/als/fold_in.hpp"
#include "src/data/sort_unique.hpp"
#include "src/error.hpp"
#include "src/evaluation/evaluate_users.hpp"

namespace alsace::mpi {

/// What one rank has of what a batch asks for.
struct Contribution {
  std::vector<std::uint32_t> users;  ///< places in AskedUsers of those who are here; below, one entry or row each
  std::vector<float> rows;
  std::vector<double> offsets;
  std::vector<std::uint64_t> seen_lengths;
  std::vector<std::uint32_t> seen;
  std::vector<float> event_rows;  ///< of its part of the items that events name, ascending
  std::vector<double> event_biases;
  std::vector<float> similar_rows;  ///< unit rows of its part of the items that `similar` asks for, ascending

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& users& rows& offsets& seen_lengths& seen& event_rows& event_biases& similar_rows;
  }
};

namespace {

using Messages = std::vector<ScoringMessage>;

/// The users that a batch asks for, each once however often: the same on all ranks. Views into the messages.
struct AskedUsers {
  struct User {
    std::string_view id;
    bool seen_needed = false;  ///< by one message or another
  };
  std::vector<User> users;
  std::vector<std::uint32_t> of_list;  ///< a place in `users` for every list; other kinds of lists have none
  static constexpr std::uint32_t none = 0xffffffffU;
};

AskedUsers asked_users(const Messages& messages) {
  AskedUsers asked;
  std::unordered_map<std::string_view, std::uint32_t> places;
  for (const ScoringMessage& message : messages) {
    if (message.kind != ScoringMessage::Kind::users) asked.of_list.push_back(AskedUsers::none);
    for (const std::string& id : message.users) {
      const auto place = places.emplace(id, static_cast<std::uint32_t>(asked.users.size())).first->second;
      if (place == asked.users.size()) asked.users.push_back({id});
      asked.users[place].seen_needed |= message.exclude_seen;
      asked.of_list.push_back(place);
    }
  }
  return asked;
}

/// The items whose rows a batch needs, ascending: the same on all ranks.
struct NeededItems {
  std::vector<std::uint32_t> events;
  std::vector<std::uint32_t> similar;
};

NeededItems needed_items(const Messages& messages) {
  NeededItems needed;
  for (const ScoringMessage& message : messages) {
    for (const Event& event : message.events) needed.events.push_back(event.item);
    if (message.kind == ScoringMessage::Kind::similar) needed.similar.push_back(message.item);
  }
  sort_unique(needed.events);
  sort_unique(needed.similar);
  return needed;
}

/// Appends the rows of those items that are in the index; and their biases, where it has any.
void append_own_items(const std::vector<std::uint32_t>& items, const ItemIndex& index, std::vector<float>& rows,
                      std::vector<double>* biases) {
  for (const std::uint32_t item : items) {
    const auto position = index.position_of(item);
    if (!position) continue;
    rows.insert(rows.end(), index.row(*position), index.row(*position) + index.factors());
    if (biases != nullptr && index.has_biases()) biases->push_back(index.bias(*position));
  }
}

void append_row(std::vector<float>& rows, const FactorMatrix& matrix, std::size_t row) {
  const auto width = static_cast<std::size_t>(matrix.cols());
  rows.insert(rows.end(), matrix.data() + row * width, matrix.data() + (row + 1) * width);
}

Contribution contribute(const RankModel& model, const AskedUsers& asked, const NeededItems& needed) {
  const ModelShard& shard = model.share.shard;
  const UsersView users = model.share.users_view();
  Contribution mine;
  for (std::uint32_t place = 0; place < asked.users.size(); ++place) {
    const auto user = model.user_ids.find(asked.users[place].id);
    if (!user) continue;
    mine.users.push_back(place);
    append_row(mine.rows, shard.user_factors, *user);
    if (users.has_biases) mine.offsets.push_back(score_offset(users, *user));
    const auto seen = asked.users[place].seen_needed ? users.seen(*user) : std::span<const std::uint32_t>();
    mine.seen_lengths.push_back(seen.size());
    mine.seen.insert(mine.seen.end(), seen.begin(), seen.end());
  }
  append_own_items(needed.events, model.items, mine.event_rows, &mine.event_biases);
  append_own_items(needed.similar, model.unit_items, mine.similar_rows, nullptr);
  return mine;
}

/// Where a list's query comes from, on every rank. Views into the contributions.
struct Source {
  const float* row = nullptr;  ///< null: nobody knows the user, or there are no events
  double offset = 0;
  std::span<const std::uint32_t> seen;
};

/// Everything that was gathered for a batch.
struct Gathered {
  std::vector<Contribution> contributions;
  std::vector<Source> sources;        ///< one a list; their rows lie in the members around
  std::vector<float> similar_rows;    ///< of needed.similar
  std::vector<FoldedUsers> folded;    ///< one a message of events
  std::vector<std::string> failures;  ///< one a message
};

void find_users(Gathered& gathered, const AskedUsers& asked, std::size_t width) {
  std::vector<Source> known(asked.users.size());
  for (const Contribution& from : gathered.contributions) {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < from.users.size(); ++i) {
      const auto length = static_cast<std::size_t>(from.seen_lengths[i]);
      known[from.users[i]] = {from.rows.data() + i * width, from.offsets.empty() ? 0.0 : from.offsets[i],
                              std::span(from.seen).subspan(seen, length)};
      seen += length;
    }
  }
  for (std::size_t list = 0; list < asked.of_list.size(); ++list) {
    if (asked.of_list[list] != AskedUsers::none) gathered.sources[list] = known[asked.of_list[list]];
  }
}

/// Calls `take` with each item's contribution, and its place among those that this rank contributed: ascending on each
/// rank, as the items are.
template <class Take>
void for_each_owner(const Gathered& gathered, const std::vector<std::uint32_t>& items, const ItemDeal& deal,
                    const Take& take) {
  std::vector<std::size_t> taken(gathered.contributions.size(), 0);
  for (const std::uint32_t item : items) {
    const auto owner = static_cast<std::size_t>(deal.owner(item));
    take(gathered.contributions[owner], taken[owner]++);
  }
}

GatheredItems gather_items(const Gathered& gathered, const ItemDeal& deal, std::vector<std::uint32_t> items,
                           std::size_t width) {
  GatheredItems all{std::move(items), {}, {}};
  all.factors.resize(static_cast<Eigen::Index>(all.items.size()), static_cast<Eigen::Index>(width));
  float* row = all.factors.data();
  for_each_owner(gathered, all.items, deal, [&](const Contribution& from, std::size_t place) {
    row = std::copy_n(from.event_rows.data() + place * width, width, row);
    if (!from.event_biases.empty()) all.biases.push_back(from.event_biases[place]);
  });
  return all;
}

SparseRows as_row(const std::vector<Event>& events, const std::vector<std::uint32_t>& items) {
  SparseRows row;
  for (const Event& event : events) {
    const auto at = std::lower_bound(items.begin(), items.end(), event.item);
    row.columns.push_back(static_cast<std::uint32_t>(at - items.begin()));
    row.values.push_back(event.value);
  }
  row.offsets.push_back(row.columns.size());
  return row;
}

/// Every rank solves every person: the same bits everywhere, and no further exchange.
void fold_in_events(Gathered& gathered, const KernelTable& kernels, const RankModel& model, const Messages& messages,
                    const NeededItems& needed) {
  const auto width = static_cast<std::size_t>(model.share.info.config.factors);
  const GatheredItems items = gather_items(gathered, model.deal, needed.events, width);
  gathered.folded.reserve(messages.size());  // sources point into it
  std::size_t list = 0;
  for (std::size_t i = 0; i < messages.size(); list += messages[i].lists(), ++i) {
    if (messages[i].events.empty()) continue;
    try {
      gathered.folded.push_back(fold_in(model.share.info, kernels, as_row(messages[i].events, items.items), items, 1,
                                        model.item_basis ? &*model.item_basis : nullptr));
    } catch (const Error& error) {
      gathered.failures[i] = error.what();
      continue;
    }
    const FoldedUsers& folded = gathered.folded.back();
    gathered.sources[list] = {folded.factors.data(), folded.offsets.empty() ? 0.0 : folded.offsets[0], {}};
  }
}

Gathered gather(const Communicator& comm, const KernelTable& kernels, const RankModel& model, const Messages& messages,
                std::size_t lists) {
  const auto width = static_cast<std::size_t>(model.share.info.config.factors);
  const NeededItems needed = needed_items(messages);
  Gathered gathered;
  const AskedUsers asked = asked_users(messages);
  gathered.contributions = all_gather_objects(comm, contribute(model, asked, needed));
  gathered.sources.resize(lists);
  gathered.failures.resize(messages.size());
  find_users(gathered, asked, width);
  if (!needed.events.empty()) fold_in_events(gathered, kernels, model, messages, needed);
  for_each_owner(gathered, needed.similar, model.deal, [&](const Contribution& from, std::size_t place) {
    const auto row = std::span(from.similar_rows).subspan(place * width, width);
    gathered.similar_rows.insert(gathered.similar_rows.end(), row.begin(), row.end());
  });
  std::size_t list = 0;
  for (const ScoringMessage& message : messages) {
    if (message.kind == ScoringMessage::Kind::similar) {
      const auto at = std::lower_bound(needed.similar.begin(), needed.similar.end(), message.item);
      gathered.sources[list].row =
          gathered.similar_rows.data() + static_cast<std::size_t>(at - needed.similar.begin()) * width;
    }
    list += message.lists();
  }
  return gathered;
}

/// What filters let pass, each combination once a batch.
class Filtered {
 public:
  explicit Filtered(const ItemAttributes& attributes) : attributes_(attributes) {}

  ItemSet items(const ScoringMessage& message) {
    if (message.restricted) {
      return attributes_.items_with(message.filters,
                                    std::make_shared<const std::vector<std::uint32_t>>(message.allowed));
    }
    const auto known =
        std::find_if(known_.begin(), known_.end(), [&](const auto& one) { return *one.first == message.filters; });
    if (known != known_.end()) return known->second;
    return known_.emplace_back(&message.filters, attributes_.items_with(message.filters, nullptr)).second;
  }

 private:
  const ItemAttributes& attributes_;
  std::vector<std::pair<const std::vector<FilterTerm>*, ItemSet>> known_;
};

/// Lists that are scored in one way, and where they stand in the batch.
struct Group {
  Queries queries;
  std::vector<std::uint32_t> places;

  void add(std::uint32_t place, const ScoringMessage& message, const Source& source, const float* row,
           const ItemSet& allowed, bool has_offset) {
    places.push_back(place);
    ++queries.count;
    queries.rows.insert(queries.rows.end(), row, row + queries.factors);
    if (has_offset) queries.offsets.push_back(source.offset);
    const auto seen = message.exclude_seen ? source.seen : std::span<const std::uint32_t>();
    std::set_union(seen.begin(), seen.end(), message.excluded.begin(), message.excluded.end(),
                   std::back_inserter(queries.excluded_items));
    queries.excluded_offsets.push_back(queries.excluded_items.size());
    queries.takes.push_back(message.takes);
    queries.allowed.push_back(allowed);
  }
};

struct Groups {
  Group factors;  ///< users and events, by x·y
  Group similar;  ///< by cosine
  Group popular;  ///< by training interactions
};

Groups group(const RankModel& model, const Messages& messages, const Gathered& gathered) {
  static constexpr float one = 1;  // the query whose scores are the training interactions
  Groups groups;
  groups.factors.queries.factors = groups.similar.queries.factors = model.share.info.config.factors;
  groups.popular.queries.factors = 1;
  Filtered filtered(model.attributes);
  std::uint32_t list = 0;
  for (const ScoringMessage& message : messages) {
    const ItemSet allowed = filtered.items(message);
    for (std::size_t j = 0; j < message.lists(); ++j, ++list) {
      const Source& source = gathered.sources[list];
      if (message.kind == ScoringMessage::Kind::similar) {
        groups.similar.add(list, message, source, source.row, allowed, false);
      } else if (source.row != nullptr) {
        groups.factors.add(list, message, source, source.row, allowed, model.share.has_biases());
      } else {
        groups.popular.add(list, message, source, &one, allowed, false);
      }
    }
  }
  return groups;
}

/// The lists of all groups from this rank's items, in the order of the batch. Collective.
RankedLists score(const Communicator& comm, const KernelTable& kernels, int threads, const RankModel& model,
                  const Groups& groups, std::size_t lists, std::size_t k) {
  std::vector<std::vector<ScoredItem>> places(lists);
  const auto search = [&](const Group& group, const ItemIndex& own) {
    if (group.queries.count == 0) return;  // on every rank
    const ShardedSearch sharded{kernels, own, model.deal.least(model.share.info.items), threads};
    const RankedLists found = search_own(comm, sharded, group.queries, k);
    for (std::size_t i = 0; i < found.size(); ++i) places[group.places[i]].assign(found[i].begin(), found[i].end());
  };
  search(groups.factors, model.items);
  search(groups.similar, model.unit_items);
  search(groups.popular, *model.popularity);
  RankedLists ordered;
  for (const auto& list : places) ordered.push_back(list);
  return ordered;
}

}  // namespace

BatchAnswer answer_batch(const Communicator& comm, const KernelTable& kernels, int threads, const RankModel& model,
                         const Messages& messages) {
  io::Stopwatch clock;
  std::vector<std::uint32_t> takes;
  for (const ScoringMessage& message : messages) takes.insert(takes.end(), message.lists(), message.takes);
  const std::size_t k = takes.empty() ? 0 : *std::max_element(takes.begin(), takes.end());

  Gathered gathered = gather(comm, kernels, model, messages, takes.size());
  const Groups groups = group(model, messages, gathered);
  BatchAnswer answer;
  answer.gather_seconds = clock.seconds();

  clock.restart();
  RankedLists mine = score(comm, kernels, threads, model, groups, takes.size(), k);
  answer.score_seconds = clock.seconds();

  clock.restart();
  answer.lists = merge_to_root(comm, std::move(mine), takes);
  answer.merge_seconds = clock.seconds();

  answer.popular.assign(takes.size(), 0);
  for (const std::uint32_t place : groups.popular.places) answer.popular[place] = 1;
  answer.failures = std::move(gathered.failures);
  return answer;
}

}  // namespace alsace::mpi
