#include "io/store/manifest.hpp"

#include <fmt/format.h>

namespace alsace::io {

std::string shard_name(int shard) {
  return fmt::format("shard-{:05}.h5", shard);
}

}  // namespace alsace::io
