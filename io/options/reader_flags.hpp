#pragma once

#include <CLI/CLI.hpp>

#include "io/readers/read_options.hpp"
#include "src/data/interaction.hpp"

namespace alsace::io {

/// Declares the options that say how raw interactions are read; every command that takes raw files has them.
void add_reader_options(CLI::App& app, ReadOptions& options, Duplicates& duplicates);

}  // namespace alsace::io
