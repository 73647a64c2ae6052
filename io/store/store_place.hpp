#pragma once

#include <filesystem>

/// Where results may not go: a data set and a checkpoint hold their own files alone. Links and other spellings are seen
/// through, those of folders that are not there yet included. All throw ErrorKind::usage.
namespace alsace::io {

/// Throws when `path` lies below the directory of a data set or of a checkpoint, however deep.
void refuse_inside_store(const std::filesystem::path& path);

/// For a file or a directory of results: refuse_inside_store, and throws when `path` is itself a model, a checkpoint or
/// a data set.
void refuse_store(const std::filesystem::path& path);

/// For a file that is written once `model` is trained: throws when it would be one of its checkpoints or links, or
/// below one, that are yet to come.
void refuse_checkpoint_to_be(const std::filesystem::path& path, const std::filesystem::path& model);

}  // namespace alsace::io
