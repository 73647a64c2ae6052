// Exact top-K search in an index of int8 codes, full scan and with pruning, beside Faiss' exact search, the time to
// read the codes once, and the int8 instructions that the scan is made of.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "bench/machine/loops.hpp"
#include "bench/support/factor_sets.hpp"
#include "bench/support/interactions.hpp"
#include "bench/support/program.hpp"
#include "bench/support/report.hpp"
#include "io/clock.hpp"
#include "io/system.hpp"
#include "src/ranking/index_search.hpp"
#ifdef ALSACE_FAISS
#include "bench/yardstick/faiss_flat.hpp"
#endif

namespace {

using namespace alsace;
using namespace alsace::bench;

volatile std::uint64_t result_of_reads;
volatile float result_of_loops;

struct TopKOptions {
  std::size_t items = 1'000'000;
  std::size_t users = 4096;
  int factors = 128;
  std::vector<std::size_t> lengths{10, 100};
  std::vector<std::string> kinds{"f", "n"};
  std::string level;
  std::string directory;
  int threads = 1;
};

Queries some_queries(const FactorMatrix& users, std::size_t first, std::size_t count) {
  Queries queries;
  queries.count = count;
  queries.factors = static_cast<int>(users.cols());
  const auto rows = users.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(count));
  queries.rows.assign(rows.data(), rows.data() + rows.size());
  queries.excluded_offsets.assign(count + 1, 0);
  return queries;
}

/// The lists that a run left behind, and what it took.
struct Outcome {
  RankedLists lists;
  SearchCounts counts;
};

/// Users that are asked for one after another in batches, and everything that answers them.
class Comparison {
 public:
  Comparison(const FactorSet& set, const ItemIndex& index, const KernelTable& kernels, const TopKOptions& options,
             std::size_t batch, std::size_t k)
      : set_(set), index_(index), kernels_(kernels), options_(options), batch_(batch), k_(k) {}

  /// `queries`: of one run, so many that it takes some 100 ms.
  void add_index(const std::string& name, std::size_t queries, bool prune) {
    const std::vector<Queries> batches = cut(queries);
    Entry& entry = add(name, batches.size() * batch_);
    entry.contestant.run = [this, batches, prune, &outcome = *entry.outcome] {
      outcome = {};
      for (const Queries& batch : batches) {
        IndexSearch search(kernels_, index_, batch, k_, {options_.threads, prune});
        const RankedLists lists = search.finish();
        outcome.counts += search.counts();
        for (std::size_t q = 0; q < lists.size(); ++q) outcome.lists.push_back(lists[q]);
      }
    };
  }

#ifdef ALSACE_FAISS
  void add_faiss(const FaissFlat& faiss, std::size_t queries) {
    const std::vector<Queries> batches = cut(queries);
    Entry& entry = add(faiss_name, batches.size() * batch_);
    entry.contestant.run = [this, batches, &faiss, &outcome = *entry.outcome] {
      outcome = {};
      std::vector<float> scores(batch_ * k_);
      std::vector<std::int64_t> ids(batch_ * k_);
      for (const Queries& batch : batches) {
        faiss.search(batch.rows.data(), batch_, k_, scores.data(), ids.data());
        for (std::size_t q = 0; q < batch_; ++q) {
          std::vector<ScoredItem> list;
          for (std::size_t j = q * k_; j < (q + 1) * k_; ++j)
            list.push_back({scores[j], static_cast<std::uint32_t>(ids[j])});
          outcome.lists.push_back(list);
        }
      }
    };
  }
#endif

  /// Anything else that takes part, once a query.
  void add_limit(const std::string& name, std::size_t times, const std::function<void()>& once) {
    Entry& entry = add(name, times);
    entry.contestant.run = [times, once] {
      for (std::size_t i = 0; i < times; ++i) once();
    };
  }

