#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "src/matrix.hpp"

namespace alsace::bench {

/// Faiss IndexFlatIP on one thread: exact inner products in fp32 by the BLAS that Faiss was linked with.
class FaissFlat {
 public:
  explicit FaissFlat(const FactorMatrix& items);
  ~FaissFlat();
  FaissFlat(const FaissFlat&) = delete;
  FaissFlat& operator=(const FaissFlat&) = delete;

  /// ids and scores: count × k.
  void search(const float* queries, std::size_t count, std::size_t k, float* scores, std::int64_t* ids) const;

 private:
  struct Index;
  std::unique_ptr<Index> index_;
};

}  // namespace alsace::bench
