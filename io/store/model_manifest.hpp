#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/store/manifest_json.hpp"
#include "src/model/model.hpp"

/// The manifest of a model: ModelInfo (without its Gramians) and files, to JSON and back.
namespace alsace::io {

/// Throws ErrorKind::numerics when a loss or metric is not finite.
Json model_members(const ModelInfo& info);

struct ModelManifest {
  ModelInfo info;
  std::vector<StoredFile> files;
};
/// Throws ErrorKind::storage naming file and field.
ModelManifest read_model_manifest(const std::filesystem::path& checkpoint);

/// True when the objective has a bias a row.
bool has_biases(const TrainConfig& config);

/// A name that only this shard of this checkpoint has: the view looks below it, so that a foreign file with the shard's
/// name shows nothing. Depends on what the model is and on the shard's ranges, not on where or when it was written.
std::string view_token(const ModelInfo& info, int shard, int shards, RowRange users, RowRange items);

}  // namespace alsace::io
