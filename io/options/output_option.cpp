#include "io/options/output_option.hpp"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace::io {

bool same_file(const std::string& one, const std::string& other) {
  std::error_code ignored;
  if (std::filesystem::equivalent(one, other, ignored)) return true;
  const auto whole = [&ignored](const std::string& name) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(name, ignored), ignored);
  };
  return whole(one) == whole(other);
}

void refuse_input_as_output(const std::string& option, const std::string& output, std::span<const std::string> inputs) {
  if (output.empty()) return;
  for (const std::string& input : inputs) {
    if (input.empty() || !same_file(output, input)) continue;
    throw usage_error(fmt::format("{} = {}, expected a name other than that of an input", option, output));
  }
}

}  // namespace alsace::io
