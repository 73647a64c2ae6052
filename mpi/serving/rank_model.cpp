#include "mpi/serving/rank_model.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

#include <boost/serialization/string.hpp>
#include <unistd.h>

#include "io/clock.hpp"
#include "io/readers/item_info.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/comm/stored_files.hpp"
#include "src/als/solver_choice.hpp"

namespace alsace::mpi {

/// A RankShare as it travels.
struct ShareMessage {
  std::string host;
  RowRange users;
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& host& users& items& bytes;
  }
};

namespace {

constexpr std::size_t most_values = 1000;
constexpr std::size_t most_examples = 8;

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

SortedIds read_item_ids(const io::ModelReader& reader) {
  io::ModelReader::Parts ids;
  ids.user_ids = ids.user_factors = ids.seen = ids.item_factors = false;
  return SortedIds(reader.read({}, {0, reader.info().items}, ids).item_ids);
}

/// What rank 0 gathers of all items while it reads the file.
class CatalogInfo {
 public:
  explicit CatalogInfo(io::ServedModel& catalog) : catalog_(catalog), titles_(catalog.items.size()) {}

  void add(std::uint32_t item, const io::ItemInfo& info, const std::vector<std::string>& attributes) {
    if (titles_[item].empty()) titles_[item] = info.title;
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      auto& values = values_[attributes[i]];
      for (const std::string_view value : io::values_of_attribute(info.attributes[i])) {
        if (values.size() < most_values) values.emplace(value);
      }
    }
  }

  void finish(const std::vector<std::string>& attributes) {
    for (const std::string& title : titles_) catalog_.titles.push_back(title);
    for (const std::string& name : attributes) {
      catalog_.attributes.push_back({name, {values_[name].begin(), values_[name].end()}});
    }
  }

 private:
  io::ServedModel& catalog_;
  std::vector<std::string> titles_;  // an item that comes twice keeps the first
  std::map<std::string, std::set<std::string, std::less<>>> values_;
};

/// `ids`: of all items.
void read_item_info(const std::filesystem::path& path, const SortedIds& ids, RankModel& model) {
  io::ItemInfoFile file(path);
  std::optional<CatalogInfo> all;
  if (model.catalog) all.emplace(*model.catalog);
  while (const io::ItemInfo* info = file.next()) {
    const auto found = ids.find(info->item);
    if (!found) continue;  // the file may know more items than the model
    const auto item = static_cast<std::uint32_t>(*found);
    if (all) all->add(item, *info, file.attributes());
    if (!model.items.find(item)) continue;
    for (std::size_t i = 0; i < info->attributes.size(); ++i) {
      for (const std::string_view value : io::values_of_attribute(info->attributes[i])) {
        model.attributes.add(file.attributes()[i], value, item);
      }
    }
  }
  model.attributes.seal();
  if (all) all->finish(file.attributes());
}

std::uint64_t bytes_of(const RankModel& model) {
  const ModelShard& shard = model.share.shard;
  return static_cast<std::uint64_t>(shard.user_factors.size()) * sizeof(float) +
         shard.user_biases.size() * sizeof(double) + shard.seen_offsets.size() * sizeof(std::uint64_t) +
         shard.seen_items.size() * sizeof(std::uint32_t) + model.items.bytes() + model.unit_items.bytes() +
         model.popularity->bytes();
}

}  // namespace

std::unique_ptr<RankModel> read_rank_model(const std::filesystem::path& checkpoint,
                                           const std::filesystem::path& item_info, int rank, int ranks) {
  io::ModelReader reader(checkpoint);
  reader.read_gramians();  // fold-in
  io::ModelReader::Parts parts;
  parts.item_ids = parts.item_factors = false;
  const ItemDeal deal{rank, ranks};
  const DealtItems items = read_dealt_items(reader, deal, 1);
  // One thread: others are busy with answers from the model before.
  auto model = std::make_unique<RankModel>(RankModel{read_share(reader, rank, ranks, parts),
                                                     {},
                                                     index_items(items, usual_query_norm(reader.info()), 1),
                                                     index_cosines(items, 1),
                                                     {},
                                                     {}});
  ModelShard& shard = model->share.shard;
  model->user_ids = SortedIds(std::exchange(shard.user_ids, {}));
  if (reads_basis(model->share.info.config)) model->item_basis = shared_basis(model->share.info.item_gramian);

  if (rank == 0) {
    model->catalog = std::make_shared<io::ServedModel>();
    model->catalog->name = checkpoint.filename().string();
    model->catalog->path = checkpoint.string();
    model->catalog->info = model->share.info;
    model->catalog->items = read_item_ids(reader);
    for (std::size_t user = 0; user < std::min(most_examples, model->user_ids.size()); ++user) {
      model->catalog->example_users.emplace_back(model->user_ids[user]);
    }
    if (!item_info.empty()) read_item_info(item_info, model->catalog->items, *model);
  } else if (!item_info.empty()) {
    read_item_info(item_info, read_item_ids(reader), *model);
  }
  return model;
}

void complete(const Communicator& comm, RankModel& model) {
  const ModelShard& shard = model.share.shard;
  std::vector<std::uint32_t> counts(static_cast<std::size_t>(model.share.info.items), 0);
  for (const std::uint32_t item : shard.seen_items) ++counts[item];
  all_reduce_sum(comm, std::span(counts));
  model.popularity.emplace(index_counts(counts, model.items));

  const auto shares =
      all_gather_objects(comm, ShareMessage{host_name(), shard.users, model.items.count(), bytes_of(model)});
  if (!model.catalog) return;
  model.catalog->loaded_at = io::utc_now();
  for (const ShareMessage& share : shares) {
    model.catalog->ranks.push_back({share.host, share.users, share.items, share.bytes});
  }
}

}  // namespace alsace::mpi
