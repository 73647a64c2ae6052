#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace alsace::io {

/// The command line of one subcommand. Any option may also come from the environment (`--max-hours` as
/// ALSACE_MAX_HOURS) or from `--config FILE.toml` (flat `max-hours = 2`): command line > environment > file > default.
/// An option that may be given several times has the values of its strongest source alone.
class CommandLine {
 public:
  /// `examples` closes the help text.
  CommandLine(const std::string& command, const std::string& description, const std::string& examples);

  /// Declare options and positionals here before parse(). Options given twice: the last one counts. An option takes one
  /// value at a time, never the positionals behind it; a list has several by giving it again (in a file: an array), or
  /// by commas where it has that delimiter.
  CLI::App& app() { return app_; }

  /// Fills the variables bound to the options. False when `--help` was asked for and has been printed: the command then
  /// returns 0. Whole numbers are decimal, leading zeros or not. Throws ErrorKind::usage for an unknown option, a value
  /// out of range or an empty one of a required option, naming where it was given; ErrorKind::storage when the help
  /// cannot be printed.
  [[nodiscard]] bool parse(int argc, const char* const* argv);

  /// True when the option was given, wherever: command line, environment or file. `name` without
  /// dashes, the first where it has aliases.
  [[nodiscard]] bool given(const std::string& name) const;

  /// The effective configuration, a line an option: `factors = 64 (command line)`.
  [[nodiscard]] std::string effective() const;

 private:
  using Arguments = std::map<std::string, std::vector<std::string>>;  // option name -> the arguments that give it

  [[nodiscard]] Arguments from_file(const std::string& path);
  [[nodiscard]] Arguments from_environment();
  /// Where the option that a complaint names was given, if not on the command line.
  [[nodiscard]] std::string weaker_source(const std::string& complaint) const;
  void refuse_empty_values_of_required_options() const;
  [[nodiscard]] std::set<std::string> named_in(const std::vector<std::string>& arguments) const;

  CLI::App app_;
  std::string config_file_;
  std::map<std::string, std::string> sources_;  // option name -> where it was given, the strongest source

  // Options are known by the first of their names here; aliases count as one.
};

/// Checks of a finite number: at least 0, and above 0.
CLI::Validator at_least_zero();
CLI::Validator above_zero();

/// Binds an option to an enumeration by the names of its values; an unknown name is a usage error that lists them.
template <class Enum>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Enum& value,
                        const std::vector<std::pair<std::string, Enum>>& names, const std::string& description) {
  std::string now;
  std::string choices;
  std::map<std::string, Enum> lookup;
  for (const auto& [text, choice] : names) {
    if (choice == value) now = text;
    choices += (choices.empty() ? "" : "|") + text;
    lookup.emplace(text, choice);
  }
  return app
      .add_option_function<std::string>(
          name,
          [&value, lookup, name, choices](const std::string& text) {
            const auto found = lookup.find(text);
            if (found == lookup.end()) throw CLI::ValidationError(name + " = " + text + ", expected " + choices);
            value = found->second;
          },
          description)
      ->type_name(choices)
      ->default_str(now);
}

}  // namespace alsace::io
