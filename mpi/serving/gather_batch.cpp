#include "mpi/serving/gather_batch.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <unordered_map>

#include "io/store/model_manifest.hpp"
#include "mpi/comm/collectives.hpp"
#include "src/data/sort_unique.hpp"
#include "src/evaluation/evaluate_users.hpp"

namespace alsace::mpi {
namespace {

template <class From, class To>
void copy_bits(const From* from, std::size_t count, To* to) {
  std::memcpy(to, from, count * sizeof(From));
}

constexpr std::size_t number_words = sizeof(double) / sizeof(std::uint32_t);

/// The rows of a batch as words, zero but for what a rank has. Put together by a bitwise or of all ranks' words, they
/// keep their bits, and nobody need know who has what. A row is K factors, and then a number: a user's offset, an
/// item's bias. A user has two words more.
class SharedRows {
 public:
  SharedRows(const BatchNeeds& needs, std::size_t factors)
      : factors_(factors),
        events_(needs.users.size() * user_width()),
        similar_(events_ + needs.events.size() * item_width()),
        words_(similar_ + needs.similar.size() * item_width()) {}

  [[nodiscard]] std::uint32_t* user(std::size_t i) { return words_.data() + i * user_width(); }
  [[nodiscard]] std::uint32_t* event(std::size_t i) { return words_.data() + events_ + i * item_width(); }
  [[nodiscard]] std::uint32_t* similar(std::size_t i) { return words_.data() + similar_ + i * item_width(); }

  void put(const float* factors, double number, std::uint32_t* row) const {
    copy_bits(factors, factors_, row);
    copy_bits(&number, 1, row + factors_);
  }
  void get(const std::uint32_t* row, float* factors, double& number) const {
    copy_bits(row, factors_, factors);
    copy_bits(row + factors_, number_words, &number);
  }
  /// The rank that has a user, plus one; zero where none has.
  [[nodiscard]] std::uint32_t& holder(std::size_t i) { return user(i)[item_width()]; }
  /// How many seen items it sends.
  [[nodiscard]] std::uint32_t& seen_length(std::size_t i) { return user(i)[item_width() + 1]; }

  /// Collective.
  void complete(const Communicator& comm) { all_reduce_or(comm, std::span(words_)); }

 private:
  [[nodiscard]] std::size_t item_width() const { return factors_ + number_words; }
  [[nodiscard]] std::size_t user_width() const { return item_width() + 2; }

  std::size_t factors_;
  std::size_t events_;
  std::size_t similar_;
  std::vector<std::uint32_t> words_;
};

/// Puts in what this rank has; gives the seen items of its users, one after the other.
std::vector<std::uint32_t> contribute(const RankModel& model, const BatchNeeds& needs, int rank, SharedRows& shared) {
  const UsersView users = model.share.users_view();
  const auto width = static_cast<std::size_t>(users.factors);
  std::vector<std::uint32_t> all_seen;
  for (std::size_t i = 0; i < needs.users.size(); ++i) {
    const auto user = model.user_ids.find(needs.users[i].id);
    if (!user) continue;
    const auto seen = needs.users[i].seen ? users.seen(*user) : std::span<const std::uint32_t>();
    shared.put(users.rows + *user * width, score_offset(users, *user), shared.user(i));
    shared.holder(i) = static_cast<std::uint32_t>(rank) + 1;
    shared.seen_length(i) = static_cast<std::uint32_t>(seen.size());
    all_seen.insert(all_seen.end(), seen.begin(), seen.end());
  }
  const auto put_item = [&](const ShardedItems& items, std::uint32_t item, std::uint32_t* row) {
    if (const auto found = items.find(item)) shared.put(found->row().data(), found->bias(), row);
  };
  for (std::size_t i = 0; i < needs.events.size(); ++i) put_item(model.items, needs.events[i], shared.event(i));
  for (std::size_t i = 0; i < needs.similar.size(); ++i)
    put_item(model.unit_items, needs.similar[i], shared.similar(i));
  return all_seen;
}

/// Gives every user their seen items, of which each rank sends those of the users that it has. Collective.
void gather_seen(const Communicator& comm, const std::vector<std::uint32_t>& own, SharedRows& shared, BatchRows& all) {
  std::vector<std::uint64_t> lengths(static_cast<std::size_t>(comm.size()) + 1, 0);  // by holder, of whom 0 is nobody
  for (std::size_t i = 0; i < all.seen.size(); ++i) lengths[shared.holder(i)] += shared.seen_length(i);
  all.seen_items = all_gather_vector<std::uint32_t>(comm, own, std::span(lengths).subspan(1));
  std::vector<std::uint64_t> next(lengths.size(), 0);
  std::exclusive_scan(lengths.begin(), lengths.end(), next.begin(), std::uint64_t{0});
  for (std::size_t i = 0; i < all.seen.size(); ++i) {
    std::uint64_t& begin = next[shared.holder(i)];
    all.seen[i] = std::span(all.seen_items).subspan(static_cast<std::size_t>(begin), shared.seen_length(i));
    begin += shared.seen_length(i);
  }
}

}  // namespace

BatchNeeds needs_of(const std::vector<ScoringMessage>& messages) {
  BatchNeeds needs;
  std::unordered_map<std::string_view, std::uint32_t> places;
  for (const ScoringMessage& message : messages) {
    if (message.kind != ScoringMessage::Kind::users) needs.user_of_list.push_back(BatchNeeds::none);
    for (const std::string& id : message.users) {
      const auto place = places.emplace(id, static_cast<std::uint32_t>(needs.users.size())).first->second;
      if (place == needs.users.size()) needs.users.push_back({id});
      needs.users[place].seen |= message.exclude_seen;
      needs.user_of_list.push_back(place);
    }
    for (const Event& event : message.events) needs.events.push_back(event.item);
    if (message.kind == ScoringMessage::Kind::similar) needs.similar.push_back(message.item);
  }
  sort_unique(needs.events);
  sort_unique(needs.similar);
  return needs;
}

BatchRows gather_batch(const Communicator& comm, const RankModel& model, const BatchNeeds& needs) {
  const auto width = static_cast<std::size_t>(model.share.info.config.factors);
  const auto factors = static_cast<Eigen::Index>(width);
  SharedRows shared(needs, width);
  const std::vector<std::uint32_t> own_seen = contribute(model, needs, comm.rank(), shared);
  shared.complete(comm);

  BatchRows all;
  all.known.resize(needs.users.size());
  all.users.resize(static_cast<Eigen::Index>(needs.users.size()), factors);
  all.offsets.resize(needs.users.size());
  all.seen.resize(needs.users.size());
  for (std::size_t i = 0; i < needs.users.size(); ++i) {
    all.known[i] = shared.holder(i) > 0 ? 1 : 0;
    shared.get(shared.user(i), all.users.data() + i * width, all.offsets[i]);
  }
  gather_seen(comm, own_seen, shared, all);

  all.events.items = needs.events;
  all.events.factors.resize(static_cast<Eigen::Index>(needs.events.size()), factors);
  all.events.biases.resize(needs.events.size());
  for (std::size_t i = 0; i < needs.events.size(); ++i)
    shared.get(shared.event(i), all.events.factors.data() + i * width, all.events.biases[i]);
  if (!io::has_biases(model.share.info.config)) all.events.biases.clear();

  all.similar.resize(static_cast<Eigen::Index>(needs.similar.size()), factors);
  double no_bias = 0;
  for (std::size_t i = 0; i < needs.similar.size(); ++i)
    shared.get(shared.similar(i), all.similar.data() + i * width, no_bias);
  return all;
}

}  // namespace alsace::mpi
