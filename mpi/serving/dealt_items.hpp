#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/store/model_store.hpp"
#include "src/matrix.hpp"

namespace alsace::mpi {

/// Items are dealt to the ranks like cards: item i belongs to rank i mod R. So every rank has its share of those that
/// score highest, even where indices follow popularity, and a search is over on all of them at about the same time.
struct ItemDeal {
  int rank = 0;
  int ranks = 1;

  [[nodiscard]] int owner(std::uint64_t item) const {
    return static_cast<int>(item % static_cast<std::uint64_t>(ranks));
  }
  [[nodiscard]] bool owns(std::uint64_t item) const { return owner(item) == rank; }
  /// Of the items that can score highest, those that every rank holds: enough of them that most queries of a trained
  /// model find all they want there, so that one rank alone answers each, and that the thresholds they give leave ranks
  /// with parts of their own little that another's would have spared; few enough that one rank goes through them for a
  /// query in some 70 microseconds, while the others may wait. None where there is one rank.
  [[nodiscard]] std::size_t head_items() const { return ranks == 1 ? 0 : 16384; }
};

/// Items with their rows.
struct ItemRows {
  std::vector<std::uint32_t> ids;  ///< global indices, ascending
  FactorMatrix rows;               ///< ids.size() × K
  std::vector<double> biases;      ///< one an item for explicit with full biases, else empty
};

/// The items that one rank holds of a model. Each item is in the head or in the part of its owner.
struct DealtItems {
  ItemRows head;            ///< the same on all ranks
  ItemRows part;            ///< its own but for those of the head
  std::uint64_t dealt = 0;  ///< items of all parts
};

/// Deals items as they come, all of them by index on every rank: the ranks find the same head without a word. Memory:
/// what it gives. Cost: K + log(head) an item, and a row is copied for each that is of the head so far.
class ItemDealer {
 public:
  /// `items`: how many will come. `query_norm`: see IndexedItems. `head_items`: how many come first by reach_of, ties
  /// by index.
  ItemDealer(const ItemDeal& deal, std::uint64_t items, int factors, double query_norm, std::size_t head_items);

  /// The next items. `rows`: count × K; `biases`: one an item, or empty. `threads`: for their norms.
  void add(const float* rows, std::size_t count, std::span<const double> biases, int threads);
  /// When all have come.
  DealtItems finish() &&;

 private:
  /// What an item is chosen by, and where its row is.
  struct Candidate {
    double reach;
    std::uint32_t item;
    std::size_t slot;
    /// Who comes first.
    friend bool operator<(const Candidate& a, const Candidate& b) {
      return a.reach > b.reach || (a.reach == b.reach && a.item < b.item);
    }
  };

  /// Gives the item a place in the head while it is one of the first so far.
  void offer(double reach, std::uint32_t item, const float* row, const double* bias);

  ItemDeal deal_;
  double query_norm_;
  std::uint64_t next_ = 0;         // item
  std::size_t most_;               // items of the head
  std::vector<Candidate> chosen_;  // a heap, the last one in front
  ItemRows slots_;                 // of the chosen
  DealtItems dealt_;
};

/// Reads through all item rows of a verified checkpoint, a window at a time, and keeps those of this rank: no exchange,
/// and each rank reads every byte, most of them from the host's page cache. Not collective. Throws ErrorKind::storage.
/// With the reader's Gramians, items with biases are sorted by what usual users would score.
DealtItems read_dealt_items(const io::ModelReader& reader, const ItemDeal& deal, int threads);

/// √ of the mean squared length of a user's factors: where items have biases, how much lengths count beside them. 1
/// where `info` has no Gramians.
double usual_query_norm(const ModelInfo& info);

}  // namespace alsace::mpi
