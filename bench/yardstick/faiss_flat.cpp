#include "bench/yardstick/faiss_flat.hpp"

#include <faiss/IndexFlat.h>
#include <omp.h>

namespace alsace::bench {

struct FaissFlat::Index {
  faiss::IndexFlatIP flat;
};

FaissFlat::FaissFlat(const FactorMatrix& items) : index_(new Index{faiss::IndexFlatIP(items.cols())}) {
  omp_set_num_threads(1);
  index_->flat.add(items.rows(), items.data());
}

FaissFlat::~FaissFlat() = default;

void FaissFlat::search(const float* queries, std::size_t count, std::size_t k, float* scores, std::int64_t* ids) const {
  index_->flat.search(static_cast<faiss::Index::idx_t>(count), queries, static_cast<faiss::Index::idx_t>(k), scores,
                      ids);
}

}  // namespace alsace::bench
