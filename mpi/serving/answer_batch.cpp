#include "mpi/serving/answer_batch.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "io/clock.hpp"
#include "mpi/serving/gather_batch.hpp"
#include "mpi/serving/merge_tree.hpp"
#include "mpi/serving/sharded_search.hpp"
#include "src/als/fold_in.hpp"
#include "src/error.hpp"

namespace alsace::mpi {

namespace {

using Messages = std::vector<ScoringMessage>;

/// Where a list's query comes from, on every rank. Views into what was gathered.
struct Source {
  const float* row = nullptr;  ///< null: nobody knows the user, or there are no events
  double offset = 0;
  std::span<const std::uint32_t> seen;
};

/// Everything that queries are made of.
struct Gathered {
  BatchRows rows;
  std::vector<FoldedUsers> folded;    ///< one a message of events
  std::vector<Source> sources;        ///< one a list
  std::vector<std::string> failures;  ///< one a message
};

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
void fold_in_events(Gathered& gathered, const KernelTable& kernels, const RankModel& model, const Messages& messages) {
  const GatheredItems& items = gathered.rows.events;
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

Source source_of_user(const BatchRows& rows, std::uint32_t user) {
  if (rows.known[user] == 0) return {};
  return {rows.users.row(user).data(), rows.offsets[user], rows.seen[user]};
}

Gathered gather(const Communicator& comm, const KernelTable& kernels, const RankModel& model,
                const Messages& messages) {
  const BatchNeeds needs = needs_of(messages);
  Gathered gathered;
  gathered.rows = gather_batch(comm, model, needs);
  gathered.failures.resize(messages.size());
  for (const std::uint32_t user : needs.user_of_list)
    gathered.sources.push_back(user == BatchNeeds::none ? Source{} : source_of_user(gathered.rows, user));
  fold_in_events(gathered, kernels, model, messages);
  std::size_t list = 0;
  for (const ScoringMessage& message : messages) {
    if (message.kind == ScoringMessage::Kind::similar) {
      const auto at = std::lower_bound(needs.similar.begin(), needs.similar.end(), message.item);
      gathered.sources[list].row = gathered.rows.similar.row(at - needs.similar.begin()).data();
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
  const auto search = [&](const Group& group, const ShardedItems& items) {
    if (group.queries.count == 0) return;  // on every rank
    const RankedLists found = search_own(comm, {kernels, items, threads}, group.queries, k);
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

  Gathered gathered = gather(comm, kernels, model, messages);
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
