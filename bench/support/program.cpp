#include "bench/support/program.hpp"

#include <exception>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace::bench {

int run_program(int argc, char** argv, const std::string& about, CommonOptions& options,
                const std::function<void(CLI::App&)>& declare, const std::function<int()>& body) {
  try {
    CLI::App app(about);
    app.option_defaults()->always_capture_default();
    app.add_option("--json", options.json, "file to write all figures to");
    app.add_option("--rounds", options.rounds, "rounds that count; medians are over them")->check(CLI::Range(1, 1000));
    app.add_flag("--quick", options.quick, "small sizes and one round: sees that everything runs, measures nothing");
    if (declare) declare(app);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : static_cast<int>(ErrorKind::usage);
    }
    if (options.quick) options.rounds = 1;
    return body();
  } catch (const Error& error) {
    fmt::print(stderr, "{}: {}\n", argv[0], error.what());
    return static_cast<int>(error.kind());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", argv[0], error.what());
    return static_cast<int>(ErrorKind::internal);
  }
}

}  // namespace alsace::bench
