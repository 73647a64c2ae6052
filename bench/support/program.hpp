#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

namespace alsace::bench {

/// Options that every bench has.
struct CommonOptions {
  std::string json;    ///< --json: file to write all figures to
  int rounds = 5;      ///< --rounds
  bool quick = false;  ///< --quick: small sizes and one round, to see that everything runs; figures mean nothing
};

/// What main() of a bench does: declares the common options and its own, parses, runs. Errors become a message and the
/// exit code of their kind. `about`: the text of --help. `declare` may be empty.
int run_program(int argc, char** argv, const std::string& about, CommonOptions& options,
                const std::function<void(CLI::App&)>& declare, const std::function<int()>& body);

}  // namespace alsace::bench