  void measure(Report& report, int rounds, const std::string& limit) {
    std::vector<Contestant> contestants;
    for (const auto& entry : entries_) contestants.push_back(entry->contestant);
    std::vector<Timings> all = take_turns(contestants, rounds);
    for (std::size_t e = 0; e < all.size(); ++e)
      for (double& seconds : all[e].seconds) seconds /= static_cast<double>(entries_[e]->queries);
    const auto named = [&](const std::string& name) {
      return std::find_if(all.begin(), all.end(), [&](const Timings& timings) { return timings.name == name; });
    };
    for (std::size_t e = 0; e < all.size(); ++e) {
      const Outcome& outcome = *entries_[e]->outcome;
      Row row;
      row.text("search", all[e].name).spread("ms a query", scaled(all[e].summary(), 1e3), 4);
      row.number("queries/s", 1 / all[e].summary().median, 0);
      row.number("CPU ms", summarize(all[e].cpu_seconds).median * 1e3 / static_cast<double>(entries_[e]->queries), 4);
      if (const auto faiss = named(faiss_name); faiss != all.end()) row.spread("times Faiss", ratio(*faiss, all[e]), 1);
      row.spread("of " + limit, ratio(*named(limit), all[e]), 2);
      const double pairs = static_cast<double>(entries_[e]->queries * index_.count());
      row.number("scanned %", 100 * static_cast<double>(outcome.counts.scanned) / pairs, 3);
      row.number("rescored %", 100 * static_cast<double>(outcome.counts.rescored) / pairs, 4);
      row.probe(all[e]);
      report.add(std::move(row));
    }
    verify(report);
  }

  static constexpr const char* faiss_name = "Faiss IndexFlatIP";

 private:
  struct Entry {
    std::size_t queries;
    Contestant contestant;
    std::unique_ptr<Outcome> outcome = std::make_unique<Outcome>();
  };

  Entry& add(const std::string& name, std::size_t queries) {
    entries_.push_back(std::make_unique<Entry>());
    entries_.back()->queries = queries;
    entries_.back()->contestant.name = name;
    return *entries_.back();
  }

  [[nodiscard]] std::vector<Queries> cut(std::size_t queries) const {
    const auto users = static_cast<std::size_t>(set_.users.rows());
    std::vector<Queries> batches;
    for (std::size_t first = 0; first < std::min(queries, users / batch_ * batch_); first += batch_)
      batches.push_back(some_queries(set_.users, first, batch_));
    return batches;
  }

  /// The first lists are brute force's, bit for bit; Faiss' have the same items but where scores are as good as equal.
  void verify(Report& report) const {
    const std::size_t checked = 32;
    const Queries queries = some_queries(set_.users, 0, checked);
    const ItemBlock block{set_.items.data(), {}, 0, static_cast<std::size_t>(set_.items.rows())};
    const RankedLists expected = top_k_of_block(kernels_, queries, block, k_, 2);
    for (const auto& entry : entries_) {
      const RankedLists& lists = entry->outcome->lists;
      if (lists.size() == 0) continue;
      const bool is_faiss = entry->contestant.name == faiss_name;
      std::size_t wrong = 0;
      for (std::size_t q = 0; q < std::min(checked, lists.size()); ++q) {
        const auto same = [&](const ScoredItem& a, const ScoredItem& b) {
          return is_faiss ? a.item == b.item || std::abs(a.score - b.score) <= 1e-5F * std::abs(b.score) : a == b;
        };
        if (!std::equal(lists[q].begin(), lists[q].end(), expected[q].begin(), expected[q].end(), same)) ++wrong;
      }
      report.verify(wrong == 0,
                    fmt::format("{}, {} at a time, top-{}: {} of {} lists differ from brute force",
                                entry->contestant.name, batch_, k_, wrong, std::min(checked, lists.size())));
    }
  }

