#pragma once

#include <filesystem>
#include <vector>

#include "io/store/file_hash.hpp"
#include "io/store/manifest.hpp"
#include "src/model/model.hpp"

namespace alsace::io {

/// Writes `directory`/model.h5: virtual datasets that show the shards as one model to h5py and the like. The program
/// itself never reads it. A part that cannot be read shows NaN, '' or the greatest integer: never plausible zeros.
/// Fsyncs. Throws ErrorKind::storage.
FileDigest write_model_view(const std::filesystem::path& directory, const ModelInfo& info,
                            const std::vector<StoredFile>& shards, const IdWidths& widths);

}  // namespace alsace::io
