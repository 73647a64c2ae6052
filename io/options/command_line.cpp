#include "io/options/command_line.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/export/print_result.hpp"
#include "io/options/config_file.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

std::string environment_name(const std::string& option) {
  std::string name = "ALSACE_";
  for (const char c : option) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string long_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? "" : option.get_lnames()[0];
}

bool is_flag(const CLI::Option& option) {
  return option.get_items_expected_max() == 0;
}

bool takes_several(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

/// The argument that gives an option a value. An empty one needs an argument of its own: CLI11 takes `--name=` for a
/// name whose value follows.
void append(std::vector<std::string>& arguments, const std::string& name, const std::string& value) {
  if (value.empty()) {
    arguments.insert(arguments.end(), {"--" + name, value});
  } else {
    arguments.push_back("--" + name + "=" + value);
  }
}

/// `text` as a decimal number, "010" as 10; "" when Whole has no such number.
template <class Whole>
std::string decimal(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Whole value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? fmt::format("{}", value) : "";
}

/// What CLI11 gets wrong about numbers: it takes 010 for 8, -1 for the greatest number there is, what does not fit
/// into 64 bits for what does, and nothing at all for 0.
void read_numbers_as_decimal(CLI::Option& option) {
  const std::string type = option.get_type_name().substr(0, option.get_type_name().find(':'));
  const bool is_signed = type == "INT";
  if (type == "FLOAT") {
    option.transform(CLI::Validator(
        [](const std::string& text) { return text.empty() ? std::string("nothing, expected a number") : ""; }, ""));
  } else if (is_signed || type == "UINT") {
    option.transform(CLI::Validator(
        [is_signed](std::string& text) {
          const std::string number = is_signed ? decimal<std::int64_t>(text) : decimal<std::uint64_t>(text);
          if (number.empty()) {
            return fmt::format("{}, expected a whole number{} that fits into 64 bits", text.empty() ? "nothing" : text,
                               is_signed ? "" : " of at least 0");
          }
          text = number;
          return std::string();
        },
        ""));
  }
}

CLI::Validator finite_number(const std::string& expected, bool zero) {
  return {[expected, zero](const std::string& text) {
            double value = 0;
            const bool good = CLI::detail::lexical_cast(text, value) && std::isfinite(value);
            if (good && (value > 0 || (zero && value == 0))) return std::string();
            return fmt::format("{}, expected {}", text, expected);
          },
          ""};
}

}  // namespace

CLI::Validator at_least_zero() {
  return finite_number("a number of at least 0", true);
}

CLI::Validator above_zero() {
  return finite_number("a number above 0", false);
}

CommandLine::CommandLine(const std::string& command, const std::string& description, const std::string& examples)
    : app_(description, "alsace " + command) {
  app_.option_defaults()->always_capture_default()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app_.get_formatter()->column_width(36);
  app_.footer(
      "\nEvery option can also be set by the environment (--max-hours by ALSACE_MAX_HOURS) or by a line of the\n"
      "--config file (max-hours = 2); the command line wins over the environment, that over the file.\n" +
      (examples.empty() ? std::string() : "\nExamples:\n" + examples));
  app_.add_option("--config", config_file_, "flat TOML file of options: name = value")->type_name("FILE.toml");
}

CommandLine::Arguments CommandLine::from_file(const std::string& path) {
  Arguments arguments;
  for (const ConfigEntry& entry : read_config_file(path)) {
    const CLI::Option* option = app_.get_option_no_throw("--" + entry.name);
    if (option == nullptr || entry.name == "config") {
      throw usage_error(fmt::format("{}: {} is not an option of {}", entry.place, entry.name, app_.get_name()));
    }
    if (entry.values.size() != 1 && !takes_several(*option)) {
      throw usage_error(
          fmt::format("{}: {} has {} values, expected one", entry.place, entry.name, entry.values.size()));
    }
    sources_[long_name(*option)] = entry.place;
    for (const std::string& value : entry.values) append(arguments[long_name(*option)], entry.name, value);
  }
  return arguments;
}

CommandLine::Arguments CommandLine::from_environment() {
  Arguments arguments;
  for (const CLI::Option* option : app_.get_options()) {
    const std::string name = long_name(*option);
    if (name.empty() || name == "help" || name == "config") continue;
    for (const std::string& alias : option->get_lnames()) {
      const std::string variable = environment_name(alias);
      const char* value = std::getenv(variable.c_str());
      if (value == nullptr || *value == '\0') continue;
      sources_[name] = variable;
      arguments[name].clear();  // one alias counts
      append(arguments[name], alias, value);
    }
  }
  return arguments;
}

