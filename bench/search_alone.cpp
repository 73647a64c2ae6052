// The search of `alsace recommend --users all` and nothing else: every user of a model in the same batches with the
// same exclusions, already in memory; nothing is exchanged, formatted or written. What bench/recommend.py compares
// with.
#include <algorithm>
#include <ctime>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bench/support/program.hpp"
#include "io/clock.hpp"
#include "io/store/model_store.hpp"
#include "io/system.hpp"
#include "src/ranking/batch_size.hpp"
#include "src/ranking/index_search.hpp"

namespace {

using namespace alsace;

struct AloneOptions {
  std::string model;
  std::size_t k = 20;
  int threads = 1;
  std::string level;
};

ItemIndex read_index(const io::ModelReader& reader, int threads) {
  io::ModelReader::Parts items_alone;
  items_alone.user_ids = items_alone.user_factors = items_alone.seen = items_alone.item_ids = false;
  const ModelShard read = reader.read({}, {0, reader.info().items}, items_alone);
  IndexedItems items;
  items.rows = read.item_factors.data();
  items.count = static_cast<std::size_t>(read.item_factors.rows());
  items.factors = static_cast<int>(read.item_factors.cols());
  return {items, threads, io::advise_huge_pages};
}

/// Users [begin, end) of what was read, whose first is row 0.
Queries queries_of(const ModelShard& users, std::size_t begin, std::size_t end) {
  Queries queries;
  queries.count = end - begin;
  queries.factors = static_cast<int>(users.user_factors.cols());
  const auto rows =
      users.user_factors.middleRows(static_cast<Eigen::Index>(begin), static_cast<Eigen::Index>(end - begin));
  queries.rows.assign(rows.data(), rows.data() + rows.size());
  const auto offset = [&](std::size_t user) { return static_cast<std::ptrdiff_t>(users.seen_offsets[user]); };
  queries.excluded_items.assign(users.seen_items.begin() + offset(begin), users.seen_items.begin() + offset(end));
  for (std::size_t user = begin; user < end; ++user)
    queries.excluded_offsets.push_back(users.seen_offsets[user + 1] - users.seen_offsets[begin]);
  return queries;
}

/// What all users took.
struct Work {
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t entries = 0;
  SearchCounts counts;
};

void search(const ItemIndex& index, const Queries& queries, const AloneOptions& options, Work& work) {
  const KernelTable& kernels = kernel_table(options.level);
  const io::Stopwatch watch;
  const std::clock_t cpu = std::clock();
  IndexSearch search(kernels, index, queries, options.k, {options.threads});
  const RankedLists lists = search.finish();
  work.seconds += watch.seconds();
  work.cpu_seconds += static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  work.entries += lists.items.size();
  work.counts += search.counts();
}

int search_all(const AloneOptions& options) {
  constexpr std::uint64_t window = 65536;
  const io::ModelReader reader(io::resolve_model(options.model, "best"));
  const ModelInfo& info = reader.info();
  const ItemIndex index = read_index(reader, options.threads);
  const std::size_t together = batch_size(options.k, index.count());
  Work work;
  for (std::uint64_t first = 0; first < info.users; first += window) {
    io::ModelReader::Parts users_alone;
    users_alone.user_ids = users_alone.item_ids = users_alone.item_factors = false;
    const ModelShard users = reader.read({first, std::min(first + window, info.users)}, {}, users_alone);
    const auto count = static_cast<std::size_t>(users.user_factors.rows());
    for (std::size_t begin = 0; begin < count; begin += together)
      search(index, queries_of(users, begin, std::min(begin + together, count)), options, work);
  }
  const double pairs = static_cast<double>(info.users) * static_cast<double>(info.items);
  const nlohmann::ordered_json json{{"users", info.users},
                                    {"items", info.items},
                                    {"entries", work.entries},
                                    {"seconds", work.seconds},
                                    {"cpu_seconds", work.cpu_seconds},
                                    {"scanned_share", static_cast<double>(work.counts.scanned) / pairs},
                                    {"rescored_share", static_cast<double>(work.counts.rescored) / pairs}};
  fmt::print("{}\n", json.dump());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  bench::CommonOptions common;
  AloneOptions options;
  options.level = supported_kernel_levels().back();
  return bench::run_program(
      argc, argv, "The search of `alsace recommend --users all` alone; prints one JSON object. See bench/recommend.sh.",
      common,
      [&](CLI::App& app) {
        app.add_option("--model", options.model, "model directory")->required();
        app.add_option("--k", options.k, "items a user");
        app.add_option("--threads", options.threads, "threads of the search");
        app.add_option("--kernels", options.level, "kernel level");
      },
      [&] { return search_all(options); });
}
