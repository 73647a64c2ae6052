#include "io/options/output_option.hpp"

#include <fmt/format.h>

#include "io/paths.hpp"
#include "io/store/store_place.hpp"
#include "src/error.hpp"

namespace alsace::io {

void check_output(const std::string& option, const std::string& output, std::span<const std::string> inputs) {
  if (output.empty() || output == "-") return;
  for (const std::string& input : inputs) {
    if (input.empty() || !same_file(output, input)) continue;
    throw usage_error(fmt::format("{} = {}, expected a name other than that of an input", option, output));
  }
  refuse_store(output);
}

}  // namespace alsace::io