std::set<std::string> CommandLine::named_in(const std::vector<std::string>& arguments) const {
  std::set<std::string> names;
  bool only_positionals = false;  // behind a --
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (only_positionals || argument.size() < 2 || argument[0] != '-') {
      for (const CLI::Option* option : app_.get_options()) {
        if (option->get_positional()) names.insert(long_name(*option));
      }
      continue;
    }
    only_positionals = argument == "--";
    const std::size_t equals = argument.find('=');
    const CLI::Option* option = app_.get_option_no_throw(argument.substr(0, equals));
    if (option == nullptr) continue;
    names.insert(long_name(*option));
    if (equals == std::string::npos && !is_flag(*option)) ++i;  // its value
  }
  names.erase("");
  return names;
}

bool CommandLine::parse(int argc, const char* const* argv) {
  const std::vector<std::string> given_here(argv + 1, argv + argc);
  // The file's name itself comes from the command line or the environment.
  std::string file;
  if (const char* value = std::getenv("ALSACE_CONFIG")) file = value;
  for (std::size_t i = 0; i < given_here.size(); ++i) {
    if (given_here[i] == "--config" && i + 1 < given_here.size()) file = given_here[i + 1];
    if (given_here[i].starts_with("--config=")) file = given_here[i].substr(9);
  }
  // Else a list option would take the positionals that follow its value.
  for (CLI::Option* option : app_.get_options([](const CLI::Option* each) { return !each->get_positional(); })) {
    option->allow_extra_args(false);
    read_numbers_as_decimal(*option);
  }

  // A stronger source's values replace the weaker one's: those of a list option are not joined.
  sources_.clear();
  Arguments weaker = file.empty() ? Arguments() : from_file(file);
  for (auto& [name, values] : from_environment()) weaker[name] = std::move(values);
  for (const std::string& name : named_in(given_here)) {
    weaker.erase(name);
    sources_[name] = "command line";
  }
  std::vector<std::string> arguments;
  for (const auto& [name, values] : weaker) arguments.insert(arguments.end(), values.begin(), values.end());
  arguments.insert(arguments.end(), given_here.begin(), given_here.end());
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them last first
  try {
    app_.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    print_result(app_.help());
    return false;
  } catch (const CLI::Error& error) {
    throw usage_error(fmt::format("{}{}\nSee {} --help", error.what(), weaker_source(error.what()), app_.get_name()));
  }
  refuse_empty_values_of_required_options();
  return true;
}

void CommandLine::refuse_empty_values_of_required_options() const {
  for (const CLI::Option* option : app_.get_options([](const CLI::Option* each) { return each->get_required(); })) {
    for (const std::string& value : option->results()) {
      if (!value.empty()) continue;
      const std::string name = option->get_name();
      throw usage_error(fmt::format("{} = \"\", expected {}{}", name, option->get_type_name(), weaker_source(name)));
    }
  }
}

std::string CommandLine::weaker_source(const std::string& complaint) const {
  for (const auto& [name, source] : sources_) {
    if (source != "command line" && complaint.find("--" + name) != std::string::npos)
      return fmt::format(" (given by {})", source);
  }
  return "";
}

bool CommandLine::given(const std::string& name) const {
  return sources_.contains(name);
}

std::string CommandLine::effective() const {
  std::string text;
  for (const CLI::Option* option : app_.get_options()) {
    const std::string name = long_name(*option);
    if (name.empty() || name == "help" || name == "config") continue;
    const auto source = sources_.find(name);
    const bool given_somewhere = source != sources_.end();
    std::vector<std::string> results = option->results();
    if (!takes_several(*option) && results.size() > 1) results.erase(results.begin(), results.end() - 1);
    std::string value = fmt::format("{}", fmt::join(results, " "));
    const bool value_given = !option->results().empty();  // a positional has no name that names its source
    if (!value_given) value = is_flag(*option) ? "false" : option->get_default_str();
    text += fmt::format("{} = {} ({})\n", name, value.empty() ? "\"\"" : value,
                        given_somewhere ? source->second
                        : value_given   ? "command line"
                                        : "default");
  }
  return text;
}

}  // namespace alsace::io
