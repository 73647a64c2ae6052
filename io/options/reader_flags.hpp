#pragma once

#include <CLI/CLI.hpp>

#include "io/readers/read_options.hpp"
#include "src/data/interaction.hpp"

namespace alsace::io {

/// What a command does with duplicate pairs when `--duplicates` was not given: sum, or what suits the objective, which
/// is sum for implicit feedback and last for explicit ratings. `by_objective` is only what help says: the
/// command sets it when it knows the objective.
enum class DuplicatesDefault { sum, by_objective };

/// Declares the options that say how raw interactions are read; every command that takes raw files has them.
void add_reader_options(CLI::App& app, ReadOptions& options, Duplicates& duplicates,
                        DuplicatesDefault if_absent = DuplicatesDefault::by_objective);

}  // namespace alsace::io