  const FactorSet& set_;
  const ItemIndex& index_;
  const KernelTable& kernels_;
  const TopKOptions& options_;
  std::size_t batch_;
  std::size_t k_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

FactorSet factor_set(const std::string& kind, const TopKOptions& options) {
  const std::string file = fmt::format("{}/{}-{}x{}.f32", options.directory, kind, options.items, options.factors);
  const auto users = static_cast<Eigen::Index>(options.users);
  FactorSet set{kind, FactorMatrix(static_cast<Eigen::Index>(options.items), options.factors),
                FactorMatrix(users, options.factors)};
  if (!options.directory.empty() && load(file, set)) return set;
  fmt::print(stderr, "  making the factors {}\n", kind);
  set = kind == "f" ? narrow_norms(options.items, options.users, options.factors)
                    : trained_norms(options.items, options.users, options.factors, 2);
  if (!options.directory.empty()) save(file, set);
  return set;
}

/// The fastest int8 instruction of this processor, run for as long as one query's products need.
std::optional<PeakLoop> int8_peak() {
  std::optional<PeakLoop> fastest;
  for (const PeakLoop& loop : peak_loops())
    if (loop.group == "int8") fastest = loop;
  return fastest;
}

void compare(Report& report, const CommonOptions& common, const TopKOptions& options, const std::string& kind) {
  const FactorSet set = factor_set(kind, options);
  const KernelTable& kernels = kernel_table(options.level);
  const io::Stopwatch watch;
  const ItemIndex index({set.items.data(), options.items, options.factors, {}, {}, 1}, options.threads,
                        io::advise_huge_pages);
  const double built = watch.seconds();
#ifdef ALSACE_FAISS
  const FaissFlat faiss(set.items);
#endif
  const std::size_t code_bytes = scan_steps(options.factors) * 4 * options.items / 256 * 256;
  const auto peak = int8_peak();
  const double operations = 2.0 * static_cast<double>(options.items) * options.factors;
  for (const std::size_t k : options.lengths)
    for (const std::size_t batch : {std::size_t{1}, std::size_t{256}}) {
      report.section(fmt::format("{}: {} items, K = {}, top-{}, {} at a time, {} thread{}", kind,
                                 with_commas(options.items), options.factors, k, batch, options.threads,
                                 options.threads > 1 ? "s" : ""));
      Comparison comparison(set, index, kernels, options, batch, k);
      const bool single = batch == 1;
      comparison.add_index("alsace, full scan", single ? 32 : 256, false);
      comparison.add_index("alsace, pruned", single ? 256 : 1024, true);
#ifdef ALSACE_FAISS
      comparison.add_faiss(faiss, single ? 3 : 256);
#endif
      const std::uint8_t* const codes = index.scan_items(0, false).codes;
      comparison.add_limit("reading the codes", 32, [=] { result_of_reads = read_once(codes, code_bytes); });
      if (peak.has_value())
        comparison.add_limit("int8 peak", single ? 32 : 64, [=] {
          result_of_loops = peak->run(static_cast<std::size_t>(operations / peak->operations));
        });
      comparison.measure(report, common.rounds, single || !peak.has_value() ? "reading the codes" : "int8 peak");
      if (peak.has_value()) report.note(fmt::format("int8 peak: {}.", peak->name));
    }
  report.note(fmt::format("The index was built in {:.2f} s.", built));
}

/// Debian's OpenBLAS takes new processors for old ones; it is told when it is loaded.
void tell_openblas(char** argv) {
#ifdef ALSACE_X86_KERNELS
  const char* const type = __builtin_cpu_supports("avx512f") ? "SkylakeX" : "Haswell";
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr) return;
  setenv("OPENBLAS_CORETYPE", type, 1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  execv("/proc/self/exe", argv);
#else
  (void)argv;
#endif
}

}  // namespace

int main(int argc, char** argv) {
  tell_openblas(argv);
  CommonOptions common;
  TopKOptions options;
  options.level = supported_kernel_levels().back();
  return run_program(
      argc, argv,
      "Exact top-K search in an index of int8 codes beside Faiss, the time to read the codes, and the int8 peak.",
      common,
      [&](CLI::App& app) {
        app.add_option("--items", options.items, "items");
        app.add_option("--factors", options.factors, "K");
        app.add_option("--top", options.lengths, "items a query, several with commas")->delimiter(',');
        app.add_option("--kinds", options.kinds, "factor sets: f (narrow norms), n (trained)")->delimiter(',');
        app.add_option("--kernels", options.level, "kernel level");
        app.add_option("--threads", options.threads, "threads of a search");
        app.add_option("--directory", options.directory, "where factor sets are kept from run to run; empty: nowhere");
      },
      [&] {
        if (common.quick) {
          options.items = 20'000;
          options.users = 512;
        }
        Report report("top_k", 1, options.level);
        for (const std::string& kind : options.kinds) compare(report, common, options, kind);
        return report.finish(common.json);
      });
}
