#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace alsace::io {

/// The sweep that a name such as sweep-000012 says; none for other names.
std::optional<int> sweep_of(const std::string& name);

/// Sweeps of the checkpoints in a model directory, ascending. None when it does not exist.
std::vector<int> checkpoints_of(const std::filesystem::path& model);

/// The sweep that a link of a model directory points to; none when it is missing, broken or leads out of the directory.
std::optional<int> sweep_of_link(const std::filesystem::path& link);

/// `path` without a trailing slash, so that a suffix can be added and a link is seen as one.
std::filesystem::path without_slash(const std::filesystem::path& path);

}  // namespace alsace::io
