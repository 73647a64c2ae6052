#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "src/kernels/kernel_table.hpp"
#include "src/kernels/scan_kernels.hpp"
#include "src/ranking/large_array.hpp"
#include "src/ranking/principal_basis.hpp"
#include "src/ranking/quantization.hpp"

namespace alsace {

/// Items to be indexed. Does not own.
struct IndexedItems {
  const float* rows = nullptr;  ///< count × factors
  std::size_t count = 0;
  int factors = 0;                     ///< K
  std::span<const std::uint32_t> ids;  ///< global indices, each once, in any order; empty: 0, 1, 2, …
  std::span<const double> biases;      ///< one an item, or empty
  double query_norm = 1;  ///< with biases: the usual norm of a query, by which items are sorted; any value is right
  /// How many others are searched before these: where thresholds are known, the first chunks need not be short.
  std::size_t before = 0;
};

/// What each item can score at most, but for a query's own norm: query_norm · ‖y‖ + bias. An index has the largest in
/// front. Ranks that hold parts of the items choose by it the few that they search first and all alike.
std::vector<double> reach_of(const IndexedItems& items, int threads);

/// Items as exact top-K search wants them: sorted so that those that can score highest come first, with int8 codes and
/// what bounds their error (src/ranking/quantization.hpp). A position is the place of an item in that order.
///
/// Memory, bytes an item: 4 K for the rows, which are copied in that order (the source can go), K rounded up to 16 for
/// the codes, 9 for ids and bounds, and 12 more with biases; where items lie near a subspace (principal_basis.hpp), its
/// dimension once more for the principal parts, at most 5/8 K. Building takes three passes over the rows and a sort;
/// with principal parts one pass more and 2 K² products an item.
class ItemIndex {
 public:
  /// Consecutive positions that are scanned before thresholds are looked at again.
  struct Chunk {
    std::size_t begin = 0;
    std::size_t end = 0;
    double most_norm = 0;  ///< of these items and all behind them
    double most_bias = 0;
  };

  /// `advice`: called with the memory of rows and codes before it is touched; may be null.
  ItemIndex(const IndexedItems& items, int threads, PageAdvice advice = nullptr);

  [[nodiscard]] std::size_t count() const { return ids_.size(); }
  [[nodiscard]] int factors() const { return factors_; }
  /// Of memory, without what the object itself takes.
  [[nodiscard]] std::size_t bytes() const;
  /// By position: 16-fold groups begin at multiples of scan_group.
  [[nodiscard]] const float* row(std::size_t position) const { return rows_.data() + position * width(); }
  [[nodiscard]] std::uint32_t id(std::size_t position) const { return ids_[position]; }
  [[nodiscard]] double bias(std::size_t position) const { return biases_.empty() ? 0 : biases_[position]; }
  [[nodiscard]] bool has_biases() const { return !biases_.empty(); }
  /// Where an item is; nothing when it is not in this index. O(log count).
  [[nodiscard]] std::optional<std::size_t> position_of(std::uint32_t id) const;
  /// All positions, ascending by id.
  [[nodiscard]] std::span<const std::uint32_t> by_id() const { return by_id_; }
  /// How many ids there are from the least to the greatest, with those that are not here.
  [[nodiscard]] std::size_t id_range() const;

  /// What scans read from the group of a position on; the positions of a chunk are whole groups but for the last.
  [[nodiscard]] ScanItems scan_items(std::size_t position, bool biased) const;
  /// The same for a scan of principal parts alone, where basis() is not empty.
  [[nodiscard]] ScanItems scan_principal(std::size_t position, bool biased) const;
  [[nodiscard]] const ItemUnits& units() const { return units_; }
  /// The coordinates of the codes.
  [[nodiscard]] const PrincipalBasis& basis() const { return basis_; }
  /// They cover all positions, in order, short ones first.
  [[nodiscard]] std::span<const Chunk> chunks() const { return chunks_; }
  /// Items of the longest chunk.
  [[nodiscard]] std::size_t longest_chunk() const { return longest_chunk_; }

 private:
  /// Rows in the order of positions, and which they are in the source.
  struct Arranged {
    std::vector<std::uint32_t> order;
    LargeArray<float> rows;
    float largest;  ///< magnitude
  };
  static Arranged arrange(const IndexedItems& items, int threads, PageAdvice advice);
  ItemIndex(const IndexedItems& items, Arranged arranged, int threads, PageAdvice advice);

  [[nodiscard]] std::size_t width() const { return static_cast<std::size_t>(factors_); }
  /// Steps of a scan of principal parts; 0 where there are none.
  [[nodiscard]] std::size_t principal_steps() const { return basis_.empty() ? 0 : scan_steps(basis_.principal()); }
  /// Rows and their order, window by window.
  void sort_by_tails(const KernelTable& kernels, std::span<std::uint32_t> order, int threads);
  /// The rows from a position on, as many as `order` has. `copy`: room for them.
  void sort_window_by_tails(const KernelTable& kernels, std::size_t begin, std::span<std::uint32_t> order, float* copy);
  void quantize_group(const KernelTable& kernels, std::size_t group, std::span<double> norms);
  void cut_into_chunks(std::span<const double> norms, std::size_t before);

  int factors_;
  LargeArray<float> rows_;
  PrincipalBasis basis_;
  std::size_t steps_;
  LargeArray<std::uint8_t> codes_;
  LargeArray<std::uint8_t> principal_codes_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::uint32_t> by_id_;  // positions
  std::vector<double> biases_;
  ItemUnits units_;
  std::vector<float> inverse_scales_;  // these four a group
  std::vector<float> errors_;
  std::vector<float> lengths_;
  std::vector<float> tail_lengths_;
  std::vector<float> scan_biases_;  // 16 a group
  std::vector<Chunk> chunks_;
  std::size_t longest_chunk_ = 0;
};

}  // namespace alsace
